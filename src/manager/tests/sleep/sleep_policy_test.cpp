// What is done by itself: who is sent to sleep, who is woken, and what is only said.
#include "sleep/sleep_lab.h"

namespace truce::manager {
namespace {

using model::HostSleep;
using model::PowerSaving;

constexpr auto many_looks = 60ms;  // in which something that is not to happen would have happened

// As seen from the API: it waits, and was told why.
model::Vm unplaced(std::string name, std::int64_t number, Bytes memory) {
  auto vm = lab_machine(std::move(name), "", number);
  vm.observed = model::Observed::absent;
  vm.memory = memory;
  vm.problem = "no host fits";
  return vm;
}

TEST(PowerSaving, hosts_that_are_not_needed_go_to_sleep_one_after_the_other) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.set_saving(PowerSaving::automatic);
    lab.lead();
    co_await lab.until(
        [&] { return lab.is("h2", HostSleep::asleep) && lab.is("h3", HostSleep::asleep); });
    EXPECT_TRUE(lab.is("h1", HostSleep::awake)) << "it manages";
    EXPECT_TRUE(lab.powers["h1"].orders.empty());
  });
}

TEST(PowerSaving, so_many_stay_awake_as_the_cluster_says) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.change([&](Change& change) {
      auto cluster = lab.ledger.inventory().find<model::Cluster>("estate")->object;
      cluster.stay_awake = 2;
      cluster.power_saving = PowerSaving::automatic;
      change.put(cluster);
    });
    lab.lead();
    co_await lab.until(
        [&] { return lab.is("h2", HostSleep::asleep) || lab.is("h3", HostSleep::asleep); });
    co_await lab.until(
        [&] { return lab.plans.power_advice.find("2 hosts stay awake") != std::string::npos; });
    EXPECT_FALSE(lab.is("h2", HostSleep::asleep) && lab.is("h3", HostSleep::asleep));
  });
}

TEST(PowerSaving, advice_is_said_and_nothing_is_done) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.set_saving(PowerSaving::advise);
    lab.lead();
    co_await lab.until([&] { return !lab.plans.power_advice.empty(); });
    EXPECT_EQ(lab.plans.power_advice, "switch off h2");
    co_await lab.put_asleep("h3");
    co_await lab.change([](Change& change) { change.put(unplaced("big", 1, gib(20))); });
    co_await lab.until(
        [&] { return lab.plans.power_advice == "wake h3: 'big' finds no other place"; });
    co_await sleep_for(many_looks);
    EXPECT_TRUE(lab.is("h2", HostSleep::awake));
    EXPECT_TRUE(lab.is("h3", HostSleep::asleep));
    co_await lab.set_saving(PowerSaving::off);
    co_await lab.until([&] { return lab.plans.power_advice.empty(); });
    EXPECT_TRUE(lab.powers["h2"].orders.empty());
  });
}

TEST(PowerSaving, one_whose_power_control_was_never_tried_stays_awake_and_it_is_said_why) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.edit("h2", [](model::Host& host) { host.power_tried = false; });
    co_await lab.edit("h3", [](model::Host& host) { host.power.clear(); });
    co_await lab.set_saving(PowerSaving::automatic);
    lab.lead();
    co_await lab.until([&] { return !lab.plans.power_advice.empty(); });
    EXPECT_EQ(lab.plans.power_advice,
              "awake: h1 manages the cluster; h2: its power control has not switched it off and on "
              "yet; h3 has no power control");
    EXPECT_TRUE(lab.is("h2", HostSleep::awake));
  });
}

TEST(PowerSaving, a_machine_that_finds_no_place_wakes_a_host_that_takes_it_and_no_more) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.put_asleep("h2");
    co_await lab.put_asleep("h3");
    co_await lab.change([&](Change& change) {
      auto cluster = lab.ledger.inventory().find<model::Cluster>("estate")->object;
      cluster.power_saving = PowerSaving::automatic;
      change.put(cluster);
      change.put(unplaced("one", 1, gib(15)));
      change.put(unplaced("two", 2, gib(15)));
      change.put(unplaced("huge", 3, gib(64)));
    });
    lab.lead();
    co_await lab.until([&] { return lab.is("h2", HostSleep::waking); });
    co_await sleep_for(many_looks);
    EXPECT_TRUE(lab.is("h3", HostSleep::asleep)) << "both fit on one, and the third on none";
    EXPECT_EQ(lab.events("host.waking"), 1);
    co_await lab.change([&](Change& change) { change.put(unplaced("four", 4, gib(15))); });
    co_await lab.until([&] { return lab.is("h3", HostSleep::waking); });
  });
}

