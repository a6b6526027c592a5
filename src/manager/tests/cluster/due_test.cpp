// Which nodes a change concerns.
#include "cluster/due.h"

#include <gtest/gtest.h>

namespace truce::manager {
namespace {

/// An inventory that changes, and three nodes.
class Listeners {
 public:
  Listeners() {
    for (const auto* host : {"h1", "h2", "h3"}) dues_[host];
  }
  /// Which nodes have something to be told of after that, and forgets it.
  /// Which nodes have something to be told of after that, and forgets it.
  std::map<std::string, Due> commit(std::string key, std::optional<std::string> value) {
    ++revision_;
    std::optional<store::Entry> entry;
    if (value) entry = store::Entry{key, *std::move(value), revision_, revision_};
    auto done = inventory.apply({revision_, {{std::move(key), std::move(entry)}}});
    EXPECT_TRUE(done) << done.error().message;
    if (!done) return {};
    note(inventory, inventory.recent().back(), audience_);
    std::map<std::string, Due> told;
    for (auto& [host, due] : dues_) {
      if (due != Due()) told[host] = std::exchange(due, {});
    }
    return told;
  }
  std::map<std::string, Due> put_vm(const std::string& host, const std::string& network = "own",
                                    Bytes memory = mib(512)) {
    model::Vm vm;
    vm.name = "web";
    vm.uuid = "uuid-of-web";
    vm.cpus = 1;
    vm.memory = memory;
    vm.host = host;
    vm.nics.push_back({.network = network, .mac = "52:54:00:00:00:01"});
    return commit("vms/web", model::to_text(vm));
  }
  std::map<std::string, Due> put_network(const std::string& name, std::int64_t vni) {
    model::Network network;
    network.name = name;
    network.vni = vni;
    return commit("networks/" + name, model::to_text(network));
  }
  std::map<std::string, Due> put_pool(Bytes free, Bytes quota) {
    model::Pool pool;
    pool.name = "default";
    pool.quota = quota;
    pool.places.push_back({.host = "h1", .total = gib(1), .free = free});
    return commit("pools/default", model::to_text(pool));
  }

  asio::io_context loop;
  Inventory inventory{loop.get_executor()};

 private:
  std::map<std::string, Due> dues_;
  Audience audience_{[this](const std::string& host) -> Due* {
                       auto found = dues_.find(host);
                       return found == dues_.end() ? nullptr : &found->second;
                     },
                     [this](const std::function<void(Due&)>& mark) {
                       for (auto& [host, due] : dues_) mark(due);
                     }};
  store::Revision revision_ = 0;
};

using Told = std::map<std::string, Due>;

TEST(Due, a_machine_is_a_matter_of_its_host_and_of_the_one_that_it_was_on) {
  Listeners nodes;
  EXPECT_TRUE(nodes.put_vm("").empty());
  EXPECT_EQ(nodes.put_vm("h1"), (Told{{"h1", {.machines = {"web"}}}}));
  EXPECT_EQ(nodes.put_vm("h1", "own", gib(1)), (Told{{"h1", {.machines = {"web"}}}}));
  EXPECT_EQ(nodes.put_vm("h2"), (Told{{"h1", {.jobs = true, .machines = {"web"}}},
                                      {"h2", {.jobs = true, .machines = {"web"}}}}));
  EXPECT_EQ(nodes.inventory.machines_on("h1"), std::set<std::string>());
  EXPECT_EQ(nodes.inventory.machines_on("h2"), std::set<std::string>{"web"});
  EXPECT_EQ(nodes.commit("vms/web", std::nullopt), (Told{{"h2", {.machines = {"web"}}}}));
  EXPECT_TRUE(nodes.inventory.machines_on("h2").empty());
  EXPECT_TRUE(nodes.inventory.machines_in("own").empty());
}

TEST(Due, where_networks_reach_over_hosts_all_are_told_where_a_machine_is) {
  Listeners nodes;
  EXPECT_EQ(nodes.put_network("lan", 1000).size(), 3U);
  auto told = nodes.put_vm("h1", "lan");
  EXPECT_TRUE(told["h1"].others && told["h2"].others && told["h3"].others);
  EXPECT_EQ(nodes.put_vm("h1", "lan", gib(1)), (Told{{"h1", {.machines = {"web"}}}}))
      << "its memory is no matter of theirs";
  EXPECT_EQ(nodes.put_vm("h2", "lan").size(), 3U);
  model::Host host;
  host.name = "h4";
  host.address = "192.0.2.4:7444";
  EXPECT_EQ(nodes.commit("hosts/h4", model::to_text(host)).size(), 3U);
  host.memory = gib(64);
  EXPECT_TRUE(nodes.commit("hosts/h4", model::to_text(host)).empty());
}

TEST(Due, a_job_is_a_matter_of_the_hosts_that_it_names_and_of_that_of_its_machine) {
  Listeners nodes;
  nodes.put_vm("h1");
  model::Job job;
  job.task = "t1";
  job.kind = model::JobKind::migrate_vm;
  job.vm = "uuid-of-web";
  job.from = "h1";
  job.host = "h2";
  EXPECT_EQ(nodes.commit("jobs/t1", model::to_text(job)),
            (Told{{"h1", {.jobs = true}}, {"h2", {.jobs = true}}}));
  auto told = nodes.put_vm("h1", "own", gib(1));
  EXPECT_TRUE(told.contains("h2") && told["h2"].jobs) << "what comes is told with its job";
  EXPECT_FALSE(told.contains("h3"));
  EXPECT_EQ(nodes.commit("jobs/t1", std::nullopt).size(), 3U);
  job.from = job.host = job.vm = "";
  EXPECT_EQ(nodes.commit("jobs/t1", model::to_text(job)).size(), 3U) << "anybody's";
}

TEST(Due, lives_are_told_to_those_whose_machines_may_be_run_by_them) {
  Listeners nodes;
  model::NodeLife life;
  life.name = "h2";
  life.incarnation = 1;
  EXPECT_EQ(nodes.commit("node/h2", model::to_text(life)), (Told{{"h2", {.lives = true}}}));
  model::VmTenancy tenancy;
  tenancy.name = "uuid-of-web";
  tenancy.owner = "h1";
  EXPECT_EQ(nodes.commit("vm/uuid-of-web", model::to_text(tenancy)),
            (Told{{"h1", {.lives = true}}}));
  tenancy.destination = "h2";
  EXPECT_EQ(nodes.commit("vm/uuid-of-web", model::to_text(tenancy)).size(), 2U);
  life.fenced = true;
  EXPECT_EQ(nodes.commit("node/h2", model::to_text(life)),
            (Told{{"h1", {.lives = true}}, {"h2", {.lives = true}}}));
  tenancy.owner = "h3";
  tenancy.destination = "";
  EXPECT_EQ(nodes.commit("vm/uuid-of-web", model::to_text(tenancy)).size(), 3U)
      << "those that it is taken from, too";
  EXPECT_TRUE(nodes.inventory.tenancies_of("h2").empty());
}

TEST(Due, how_full_a_pool_is_says_nothing_to_hosts) {
  Listeners nodes;
  EXPECT_EQ(nodes.put_pool(mib(900), gib(1)).size(), 3U);
  EXPECT_TRUE(nodes.put_pool(mib(800), gib(1)).empty());
  EXPECT_EQ(nodes.put_pool(mib(800), gib(2)).size(), 3U);
}

}  // namespace
}  // namespace truce::manager
