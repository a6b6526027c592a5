// Machines that are placed together, in one change or in several at once, and see one another.
#include "placement.h"

#include "../estate.h"
#include "filled_inventory.h"
#include "pools/fill.h"
#include "pools/places.h"
#include "recovery/stranded.h"

namespace truce::manager {
namespace {

model::Host host_of(std::string name) {
  model::Host host;
  host.name = std::move(name);
  host.state = model::HostState::online;
  host.cpus = 4;
  host.memory = gib(16);
  host.machine_types = {"q35"};
  return host;
}

model::Vm vm_of(std::string name, std::uint64_t memory_gib = 1) {
  model::Vm vm;
  vm.uuid = "uuid-" + name;
  vm.name = std::move(name);
  vm.wanted = model::Wanted::running;
  vm.observed = model::Observed::absent;
  vm.cpus = 1;
  vm.memory = gib(memory_gib);
  return vm;
}

/// Two hosts, and machines that are placed one after the other in one change.
class Site {
 public:
  Site() {
    shelf.put(host_of("h1"));
    shelf.put(host_of("h2"));
  }
  /// Where the machine goes; empty: nowhere.
  std::string place(model::Vm vm) {
    auto placement = place_now(shelf.inventory, vm);
    vm.host = placement.host;
    why = scheduler::told(placement.refusals);
    change.put(vm);
    return vm.host;
  }
  FilledInventory shelf;
  Change change{shelf.inventory, {}};
  std::string why;
};

TEST(Placement, sees_the_memory_that_the_same_change_has_promised) {
  Site site;
  EXPECT_EQ(site.place(vm_of("a", 10)), "h1");
  EXPECT_EQ(site.place(vm_of("b", 10)), "h2");
  EXPECT_EQ(site.place(vm_of("c", 10)), "");
  EXPECT_TRUE(site.why.contains("10GiB of it promised")) << site.why;
}

TEST(Placement, sees_the_processors_that_the_same_change_has_reserved) {
  Site site;
  auto reserving = [](std::string name) {
    auto vm = vm_of(std::move(name));
    vm.cpus = 3;
    vm.resources = model::VmResources{.cpu_reservation = 300};
    return vm;
  };
  EXPECT_EQ(site.place(reserving("a")), "h1");
  EXPECT_EQ(site.place(reserving("b")), "h2");
  EXPECT_EQ(site.place(reserving("c")), "");
  EXPECT_TRUE(site.why.contains("300% of it reserved")) << site.why;
}

TEST(Placement, keeps_conflict_classes_of_one_change_apart) {
  Site site;
  model::ConflictClass one{.name = "bank-a", .conflicts_with = {"bank-b", "bank-c"}};
  site.shelf.put(one);
  site.shelf.put(model::ConflictClass{.name = "bank-b", .conflicts_with = {"bank-c"}});
  site.shelf.put(model::ConflictClass{.name = "bank-c"});
  auto of_class = [](std::string name) {
    auto vm = vm_of("vm-" + name);
    vm.conflict_class = std::move(name);
    return vm;
  };
  EXPECT_EQ(site.place(of_class("bank-a")), "h1");
  EXPECT_EQ(site.place(of_class("bank-b")), "h2");
  EXPECT_EQ(site.place(of_class("bank-c")), "");
}

TEST(Placement, keeps_rules_among_machines_of_one_change) {
  Site site;
  model::Rule apart{.name = "apart", .kind = model::RuleKind::apart};
  apart.must = true;
  apart.vms = {"a", "b", "c"};
  site.shelf.put(apart);
  model::Rule together{.name = "together", .kind = model::RuleKind::together};
  together.must = true;
  together.vms = {"b", "d"};
  site.shelf.put(together);
  EXPECT_EQ(site.place(vm_of("a")), "h1");
  EXPECT_EQ(site.place(vm_of("b", 12)), "h2");
  EXPECT_EQ(site.place(vm_of("c")), "");
  EXPECT_EQ(site.place(vm_of("d")), "h2") << "though h1 has more room";
}

TEST(Placement, sees_what_pools_have_promised_in_the_same_change) {
  Site site;
  model::Pool pool;
  pool.name = "default";
  pool.overcommit_percent = 100;
  for (const auto* name : {"h1", "h2"})
    put_place(pool, {.host = name, .total = gib(10), .free = gib(10)});
  site.shelf.put(pool);
  model::ResourcePool limited{.name = "few"};
  limited.memory_limit = gib(2);
  site.shelf.put(limited);
  auto with_disk = [](std::string name) {
    auto vm = vm_of(std::move(name));
    vm.disks = {{.id = "disk0", .size = gib(8), .pool = "default"}};
    return vm;
  };
  EXPECT_EQ(site.place(with_disk("a")), "h1");
  EXPECT_EQ(site.place(with_disk("b")), "h2");
  EXPECT_EQ(promised(site.shelf.inventory, "default", "h2"), gib(8));
  EXPECT_EQ(site.place(with_disk("c")), "");
  EXPECT_TRUE(site.why.contains("has promised 8GiB")) << site.why;
  for (const auto* name : {"x", "y", "z"}) {
    auto vm = vm_of(name);
    vm.resource_pool = "few";
    EXPECT_EQ(site.place(vm).empty(), name == std::string("z")) << site.why;
  }
  EXPECT_TRUE(site.why.contains("'few'")) << site.why;
}

TEST(Placement, counts_a_machine_once_where_the_inventory_shows_it_as_well) {
  Site site;
  auto vm = vm_of("a", 10);
  vm.host = "h1";
  site.change.put(vm);
  site.shelf.put(vm);
  auto other = vm_of("b", 6);
  other.host = "h1";
  EXPECT_TRUE(check_room(site.shelf.inventory, other));
  vm.memory = gib(11);
  site.change.put(vm);
  EXPECT_FALSE(check_room(site.shelf.inventory, other)) << "it grows";
}

TEST(Placement, what_a_change_gives_back_is_not_given_away_before_it_is_stored) {
  Site site;
  auto vm = vm_of("a", 10);
  vm.host = "h1";
  site.shelf.put(vm);
  auto gone = vm;
  gone.host = "h2";
  site.change.put(gone);
  EXPECT_EQ(site.place(vm_of("b", 10)), "");
}

TEST(Placement, forgets_what_a_change_wanted_that_came_to_nothing) {
  FilledInventory shelf;
  shelf.put(host_of("h1"));
  {
    Change change(shelf.inventory, {});
    auto vm = vm_of("a", 10);
    vm.host = "h1";
    change.put(vm);
    EXPECT_EQ(place_now(shelf.inventory, vm_of("b", 10)).host, "");
  }
  EXPECT_EQ(place_now(shelf.inventory, vm_of("b", 10)).host, "h1");
  EXPECT_TRUE(shelf.inventory.drafts().all().empty());
}

TEST(Placement, a_host_that_recovery_chose_is_no_refuge_once_another_machine_has_its_room) {
  Site site;
  site.shelf.put(model::NodeLife{.name = "h2", .incarnation = 1});
  auto lost = vm_of("lost", 10);
  lost.host = "h1";
  EXPECT_TRUE(is_refuge_now(site.shelf.inventory, lost, "h2"));
  auto first = vm_of("first", 10);
  first.host = "h2";
  site.change.put(first);
  EXPECT_FALSE(is_refuge_now(site.shelf.inventory, lost, "h2"));
  EXPECT_FALSE(is_refuge_now(site.shelf.inventory, lost, "h1")) << "it has no life";
}

TEST(Placement, says_of_many_hosts_that_refuse_only_the_first_and_how_many_there_are) {
  std::vector<std::string> refusals(2500, "it is offline");
  auto text = scheduler::told(refusals);
  EXPECT_TRUE(text.ends_with("; and 2492 more")) << text;
  EXPECT_LT(text.size(), 200U);
  EXPECT_EQ(scheduler::told({"a", "b"}), "a; b");
}

std::string body_of(std::string_view name) {
  return fmt::format(R"({{"name":"{}","disk":1048576,"memory":10737418240,"start":true}})", name);
}

Async<std::size_t> placed_on(Estate& estate, std::string host) {
  auto list = co_await estate.call("GET", "/v1/vms?limit=500");
  std::size_t placed = 0;
  for (const auto& vm : list.body.at("items").as_array()) {
    const auto* at = vm.as_object().if_contains("host");
    placed += at != nullptr && *at == boost::json::value(host) ? 1 : 0;
  }
  co_return placed;
}

Async<void> shows(Estate& estate, std::string path, std::string field, std::string text) {
  std::string found;
  for (int i = 0; i < 2000; ++i) {
    found = (co_await estate.call("GET", path)).text(field);
    if (found.contains(text)) co_return;
    co_await sleep_for(5ms);
  }
  ADD_FAILURE() << path << field << " is " << found;
}

TEST(Placement, of_machines_that_waited_for_a_host_as_many_go_there_as_it_has_room_for) {
  with_estate([](Estate& estate) -> Async<void> {
    estate.node.close();
    co_await shows(estate, "/v1/hosts/h1", "/state", "offline");
    for (const auto* name : {"a", "b", "c"})
      EXPECT_EQ((co_await estate.call("POST", "/v1/vms", body_of(name))).status, 202);
    EXPECT_EQ(co_await placed_on(estate, "h1"), 0U);
    co_await estate.node.connect((estate.folder / "node.sock").string(), "h1");
    co_await shows(estate, "/v1/vms/c", "/problem", "10GiB of it promised");
    EXPECT_EQ(co_await placed_on(estate, "h1"), 1U);
  });
}

TEST(Placement, of_machines_made_at_the_same_time_as_many_go_to_a_host_as_it_has_room_for) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await (estate.call("POST", "/v1/vms", body_of("a")) &&
              estate.call("POST", "/v1/vms", body_of("b")) &&
              estate.call("POST", "/v1/vms", body_of("c")));
    EXPECT_EQ(co_await placed_on(estate, "h1"), 1U);
  });
}

}  // namespace
}  // namespace truce::manager
