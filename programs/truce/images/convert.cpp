#include "image/convert.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "base/bytes.h"
#include "image/qcow2.h"
#include "image/resume.h"
#include "image/stream.h"
#include "images/bar.h"
#include "images/pipes.h"
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
                 const image::Moved& moved, double seconds,
                 std::optional<std::uint64_t> resumed_at) {
  if (invocation.quiet) return;
  auto target = invocation.value("target");
  if (invocation.style == Style::table) {
    auto resumed = resumed_at ? fmt::format("resumed at {} %, ", *resumed_at) : std::string();
    print(fmt::format("{}: {} disk of {}: {}{} in {:.2f} s\n", target, format.name,
                      to_string(Bytes{size}), resumed, ways(moved), seconds),
          messages_beside(target));
    return;
  }
  json::object out{{"target", target},       {"format", format.name},  {"size", size},
                   {"shared", moved.shared}, {"kernel", moved.kernel}, {"through", moved.through},
                   {"zeroes", moved.zeroes}, {"seconds", seconds}};
  if (resumed_at) out["resumed_at_percent"] = *resumed_at;
  print_object(out, invocation.style, messages_beside(target));
}

/// --bitmaps: between two qcow2 images, of the disk as it is now.
Result<void> expect_bitmaps(const image::Description& source, const image::Format& format,
                            const Invocation& invocation) {
  if (!invocation.has("bitmaps")) return {};
  if (source.format != "qcow2" || format.name != "qcow2")
    return fail(Code::invalid, "--bitmaps goes from qcow2 to qcow2 only");
  if (invocation.has("snapshot"))
    return fail(Code::invalid, "bitmaps are of the disk as it is now, not of a snapshot");
  return {};
}

}  // namespace

Result<void> tell_losses(const image::Description& source, const image::Format& format,
                         const Invocation& invocation) {
  auto lost = image::losses(source, format.name, format.sector_size(source.sector_size));
  if (invocation.has("strict") && !lost.empty())
    return fail(Code::precondition, "{} (--strict)", lost.front());
  for (const auto& line : lost)
    print(fmt::format("truce: note: {}\n", printable(line)), Channel::errors);
  for (const auto& line : source.warnings)
    print(fmt::format("truce: warning: {}\n", printable(line)), Channel::errors);
  return {};
}

Result<void> tell_damage(const Source& source, const Invocation& invocation) {
  auto report = source.image->check_tables();
  if (!report && report.error().code == Code::unsupported) return {};  // there are no tables
  auto name = source.file->name();
  std::string what;
  if (!report) {
    what = fmt::format("{}: its tables could not be checked: {}", name, report.error().message);
  } else {
    constexpr std::string_view corrupt = "corrupt: ";
    auto first = std::ranges::find_if(report->problems,
                                      [&](const auto& line) { return line.starts_with(corrupt); });
    if (first != report->problems.end())
      what = fmt::format("{}: {} damaged, so that bytes may be wrong: {}", name,
                         report->corruptions, first->substr(corrupt.size()));
  }
  if (what.empty()) return {};
  if (invocation.has("strict")) return fail(Code::precondition, "{} (--strict)", what);
  print(fmt::format("truce: warning: {}; truce image check tells more\n", printable(what)),
        Channel::errors);
  return {};
}

namespace {

/// One conversion, from the command line to its last line.
class Converting {
 public:
  Converting(const Invocation& invocation, const image::Format& format, Source source,
             Interruptible& interruptible)
      : invocation_(invocation),
        format_(format),
        source_(std::move(source)),
        interruptible_(interruptible),
        bar_("image convert", invocation.value("target"), !invocation.quiet) {}

  Result<int> run() {
    // What is shared or copied by the kernel must be on the disk: file systems have shown holes
    // there.
    if (source_.file != nullptr) TRY_VOID(source_.file->flush());
    const auto& description = source_.image->description();
    TRY(options_, build_options(invocation_, format_));
    options_.size = description.size;
    options_.sector_size = description.sector_size;
    auto lost = description;
    if (invocation_.has("bitmaps")) lost.bitmaps.clear();
    TRY_VOID(tell_losses(lost, format_, invocation_));
    TRY_VOID(tell_damage(source_, invocation_));
    TRY_VOID(choose_how());
    TRY(auto moved, is_pipe(invocation_.value("target")) ? convert_through()
                    : invocation_.has("resume")          ? convert_on()
                                                         : convert_anew());
    bar_.end();
    tell_result(invocation_, format_, description.size, moved, seconds_since(start_), resumed_at_);
    return 0;
  }

 private:
  Result<void> choose_how() {
    TRY(how_.threads, threads_of(invocation_));
    bool durable = !invocation_.has("no-sync");
    how_.moving = invocation_.has("copy") ? image::Moving::copy : image::Moving::automatic;
    how_.durability =
        durable ? image::Builder::Durability::durable : image::Builder::Durability::none;
    safety_ = durable ? image::Target::Durability::durable : image::Target::Durability::none;
    how_.cancelled = &Interruptible::interrupted;
    if (invocation_.quiet) return {};  // nobody sees the progress, and it costs a walk
    how_.progress = [this](const image::Progress& progress) {
      progress_ = progress;
      bar_.show(progress);
    };
    return {};
  }

