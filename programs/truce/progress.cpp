#include "progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "text_formats.h"

namespace truce::cli {
namespace {

std::string what(const model::Task& task) {
  return fmt::format("{} {}", printable(task.kind), printable(task.target));
}

double fraction(const model::Task& task) {
  return std::clamp(task.progress, 0.0, 1.0);
}

/// What is left at the same rate; nothing can be said of the first moments.
std::string time_left(double done, Duration elapsed) {
  if (done < 0.05 || done >= 1 || elapsed < 2s) return {};
  auto left = static_cast<double>(elapsed.count()) * (1 - done) / done;
  return fmt::format(", {} left",
                     shown_duration(std::chrono::seconds(static_cast<std::int64_t>(left / 1000))));
}

}  // namespace

std::string shown_duration(Duration duration) {
  auto seconds = duration.count() / 1000;
  if (seconds < 10 && duration.count() % 1000 != 0) {
    return fmt::format("{:.1f} s", static_cast<double>(duration.count()) / 1000);
  }
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string progress_line(const model::Task& task, Duration elapsed, std::size_t width) {
  constexpr std::size_t bar = 20;
  auto done = fraction(task);
  auto filled = static_cast<std::size_t>(done * bar);
  auto whole_seconds = std::chrono::floor<std::chrono::seconds>(elapsed);
  auto line = fmt::format("{} [{}{}] {:3.0f}%  {}  {}{}", what(task), std::string(filled, '#'),
                          std::string(bar - filled, '.'), 100 * done,
                          task.step.empty() ? to_string(task.state) : printable(task.step),
                          shown_duration(whole_seconds), time_left(done, elapsed));
  return cut(line, width);
}

std::string progress_report(const model::Task& task) {
  return fmt::format("{}: {:.0f}%: {}", what(task), 100 * fraction(task),
                     task.step.empty() ? to_string(task.state) : printable(task.step));
}

std::string ending(const model::Task& task, Duration elapsed) {
  switch (task.state) {
    case model::TaskState::succeeded:
      return fmt::format("{}: done in {}", what(task), shown_duration(elapsed));
    case model::TaskState::failed:
      return fmt::format("{}: {}", what(task),
                         task.error.empty() ? "failed" : printable(task.error));
    case model::TaskState::cancelled:
      return fmt::format("{}: cancelled", what(task));
    default:
      return {};
  }
}

std::string shown_proof(const model::Task& task) {
  if (!task.proof) return {};
  const auto& proof = *task.proof;
  std::string seen;
  for (const auto& line : proof.seen) seen += (seen.empty() ? "" : ", ") + line;
  auto text = fmt::format("boot proof: {}: {}", model::to_string(proof.outcome), proof.words);
  if (!seen.empty()) text += fmt::format(" ({})", seen);
  if (proof.picture.count > 0)
    text += fmt::format("; its screen: truce task screenshot {} FILE.png", task.name);
  return printable(text);
}

bool has_ended(const model::Task& task) {
  return task.state != model::TaskState::queued && task.state != model::TaskState::running;
}

}  // namespace truce::cli
