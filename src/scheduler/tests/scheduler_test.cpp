#include "scheduler/scheduler.h"

#include <gtest/gtest.h>

namespace truce::scheduler {
namespace {

Candidate host(std::string name, Bytes memory, Bytes promised = {},
               const std::function<void(model::Host&)>& change = {}) {
  auto made = std::make_shared<model::Host>();
  made->name = std::move(name);
  made->state = model::HostState::online;
  made->cpus = 4;
  made->memory = memory;
  made->machine_types = {"q35"};
  if (change) change(*made);
  return {.host = std::move(made), .promised = promised, .neighbours = {}};
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
  auto offline =
      host("off", gib(64), {}, [](auto& made) { made.state = model::HostState::offline; });
  auto other = host("other", gib(64), {}, [](auto& made) { made.machine_types = {"microvm"}; });
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

TEST(Scheduler, place_refuses_a_host_with_a_machine_of_a_conflicting_class_whoever_said_so) {
  Conflicts conflicts;
  conflicts.add("bank-a", "bank-b");
  auto beside_a = host("a", gib(64));
  beside_a.neighbours = {{"books", "bank-a"}};
  auto beside_b = host("b", gib(8));
  beside_b.neighbours = {{"ledger", "bank-b"}, {"other", "bank-c"}};
  auto vm = machine(gib(1));
  vm.conflict_class = "bank-b";
  auto placement = place(vm, {beside_a, beside_b}, conflicts);
  EXPECT_EQ(placement.host, "b") << "the other has more memory left";
  EXPECT_EQ(place(vm, {beside_a}, conflicts).refusals,
            std::vector<std::string>{"a has 'books' of the conflict class bank-a, beside which no "
                                     "machine of bank-b may be"});
  vm.conflict_class = "bank-a";
  EXPECT_EQ(place(vm, {beside_a, beside_b}, conflicts).host, "a") << "beside its like";
  EXPECT_EQ(place(vm, {beside_b}, conflicts).host, "");
  vm.conflict_class = "";
  EXPECT_EQ(place(vm, {beside_a, beside_b}, conflicts).host, "a");
}

TEST(Scheduler,
     place_refuses_processor_time_that_is_reserved_already_and_says_how_much_is_lacking) {
  struct Row {
    std::int64_t reserved, wanted;
    std::string refusal;
  };
  const Row rows[] = {
      {0, 0, ""},
      {400, 0, ""},
      {0, 400, ""},
      {300, 100, ""},
      {350, 100, "a has 400% of a processor, 350% of it reserved; 100% more lack 50%"},
      {0, 401, "a has 400% of a processor, 0% of it reserved; 401% more lack 1%"},
  };
  for (const auto& row : rows) {
    auto candidate = host("a", gib(64));
    candidate.reserved_cpu = row.reserved;
    auto vm = machine(gib(1));
    vm.resources = model::VmResources{.cpu_reservation = row.wanted};
    auto placement = place(vm, {candidate});
    EXPECT_EQ(placement.host, row.refusal.empty() ? "a" : "") << row.reserved << " " << row.wanted;
    if (!row.refusal.empty()) EXPECT_EQ(placement.refusals.at(0), row.refusal);
  }
}

TEST(Scheduler, each_pool_above_a_machine_has_its_say) {
  struct Row {
    std::string what;
    model::ResourcePool pool;
    PoolUse use;
    std::string refusal;
  };
  const Row rows[] = {
      {"no limit", {}, {.memory = gib(100), .reserved_memory = gib(100), .reserved_cpu = 9000}, ""},
      {"just enough",
       {.cpu_reservation = 100, .memory_limit = gib(4), .memory_reservation = gib(1)},
       {.memory = gib(2), .reserved_memory = mib(512), .reserved_cpu = 50},
       ""},
      {"memory",
       {.memory_limit = gib(4)},
       {.memory = gib(3)},
       "the resource pool 'lab' may have 4GiB memory, 3GiB of it is in use; 2GiB more lack 1GiB"},
      {"reserved memory",
       {.memory_reservation = gib(1)},
       {.reserved_memory = mib(768)},
       "the resource pool 'lab' may reserve 1GiB memory, 768MiB of it are reserved; 512MiB more "
       "lack "
       "256MiB"},
      {"reserved processors",
       {.cpu_reservation = 100},
       {.reserved_cpu = 80},
       "the resource pool 'lab' may reserve 100% of a processor, 80% of it are reserved; 50% more "
       "lack 30%"},
  };
  auto vm = machine(gib(2));
  vm.resources = model::VmResources{.cpu_reservation = 50, .memory_reservation = mib(512)};
  for (const auto& row : rows) {
    auto use = row.use;
    use.pool = row.pool;
    use.pool.name = "lab";
    EXPECT_EQ(pool_refusal(vm, {use}), row.refusal) << row.what;
    EXPECT_EQ(pool_refusal(vm, {PoolUse{}, use, PoolUse{}}), row.refusal) << row.what;
  }
}

Candidate labelled(std::string name, Bytes memory, std::string domain) {
  return host(std::move(name), memory, {}, [&](auto& made) {
    made.fault_domain = std::move(domain);
    made.labels = {{"rack", made.fault_domain}};
  });
}

TEST(Scheduler, place_keeps_rules_that_must_be_kept_and_prefers_the_others) {
  std::vector<Candidate> hosts{labelled("a", gib(64), "r1"), labelled("b", gib(32), "r1"),
                               labelled("c", gib(8), "r2")};
  std::vector<const model::Host*> rows{hosts[0].host.get(), hosts[1].host.get(),
                                       hosts[2].host.get()};
  auto vm = machine(gib(1)), other = machine(gib(1));
  vm.uuid = "1";
  other.uuid = "2";
  other.name = "web02";
  other.host = "a";
  vm.labels = other.labels = {{"tier", "web"}};
  using enum model::RuleKind;
  struct Row {
    model::Rule rule;
    std::string host, refusal;
  };
  const Row table[] = {
      {{.kind = apart, .must = true, .vms = {"web01", "web02"}},
       "b",
       "a: the rule 'r' keeps it apart from 'web02'"},
      {{.kind = apart, .must = true, .vm_label = "tier=web", .by_fault_domain = true},
       "c",
       "a: the rule 'r' keeps it apart from 'web02'"},
      {{.kind = apart, .vm_label = "tier=web", .by_fault_domain = true}, "c", ""},
      {{.kind = together, .must = true, .vm_label = "tier"},
       "a",
       "b: the rule 'r' wants it beside 'web02'"},
      {{.kind = on_hosts, .must = true, .vms = {"web01"}, .host_label = "rack=r2"},
       "c",
       "a is none of the hosts of the rule 'r'"},
      {{.kind = not_on_hosts, .must = true, .vms = {"web01"}, .hosts = {"a"}},
       "b",
       "the rule 'r' keeps it off a"},
      {{.kind = on_hosts, .must = true, .vms = {"web02"}, .hosts = {"c"}}, "a", ""},
  };
  for (const auto& row : table) {
    auto rule = row.rule;
    rule.name = "r";
    Terms terms{.rules = rules_about(vm, {&rule}, {&vm, &other}, rows)};
    auto placement = place(vm, hosts, {}, terms);
    EXPECT_EQ(placement.host, row.host) << model::to_text(rule);
    std::string first;
    for (const auto& one : hosts) {
      auto alone = place(vm, {one}, {}, terms);
      if (first.empty() && alone.host.empty()) first = alone.refusals.at(0);
    }
    EXPECT_EQ(first, row.refusal) << model::to_text(rule);
  }
}

TEST(Scheduler, place_leaves_room_for_what_runs_on_hosts_that_may_fail) {
  std::vector<Candidate> hosts{host("a", gib(8), gib(5)), host("b", gib(8), gib(2))};
  EXPECT_EQ(place(machine(gib(1)), hosts, {}, {.rules = {}, .reserve_hosts = 1}).host, "b");
  auto refused = place(machine(gib(2)), hosts, {}, {.rules = {}, .reserve_hosts = 1});
  EXPECT_EQ(refused.host, "");
  EXPECT_EQ(refused.refusals,
            std::vector<std::string>{
                "if a host failed, 1GiB memory would be lacking for what is promised"});
}

TEST(Scheduler, place_asks_whether_disks_can_be_on_a_host_and_says_why_not) {
  std::vector<Candidate> hosts{
      host("a", gib(64)), host("b", gib(32)), host("c", gib(16)),
      host("d", gib(8), {}, [](auto& made) { made.state = model::HostState::offline; })};
  Terms terms{.rules = {}, .reach = [](const model::Host& one) {
                return one.name == "b" ? std::string() : one.name + " lacks the pool";
              }};
  EXPECT_EQ(place(machine(gib(1)), hosts, {}, terms).host, "b");
  hosts.erase(hosts.begin() + 1);
  EXPECT_EQ(place(machine(gib(1)), hosts, {}, terms).refusals,
            (std::vector<std::string>{"a lacks the pool", "c lacks the pool", "d is offline"}));
}

TEST(Scheduler, place_puts_nothing_on_a_host_that_is_being_emptied) {
  auto draining = host("a", gib(64), {}, [](auto& made) { made.draining = true; });
  EXPECT_EQ(place(machine(gib(1)), {draining, host("b", gib(4))}).host, "b");
  EXPECT_EQ(place(machine(gib(1)), {draining}).refusals[0], "a is being emptied");
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
