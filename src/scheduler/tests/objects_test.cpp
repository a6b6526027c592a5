// Estates made of the manager's objects.
#include <gtest/gtest.h>

#include "scheduler/plans.h"

namespace truce::scheduler {
namespace {

model::Host host(std::string name) {
  model::Host made;
  made.name = std::move(name);
  made.state = model::HostState::online;
  made.cpus = 8;
  made.memory = gib(32);
  made.machine_types = {"q35"};
  made.network_modes = {model::NetworkMode::nat};
  return made;
}

model::Vm machine(std::string name, std::string on) {
  model::Vm vm;
  vm.name = std::move(name);
  vm.uuid = vm.name;
  vm.host = std::move(on);
  vm.cpus = 2;
  vm.memory = gib(4);
  vm.machine = model::MachineType::q35;
  vm.wanted = model::Wanted::running;
  return vm;
}

TEST(Objects, a_machine_that_was_not_measured_demands_all_that_it_has) {
  auto one = host("a");
  auto vm = machine("web", "a"), off = machine("off", "a"), measured = machine("db", "a");
  off.wanted = model::Wanted::off;
  measured.resources = model::VmResources{.cpu_shares = 400, .cpu_reservation = 50};
  Objects objects{.hosts = {&one}, .vms = {&measured, &off, &vm}};
  objects.demands["db"] = {.cpu = 30, .memory = 1000, .disk = 7, .net = 9};
  auto estate = estate_of(objects);
  ASSERT_TRUE(check(estate)) << check(estate).error().message;
  EXPECT_EQ(estate.hosts[0].capacity, (Loads{800, 32768, 0, 0, 32768, 8}));
  EXPECT_EQ(estate.machines[0].demand, (Loads{30, 1000, 7, 9, 4096, 2}));
  EXPECT_EQ(estate.machines[0].reserved_cpu, 50);
  EXPECT_EQ(estate.machines[0].weight, 2);
  EXPECT_NEAR(estate.machines[0].seconds, 10, 0.1) << "1000 MiB at 100 MiB/s";
  EXPECT_EQ(estate.machines[1].demand, Loads{}) << "it is off";
  EXPECT_EQ(estate.machines[2].demand, (Loads{200, 4096, 0, 0, 4096, 2}));
}

TEST(Objects, a_machine_reaches_the_hosts_that_have_its_pool_its_network_and_its_hardware) {
  auto a = host("a"), b = host("b"), c = host("c"), d = host("d");
  c.machine_types = {"microvm"};
  d.network_modes = {};
  model::Pool shared{.name = "shared", .shared = true};
  shared.places = {{.host = "a"}, {.host = "c"}, {.host = "d"}};
  model::Network network{.name = "net", .mode = model::NetworkMode::nat};
  auto vm = machine("web", "a"), local = machine("local", "b");
  vm.disks = {{.id = "disk0", .pool = "shared"}};
  vm.nics = {{.network = "net"}};
  local.disks = {{.id = "disk0", .pool = "default"}};
  auto estate = estate_of({.hosts = {&a, &b, &c, &d},
                           .vms = {&local, &vm},
                           .pools = {&shared},
                           .networks = {&network}});
  auto why = [&](std::size_t machine, std::size_t on) {
    auto reach = estate.machines[machine].reach;
    auto row = estate.reaches.at(static_cast<std::size_t>(reach)).at(on);
    return row == none ? std::string() : estate.sentences.at(static_cast<std::size_t>(row));
  };
  EXPECT_EQ(estate.machines[0].reach, none) << "no row for a machine that cannot move";
  EXPECT_EQ(estate.sentences.at(static_cast<std::size_t>(estate.machines[0].fixed)),
            "has its disk disk0 in the pool 'default', which is not shared");
  EXPECT_EQ(why(1, 0), "");
  EXPECT_EQ(why(1, 1), "b does not have the pool 'shared' of its disk disk0");
  EXPECT_EQ(why(1, 2), "c cannot run machines of type q35");
  EXPECT_EQ(why(1, 3), "d has no networks of mode nat, such as 'net'");
}

TEST(Objects, machines_that_cannot_move_or_have_moved_lately_say_so) {
  auto a = host("a");
  auto moving = machine("moving", "a"), passed = machine("passed", "a"), lately = machine("x", "a");
  auto tried = machine("tried", "a");
  tried.relocation = "t-1";
  moving.moving_to = "b";
  passed.hardware = model::Hardware{.pci = {{"0000:01:00.0"}}};
  lately.last_migration = model::MigrationFacts{.from = "b", .to = "a", .time = now()};
  auto estate =
      estate_of({.hosts = {&a}, .vms = {&moving, &passed, &lately, &tried}, .time = now()});
  auto why = [&](std::size_t machine) {
    auto fixed = estate.machines[machine].fixed;
    return fixed == none ? std::string() : estate.sentences.at(static_cast<std::size_t>(fixed));
  };
  EXPECT_EQ(why(0), "is moving to b already");
  EXPECT_EQ(why(1), "has devices of its host");
  EXPECT_EQ(why(2), "");
  EXPECT_FALSE(estate.machines[2].rested);
  EXPECT_EQ(why(3), "is moving to or from a platform");
}

TEST(Objects, machines_stay_when_it_was_said_and_the_plan_is_for_balance) {
  auto a = host("a");
  auto automatic = machine("automatic", "a"), off = automatic, propose = automatic;
  off.name = "off";
  off.balance = model::BalanceMode::off;
  propose.name = "propose";
  propose.balance = model::BalanceMode::propose;
  auto staying = [&](Keep keep) {
    auto estate = estate_of({.hosts = {&a}, .vms = {&automatic, &off, &propose}, .keep = keep});
    std::string names;
    for (std::size_t i = 0; i < estate.machines.size(); ++i)
      if (estate.machines[i].fixed != none) names += estate.machine_names[i] + " ";
    return names;
  };
  EXPECT_EQ(staying(Keep::none), "");
  EXPECT_EQ(staying(Keep::off), "off ");
  EXPECT_EQ(staying(Keep::all_but_automatic), "off propose ");
}

TEST(Objects, a_plan_that_moves_what_is_to_stay_is_found_by_the_checker) {
  auto a = host("a"), b = host("b");
  std::vector<model::Vm> machines;
  for (int i = 0; i < 4; ++i) machines.push_back(machine(fmt::format("vm{}", i), "a"));
  Objects objects{.hosts = {&a, &b}};
  for (const auto& vm : machines) objects.vms.push_back(&vm);
  auto plan = balance(estate_of(objects));
  ASSERT_EQ(plan.moves.size(), 2U);
  machines[static_cast<std::size_t>(plan.moves[0].machine)].balance = model::BalanceMode::off;
  EXPECT_TRUE(check_steps(estate_of(objects), plan).wrong.empty()) << "nobody is to stay";
  objects.keep = Keep::off;
  auto estate = estate_of(objects);
  auto wrong = check_steps(estate, plan).wrong;
  ASSERT_EQ(wrong.size(), 1U);
  EXPECT_TRUE(wrong[0].ends_with("it cannot move: is not to be balanced")) << wrong[0];
  auto other = balance(estate);
  EXPECT_EQ(other.moves.size(), 2U) << "there are others";
  EXPECT_TRUE(check_plan(estate, other).wrong.empty());
}

TEST(Objects, rules_mean_machines_and_hosts_by_name_and_label_and_say_who_breaks_them) {
  auto a = host("a"), b = host("b");
  a.labels = {{"licence", "yes"}};
  a.fault_domain = b.fault_domain = "rack";
  auto one = machine("one", "a"), other = machine("other", "b");
  one.labels = other.labels = {{"tier", "web"}};
  model::Rule apart{.name = "apart",
                    .kind = model::RuleKind::apart,
                    .vm_label = "tier=web",
                    .by_fault_domain = true};
  model::Rule on{.name = "on",
                 .kind = model::RuleKind::on_hosts,
                 .vms = {"other", "gone"},
                 .host_label = "licence"};
  model::Rule together{
      .name = "together", .kind = model::RuleKind::together, .vms = {"one", "other"}};
  auto estate =
      estate_of({.hosts = {&a, &b}, .vms = {&one, &other}, .rules = {&apart, &on, &together}});
  ASSERT_EQ(estate.rules.size(), 3U);
  EXPECT_EQ(breaches(estate, estate.rules[0]),
            std::vector<std::string>{"one and other are in one fault domain (b)"});
  EXPECT_EQ(breaches(estate, estate.rules[1]), std::vector<std::string>{"other is on b"});
  EXPECT_EQ(breaches(estate, estate.rules[2]), std::vector<std::string>{"one is on a, other on b"});
}

}  // namespace
}  // namespace truce::scheduler
