// `truce image check`, with and without --repair.
#include "image/repair.h"

#include <algorithm>
#include <boost/json.hpp>

#include "images/verbs.h"
#include "output.h"
#include "terminal.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

constexpr int leaks_only = 1, damaged = 2, not_checked = 3;

int tell_failure(const Error& error) {
  print(fmt::format("truce: {}\n", printable(error.message)), Channel::errors);
  return error.code == Code::corrupt ? damaged : not_checked;
}

Result<image::Repaired> mend(const Invocation& invocation) {
  auto name = invocation.value("file"), format = invocation.value("source-format");
  TRY(auto target, open_to_mend(name, invocation));
  image::RepairOptions options{.giving = invocation.has("drop-damaged")
                                             ? image::Giving::damaged_parts
                                             : image::Giving::nothing,
                               .neighbours = target.neighbours.get()};
  return image::repair(target.file, options, format);
}

void tell_repair(const image::Repaired& repaired, const image::CheckReport& report) {
  for (const auto& line : repaired.done) print("mended: " + printable(line) + "\n");
  // What remains shows in the check that follows; the rest is what the check cannot see.
  for (const auto& line : repaired.left) {
    bool told = std::ranges::any_of(report.problems,
                                    [&](const auto& problem) { return problem.contains(line); });
    if (!told) print("left: " + printable(line) + "\n");
  }
}

int status_of(const image::CheckReport& report) {
  if (report.corruptions > 0) return damaged;
  return report.leaks > 0 ? leaks_only : 0;
}

}  // namespace

Result<int> image_check(const Invocation& invocation) {
  bool repairs = invocation.has("repair");
  if (invocation.has("drop-damaged") && !repairs)
    return fail(Code::invalid, "--drop-damaged goes with --repair");
  image::Repaired repaired;
  if (repairs) {
    auto mended = mend(invocation);
    if (!mended) return tell_failure(mended.error());
    repaired = *std::move(mended);
  }
  auto name = invocation.value("file");
  auto source = open_source(name, invocation.value("source-format"), invocation);
  auto report = source ? source->image->check() : std::unexpected(source.error());
  if (!report) return tell_failure(report.error());
  if (invocation.style == Style::table) {
    tell_repair(repaired, *report);
    for (const auto& problem : report->problems) print(printable(problem) + "\n");
    print(fmt::format("{}: {} damaged, {} lost but harmless\n", printable(source->file->name()),
                      report->corruptions, report->leaks));
  } else {
    json::object out{{"corruptions", report->corruptions},
                     {"leaks", report->leaks},
                     {"problems", lines(report->problems)}};
    if (repairs) {
      out["mended"] = lines(repaired.done);
      out["left"] = lines(repaired.left);
    }
    print_object(out, invocation.style);
  }
  return status_of(*report);
}

}  // namespace truce::cli
