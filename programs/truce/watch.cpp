#include <boost/json.hpp>

#include "model/json.h"
#include "output.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

/// What is printed for one event of the stream. Widths come from the table above it.
std::string line_of(const Invocation& invocation, const http::ServerEvent& event,
                    const std::vector<std::size_t>& widths) {
  auto change = model::parse_json(event.data);
  if (!change || !change->is_object()) return {};
  const auto& fields = change->get_object();
  const auto* name = fields.if_contains("name");
  const auto* object = fields.if_contains("object");
  if (name == nullptr || !name->is_string() || object == nullptr) return {};
  auto shown_name = printable(name->get_string());
  if (invocation.quiet) return shown_name + "\n";
  switch (invocation.style) {
    case Style::json: {  // one object a line: a stream for programs
      json::object line{{"event", event.event}};
      for (const auto& field : fields) line[field.key()] = field.value();
      return json::serialize(line) + "\n";
    }
    case Style::yaml:
      return "---\n" + yaml(*change);
    case Style::csv:
      if (!object->is_object()) return {};
      return csv_line(row_of(*object, *invocation.row));
    case Style::table:
      break;
  }
  if (!object->is_object()) return fmt::format("{} (gone)\n", shown_name);
  return table_line(columns_of(*invocation.row), widths, row_of(*object, *invocation.row));
}

std::vector<std::size_t> widths_of(const Invocation& invocation, const json::value& page) {
  std::vector<TableRow> rows;
  for (const auto& item : page.at("items").as_array())
    rows.push_back(row_of(item, *invocation.row));
  return table_widths(columns_of(*invocation.row), rows);
}

Async<Outcome<void>> follow(Session& session, const Invocation& invocation, std::string target,
                            std::vector<std::size_t> widths) {
  std::string gone;
  auto on_event = [&](const http::ServerEvent& event) {
    if (event.event == "gone") {
      gone = event.data;
      return false;
    }
    print(line_of(invocation, event, widths));
    return true;
  };
  auto ended = co_await session.client().events(std::move(target), on_event);
  if (!ended) co_return std::unexpected(Failure(Exit::no_answer, std::move(ended).error()));
  co_return std::unexpected(Failure(Exit::failed, Error{Code::limit, printable(gone), {}}));
}

}  // namespace

Async<Ending> watch_list(Session& session, const Invocation& invocation, Outgoing request,
                         json::value page) {
  if (invocation.style == Style::json && !invocation.quiet) {
    print(json::serialize(page) + "\n");
  } else {
    print(shown_page(page, *invocation.row, invocation.style, invocation.quiet));
  }
  request.query.erase("after");
  request.query.erase("limit");
  request.query["watch"] = "true";
  request.query["since"] = json::serialize(page.at("revision"));
  auto first = co_await (
      follow(session, invocation, request.target(), widths_of(invocation, page)) || interrupted());
  if (first.index() == 1) co_return 0;
  CO_TRY_VOID(std::get<0>(std::move(first)));
  co_return 0;
}

}  // namespace truce::cli
