// Whatever dies, is cut off or is asked for, at every step of a move: the machine never runs twice,
// it runs once when all is back, and nothing is left where it is not.
#include "region.h"

namespace truce {
namespace {

using model::MigrationPhase;

/// How far a move has come when it happens.
struct Step {
  const char* name;
  /// Before it is asked for: what makes it stop there.
  std::function<void(Region&)> hold;
  std::function<Async<bool>(Region&)> reached;
};

Async<bool> in_phase(Region& region, MigrationPhase phase) {
  co_return co_await region.phase() == phase;
}

const Error stuck{Code::precondition, "held by the test", {}};

std::vector<Step> steps() {
  return {
      {"asked", [](Region&) {},
       [](Region& region) -> Async<bool> { co_return (co_await region.phase()).has_value(); }},
      {"prepared", [](Region& region) { region.peers.held = true; },
       [](Region& region) { return in_phase(region, MigrationPhase::transfer); }},
      {"flying", [](Region& region) { region.hosts[0]->world->hold_flights(true); },
       [](Region& region) -> Async<bool> {
         co_return region.guest(1) != nullptr&& co_await in_phase(region, MigrationPhase::transfer);
       }},
      {"sent", [](Region& region) { region.hosts[0]->world->hold_flights(true); },
       [](Region& region) -> Async<bool> {
         if (region.guest(1) == nullptr) co_return false;
         if (region.hosts[0]->to_manager.open) region.hosts[0]->to_manager.cut();
         region.hosts[0]->world->hold_flights(false);
         co_return region.guest(0) != nullptr&& region.guest(0)->flying ==
             hypervisor::FakeWorld::Guest::Flying::sent;
       }},
      {"decided", [](Region& region) { region.hosts[1]->world->fail("land", stuck, 1'000'000); },
       [](Region& region) { return in_phase(region, MigrationPhase::hand_over); }},
      {"landed", [](Region& region) { region.hosts[0]->world->fail("kill", stuck, 1'000'000); },
       [](Region& region) { return in_phase(region, MigrationPhase::settle); }},
  };
}

/// What happens then.
struct Blow {
  const char* name;
  std::function<Async<void>(Region&)> strike;
  bool ends_it = false;  ///< somebody wanted the machine off or gone, or its process died
};

Async<void> request(Region& region, std::string method, std::string path, std::string body) {
  if (region.estate.manager)
    (void)co_await region.estate.call(std::move(method), std::move(path), std::move(body));
}

std::vector<Blow> blows() {
  return {
      {"nothing", [](Region&) -> Async<void> { co_return; }},
      {"the sending daemon dies", [](Region& region) { return region.hosts[0]->kill(); }},
      {"the receiving daemon dies", [](Region& region) { return region.hosts[1]->kill(); }},
      {"the manager dies", [](Region& region) { return region.kill_manager(); }},
      {"both daemons die",
       [](Region& region) -> Async<void> {
         co_await region.hosts[0]->kill();
         co_await region.hosts[1]->kill();
       }},
      {"all daemons die",
       [](Region& region) -> Async<void> {
         co_await region.kill_manager();
         co_await region.hosts[0]->kill();
         co_await region.hosts[1]->kill();
       }},
      {"the sending host loses power",
       [](Region& region) { return region.hosts[0]->lose_power(); }},
      {"the receiving host loses power",
       [](Region& region) { return region.hosts[1]->lose_power(); }},
      {"the hosts lose each other",
       [](Region& region) -> Async<void> {
         region.peers.cut();
         co_return;
       }},
      {"the sending host loses the manager",
       [](Region& region) -> Async<void> {
         region.hosts[0]->to_manager.cut();
         co_return;
       }},
      {"the receiving host loses the manager",
       [](Region& region) -> Async<void> {
         region.hosts[1]->to_manager.cut();
         co_return;
       }},
      {"the machine's process dies where it came from",
       [](Region& region) -> Async<void> {
         region.hosts[0]->world->end(region.uuid, hypervisor::EndReason::crashed, "killed");
         co_return;
       },
       true},
      {"the machine's process dies where it goes",
       [](Region& region) -> Async<void> {
         region.hosts[1]->world->end(region.uuid, hypervisor::EndReason::crashed, "killed");
         co_return;
       },
       true},
      {"the move is cancelled",
       [](Region& region) -> Async<void> {
         for (const auto& job : co_await region.jobs())
           co_await request(region, "POST", "/v1/tasks/" + job.task + "/cancel", "");
       }},
      {"the machine is stopped",
       [](Region& region) { return request(region, "POST", "/v1/vms/web01/stop", "{}"); }, true},
      {"the machine is deleted by force",
       [](Region& region) { return request(region, "DELETE", "/v1/vms/web01?force=true", ""); },
       true},
  };
}

Async<bool> at_rest(Region& region) {
  if (!(co_await region.jobs()).empty()) co_return false;
  auto tasks = co_await region.estate.call("GET", "/v1/tasks?state=running");
  const auto* items = tasks.body.as_object().if_contains("items");
  if (items == nullptr || !items->as_array().empty()) co_return false;
  auto vm = co_await region.vm();
  auto left = [&](std::size_t host) { return region.left_on(host); };
  if (vm.name.empty()) co_return left(0).empty() && left(1).empty();
  std::size_t here = vm.host == "h2" ? 1 : 0;
  bool up = vm.wanted == Wanted::running;
  co_return region.runs(here) == up&& vm.observed == (up ? Observed::running : Observed::off) &&
      left(1 - here).empty();
}

Async<void> check(Region& region, const Step& step, const Blow& blow) {
  co_await region.make_machine(true);
  step.hold(region);
  auto asked = co_await region.migrate(R"({"with_storage":true})");
  EXPECT_EQ(asked.status, 202) << asked.raw;
  if (!co_await region.until([&]() { return step.reached(region); })) co_return;
  co_await blow.strike(region);
  co_await sleep_for(20ms);  // for it to be seen
  co_await region.mend();
  EXPECT_TRUE(co_await region.until([&]() { return at_rest(region); }));
  auto vm = co_await region.vm();
  if (!blow.ends_it) EXPECT_EQ(vm.wanted, Wanted::running);
  EXPECT_EQ(vm.moving_to, "");
  EXPECT_EQ(region.left_on(vm.host == "h2" ? 0 : 1), "");
  // Whatever was, it can move now.
  if (vm.wanted != Wanted::running) co_return;
  auto other = vm.host == "h2" ? "h1" : "h2";
  auto again =
      co_await region.migrate_again(fmt::format(R"({{"with_storage":true,"to":"{}"}})", other));
  EXPECT_EQ(again.status, 202) << again.raw;
  EXPECT_EQ(co_await region.ends(again.text("/name")), "succeeded");
  EXPECT_TRUE(co_await region.until([&]() { return at_rest(region); }));
}

class Deaths : public testing::TestWithParam<std::size_t> {};

TEST_P(Deaths, leave_one_machine_and_nothing_else) {
  auto all = steps();
  const auto& step = all[GetParam()];
  for (const auto& blow : blows()) {
    SCOPED_TRACE(fmt::format("{} when {}", blow.name, step.name));
    in_region([&](Region& region) -> Async<void> { co_await check(region, step, blow); });
    if (testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, Deaths, testing::Range<std::size_t>(0, 6),
                         [](const auto& info) { return steps()[info.param].name; });

}  // namespace
}  // namespace truce
