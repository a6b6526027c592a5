#include "scheduler/scheduler.h"

#include <gtest/gtest.h>

namespace truce::scheduler {
namespace {

Candidate host(std::string name, Bytes memory, Bytes promised = {}) {
  Candidate candidate;
  candidate.host.name = std::move(name);
  candidate.host.state = model::HostState::online;
  candidate.host.cpus = 4;
  candidate.host.memory = memory;
  candidate.host.machine_types = {"q35"};
  candidate.promised = promised;
  return candidate;
}

model::Vm machine(Bytes memory) {
  model::Vm vm;
  vm.name = "web01";
  vm.cpus = 1;
  vm.memory = memory;
  vm.machine = model::MachineType::q35;
  return vm;
}

TEST(Scheduler, place_takes_the_host_with_the_most_memory_left) {
  auto placement = place(machine(gib(1)), {host("a", gib(8), gib(6)), host("b", gib(4))});
  EXPECT_EQ(placement.host, "b");
  EXPECT_EQ(placement.reason, "b has the most memory left: 3GiB");
}

TEST(Scheduler, place_breaks_ties_by_name_whatever_the_order) {
  EXPECT_EQ(place(machine(gib(1)), {host("b", gib(4)), host("a", gib(4))}).host, "a");
  EXPECT_EQ(place(machine(gib(1)), {host("a", gib(4)), host("b", gib(4))}).host, "a");
}

TEST(Scheduler, place_gives_one_refusal_a_host) {
  auto offline = host("off", gib(64));
  offline.host.state = model::HostState::offline;
  auto other = host("other", gib(64));
  other.host.machine_types = {"microvm"};
  auto placement = place(machine(gib(8)), {offline, other, host("small", gib(4))});
  EXPECT_EQ(placement.host, "");
  ASSERT_EQ(placement.refusals.size(), 3U);
  EXPECT_EQ(placement.refusals[0], "off is offline");
  EXPECT_EQ(placement.refusals[1], "other cannot run machines of type q35");
  EXPECT_EQ(placement.refusals[2],
            "small has 4GiB memory, 0B of it promised; 8GiB more do not fit");
}

TEST(Scheduler, place_says_when_there_is_no_host) {
  EXPECT_EQ(place(machine(gib(1)), {}).refusals, std::vector<std::string>{"there is no host"});
}

TEST(Scheduler, place_refuses_more_than_four_times_the_processors) {
  auto vm = machine(gib(1));
  vm.cpus = 17;
  EXPECT_EQ(place(vm, {host("a", gib(8))}).host, "");
  vm.cpus = 16;
  EXPECT_EQ(place(vm, {host("a", gib(8))}).host, "a");
}

}  // namespace
}  // namespace truce::scheduler
