// What every LiveChanges promises, as far as a guest need not take part; see conformance.h.
#pragma once

#include "conformance.h"
#include "hypervisor/disk_moves.h"
#include "hypervisor/live_changes.h"

namespace truce::hypervisor {

class LiveConformance : public HypervisorConformance {};

TEST_P(LiveConformance, a_machine_that_does_not_run_has_nothing_that_could_change) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    auto* live = h.live_changes();
    CO_ASSERT(live != nullptr);
    DiskFile disk;
    disk.id = "disk1";
    const Result<void> refused[] = {
        co_await live->add_disk(machine.uuid, disk),
        co_await live->remove_disk(machine.uuid, "disk0", 1s),
        co_await live->grow_disk(machine.uuid, "disk0", gib(1)),
        co_await live->add_port(machine.uuid, {}),
        co_await live->remove_port(machine.uuid, 0, 1s),
        co_await live->set_medium(machine.uuid, "cd0", {}),
        co_await live->set_cpus(machine.uuid, 2),
        co_await live->set_memory(machine.uuid, gib(1)),
        co_await live->set_balloon(machine.uuid, gib(1)),
    };
    for (const auto& answer : refused) EXPECT_EQ(code_of(answer), Code::precondition);
    auto* moves = h.disk_moves();
    CO_ASSERT(moves != nullptr);
    moves->stop_mirror(machine.uuid);
    auto settled = []() -> Async<Result<void>> { co_return Result<void>{}; };
    EXPECT_EQ(code_of(co_await moves->mirror(machine.uuid, "disk0", "/x", {})), Code::precondition);
    EXPECT_EQ(code_of(co_await moves->switch_over(machine.uuid, "disk0", "/x", settled)),
              Code::precondition);
    EXPECT_EQ((co_await moves->settle(machine.uuid)).error().code, Code::precondition);
    EXPECT_EQ((co_await live->usage(machine.uuid)).error().code, Code::precondition);
  });
}

TEST_P(LiveConformance, what_is_so_already_succeeds_and_what_needs_a_restart_says_so) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    machine.memory = mib(256);
    machine.outfit.max_cpus = 2;
    machine.outfit.max_memory = machine.memory + mib(128);
    CO_ASSERT_OK(co_await h.start(machine));
    auto* live = h.live_changes();
    CO_ASSERT_OK(co_await live->set_cpus(machine.uuid, 1));
    CO_ASSERT_OK(co_await live->set_cpus(machine.uuid, 2));
    CO_ASSERT_OK(co_await live->set_cpus(machine.uuid, 2));
    EXPECT_EQ(code_of(co_await live->set_cpus(machine.uuid, 1)), Code::unsupported);
    EXPECT_EQ(code_of(co_await live->set_cpus(machine.uuid, 3)), Code::unsupported);
    CO_ASSERT_OK(co_await live->set_memory(machine.uuid, machine.memory));
    CO_ASSERT_OK(co_await live->set_memory(machine.uuid, machine.outfit.max_memory));
    EXPECT_EQ(code_of(co_await live->set_memory(machine.uuid, mib(16))), Code::unsupported);
    EXPECT_EQ(code_of(co_await live->set_memory(machine.uuid, gib(64))), Code::unsupported);
    EXPECT_EQ(code_of(co_await live->set_medium(machine.uuid, "cd0", {})), Code::unsupported);
    CO_ASSERT_OK(co_await live->remove_port(machine.uuid, 7, 1s));
    CO_ASSERT_OK(co_await live->remove_disk(machine.uuid, "disk7", 1s));
    auto usage = co_await live->usage(machine.uuid);
    CO_ASSERT_OK(usage);
    EXPECT_GT(usage->memory.count, 0U);
    EXPECT_GE(usage->balloon, machine.memory);
    EXPECT_EQ(notices.count(), 0U) << "it runs on";
  });
}

}  // namespace truce::hypervisor
