// What an administrator does besides machines.
#include <boost/json.hpp>

#include "base/file.h"
#include "model/model.h"
#include "output.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

std::string table_of(const model::HostChecks& checks) {
  std::vector<TableColumn> columns{{"CHECK"}, {"STATE"}, {"FOUND"}};
  std::vector<TableRow> rows;
  std::string below;
  for (const auto& row : checks.items) {
    rows.push_back({row.name, std::string(model::to_string(row.state)), printable(row.found)});
    if (row.state == model::CheckState::ok) continue;
    below += fmt::format("\n{}: {}\n", row.name, printable(row.meaning));
    if (!row.advice.empty()) below += fmt::format("  do: {}\n", printable(row.advice));
  }
  return table(columns, rows) + below;
}

std::string shown_checks(const json::value& value, const model::HostChecks& checks,
                         const Invocation& invocation) {
  std::string out;
  if (invocation.quiet) {  // what is not as it should be
    for (const auto& row : checks.items) {
      if (row.state != model::CheckState::ok) out += printable(row.name) + "\n";
    }
    return out;
  }
  switch (invocation.style) {
    case Style::json:
      return pretty_json(value);
    case Style::yaml:
      return yaml(value);
    case Style::csv:
      out = csv_line({"name", "state", "found", "meaning", "advice"});
      for (const auto& row : checks.items) {
        out += csv_line({row.name, std::string(model::to_string(row.state)), row.found, row.meaning,
                         row.advice});
      }
      return out;
    case Style::table:
      break;
  }
  return table_of(checks);
}

Async<Ending> save(Session& session, Outgoing request, std::string file) {
  CO_TRY(auto response, co_await session.send(std::move(request)));
  if (file == "-") {
    print(response.body);
    co_return 0;
  }
  CO_TRY_VOID(write_file_durably(file, response.body, 0600));
  print(fmt::format("{}: {}\n", file, to_string(Bytes{response.body.size()})));
  co_return 0;
}

}  // namespace

Async<Outcome<std::string>> host_of(Session& session, const Invocation& invocation) {
  if (auto name = invocation.value("name"); !name.empty()) co_return name;
  CO_TRY(auto page, co_await session.get("/v1/hosts", {{"limit", "2"}}));
  auto hosts = model::from_json<model::HostList>(page, model::Unknown::ignore);
  if (!hosts) co_return std::unexpected(Failure(Exit::failed, std::move(hosts).error()));
  if (hosts->items.size() == 1) co_return hosts->items.front().name;
  co_return std::unexpected(
      Failure(Exit::usage, Error{Code::invalid, "which host? see: truce host list", {}}));
}

Async<Ending> host_add(Session& session, const Invocation& invocation) {
  constexpr std::string_view prefix = "ssh://";
  auto url = invocation.value("address"), name = invocation.value("name");
  if (!url.starts_with(prefix))
    co_return std::unexpected(Failure(Error{
        Code::invalid,
        "a server without a hypervisor is ssh://USER@HOST; a host for machines of Truce's joins by "
        "itself: truce cluster token, and truce cluster join there",
        {}}));
  if (name.empty()) {
    auto host = url.substr(url.rfind('@') == url.npos ? prefix.size() : url.rfind('@') + 1);
    name = host.substr(0, host.find_first_of(".:/"));
    if (name.find_first_not_of("0123456789[") == name.npos)
      co_return std::unexpected(Failure(
          Error{Code::invalid, "an address is no name: say what it is called, by --name", {}}));
  }
  model::PlatformCreate wish{.name = std::move(name), .url = std::move(url)};
  CO_TRY(
      auto answer,
      co_await session.call(
          {.method = "POST", .path = "/v1/platforms", .query = {}, .body = model::to_text(wish)}));
  print(shown_object(answer, "Platform", invocation.style, invocation.quiet));
  co_return 0;
}

Async<Ending> host_check(Session& session, const Invocation& invocation) {
  CO_TRY(auto name, co_await host_of(session, invocation));
  CO_TRY(auto value, co_await session.get(path_of("/v1/hosts/", name, "/checks")));
  auto checks = model::from_json<model::HostChecks>(value, model::Unknown::ignore);
  if (!checks) co_return std::unexpected(Failure(Exit::failed, std::move(checks).error()));
  print(shown_checks(value, *checks, invocation));
  bool missing = std::ranges::any_of(
      checks->items, [](const auto& row) { return row.state == model::CheckState::missing; });
  co_return missing ? 1 : 0;
}

Async<Ending> server_backup(Session& session, const Invocation& invocation) {
  co_return co_await save(session,
                          {.method = "POST", .path = "/v1/server/backup", .query = {}, .body = {}},
                          invocation.value("file"));
}

Async<Ending> support_bundle(Session& session, const Invocation& invocation) {
  auto file = invocation.value("output");
  if (file.empty()) file = "truce-support.tar.zst";
  co_return co_await save(session,
                          {.method = "GET", .path = "/v1/support", .query = {}, .body = {}}, file);
}

}  // namespace truce::cli
