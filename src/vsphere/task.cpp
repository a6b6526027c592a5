// Long work of the server: a Task, waited for by a property collector of its own.
#include "session.h"

namespace truce::vsphere {

namespace {

constexpr int patience_seconds = 20;

/// Tells that a task has changed. It is made only for tasks that take a while.
class TaskWatch {
 public:
  TaskWatch(Session& session, Ref task) : session_(session), task_(std::move(task)) {}

  /// Returns when something has changed, or after a while.
  Async<Result<void>> wait() {
    if (session_.number() != number_) CO_TRY_VOID(co_await begin());
    auto options = fmt::format("<options>{}</options>",
                               to_xml("maxWaitSeconds", std::to_string(patience_seconds)));
    auto answer = co_await session_.call(
        {"WaitForUpdatesEx", collector_, to_xml("version", version_) + options}, "objectSet",
        [](std::string_view) { return Result<void>(); }, 2 * Duration(patience_seconds * 1s),
        Session::Lane::calls);
    if (answer) {
      if (auto version = answer->returned()["version"]) version_ = version.text();
      co_return Result<void>();
    }
    number_ = 0;  // whatever it was: begin anew
    auto code = answer.error().code;
    bool again = code == Code::not_found || code == Code::timeout;
    if (!again) co_return std::unexpected(std::move(answer).error());
    co_return Result<void>();
  }

  Async<void> end() {
    if (number_ == session_.number())
      (void)co_await session_.call({"DestroyPropertyCollector", collector_});
  }

 private:
  Async<Result<void>> begin() {
    CO_TRY(auto made,
           co_await session_.call({"CreatePropertyCollector", session_.service().collector}));
    collector_ = made.returned().ref();
    auto spec = fmt::format(
        "<spec><propSet><type>Task</type><pathSet>info.state</pathSet></propSet>"
        "<objectSet>{}</objectSet></spec>",
        to_xml("obj", task_));
    CO_TRY_VOID(co_await session_.call(
        {"CreateFilter", collector_, spec + flag_xml("partialUpdates", false)}));
    version_.clear();
    number_ = session_.number();
    co_return Result<void>();
  }

  Session& session_;
  Ref task_, collector_;
  std::string version_;
  int number_ = 0;  ///< of the session that the collector is in; 0: of none
};

// TaskInfo, once it has ended: its result or its error; else nothing.
std::optional<Result<Ref>> outcome_of(const ObjectUpdate& task) {
  for (const auto& change : task.changes) {
    if (change.path != "info") continue;
    auto state = change.value["state"].text();
    if (state == "success") return change.value["result"].ref();
    if (state != "error") return {};
    auto error = change.value["error"];
    return std::unexpected(error_of(error["fault"].type(), error["localizedMessage"].text()));
  }
  return {};
}

}  // namespace

Async<Result<Ref>> run_task(Session& session, Call call) {
  auto method = call.method;
  CO_TRY(auto begun, co_await session.call(std::move(call)));
  auto task = begun.returned().ref();
  TaskWatch watch(session, task);
  while (true) {
    CO_TRY(auto seen, co_await session.read(task, {"info"}));
    if (auto outcome = outcome_of(seen)) {
      co_await watch.end();
      if (*outcome) co_return *std::move(outcome);
      co_return std::unexpected((*std::move(outcome)).error().within(method));
    }
    CO_TRY_VOID(co_await watch.wait());
  }
}

}  // namespace truce::vsphere
