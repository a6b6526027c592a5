// Balancing by itself: when a plan is made, what becomes of it, and who is left alone.
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "base/log.h"
#include "plans/plan_lab.h"

namespace truce::manager {
namespace {

using model::BalanceMode;
using model::PlanState;

constexpr BalancePace quick{.warm_up = 0ms, .look = 2ms, .minute = 5ms, .hot = 1h};
constexpr BalancePace patient{.warm_up = 0ms, .look = 2ms, .minute = 1h, .hot = 1h};
constexpr auto many_looks = 60ms;  // in which something that is not to happen would have happened

model::Vm busy(std::string name, std::string on, std::int64_t number) {
  auto vm = lab_machine(std::move(name), std::move(on), number);
  vm.cpus = 2;  // it was not measured, so it counts as using all of them
  return vm;
}

// Four machines fill the processors of h1, and h2 is empty.
Async<void> fill(PlanLab& lab, BalanceMode mode) {
  co_await lab.change([&](Change& change) {
    model::Cluster cluster;
    cluster.name = "estate";
    cluster.balance = mode;
    cluster.balance_minutes = 1;
    change.put(cluster);
    std::int64_t number = 0;
    for (std::string name : {"a", "b", "c", "d"}) change.put(busy(name, "h1", ++number));
  });
}

Async<void> set_mode(PlanLab& lab, BalanceMode mode) {
  co_await lab.change([&](Change& change) {
    auto cluster = lab.ledger.inventory().find<model::Cluster>("estate")->object;
    cluster.balance = mode;
    change.put(cluster);
  });
}

Async<void> set_balance(PlanLab& lab, std::string name, BalanceMode mode) {
  co_await lab.change([&](Change& change) {
    auto vm = lab.ledger.inventory().find<model::Vm>(name)->object;
    vm.balance = mode;
    change.put(vm);
  });
}

void watch(PlanLab& lab, BalancePace pace) {
  lab.scope.spawn(watch_load(lab.ledger, lab.plans, pace));
}

std::size_t plans_in(const PlanLab& lab) {
  return lab.ledger.inventory().all<model::Plan>().size();
}

// The newest plan; one without a name while there is none.
model::Plan newest(const PlanLab& lab) {
  const auto& all = lab.ledger.inventory().all<model::Plan>();
  return all.empty() ? model::Plan{} : all.rbegin()->second->object;
}

std::vector<std::string> machines_of(const model::Plan& plan) {
  std::vector<std::string> names;
  for (const auto& move : plan.moves) names.push_back(move.vm);
  std::ranges::sort(names);
  return names;
}

std::int64_t events(const PlanLab& lab, std::string_view kind) {
  return std::ranges::count_if(lab.ledger.inventory().all<model::Event>(), [&](const auto& entry) {
    return entry.second->object.kind == kind;
  });
}

/// What is logged while it lives.
class Overheard {
 public:
  Overheard() { spdlog::default_logger()->sinks().push_back(sink_); }
  ~Overheard() { std::erase(spdlog::default_logger()->sinks(), sink_); }
  Overheard(const Overheard&) = delete;
  Overheard& operator=(const Overheard&) = delete;

  [[nodiscard]] std::size_t times(std::string_view text) const {
    auto said = stream_.str();
    std::size_t count = 0;
    for (auto at = said.find(text); at != said.npos; at = said.find(text, at + 1)) ++count;
    return count;
  }

