// Long work of the server: a task, waited for by its events, and taken away when it has ended.
#include "session.h"

namespace truce::xapi {

namespace {

// `<value>OpaqueRef:…</value>`, whatever the call was spoken in; nothing for no result.
std::string result_of(const json::object& task) {
  constexpr std::string_view before = "<value>", after = "</value>";
  auto text = text_at(task, "result");
  if (!text.starts_with(before) || !text.ends_with(after)) return text;
  return text.substr(before.size(), text.size() - before.size() - after.size());
}

std::optional<Result<std::string>> outcome_of(const json::object& task) {
  auto status = text_at(task, "status");
  if (status == "success") return result_of(task);
  if (status == "cancelled") return fail(Code::cancelled, "the task was cancelled there");
  if (status != "failure") return {};
  auto words = texts_at(task, "error_info");
  auto code = words.empty() ? std::string("INTERNAL_ERROR") : words.front();
  if (!words.empty()) words.erase(words.begin());
  return std::unexpected(error_of(code, words));
}

Error lost(const std::string& method) {
  return {Code::unavailable,
          fmt::format("{}: the server has begun anew and knows nothing of it: whether it took "
                      "effect shows",
                      method),
          {}};
}

Async<Result<std::string>> begin(Session& session, Call call) {
  call.method = "Async." + call.method;
  auto method = call.method;
  CO_TRY(auto task, co_await session.call(std::move(call)));
  co_return text_answer(task, method);
}

/// Returns when the task has changed, or after a while.
Async<Result<void>> wait_for(Session& session, const std::string& task, std::string& token) {
  constexpr auto patience = "20.1";  // with a fraction: XAPI's is no whole number
  Call call{"event.from", {to_json(std::vector{"task/" + task}), to_json(token), patience}};
  auto told = co_await session.call(std::move(call), Session::Repeat::yes);
  if (told && told->is_object()) {
    token = text_at(told->get_object(), "token");
    co_return Result<void>();
  }
  token.clear();
  if (told) co_return fail(Code::corrupt, "event.from: the answer is none");
  if (code_in(told.error()) == "EVENTS_LOST") co_return Result<void>();
  co_return std::unexpected(std::move(told).error());
}

}  // namespace

Async<Result<std::string>> run_task(Session& session, Call call) {
  auto method = call.method;
  CO_TRY(auto task, co_await begin(session, std::move(call)));
  std::string token;
  while (true) {
    // The first wait answers at once, with the task as it is.
    CO_TRY_VOID(co_await wait_for(session, task, token));
    auto record = co_await session.record("task", task);
    if (!record && record.error().code == Code::not_found) co_return std::unexpected(lost(method));
    CO_TRY(auto seen, std::move(record));
    if (auto outcome = outcome_of(seen)) {
      (void)co_await session.call({"task.destroy", {to_json(task)}});
      if (*outcome) co_return *std::move(outcome);
      co_return std::unexpected((*std::move(outcome)).error());
    }
  }
}

Async<Result<void>> begin_task(Session& session, Call call) {
  CO_TRY(auto task, co_await begin(session, std::move(call)));
  auto record = co_await session.record("task", task);
  if (!record && record.error().code == Code::not_found) co_return Result<void>();
  CO_TRY(auto seen, std::move(record));
  auto outcome = outcome_of(seen);
  if (!outcome) co_return Result<void>();  // XAPI takes tasks away some time after they have ended
  (void)co_await session.call({"task.destroy", {to_json(task)}});
  if (!*outcome) co_return std::unexpected((*std::move(outcome)).error());
  co_return Result<void>();
}

}  // namespace truce::xapi
