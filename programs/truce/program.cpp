#include "program.h"

#include <boost/json.hpp>
#include <cstdlib>

#include "base/log.h"
#include "completion.h"
#include "images/verbs.h"
#include "login.h"
#include "plans/check.h"
#include "small/small.h"
#include "terminal.h"
#include "text_formats.h"
#include "verbs.h"

namespace truce::cli {
namespace {

/// How long completion may keep a user waiting for names.
constexpr Duration completion_limit = 2s;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Wishes wishes_of(const Invocation& invocation) {
  return {.url = invocation.url,
          .url_variable = variable("TRUCE_URL"),
          .token = invocation.token,
          .token_variable = variable("TRUCE_TOKEN")};
}

Async<Ending> talk(asio::any_io_executor loop, const Invocation& invocation) {
  if (invocation.row->noun == "login")
    co_return co_await login(loop, invocation, wishes_of(invocation));
  auto endpoint = co_await known_endpoint(loop, wishes_of(invocation));
  if (!endpoint) {
    auto exit = endpoint.error().code == Code::unavailable ? Exit::no_answer
                : endpoint.error().code == Code::invalid   ? Exit::usage
                                                           : Exit::failed;
    co_return std::unexpected(Failure(exit, std::move(endpoint).error()));
  }
  Session session(loop, *std::move(endpoint));
  co_return co_await run_command(session, invocation);
}

Async<Result<std::vector<std::string>>> names_of(asio::any_io_executor loop, std::string noun) {
  CO_TRY(auto settings, read_settings(settings_path()));
  Wishes wishes{{}, variable("TRUCE_URL"), {}, variable("TRUCE_TOKEN")};
  CO_TRY(auto endpoint, choose_endpoint(settings, wishes));
  Session session(loop, std::move(endpoint));
  auto page = co_await session.get(fmt::format("/v1/{}s", noun), {{"limit", "1000"}});
  if (!page) co_return std::unexpected(std::move(page).error().error);
  std::vector<std::string> names;
  const auto* items = page->is_object() ? page->get_object().if_contains("items") : nullptr;
  if (items == nullptr || !items->is_array()) co_return names;
  for (const auto& item : items->get_array()) {
    const auto* name = item.is_object() ? item.get_object().if_contains("name") : nullptr;
    if (name != nullptr && name->is_string()) names.push_back(printable(name->get_string()));
  }
  co_return names;
}

/// Runs one coroutine to its end.
template <class T>
T wait_for(asio::io_context& loop, Async<T> work) {
  std::optional<T> result;
  asio::co_spawn(loop, std::move(work), [&](std::exception_ptr failed, T value) {
    if (failed) std::rethrow_exception(failed);
    result.emplace(std::move(value));
  });
  loop.run();
  return *std::move(result);
}

/// `truce __complete -- WORDS`: one candidate a line. Never an error: a shell would show it.
int run_completion(std::vector<std::string> words) {
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  auto candidates = complete(words);
  for (const auto& word : candidates.words) print(word + "\n");
  if (candidates.noun.empty()) return 0;
  asio::io_context loop;
  auto names = wait_for(
      loop, within(completion_limit, names_of(loop.get_executor(), candidates.noun), "names"));
  if (!names) return 0;
  for (const auto& name : *names) {
    if (words.empty() || name.starts_with(words.back())) print(name + "\n");
  }
  return 0;
}

Result<int> run_any_image(const Invocation& invocation) {
  // A server needs sockets and goes on for long: it has its own bounds.
  if (invocation.row->verb == "serve") return image_serve(invocation);
  if (invocation.row->verb == "prepare") return image_prepare(invocation);
  auto linked = image_verbs_linked();
  auto is_asked_for = [&](const Verb& verb) { return verb.name == invocation.row->verb; };
  return run_image(invocation,
                   std::ranges::any_of(linked, is_asked_for) ? linked : image_verbs_alone());
}

int run_invocation(const Invocation& invocation) {
  if (invocation.row->noun == "completion") {
    auto script = completion_script(invocation.value("shell"));
    if (!script) return say(Exit::usage, script.error().message);
    print(*script);
    return 0;
  }
  if (invocation.row->noun == "image") {
    return end_of(run_any_image(invocation));
  }
  if (invocation.row->noun == "plan" && invocation.row->verb == "check")
    return end_of(plan_check(invocation));
  asio::io_context loop;
  auto ending = wait_for(loop, talk(loop.get_executor(), invocation));
  if (ending) return *ending;
  auto message = printable(ending.error().error.message);
  if (invocation.row->verb.empty()) message = fmt::format("{}: {}", invocation.row->noun, message);
  return say(ending.error().exit, message);
}

}  // namespace

int run_program(std::vector<std::string> words) {
  start_log("error");
  if (!words.empty() && words.front() == "__complete") {
    words.erase(words.begin());
    return run_completion(std::move(words));
  }
  return run_words(words, run_invocation).value();
}

}  // namespace truce::cli