 private:
  std::ostringstream stream_;
  spdlog::sink_ptr sink_ = std::make_shared<spdlog::sinks::ostream_sink_st>(stream_);
};

model::Plan own_plan(PlanState state, Duration age) {
  return {.name = "p-000000000001",
          .kind = model::PlanKind::balance,
          .state = state,
          .created = now() - age};
}

TEST(WatchLoad,
     a_plan_is_proposed_and_a_newer_one_takes_its_place_only_where_it_says_another_thing) {
  with_plan_lab([](PlanLab& lab) -> Async<void> {
    co_await fill(lab, BalanceMode::propose);
    watch(lab, quick);
    co_await lab.until([&] { return plans_in(lab) == 1; });
    auto first = newest(lab);
    EXPECT_EQ(first.state, PlanState::proposed);
    EXPECT_EQ(first.user, "");
    EXPECT_EQ(first.moves.size(), 2U);
    EXPECT_TRUE(lab.plans.estate_of(first.name)) << "it can be checked";
    co_await sleep_for(many_looks);
    EXPECT_EQ(newest(lab).name, first.name) << "nothing has changed";
    EXPECT_EQ(events(lab, "plan.proposed"), 1);

    co_await lab.change([](Change& change) {
      change.put(busy("e", "h1", 5));
      change.put(busy("f", "h1", 6));
    });
    co_await lab.until([&] { return newest(lab).moves.size() == 3; });
    EXPECT_EQ(plans_in(lab), 1U);
    EXPECT_EQ(events(lab, "plan.proposed"), 2);

    co_await lab.change([](Change& change) {
      std::int64_t number = 3;
      for (std::string name : {"d", "e", "f"}) change.put(busy(name, "h2", ++number));
    });
    co_await lab.until([&] { return plans_in(lab) == 0; });
    EXPECT_EQ(events(lab, "plan.withdrawn"), 2);
    EXPECT_TRUE(lab.begun.empty());
  });
}

TEST(WatchLoad, plans_that_somebody_has_made_are_left_as_they_are) {
  with_plan_lab([](PlanLab& lab) -> Async<void> {
    co_await fill(lab, BalanceMode::propose);
    co_await lab.change([](Change& change) {
      auto plan = own_plan(PlanState::proposed, 0ms);
      plan.user = "root";
      change.put(plan);
    });
    watch(lab, quick);
    co_await lab.until([&] { return plans_in(lab) == 2; });
    EXPECT_EQ(lab.plan("p-000000000001").user, "root");
  });
}

TEST(WatchLoad, an_automatic_plan_is_carried_out_and_takes_the_place_of_a_proposal) {
  with_plan_lab([](PlanLab& lab) -> Async<void> {
    co_await fill(lab, BalanceMode::automatic);
    co_await lab.change(
        [](Change& change) { change.put(own_plan(PlanState::proposed, std::chrono::hours(1))); });
    watch(lab, quick);
    co_await lab.until([&] { return newest(lab).state == PlanState::running; });
    EXPECT_EQ(plans_in(lab), 1U);
    auto name = newest(lab).name;
    EXPECT_EQ(name, "p-000000000002");
    co_await lab.end_move(0, "", name);
    co_await lab.end_move(1, "", name);
    co_await lab.until([&] { return lab.plan(name).state == PlanState::done; });
    EXPECT_EQ(lab.begun.size(), 2U);
    EXPECT_EQ(events(lab, "plan.applied"), 1);
    co_await sleep_for(many_looks);
    EXPECT_EQ(plans_in(lab), 1U) << "the load is even now";
  });
}

TEST(WatchLoad, machines_stay_as_it_was_said_of_them) {
  with_plan_lab([](PlanLab& lab) -> Async<void> {
    co_await fill(lab, BalanceMode::automatic);
    co_await set_balance(lab, "a", BalanceMode::off);
    co_await set_balance(lab, "b", BalanceMode::off);
    co_await set_balance(lab, "c", BalanceMode::propose);
    watch(lab, quick);
    co_await lab.until([&] { return plans_in(lab) == 1; });
    auto first = newest(lab);
    EXPECT_EQ(machines_of(first), std::vector<std::string>{"d"});
    auto steps = scheduler::from_model(*lab.plans.estate_of(first.name), first);
    EXPECT_TRUE(scheduler::check_plan(*lab.plans.estate_of(first.name), *steps).wrong.empty());
    co_await set_mode(lab, BalanceMode::propose);
    co_await lab.end_move(0, "", first.name);
    co_await lab.until([&] { return plans_in(lab) == 2; });
    EXPECT_EQ(machines_of(newest(lab)), std::vector<std::string>{"c"});
    EXPECT_EQ(newest(lab).state, PlanState::proposed);
  });
}

TEST(WatchLoad, nothing_happens_while_it_is_off_or_there_is_one_host) {
  with_plan_lab([](PlanLab& lab) -> Async<void> {
    co_await fill(lab, BalanceMode::off);
    watch(lab, quick);
    co_await sleep_for(many_looks);
    EXPECT_EQ(plans_in(lab), 0U);
    co_await lab.change([](Change& change) {
      auto gone = lab_host("h2");
      gone.state = model::HostState::offline;
      change.put(gone);
    });
    co_await set_mode(lab, BalanceMode::propose);
    co_await sleep_for(many_looks);
    EXPECT_EQ(plans_in(lab), 0U);
    co_await lab.change([](Change& change) { change.put(lab_host("h2")); });
    co_await lab.until([&] { return plans_in(lab) == 1; });
  });
}

TEST(WatchLoad, it_waits_while_a_plan_a_move_or_a_drain_is_under_way) {
  with_plan_lab([](PlanLab& lab) -> Async<void> {
    const std::string other = "p-000000000001";
    co_await fill(lab, BalanceMode::propose);
    co_await lab.change([&](Change& change) {
      change.put(model::Plan{.name = other,
                             .kind = model::PlanKind::evacuate,
                             .host = "h1",
                             .moves = {{.vm = "a", .from = "h1", .to = "h2", .reason = "x"}}});
    });
    EXPECT_TRUE(co_await lab.apply(other));
    co_await lab.until([&] { return !lab.plan(other).moves[0].task.empty(); });
    watch(lab, quick);
    co_await sleep_for(many_looks);
    EXPECT_EQ(plans_in(lab), 1U) << "the other one runs";

    model::Job drain;
    drain.task = "t";
    drain.kind = model::JobKind::drain_host;
    drain.from = "h1";
    auto d = busy("d", "h1", 4);
    d.moving_to = "h2";
    co_await lab.change([&](Change& change) {
      change.put_job(drain);
      change.put(d);
    });
    co_await lab.end_move(0, "", other);
    co_await lab.until([&] { return lab.plan(other).state == PlanState::done; });
    co_await lab.change([](Change& change) { change.erase<model::Job>("t"); });
    co_await sleep_for(many_looks);
    EXPECT_EQ(plans_in(lab), 1U) << "a machine moves";
    co_await lab.change([&](Change& change) {
      change.put_job(drain);
      change.put(busy("d", "h1", 4));
    });
    co_await sleep_for(many_looks);
    EXPECT_EQ(plans_in(lab), 1U) << "a host is emptied";
    co_await lab.change([](Change& change) { change.erase<model::Job>("t"); });
    co_await lab.until([&] { return plans_in(lab) == 2; });
  });
}

TEST(WatchLoad, a_plan_that_cannot_begin_leaves_nothing_behind_and_is_told_of_once) {
  with_plan_lab([](PlanLab& lab) -> Async<void> {
    Overheard log;
    auto begin = lab.plans.begin_move;
    lab.plans.begin_move = {};
    co_await fill(lab, BalanceMode::automatic);
    watch(lab, quick);
    co_await sleep_for(many_looks);
    EXPECT_EQ(plans_in(lab), 0U);
    EXPECT_EQ(events(lab, "plan.applied"), 0);
    EXPECT_EQ(log.times("machines cannot be moved"), 1U);
    lab.plans.begin_move = begin;
    co_await lab.until([&] { return newest(lab).state == PlanState::running; });
  });
}

TEST(WatchLoad, a_hot_host_is_relieved_before_it_is_time) {
  with_plan_lab([](PlanLab& lab) -> Async<void> {
    co_await fill(lab, BalanceMode::automatic);
    co_await lab.change([](Change& change) {
      for (std::string name : {"a", "b", "c", "d"}) change.erase<model::Vm>(name);
    });
    auto pace = patient;
    pace.hot = 2ms;
    watch(lab, pace);
    co_await sleep_for(many_looks);  // the look at all has been, and there was nothing
    co_await fill(lab, BalanceMode::automatic);
    co_await lab.until([&] { return plans_in(lab) == 1; });
    EXPECT_EQ(newest(lab).host, "h1");
    EXPECT_EQ(newest(lab).state, PlanState::running);
  });
}

// Whether a plan is made beside one that the store has after a restart.
void expect_after_restart(PlanState state, Duration age, bool made) {
  with_plan_lab([=](PlanLab& lab) -> Async<void> {
    co_await fill(lab, BalanceMode::propose);
    co_await lab.change([&](Change& change) { change.put(own_plan(state, age)); });
    watch(lab, patient);
    if (made) co_await lab.until([&] { return plans_in(lab) == 2; });
    if (!made) co_await sleep_for(many_looks);
    EXPECT_EQ(plans_in(lab), made ? 2U : 1U);
  });
}

TEST(WatchLoad, a_restart_makes_it_no_sooner_and_what_has_failed_is_tried_more_rarely) {
  expect_after_restart(PlanState::done, 30min, false);
  expect_after_restart(PlanState::done, 90min, true);
  expect_after_restart(PlanState::failed, 90min, false);
  expect_after_restart(PlanState::failed, 150min, true);
}

}  // namespace
}  // namespace truce::manager
