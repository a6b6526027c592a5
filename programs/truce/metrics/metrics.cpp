// truce vm|host|pool metrics: what something has used over time.
#include <boost/json.hpp>

#include "metrics/chart.h"
#include "output.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {
namespace {

Async<Ending> show_series(Session& session, const Invocation& invocation, std::string path) {
  std::map<std::string, std::string> query;
  if (invocation.has("range")) query["range"] = invocation.value("range");
  CO_TRY(auto value, co_await session.get(std::move(path), std::move(query)));
  auto series = model::from_json<model::Series>(value, model::Unknown::ignore);
  if (!series) co_return std::unexpected(Failure(Exit::failed, std::move(series).error()));
  if (invocation.quiet) {
    for (const auto& line : series->lines) print(printable(line.name) + "\n");
    co_return 0;
  }
  switch (invocation.style) {
    case Style::json:
      print(pretty_json(value));
      break;
    case Style::yaml:
      print(yaml(value));
      break;
    case Style::csv:
      print(series_csv(*series));
      break;
    case Style::table: {
      constexpr std::size_t columns_before = 60, most = 60, least = 10;
      auto width = terminal_width();
      auto room = width > columns_before + least ? width - columns_before : least;
      print(series_table(*series, std::min(room, most)));
      break;
    }
  }
  co_return 0;
}

}  // namespace

Async<Ending> vm_metrics(Session& session, const Invocation& invocation) {
  return show_series(session, invocation,
                     path_of("/v1/vms/", invocation.value("name"), "/metrics"));
}

Async<Ending> host_metrics(Session& session, const Invocation& invocation) {
  CO_TRY(auto name, co_await host_of(session, invocation));
  co_return co_await show_series(session, invocation, path_of("/v1/hosts/", name, "/metrics"));
}

Async<Ending> pool_metrics(Session& session, const Invocation& invocation) {
  return show_series(session, invocation,
                     path_of("/v1/pools/", invocation.value("name"), "/metrics"));
}

}  // namespace truce::cli
