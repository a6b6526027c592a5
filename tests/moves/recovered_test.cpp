// A machine that becomes a host's while it is on its way there, and not by that: its first host has
// died, and it is started there from its disks.
#include "region.h"

namespace truce {
namespace {

using model::MigrationPhase;

/// What is there of it when it becomes that host's.
struct Rest {
  const char* name;
  std::function<Async<void>(Region&)> before, after;
};

const Error stuck{Code::precondition, "held by the test", {}};

Async<void> nothing(Region&) {
  co_return;
}

std::vector<Rest> rests() {
  return {
      {"it comes", nothing, nothing},
      {"it has come by halves, and its host has not told",
       [](Region& region) -> Async<void> {
         region.hosts[1]->to_manager.cut();
         co_return;
       },
       [](Region& region) -> Async<void> {
         region.hosts[1]->to_manager.open = true;
         co_return;
       }},
      {"an earlier daemon took it in", [](Region& region) { return region.hosts[1]->kill(); },
       [](Region& region) { return region.hosts[1]->start(); }},
      {"what was called off cannot be removed",
       [](Region& region) -> Async<void> {
         region.hosts[1]->world->fail("kill", stuck, 1'000'000);
         for (const auto& job : co_await region.jobs())
           (void)co_await region.estate.call("POST", "/v1/tasks/" + job.task + "/cancel");
         co_await region.until(
             [&]() -> Async<bool> { co_return (co_await region.jobs()).empty(); });
         co_await sleep_for(20ms);
       },
       [](Region& region) -> Async<void> {
         co_await sleep_for(50ms);
         region.hosts[1]->world->mend("kill");
       }},
  };
}

// As the manager does it, in one commit.
Async<void> recover(Region& region) {
  auto vm = co_await region.vm();
  vm.host = "h2";
  vm.moving_to.clear();
  vm.wanted = Wanted::running;
  vm.observed = Observed::off;
  vm.active.reset();
  ++vm.epoch;
  ++vm.generation;
  std::vector<store::Write> writes{{"vms/" + vm.name, model::to_text(vm)}};
  for (const auto& job : co_await region.jobs()) writes.push_back({"jobs/" + job.task, {}});
  EXPECT_TRUE(co_await region.estate.store.commit({}, std::move(writes)));
}

Async<void> make_machine(Region& region) {
  co_await region.make_shared_pool();
  co_await region.make_machine(true, "shared");
}

Async<void> check(Region& region, const Rest& rest) {
  co_await make_machine(region);
  region.hosts[0]->world->hold_flights(true);
  auto asked = co_await region.migrate();
  EXPECT_EQ(asked.status, 202) << asked.raw;
  bool flies = co_await region.until([&]() -> Async<bool> {
    co_return region.guest(1) != nullptr&& co_await region.phase() == MigrationPhase::transfer;
  });
  if (!flies) co_return;
  co_await rest.before(region);
  co_await region.hosts[0]->lose_power();
  co_await recover(region);
  co_await rest.after(region);
  auto started = [&] {
    return region.runs(1) && region.guest(1)->landing == nullptr &&
           std::filesystem::is_empty(region.hosts[1]->folder / "moves");
  };
  EXPECT_TRUE(co_await region.until_so(started));
  co_await sleep_for(1200ms);  // whatever was to be removed is not tried again
  EXPECT_TRUE(started());
  EXPECT_EQ(region.hosts[1]->world->starts(), 1);
  auto vm = co_await region.vm();
  EXPECT_EQ(vm.observed, Observed::running);
  EXPECT_EQ(vm.wanted, Wanted::running);
  EXPECT_EQ(vm.problem, "");
}

TEST(Recovered, a_machine_that_was_on_its_way_there_is_started_anew_from_its_disks) {
  for (const auto& rest : rests()) {
    SCOPED_TRACE(rest.name);
    in_region([&](Region& region) -> Async<void> { co_await check(region, rest); });
    if (testing::Test::HasFailure()) return;
  }
}

// What has left is an older copy, whatever state its process is in.
TEST(Recovered, a_machine_that_had_left_comes_back_as_what_its_disks_hold) {
  in_region([](Region& region) -> Async<void> {
    co_await make_machine(region);
    region.hosts[1]->world->fail("land", stuck, 1'000'000);
    region.hosts[0]->world->fail("kill", stuck, 1'000'000);
    auto asked = co_await region.migrate();
    EXPECT_EQ(asked.status, 202) << asked.raw;
    co_await region.until(
        [&]() -> Async<bool> { co_return co_await region.phase() == MigrationPhase::hand_over; });
    co_await region.hosts[0]->kill();  // its process stands still, and is there
    co_await region.hosts[1]->lose_power();
    EXPECT_NE(region.guest(0), nullptr);
    auto vm = co_await region.vm();
    vm.host = "h1";
    vm.observed = Observed::off;
    ++vm.epoch;
    ++vm.generation;
    std::vector<store::Write> writes{{"vms/" + vm.name, model::to_text(vm)}};
    for (auto job : co_await region.jobs()) {
      job.phase = MigrationPhase::settle;
      writes.push_back({"jobs/" + job.task, model::to_text(job)});
    }
    EXPECT_TRUE(co_await region.estate.store.commit({}, std::move(writes)));
    region.hosts[0]->world->mend("kill");
    co_await region.hosts[0]->start();
    co_await region.until(
        [&]() -> Async<bool> { co_return region.runs(0) && (co_await region.jobs()).empty(); });
    EXPECT_EQ(region.hosts[0]->world->starts(), 2);
  });
}

}  // namespace
}  // namespace truce
