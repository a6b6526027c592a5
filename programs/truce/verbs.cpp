#include "verbs.h"

#include <boost/json.hpp>

#include "base/file.h"
#include "networks/show.h"
#include "output.h"
#include "terminal.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

Result<std::string> read_input(const std::string& name) {
  return read_file(name == "-" ? "/dev/stdin" : name, mib(4));
}

Result<std::string> ask_secret(std::string_view what) {
  if (!is_terminal(Channel::input)) {
    return fail(Code::precondition,
                "there is no terminal to ask for it; name a file, or - for the "
                "standard input");
  }
  auto first = ask_hidden(fmt::format("New {}: ", what));
  if (ask_hidden(fmt::format("The same {} again: ", what)) != first)
    return fail(Code::invalid, "the two are not the same");
  return first;
}

/// All pages as one; with --limit only the first.
Async<Outcome<json::value>> all_pages(Session& session, Outgoing request) {
  CO_TRY(auto page, co_await session.call(request));
  auto next_of = [](const json::value& value) {
    const auto* object = value.if_object();
    const auto* next = object == nullptr ? nullptr : object->if_contains("next");
    return next != nullptr && next->is_string() ? std::string(next->get_string()) : std::string();
  };
  auto next = next_of(page);
  while (!next.empty() && !request.query.contains("limit")) {
    auto more = request;
    more.query["after"] = next;
    CO_TRY(auto following, co_await session.call(std::move(more)));
    auto& items = page.at("items").as_array();
    for (auto& item : following.at("items").as_array()) items.push_back(std::move(item));
    auto after = next_of(following);
    if (after == next) break;  // a server that does not move on would never end
    next = after;
    page.as_object()["next"] = next;
  }
  co_return page;
}

Async<Ending> list(Session& session, const Invocation& invocation, Outgoing request) {
  CO_TRY(auto page, co_await all_pages(session, request));
  if (!page.is_object() || !page.at("items").is_array()) {
    co_return std::unexpected(Failure(Error{Code::corrupt, "the answer is not a list", {}}));
  }
  if (invocation.has("watch")) {
    co_return co_await watch_list(session, invocation, std::move(request), std::move(page));
  }
  print(shown_page(page, *invocation.row, invocation.style, invocation.quiet));
  co_return 0;
}

Async<Ending> run_operation(Session& session, const Invocation& invocation) {
  const auto& row = *invocation.row;
  CO_TRY(auto request, make_request(invocation, surroundings()));
  if (row.answer == Answer::page) co_return co_await list(session, invocation, std::move(request));
  CO_TRY(auto answer, co_await session.call(std::move(request)));
  if (row.answer == Answer::task) {
    co_return co_await follow_task(session, invocation, std::move(answer));
  }
  if (answer.is_object()) {
    print(shown_object(answer, row.shown, invocation.style, invocation.quiet));
  } else if (!invocation.quiet && invocation.style == Style::table) {
    print(fmt::format("{} {} {}: done\n", row.noun, row.verb, invocation.value("name")));
  }
  co_return 0;
}

struct HandWritten {
  std::string_view noun, verb;
  Async<Ending> (*run)(Session&, const Invocation&);
};
constexpr HandWritten hand_written[]{
    {"vm", "console", vm_console},
    {"vm", "screenshot", vm_screenshot},
    {"task", "screenshot", task_screenshot},
    {"vm", "exec", vm_exec},
    {"vm", "log", vm_log},
    {"vm", "move-wave", vm_move_wave},
    {"vm", "top", vm_top},
    {"vm", "metrics", vm_metrics},
    {"host", "metrics", host_metrics},
    {"pool", "metrics", pool_metrics},
    {"task", "wait", task_wait},
    {"host", "add", host_add},
    {"host", "check", host_check},
    {"server", "backup", server_backup},
    {"support", "bundle", support_bundle},
    {"cluster", "init", cluster_init},
    {"cluster", "join", cluster_join},
    {"cluster", "leave", cluster_leave},
    {"cluster", "token", cluster_token},
    {"snapshot", "list", snapshot_list},
    {"network", "show", network_show},
    {"template", "upload", template_upload},
    {"template", "download", template_download},
};

/// The daemon names a field of the request; the user knows the option.
void name_option(const CommandRow& row, Error& error) {
  if (error.field.empty()) return;
  auto option = option_of_field(row, error.field);
  error.message = fmt::format("{}: {}", option, error.message);
  error.field.clear();
}

}  // namespace

Surroundings surroundings() {
  return {.read_file = read_input, .ask_secret = ask_secret, .now = now()};
}

Async<Ending> run_command(Session& session, const Invocation& invocation) {
  const auto& row = *invocation.row;
  auto run = &run_operation;
  for (const auto& verb : hand_written) {
    if (verb.noun == row.noun && verb.verb == row.verb) run = verb.run;
  }
  auto ending = co_await run(session, invocation);
  if (!ending) {
    auto& error = ending.error().error;
    name_option(row, error);
    auto name = invocation.value("name");
    error.message = fmt::format("{} {}{}{}: {}", row.noun, row.verb, name.empty() ? "" : " ", name,
                                error.message);
  }
  co_return ending;
}

}  // namespace truce::cli
