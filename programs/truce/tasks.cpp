#include <boost/json.hpp>

#include "model/json.h"
#include "output.h"
#include "progress.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

using Clock = std::chrono::steady_clock;

Duration since(Clock::time_point begin) {
  return std::chrono::duration_cast<Duration>(Clock::now() - begin);
}

/// Shows how a task stands: one line that is rewritten, or, where there is no terminal, a line for
/// each change.
class Display {
 public:
  explicit Display(bool silent)
      : silent_(silent), live_(!silent && is_terminal(Channel::errors)), begin_(Clock::now()) {}
  void show(const model::Task& task) {
    if (silent_) return;
    if (live_) {
      print("\r\x1b[K" + progress_line(task, since(begin_), terminal_width() - 1), Channel::errors);
      return;
    }
    auto report = progress_report(task);
    if (report != last_) print(report + "\n", Channel::errors);
    last_ = report;
  }
  void clear() const {
    if (live_) print("\r\x1b[K", Channel::errors);
  }
  [[nodiscard]] bool live() const { return live_; }
  [[nodiscard]] Duration elapsed() const { return since(begin_); }

 private:
  bool silent_, live_;
  Clock::time_point begin_;
  std::string last_;
};

Outcome<model::Task> read_task(const json::value& value) {
  auto task = model::from_json<model::Task>(value, model::Unknown::ignore);
  if (task) return *std::move(task);
  return std::unexpected(
      Failure(Exit::failed, std::move(task).error().within("the answer is not a task")));
}

/// Asks again and again until the task has ended. A task outlives its daemon, so a restart of that
/// is waited for.
Async<Outcome<json::value>> until_ended(Session& session, std::string name, Display& display) {
  constexpr int most_failures = 30;
  int failures = 0;
  std::map<std::string, std::string> query{{"wait", display.live() ? "1" : "10"}};
  while (true) {
    auto value = co_await session.get(path_of("/v1/tasks/", name), query);
    if (!value && value.error().exit == Exit::no_answer && ++failures < most_failures) {
      co_await sleep_for(1s);
      continue;
    }
    CO_TRY(auto answer, std::move(value));
    failures = 0;
    CO_TRY(auto task, read_task(answer));
    if (has_ended(task)) co_return answer;
    display.show(task);
  }
}

std::string name_of_target(const model::Task& task) {
  return task.target.substr(task.target.rfind('/') + 1);
}

Ending report(const Invocation& invocation, const json::value& value, const model::Task& task,
              Duration elapsed) {
  bool wanted_cancelled = invocation.row->verb == "cancel";
  bool cancelled = task.state == model::TaskState::cancelled;
  if (invocation.style != Style::table && !invocation.quiet) {
    print(shown_object(value, "Task", invocation.style, false));
  }
  if (task.state == model::TaskState::failed || (cancelled && !wanted_cancelled)) {
    auto why = task.error.empty() ? std::string(to_string(task.state)) : task.error;
    return std::unexpected(Failure(Exit::failed, Error{Code::internal, printable(why), {}}));
  }
  if (invocation.quiet) {
    print(printable(name_of_target(task)) + "\n");
  } else if (invocation.style == Style::table) {
    if (auto proof = shown_proof(task); !proof.empty()) print(proof + "\n");
    print(ending(task, elapsed) + "\n");
  }
  return 0;
}

}  // namespace

Async<Ending> follow_task(Session& session, const Invocation& invocation, json::value value) {
  CO_TRY(auto task, read_task(value));
  if (!invocation.wait) {
    bool plain = invocation.style == Style::table || invocation.quiet;
    print(plain ? task.name + "\n" : shown_object(value, "Task", invocation.style, false));
    co_return 0;
  }
  Display display(invocation.quiet);
  if (!has_ended(task)) {
    auto name = task.name;
    if (display.live()) display.show(task);
    // Signals are heard before the first question is asked.
    auto first = co_await (interrupted() || until_ended(session, name, display));
    display.clear();
    if (first.index() == 0) {
      co_return std::unexpected(Failure(
          Exit::failed,
          Error{Code::cancelled,
                fmt::format("no longer waiting for {}, which goes on; to cancel it: truce task "
                            "cancel {}; to wait again: truce task wait {}",
                            name, name, name),
                {}}));
    }
    CO_TRY(value, std::get<1>(std::move(first)));
    CO_TRY(task, read_task(value));
  }
  co_return report(invocation, value, task, display.elapsed());
}

Async<Ending> task_wait(Session& session, const Invocation& invocation) {
  CO_TRY(auto task, co_await session.get(path_of("/v1/tasks/", invocation.value("name"))));
  co_return co_await follow_task(session, invocation, std::move(task));
}

}  // namespace truce::cli
