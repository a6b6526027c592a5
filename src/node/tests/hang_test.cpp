// Guests that hang, and disks that fail.
#include "stage.h"

namespace truce::node {
namespace {

using hypervisor::Cause;
using model::HangResponse;
using model::Observed;
using model::Wanted;

model::VmAvailability resets() {
  model::VmAvailability policy;
  policy.on_hang = HangResponse::reset;
  return policy;
}

Async<void> run(Stage& stage, std::optional<model::VmAvailability> policy = {}) {
  stage.vm.availability = std::move(policy);
  co_await stage.want(Wanted::running, 1);
  co_await stage.reached(1);
}

Async<model::VmReport> told(Stage& stage, std::string event) {
  co_return co_await stage.report([event](const auto& seen) { return seen.event == event; });
}

// The second answer says that the first was taken in.
Async<void> its_agent_answers(Stage& stage) {
  auto begun = stage.world->find(uuid)->pings;
  while (stage.world->find(uuid)->pings < begun + 2) co_await sleep_for(10ms);
}

int resets_of(Stage& stage) {
  const auto* guest = stage.world->find(uuid);
  return guest == nullptr ? -1 : guest->resets;
}

TEST(Hang, a_guest_that_panics_is_reset_and_its_screen_is_kept) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await run(stage, resets());
    stage.world->stop(uuid, Cause::panic, "the guest's kernel panicked");
    auto reset = co_await told(stage, "vm.hung.reset");
    EXPECT_EQ(reset.observed, Observed::running);
    EXPECT_TRUE(reset.event_message.contains("its kernel has panicked: it was reset (1 of 3"))
        << reset.event_message;
    EXPECT_EQ(resets_of(stage), 1);
    EXPECT_EQ(stage.world->find(uuid)->state, Observed::running);
    auto picture = read_file(stage.folder / "pool/vms" / uuid / "hang.png");
    EXPECT_TRUE(picture && picture->contains("PNG"));
  });
}

TEST(Hang, a_guest_that_panics_ends_where_nobody_wants_it_to_be_reset) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await run(stage);
    stage.world->stop(uuid, Cause::panic, "the guest's kernel panicked");
    auto ended = co_await told(stage, "vm.ended.guest_panic");
    EXPECT_EQ(ended.observed, Observed::off);
    EXPECT_EQ(ended.event_message, "the guest's kernel panicked");
    EXPECT_EQ(resets_of(stage), -1);
  });
}

TEST(Hang, the_fourth_panic_within_an_hour_ends_the_machine) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await run(stage, resets());
    for (int i = 0; i < 3; ++i) {
      stage.world->stop(uuid, Cause::panic, "the guest's kernel panicked");
      co_await told(stage, "vm.hung.reset");
    }
    stage.world->stop(uuid, Cause::panic, "the guest's kernel panicked");
    auto left = co_await told(stage, "vm.hung.left");
    EXPECT_TRUE(left.event_message.contains("it was reset 3 times within an hour"))
        << left.event_message;
    EXPECT_EQ((co_await told(stage, "vm.ended.guest_panic")).observed, Observed::off);
  });
}

TEST(Hang, a_guest_that_does_not_feed_its_watchdog_is_reset_and_goes_on) {
  on_stage([](Stage& stage) -> Async<void> {
    stage.vm.hardware = model::Hardware{.watchdog = model::WatchdogAction::reset};
    co_await run(stage, resets());
    EXPECT_EQ(stage.world->find(uuid)->machine.outfit.watchdog, model::WatchdogAction::pause)
        << "so that it is we who count";
    stage.world->stop(uuid, Cause::watchdog, "its watchdog ran out");
    EXPECT_EQ((co_await told(stage, "vm.hung.reset")).observed, Observed::running);
    EXPECT_EQ(resets_of(stage), 1);
  });
}

TEST(Hang, a_machine_that_its_watchdog_has_paused_stays_so_until_somebody_wants_something) {
  on_stage([](Stage& stage) -> Async<void> {
    stage.vm.hardware = model::Hardware{.watchdog = model::WatchdogAction::pause};
    co_await run(stage);
    stage.world->stop(uuid, Cause::watchdog, "its watchdog ran out");
    EXPECT_EQ((co_await told(stage, "vm.paused.watchdog")).observed, Observed::paused);
    co_await sleep_for(200ms);
    EXPECT_EQ(stage.world->find(uuid)->state, Observed::paused);
    co_await stage.want(Wanted::running, 2);
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::running);
    EXPECT_EQ(resets_of(stage), 0);
  });
}

TEST(Hang, a_guest_whose_agent_answered_and_that_does_nothing_any_more_is_reset) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await run(stage, resets());
    co_await its_agent_answers(stage);
    stage.network.hush();
    stage.world->hang(uuid);
    auto reset = co_await told(stage, "vm.hung.reset");
    EXPECT_TRUE(reset.event_message.contains("for 60 s its agent was silent"))
        << reset.event_message;
    EXPECT_EQ(resets_of(stage), 1);
  });
}

TEST(Hang, a_guest_without_an_agent_and_one_that_stands_still_are_not_judged) {
  on_stage([](Stage& stage) -> Async<void> {
    stage.world->silence(uuid);
    co_await run(stage, resets());
    stage.network.hush();
    stage.world->hang(uuid);
    co_await sleep_for(1500ms);
    EXPECT_EQ(resets_of(stage), 0) << "its agent never answered";
  });
  on_stage([](Stage& stage) -> Async<void> {
    co_await run(stage, resets());
    co_await its_agent_answers(stage);
    co_await stage.want(Wanted::paused, 2);
    co_await stage.reached(2);
    stage.network.hush();
    stage.world->hang(uuid);
    co_await sleep_for(1500ms);
    EXPECT_EQ(resets_of(stage), 0) << "it is paused";
  });
}

TEST(Hang, a_machine_whose_disks_fail_waits_and_goes_on_when_they_can_be_used) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await run(stage);
    stage.world->stop(uuid, Cause::io_error, "disk0: Input/output error");
    auto paused = co_await told(stage, "vm.paused.io_error");
    EXPECT_EQ(paused.observed, Observed::paused);
    EXPECT_EQ(paused.storage_problem, "its disks cannot be used on h1 (disk0: Input/output error)");
    // It is tried again, and fails again: that is no other event.
    auto again =
        co_await stage.report([](const auto& r) { return r.observed == Observed::running; });
    EXPECT_FALSE(again.storage_problem.empty()) << "not before it has run for a while";
    stage.world->stop(uuid, Cause::io_error, "disk0: Input/output error");
    co_await stage.report([](const auto& seen) {
      EXPECT_NE(seen.event, "vm.paused.io_error");
      return seen.observed == Observed::running && seen.storage_problem.empty();
    });
    EXPECT_EQ(stage.world->starts(), 1);
  });
}

}  // namespace
}  // namespace truce::node
