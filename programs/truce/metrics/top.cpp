// truce vm top: what running machines use, on a screen of its own.
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/json.hpp>

#include "metrics/chart.h"
#include "output.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

constexpr auto refresh = 2s;  // rounds are 10 s apart: a new one is seen soon

struct Wish {
  std::string sort = "cpu";
  std::string limit, project;
};

Async<Outcome<json::value>> ask(Session& session, const Wish& wish, std::size_t fitting) {
  std::map<std::string, std::string> query{{"sort", wish.sort}};
  query["limit"] = wish.limit.empty() ? std::to_string(fitting) : wish.limit;
  if (!wish.project.empty()) query["project"] = wish.project;
  co_return co_await session.get("/v1/usage", std::move(query));
}

Outcome<model::UsageList> read_list(const json::value& value) {
  auto list = model::from_json<model::UsageList>(value, model::Unknown::ignore);
  if (!list) return std::unexpected(Failure(Exit::failed, std::move(list).error()));
  return *std::move(list);
}

std::string shown_once(const json::value& value, const model::UsageList& list,
                       const Invocation& invocation, std::string_view sort) {
  std::string out;
  if (invocation.quiet) {
    for (const auto& usage : list.items) out += printable(usage.name) + "\n";
    return out;
  }
  switch (invocation.style) {
    case Style::json:
      return pretty_json(value);
    case Style::yaml:
      return yaml(value);
    case Style::csv:
      out =
          csv_line({"name", "host", "cpu_percent", "cpus", "memory", "memory_guest", "memory_size",
                    "disk_read_rate", "disk_write_rate", "disk_iops", "receive_rate", "send_rate"});
      for (const auto& usage : list.items) {
        auto text = [](auto number) { return fmt::format("{}", number); };
        out += csv_line({usage.name, usage.host, text(usage.cpu_percent), text(usage.cpus),
                         text(usage.memory.count), text(usage.memory_guest.count),
                         text(usage.memory_size.count), text(usage.disk_read_rate.count),
                         text(usage.disk_write_rate.count), text(usage.disk_iops),
                         text(usage.receive_rate.count), text(usage.send_rate.count)});
      }
      return out;
    case Style::table:
      break;
  }
  for (const auto& line : top_lines(list, sort)) out += line + "\n";
  return out;
}

/// The key that was pressed; 'q' when there will be no more.
Async<char> key(asio::posix::stream_descriptor& input) {
  char pressed = 0;
  auto [ec, count] = co_await input.async_read_some(asio::buffer(&pressed, 1), as_result);
  co_return ec || count == 0 ? 'q' : pressed;
}

std::string_view sort_of(char pressed) {
  switch (pressed) {
    case 'c':
      return "cpu";
    case 'm':
      return "memory";
    case 'd':
      return "disk";
    case 'n':
      return "network";
    case 'a':
      return "name";
    default:
      return {};
  }
}

bool ends(char pressed) {
  constexpr char ctrl_c = 3, ctrl_d = 4;
  return pressed == 'q' || pressed == 'Q' || pressed == ctrl_c || pressed == ctrl_d;
}

Async<Ending> show(Session& session, Wish wish) {
  constexpr std::size_t lines_above = 3;
  auto own = open_input();
  if (!own) co_return std::unexpected(Failure(Exit::failed, std::move(own).error()));
  asio::posix::stream_descriptor input(session.loop(), own->release());
  TerminalMode mode(TerminalMode::Mode::raw);
  TerminalScreen screen;
  while (true) {
    auto height = terminal_height();
    auto value = co_await ask(session, wish, height > lines_above ? height - lines_above : 1);
    if (value) {
      CO_TRY(auto list, read_list(*value));
      auto lines = top_lines(list, wish.sort);
      lines.front() += "   (c m d n a: order, q: end)";
      screen.show(lines);
    } else {
      screen.show({"truce vm top: " + printable(value.error().error.message), "", "(q: end)"});
    }
    auto waited = co_await (key(input) || sleep_for(refresh));
    if (waited.index() != 0) continue;
    auto pressed = std::get<0>(waited);
    if (ends(pressed)) co_return 0;
    if (auto sort = sort_of(pressed); !sort.empty()) wish.sort = sort;
  }
}

}  // namespace

Async<Ending> vm_top(Session& session, const Invocation& invocation) {
  constexpr std::size_t usual_limit = 50;
  Wish wish{.sort = invocation.value("sort", "cpu"),
            .limit = invocation.value("limit"),
            .project = invocation.value("project")};
  // Asked once before the screen is taken, so that a refusal is seen.
  CO_TRY(auto value, co_await ask(session, wish, usual_limit));
  CO_TRY(auto list, read_list(value));
  bool live = !invocation.has("once") && !invocation.quiet && invocation.style == Style::table &&
              is_terminal(Channel::output) && is_terminal(Channel::input);
  if (!live) {
    print(shown_once(value, list, invocation, wish.sort));
    co_return 0;
  }
  auto ended = co_await (show(session, std::move(wish)) || interrupted());
  if (ended.index() == 0) co_return std::get<0>(std::move(ended));
  co_return 0;
}

}  // namespace truce::cli
