#include "image/in_place.h"

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>

#include "base/bytes.h"
#include "images/verbs.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

using std::filesystem::path;

std::string name_of(const std::string& name) {
  return path(name).filename().string();
}

/// In place is a rename at most: all is in one folder.
Result<void> check_folders(const Invocation& invocation, const path& folder) {
  std::error_code ec;
  bool same = std::filesystem::equivalent(folder, folder_of(invocation.value("target")), ec);
  if (ec) return fail(Code::not_found, "{}: {}", invocation.value("target"), ec.message());
  if (!same) {
    return fail(Code::invalid,
                "--in-place: the target must be in the source's folder; move it afterwards");
  }
  if (!invocation.has("allow-external")) return {};
  auto allowed = std::filesystem::canonical(invocation.value("allow-external"), ec);
  auto ours = ec ? path() : std::filesystem::canonical(folder, ec);
  if (ec) return fail(Code::not_found, "{}: {}", invocation.value("allow-external"), ec.message());
  auto below = ours.lexically_relative(allowed);
  if (below.empty() || below.native().starts_with("..")) {
    return fail(Code::forbidden,
                "{}: the images are not in it, and in place goes within their folder",
                allowed.string());
  }
  return {};
}

void tell(const Invocation& invocation, const image::Format& format, const image::InPlace& done,
          double seconds) {
  auto target = invocation.value("target");
  if (invocation.style == Style::table) {
    if (done.finished) {
      print(fmt::format("{}: {} disk: what was interrupted is finished; nothing moved\n", target,
                        format.name));
    } else {
      print(fmt::format("{}: {} disk of {}: in place: nothing moved, in {:.2f} s\n", target,
                        format.name, to_string(Bytes{done.size}), seconds));
    }
    return;
  }
  json::object out{{"target", target},
                   {"format", format.name},
                   {"in_place", true},
                   {"finished", done.finished},
                   {"seconds", seconds}};
  if (!done.finished) out["size"] = done.size;
  print_object(out, invocation.style);
}

}  // namespace

Result<void> refuse_interrupted(const Invocation& invocation) {
  for (const auto& name : named_sources(invocation)) {
    auto folder = image::DiskFolder::open(folder_of(name));
    if (!folder) continue;  // an address, or nothing: whoever opens it says so
    TRY(auto found, image::interrupted(**folder, name_of(name)));
    if (!found) continue;
    return fail(Code::precondition,
                "{}: its conversion in place ({} into {}) was interrupted: truce image recover {} "
                "finishes or undoes it, and nothing is lost",
                name, found->source, found->target, name);
  }
  return {};
}

Result<int> image_convert_in_place(const Invocation& invocation, const image::Format& format) {
  auto start = std::chrono::steady_clock::now();
  for (const auto* other : {"compress", "copy", "replace", "threads", "resume", "no-sync"}) {
    if (invocation.has(other))
      return fail(Code::invalid, "--in-place moves nothing and goes not together with --{}", other);
  }
  auto source = invocation.value("source");
  auto source_format = invocation.value("source-format");
  if (!source_format.empty()) TRY_VOID(named_format(source_format));
  TRY_VOID(check_folders(invocation, folder_of(source)));
  TRY(auto options, build_options(invocation, format));
  TRY(auto folder, image::DiskFolder::open(folder_of(source)));
  using Names = image::InPlaceOptions::Names;
  image::InPlaceOptions how{.source = name_of(source),
                            .target = name_of(invocation.value("target")),
                            .source_format = source_format,
                            .external = invocation.has("allow-external") ? image::External::follow
                                                                         : image::External::refuse,
                            .names = invocation.has("hard-links") ? Names::many : Names::one,
                            .approve = [&](const image::Description& description) {
                              return tell_losses(description, format, invocation);
                            }};
  TRY(auto done, image::convert_in_place(*folder, format, std::move(options), how));
  auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!invocation.quiet) tell(invocation, format, done, seconds);
  return 0;
}

Result<int> image_recover(const Invocation& invocation) {
  auto name = invocation.value("file");
  TRY(auto folder, image::DiskFolder::open(folder_of(name)));
  TRY(auto ended, image::recover(*folder, name_of(name)));
  if (!ended) {
    std::error_code ec;
    if (!std::filesystem::exists(name, ec))
      return fail(Code::not_found, "{}: there is no such file, nor was one interrupted", name);
    if (!invocation.quiet) print(fmt::format("{}: nothing was interrupted\n", name));
    return 0;
  }
  if (invocation.quiet) return 0;
  bool finished = ended->end == image::Recovered::End::finished;
  print(finished ? fmt::format("{}: finished; it was {}\n", ended->target, ended->source)
                 : fmt::format("{}: is as it was; nothing had been changed\n", ended->source));
  return 0;
}

}  // namespace truce::cli
