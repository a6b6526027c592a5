// Many machines move, as a file says: all are looked at before the first one does.
#include <boost/json.hpp>

#include "base/file.h"
#include "model/json.h"
#include "moves/waves.h"
#include "output.h"
#include "progress.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

using Clock = std::chrono::steady_clock;
using model::TaskState;

constexpr std::size_t most_at_once = 10'000;

/// A move from its line to its end.
struct Mover {
  PlannedMove plan;
  model::MoveReport report;
  std::string task;   ///< empty: not begun
  std::string error;  ///< why it has not come
  std::string step;
  MoveStanding standing;
  Clock::time_point begun;
  Duration took{};
};

std::unexpected<Failure> refused(std::string why) {
  return std::unexpected(Failure(Exit::failed, Error{Code::precondition, std::move(why), {}}));
}

template <class T>
Outcome<T> read_as(const json::value& value) {
  auto read = model::from_json<T>(value, model::Unknown::ignore);
  if (read) return *std::move(read);
  return std::unexpected(Failure(Exit::failed, std::move(read).error().within("the answer")));
}

bool is_answer(const Failure& failure) {
  return failure.exit != Exit::no_answer;
}

/// What each move would do. What cannot be moved is told for all of them.
Async<Outcome<void>> look_at(Session& session, std::vector<Mover>& movers) {
  std::size_t problems = 0;
  for (auto& mover : movers) {
    CO_TRY(auto request, make_request(mover.plan.report, surroundings()));
    auto value = co_await session.call(std::move(request));
    if (!value && !is_answer(value.error())) co_return std::unexpected(std::move(value).error());
    if (!value) {
      ++problems;
      print(printable(fmt::format("line {}: {}: {}", mover.plan.line, mover.plan.machine,
                                  value.error().error.message)) +
                "\n",
            Channel::errors);
      continue;
    }
    CO_TRY(mover.report, read_as<model::MoveReport>(*value));
    mover.standing.bytes = mover.report.bytes.count;
  }
  if (problems > 0)
    co_return refused(
        fmt::format("{} of {} machines cannot move as the file says: nothing was begun", problems,
                    movers.size()));
  co_return Outcome<void>();
}

std::string plan_table(const std::vector<Mover>& movers) {
  std::vector<TableRow> rows;
  for (const auto& mover : movers) {
    rows.push_back({std::to_string(mover.plan.wave), printable(mover.plan.machine),
                    printable(mover.report.to), printable(mover.report.name),
                    to_string(mover.report.bytes), std::to_string(mover.report.changed.size()),
                    std::to_string(mover.report.lost.size())});
  }
  return table({{"wave", Align::right},
                {"machine"},
                {"to"},
                {"name"},
                {"size", Align::right},
                {"changed", Align::right},
                {"lost", Align::right}},
               rows);
}

json::value as_json(const std::vector<Mover>& movers) {
  json::array items;
  for (const auto& mover : movers) {
    json::object item{{"machine", mover.plan.machine},
                      {"wave", mover.plan.wave},
                      {"to", mover.report.to},
                      {"name", mover.report.name},
                      {"bytes", mover.report.bytes.count},
                      {"task", mover.task},
                      {"state", model::to_string(mover.standing.state)},
                      {"error", mover.error}};
    for (const auto& [key, lines] :
         {std::pair("changed", &mover.report.changed), std::pair("lost", &mover.report.lost)})
      item[key] = json::array(lines->begin(), lines->end());
    items.emplace_back(std::move(item));
  }
  return json::object{{"items", std::move(items)}};
}

std::string outcome_table(const std::vector<Mover>& movers) {
  std::vector<TableRow> rows;
  for (const auto& mover : movers) {
    bool begun = !mover.task.empty();
    auto state = mover.standing.state == TaskState::queued
                     ? std::string("not begun")
                     : std::string(model::to_string(mover.standing.state));
    rows.push_back({printable(mover.plan.machine), printable(mover.report.to), state,
                    begun ? shown_duration(mover.took) : "-", begun ? mover.task : "-",
                    printable(mover.error)});
  }
  return table({{"machine"}, {"to"}, {"state"}, {"took", Align::right}, {"task"}, {"why"}}, rows);
}

/// The moves of one wave, from their beginning to their ends.
class Wave {
 public:
  Wave(Session& session, std::vector<Mover>& movers, std::size_t number, std::size_t at_once,
       bool silent)
      : session_(session),
        movers_(movers),
        number_(number),
        at_once_(at_once),
        silent_(silent),
        live_(!silent && is_terminal(Channel::errors)) {}

  /// False: not all of them have come.
  Async<Outcome<bool>> run(Clock::time_point since) {
    while (true) {
      CO_TRY_VOID(co_await begin_some());
      CO_TRY_VOID(co_await look());
      show(since);
      if (std::ranges::none_of(movers_, [&](const Mover& mover) {
            return is_mine(mover) && (mover.standing.state == TaskState::queued ||
                                      mover.standing.state == TaskState::running);
          }))
        break;
      co_await sleep_for(1s);
    }
    co_return std::ranges::all_of(movers_, [&](const Mover& mover) {
      return !is_mine(mover) || mover.standing.state == TaskState::succeeded;
    });
  }

 private:
  [[nodiscard]] bool is_mine(const Mover& mover) const { return mover.plan.wave == number_; }