TEST(PowerSaving, hosts_wake_when_those_that_are_awake_become_full) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.put_asleep("h2");
    co_await lab.put_asleep("h3");
    co_await lab.set_saving(PowerSaving::automatic);
    lab.lead();
    co_await sleep_for(many_looks);
    EXPECT_TRUE(lab.is("h2", HostSleep::asleep));
    co_await lab.change([](Change& change) {
      auto busy = lab_machine("busy", "h1", 1);
      busy.memory = gib(28);
      change.put(busy);
    });
    co_await lab.until([&] { return lab.is("h2", HostSleep::waking); });
    co_await sleep_for(many_looks);
    EXPECT_TRUE(lab.is("h3", HostSleep::asleep));
  });
}

TEST(PowerSaving, what_has_to_be_done_on_hosts_wakes_them) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.put_asleep("h2");
    co_await lab.put_asleep("h3");
    co_await lab.edit(
        "h3", [](model::Host& host) { host.certificate_expires = now() + std::chrono::days(10); });
    co_await lab.set_saving(PowerSaving::automatic);
    lab.lead();
    co_await lab.until([&] { return lab.is("h3", HostSleep::waking); });
    EXPECT_TRUE(lab.is("h2", HostSleep::asleep));
  });
}

TEST(PowerSaving, a_host_whose_machines_fit_elsewhere_is_emptied_first) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.edit("h2", [](model::Host& host) { host.power_tried = false; });
    co_await lab.change([](Change& change) {
      change.put(lab_machine("web", "h3", 1));
      change.put(lab_machine("db", "h1", 2));
    });
    co_await lab.set_saving(PowerSaving::automatic);
    lab.lead();
    co_await lab.until([&] { return lab.events("host.emptying") == 1; });
    EXPECT_EQ(lab.task("host.sleep").target, "hosts/h3");
  });
}

TEST(PowerSaving, a_host_is_not_emptied_of_a_machine_that_moves_only_when_somebody_says_so) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.edit("h2", [](model::Host& host) { host.power_tried = false; });
    co_await lab.change([](Change& change) {
      auto web = lab_machine("web", "h3", 1);
      web.balance = model::BalanceMode::propose;
      change.put(web);
    });
    co_await lab.set_saving(PowerSaving::automatic);
    lab.lead();
    co_await lab.until([&] { return !lab.plans.power_advice.empty(); });
    co_await sleep_for(many_looks);
    EXPECT_EQ(lab.events("host.emptying"), 0);
    EXPECT_TRUE(lab.is("h3", HostSleep::awake));
  });
}

TEST(PowerSaving, a_host_that_did_not_go_to_sleep_is_left_alone_for_a_while) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.answer = "1 machines are on it still";
    co_await lab.edit("h2", [](model::Host& host) { host.power_tried = false; });
    co_await lab.set_saving(PowerSaving::automatic);
    lab.lead();
    co_await lab.until([&] { return lab.events("host.sleep_failed") == 1; });
    co_await lab.until([&] {
      return lab.plans.power_advice.find("h3 did not go to sleep lately") != std::string::npos;
    });
    EXPECT_EQ(lab.events("host.emptying"), 1);
  });
}

TEST(PowerSaving, after_a_start_it_waits_until_hosts_have_come_and_demands_are_known) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.settings.power_pace.warm_up = 1h;
    co_await lab.put_asleep("h3");
    co_await lab.change([&](Change& change) {
      auto h2 = lab.host("h2");
      h2.state = model::HostState::offline;
      change.put(h2);
      auto busy = lab_machine("busy", "h1", 1);
      busy.memory = gib(28);
      busy.wanted = model::Wanted::off;
      change.put(busy);
    });
    co_await lab.set_saving(PowerSaving::automatic);
    lab.lead();
    co_await sleep_for(many_looks);
    EXPECT_EQ(lab.plans.power_advice, "");
    co_await lab.report("h2");
    co_await lab.until([&] { return !lab.plans.power_advice.empty(); });
  });
}

TEST(PowerSaving, its_numbers_are_looked_at) {
  model::Cluster cluster;
  model::ClusterChange wish;
  wish.power_saving = PowerSaving::advise;
  wish.stay_awake = 3;
  EXPECT_TRUE(set_power_saving(cluster, wish));
  EXPECT_EQ(sleep_wish(cluster).least_awake, 3);
  EXPECT_EQ(sleep_wish(cluster).reserve_hosts, 1);
  wish.wake_above = 55;
  auto refused = set_power_saving(cluster, wish);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "/wake_above");
}

}  // namespace
}  // namespace truce::manager