  Result<image::Moved> convert_anew() {
    TRY(auto target, open_target(invocation_.value("target"), format_, invocation_));
    options_.neighbours = &target->neighbours();
    TRY(auto builder, image::build(format_, target->file(), options_));
    interruptible_.remove_when_killed(target->unfinished());
    auto moved = image::convert(*source_.image, *builder, how_);
    builder.reset();
    Result<void> done;
    if (moved && invocation_.has("bitmaps"))
      done = image::qcow2::copy_bitmaps(*source_.file, *target->file());
    if (moved && done) done = target->commit(safety_);
    interruptible_.remove_when_killed({});
    if (!moved) return std::unexpected(explained(std::move(moved).error()));
    if (!done) return std::unexpected(explained(std::move(done).error()));
    return moved;
  }

  /// Into the standard output.
  Result<image::Moved> convert_through() {
    TRY(auto builder, image::build_in_order(format_, output_descriptor, output_name, options_));
    return image::convert(*source_.image, *builder, how_);
  }

  /// Goes on where an interrupted one was, and leaves behind what the next needs for that.
  Result<image::Moved> convert_on() {
    std::filesystem::path target = invocation_.value("target");
    TRY(auto folder, image::DiskFolder::open(folder_of(target)));
    image::Resumable::Wanted wanted{
        .target = target.filename().string(), .format = &format_, .options = options_};
    if (invocation_.has("replace")) wanted.existing = image::Folder::Existing::replace;
    TRY(wanted.origin, image::origin_of(*source_.image, *source_.file, source_.below));
    auto stored = wanted.origin.stored;
    TRY(auto on, image::Resumable::begin(*folder, std::move(wanted)));
    if (!on->begun_anew().empty()) {
      print(fmt::format("truce: note: what an earlier one left cannot be used ({}): begins anew\n",
                        printable(on->begun_anew())),
            Channel::errors);
    }
    if (on->start().at > 0) resumed_at_ = percent(on->start().done, stored);
    how_.checkpoints = on.get();
    auto moved = image::convert(*source_.image, on->builder(), how_);
    if (moved) {
      TRY_VOID(on->commit(safety_));
      return moved;
    }
    auto why = explained(std::move(moved).error());
    if (on->keep())
      why.message +=
          fmt::format("; the same command goes on from {} %", percent(on->done(), stored));
    return std::unexpected(std::move(why));
  }

  static std::uint64_t percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 100
                      : static_cast<std::uint64_t>(static_cast<double>(part) * 100 /
                                                   static_cast<double>(whole));
  }

  /// Of a full file system: how much more is needed.
  Error explained(Error why) {
    bool full = std::ranges::any_of(std::array{ENOSPC, EDQUOT}, [&](int error) {
      return why.message.ends_with(std::generic_category().message(error));
    });
    if (!full) return why;
    auto total = progress_.total;
    if (total == 0) {
      auto used = image::usage(*source_.image);
      total = used ? used->stored : 0;
    }
    bool smaller = invocation_.has("compress") || options_.options.contains("compression");
    why.message += fmt::format("; {} of {} were written, {} {} more are needed",
                               to_string(Bytes{progress_.done}), to_string(Bytes{total}),
                               smaller ? "at most" : "about",
                               to_string(Bytes{total - std::min(total, progress_.done)}));
    if (!invocation_.has("resume")) why.message += "; nothing is left of the target";
    return why;
  }

  const Invocation& invocation_;
  const image::Format& format_;
  Source source_;
  Interruptible& interruptible_;
  Clock::time_point start_ = Clock::now();
  Bar bar_;
  image::BuildOptions options_;
  image::ConvertOptions how_;
  image::Target::Durability safety_ = image::Target::Durability::durable;
  image::Progress progress_;
  std::optional<std::uint64_t> resumed_at_;
};

}  // namespace

Result<int> image_convert(const Invocation& invocation) {
  if (invocation.has("backing")) return image_convert_onto_parent(invocation);
  TRY(const auto* format, named_format(invocation.value("target-format", "raw")));
  if (invocation.has("in-place")) return image_convert_in_place(invocation, *format);
  if (invocation.has("hard-links"))
    return fail(Code::invalid, "--hard-links is for --in-place only");
  for (const auto* option : {"bitmaps", "snapshot"}) {
    if (invocation.has("resume") && invocation.has(option))
      return fail(Code::invalid, "--resume and --{} do not go together", option);
  }
  Interruptible interruptible;
  Source source;
  if (is_pipe(invocation.value("source"))) {
    TRY(source, open_piped(invocation));
  } else {
    TRY(source, open_source_at(invocation.value("snapshot"), invocation.value("source"),
                               invocation.value("source-format"), invocation));
  }
  TRY_VOID(expect_bitmaps(source.image->description(), *format, invocation));
  return Converting(invocation, *format, std::move(source), interruptible).run();
}

Result<int> image_compare(const Invocation& invocation) {
  constexpr int same = 0, differ = 1, not_compared = 2;
  auto failed = [](const Error& error) {
    print(fmt::format("truce: {}\n", printable(error.message)), Channel::errors);
    return not_compared;
  };
  auto a = open_source_at(invocation.value("snapshot"), invocation.value("first"),
                          invocation.value("source-format"), invocation);
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