  Async<Outcome<void>> begin_some() {
    auto under_way = std::ranges::count_if(
        movers_, [](const Mover& mover) { return mover.standing.state == TaskState::running; });
    for (auto& mover : movers_) {
      if (!is_mine(mover) || mover.standing.state != TaskState::queued) continue;
      if (static_cast<std::size_t>(under_way) == at_once_) break;
      CO_TRY(auto request, make_request(mover.plan.move, surroundings()));
      auto value = co_await session_.call(std::move(request));
      if (!value && !is_answer(value.error())) co_return std::unexpected(std::move(value).error());
      mover.begun = Clock::now();
      if (!value) {
        mover.standing.state = TaskState::failed;
        mover.error = value.error().error.message;
        tell(mover, "not begun: " + mover.error);
        continue;
      }
      CO_TRY(auto task, read_as<model::Task>(*value));
      mover.task = task.name;
      mover.standing.state = TaskState::running;
      ++under_way;
    }
    co_return Outcome<void>();
  }

  // A task outlives its daemon, so a restart of that is waited for.
  Async<Outcome<void>> look() {
    constexpr int most_failures = 60;
    for (auto& mover : movers_) {
      if (!is_mine(mover) || mover.standing.state != TaskState::running) continue;
      auto value = co_await session_.get(path_of("/v1/tasks/", mover.task));
      if (!value && !is_answer(value.error()) && ++failures_ < most_failures)
        co_return Outcome<void>();
      CO_TRY(auto answer, std::move(value));
      failures_ = 0;
      CO_TRY(auto task, read_as<model::Task>(answer));
      mover.standing.progress = task.progress;
      mover.took = std::chrono::duration_cast<Duration>(Clock::now() - mover.begun);
      mover.step = task.step;
      if (!has_ended(task)) continue;
      mover.standing.state = task.state;
      mover.error = task.error;
      tell(mover, ending(task, mover.took));
    }
    co_return Outcome<void>();
  }

  void tell(const Mover& mover, const std::string& what) const {
    if (silent_) return;
    print(fmt::format("{}{}: {}\n", live_ ? "\r\x1b[K" : "", printable(mover.plan.machine),
                      printable(what)),
          Channel::errors);
  }

  void show(Clock::time_point since) {
    if (silent_) return;
    auto now = Clock::now();
    constexpr auto often = std::chrono::seconds(30);  // in a log
    if (!live_ && now - shown_ < often) return;
    shown_ = now;
    std::vector<MoveStanding> all;
    for (const auto& mover : movers_) all.push_back(mover.standing);
    auto line = shown_standing(all, std::chrono::duration_cast<Duration>(now - since));
    print(live_ ? "\r\x1b[K" + cut(line, terminal_width() - 1) : line + "\n", Channel::errors);
  }

  Session& session_;
  std::vector<Mover>& movers_;
  std::size_t number_, at_once_;
  bool silent_, live_;
  Clock::time_point shown_ = Clock::now();
  int failures_ = 0;
};

Async<Outcome<void>> run_all(Session& session, const Invocation& invocation,
                             std::vector<Mover>& movers, std::size_t at_once) {
  auto since = Clock::now();
  for (std::size_t number = 1; number <= movers.back().plan.wave; ++number) {
    Wave wave(session, movers, number, at_once, invocation.quiet);
    CO_TRY(bool came, co_await wave.run(since));
    if (!came && !invocation.has("go-on")) break;
  }
  if (!invocation.quiet && is_terminal(Channel::errors)) print("\r\x1b[K", Channel::errors);
  co_return Outcome<void>();
}

void print_end(const Invocation& invocation, const std::vector<Mover>& movers) {
  if (invocation.quiet) {
    for (const auto& mover : movers) {
      if (mover.standing.state == TaskState::succeeded) print(printable(mover.report.name) + "\n");
    }
  } else if (invocation.style == Style::json) {
    print(pretty_json(as_json(movers)));
  } else if (invocation.style == Style::yaml) {
    print(yaml(as_json(movers)));
  } else {
    print(outcome_table(movers));
  }
}

}  // namespace

Async<Ending> vm_move_wave(Session& session, const Invocation& invocation) {
  std::size_t at_once = most_at_once;
  if (auto given = invocation.value("at-once"); !given.empty())
    at_once = std::strtoul(given.c_str(), nullptr, 10);
  if (at_once == 0)
    co_return std::unexpected(Failure(Error{Code::invalid, "must be a number from 1", "/at-once"}));
  auto file = invocation.value("file");
  CO_TRY(auto text, read_file(file == "-" ? "/dev/stdin" : file, mib(4)));
  auto planned = read_waves(text);
  if (!planned) co_return std::unexpected(Failure(std::move(planned).error().within(file)));
  std::vector<Mover> movers;
  for (auto& plan : *planned) movers.push_back({.plan = std::move(plan)});
  CO_TRY_VOID(co_await look_at(session, movers));
  if (invocation.has("dry-run")) {
    bool data = invocation.style == Style::json || invocation.style == Style::yaml;
    if (data) print_end(invocation, movers);
    if (!data) print(plan_table(movers));
    co_return 0;
  }
  // Signals are heard before the first one begins.
  auto first = co_await (interrupted() || run_all(session, invocation, movers, at_once));
  if (first.index() == 0)
    co_return refused(
        "no longer waiting: what was begun goes on (truce task list; truce task cancel NAME), the "
        "rest was not begun");
  CO_TRY_VOID(std::get<1>(std::move(first)));
  print_end(invocation, movers);
  auto came = std::ranges::count(movers, TaskState::succeeded,
                                 [](const Mover& mover) { return mover.standing.state; });
  if (static_cast<std::size_t>(came) < movers.size())
    co_return refused(
        fmt::format("{} of {} machines have not come", movers.size() - came, movers.size()));
  co_return 0;
}

}  // namespace truce::cli
