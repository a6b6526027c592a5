#include "image/convert.h"

#include <boost/json.hpp>
#include <charconv>
#include <chrono>

#include "base/bytes.h"
#include "images/bar.h"
#include "images/verbs.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Result<unsigned> threads_of(const Invocation& invocation) {
  auto text = invocation.value("threads", "0");
  unsigned count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  bool fits = error == std::errc() && end == text.data() + text.size() && count <= 16;
  if (!fits || (invocation.has("threads") && count == 0))
    return fail(Code::invalid, "--threads takes 1 to 16, not '{}'", text);
  return count;
}

Result<void> tell_losses(const image::Description& source, const image::Format& format,
                         std::uint32_t sector_size, const Invocation& invocation) {
  auto lost = image::losses(source, format.name, sector_size);
  if (invocation.has("strict") && !lost.empty())
    return fail(Code::precondition, "{} (--strict)", lost.front());
  for (const auto& line : lost)
    print(fmt::format("truce: note: {}\n", printable(line)), Channel::errors);
  for (const auto& line : source.warnings)
    print(fmt::format("truce: warning: {}\n", printable(line)), Channel::errors);
  return {};
}

std::string ways(const image::Moved& moved) {
  std::string out;
  auto add = [&](std::uint64_t bytes, std::string_view how) {
    if (bytes > 0)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", to_string(Bytes{bytes}), how);
  };
  add(moved.shared, "shared (nothing moved)");
  add(moved.kernel, "copied by the kernel");
  add(moved.through, "read and written");
  add(moved.zeroes, "left out as zeros");
  return out.empty() ? "nothing stored" : out;
}

void tell_result(const Invocation& invocation, const image::Format& format, std::uint64_t size,
                 const image::Moved& moved, double seconds) {
  if (invocation.quiet) return;
  auto target = invocation.value("target");
  if (invocation.style == Style::table) {
    print(fmt::format("{}: {} disk of {}: {} in {:.2f} s\n", target, format.name,
                      to_string(Bytes{size}), ways(moved), seconds));
    return;
  }
  json::object out{{"target", target},       {"format", format.name},  {"size", size},
                   {"shared", moved.shared}, {"kernel", moved.kernel}, {"through", moved.through},
                   {"zeroes", moved.zeroes}, {"seconds", seconds}};
  print(invocation.style == Style::yaml ? yaml(out) : pretty_json(out));
}

}  // namespace

Result<int> image_convert(const Invocation& invocation) {
  if (invocation.has("backing")) return image_convert_onto_parent(invocation);
  auto start = Clock::now();
  TRY(const auto* format, named_format(invocation.value("target-format", "raw")));
  TRY(auto source,
      open_source(invocation.value("source"), invocation.value("source-format"), invocation));
  // What is shared or copied by the kernel must be on the disk: file systems have shown holes
  // there.
  TRY_VOID(source.file->flush());
  const auto& description = source.image->description();
  TRY(auto options, build_options(invocation, *format));
  options.size = description.size;
  options.sector_size = description.sector_size;
  auto kept_sectors = format->name == "vhdx" ? description.sector_size : 512;
  TRY_VOID(tell_losses(description, *format, kept_sectors, invocation));
  Interruptible interruptible;
  auto existing = invocation.has("replace") ? image::Target::Existing::replace
                                            : image::Target::Existing::refuse;
  TRY(auto target, image::Target::create(invocation.value("target"), existing));
  options.neighbours = &target->neighbours();
  TRY(auto builder, image::build(*format, target->file(), options));
  bool durable = !invocation.has("no-sync");
  Bar bar("image convert", invocation.value("target"), !invocation.quiet);
  TRY(auto threads, threads_of(invocation));
  image::ConvertOptions how{
      .threads = threads,
      .moving = invocation.has("copy") ? image::Moving::copy : image::Moving::automatic,
      .durability =
          durable ? image::Builder::Durability::durable : image::Builder::Durability::none,
      .progress = [&](const image::Progress& progress) { bar.show(progress); },
      .cancelled = &Interruptible::interrupted};
  if (invocation.quiet) how.progress = nullptr;  // nobody sees it
  TRY(auto moved, image::convert(*source.image, *builder, how));
  builder.reset();
  TRY_VOID(target->commit(durable ? image::Target::Durability::durable
                                  : image::Target::Durability::none));
  tell_result(invocation, *format, description.size, moved, seconds_since(start));
  return 0;
}

Result<int> image_compare(const Invocation& invocation) {
  constexpr int same = 0, differ = 1, not_compared = 2;
  auto failed = [](const Error& error) {
    print(fmt::format("truce: {}\n", printable(error.message)), Channel::errors);
    return not_compared;
  };
  auto a = open_source(invocation.value("first"), invocation.value("source-format"), invocation);
  if (!a) return failed(a.error());
  auto b = open_source(invocation.value("second"), invocation.value("second-format"), invocation);
  if (!b) return failed(b.error());
  Interruptible interruptible;
  std::optional<Bar> bar(std::in_place, "image compare", invocation.value("second"),
                         !invocation.quiet);
  image::CompareOptions how{.progress = [&](const image::Progress& p) { bar->show(p); },
                            .cancelled = &Interruptible::interrupted};
  auto differs = image::compare(*a->image, *b->image, how);
  bar.reset();
  if (!differs) return failed(differs.error());
  if (*differs) {
    print(fmt::format("they differ at byte {}\n", **differs));
    return differ;
  }
  if (a->image->size() != b->image->size()) {
    print(fmt::format("the same, but for zeros at the end: {} and {} bytes\n", a->image->size(),
                      b->image->size()));
  } else if (!invocation.quiet) {
    print("the same\n");
  }
  return same;
}

}  // namespace truce::cli
