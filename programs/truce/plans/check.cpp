#include "plans/check.h"

#include "base/file.h"
#include "scheduler/plans.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace {

constexpr Bytes largest_file = gib(1);  // 200,000 machines are 50 MB

template <class T>
Result<T> read_object(const std::string& path) {
  TRY(auto text, read_file(path, largest_file));
  auto object = model::from_text<T>(text, model::Unknown::ignore, largest_file);
  if (!object) return std::unexpected(std::move(object).error().within(path));
  return object;
}

}  // namespace

Result<int> plan_check(const Invocation& invocation) {
  TRY(auto object, read_object<model::Plan>(invocation.value("plan")));
  TRY(auto rows, read_object<model::Estate>(invocation.value("estate")));
  TRY(auto estate, scheduler::from_model(rows));
  TRY(auto plan, scheduler::from_model(estate, object));
  auto findings = scheduler::check_plan(estate, plan);
  for (const auto& finding : findings.wrong) print(printable(finding) + "\n");
  for (const auto& note : findings.notes) print("not verified: " + printable(note) + "\n");
  if (!findings.wrong.empty()) return 1;
  if (!invocation.quiet) {
    print(
        fmt::format("{}: {} moves are sound; the score goes from {:.4f} to {:.4f}, and no plan is "
                    "below {:.4f}\n",
                    printable(object.name), plan.moves.size(), findings.score_before,
                    findings.score_after, plan.bound));
  }
  return 0;
}

}  // namespace truce::cli
