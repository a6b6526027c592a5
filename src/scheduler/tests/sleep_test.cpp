#include "scheduler/sleep.h"

#include <gtest/gtest.h>

#include "scheduler/plans.h"
#include "small_estates.h"

namespace truce::scheduler {
namespace {

constexpr std::int32_t memory = 64 * 1024;

// Equal hosts, of which the first `busy` have `machines` each, of 4 GiB and one processor.
struct Site {
  Estate estate;
  std::vector<PowerRow> power;

  Site(std::int32_t hosts, std::int32_t busy, std::int32_t machines) {
    for (std::int32_t i = 0; i < hosts; ++i) {
      estate.host_names.push_back(fmt::format("h{}", i));
      estate.hosts.push_back(
          {.capacity = {1600, memory, 0, 0, memory, 16}, .reservable_cpu = 1600});
      power.push_back({.member = i == 0, .tried = true, .seconds_in_state = 7200});
    }
    for (std::int32_t i = 0; i < busy * machines; ++i) add(i / machines);
  }
  void add(std::int32_t host) {
    estate.machine_names.push_back(fmt::format("vm{}", estate.machines.size()));
    estate.machines.push_back({.demand = {100, 2048, 0, 0, 4096, 1}, .host = host});
  }
  void put(std::int32_t host, Power state) {
    power[static_cast<std::size_t>(host)].power = state;
    power[static_cast<std::size_t>(host)].seconds_in_state = 0;
    estate.hosts[static_cast<std::size_t>(host)].online = state == Power::awake;
    estate.hosts[static_cast<std::size_t>(host)].draining = state != Power::awake;
  }
  [[nodiscard]] SleepDecision decide(const SleepWish& wish = {}) const {
    return decide_sleep(estate, power, wish);
  }
};

TEST(Sleep, a_host_with_nothing_on_it_sleeps_when_the_others_have_room) {
  Site site(4, 2, 8);  // 64 GiB, a third of what three hosts have
  for (auto& row : site.power) row.wake_seconds = 240;
  EXPECT_EQ(site.decide().sleep, std::vector<std::int32_t>{2});
  EXPECT_TRUE(site.decide().wake.empty());
  EXPECT_EQ(site.decide().refusals, std::vector<std::string>{"h3 comes later: others go first"});
  site.put(2, Power::asleep);
  auto next = site.decide();
  EXPECT_TRUE(next.sleep.empty()) << "the other two would be full";
  EXPECT_EQ(next.refusals,
            std::vector<std::string>{
                "without h3 the hosts that are awake would be used to 52%, over 50%"});
}

TEST(Sleep, managers_and_hosts_whose_control_was_not_tried_never_sleep) {
  Site site(4, 0, 0);
  site.power[1].member = true;
  site.power[2].tried = false;
  site.power[3].seconds_in_state = 10;
  auto decision = site.decide();
  EXPECT_TRUE(decision.sleep.empty());
  EXPECT_EQ(decision.refusals,
            (std::vector<std::string>{"h0 manages the cluster", "h1 manages the cluster",
                                      "h2: its power control has not switched it off and on yet",
                                      "h3 has been awake for 10 s only, not 1800"}));
}

TEST(Sleep, so_many_stay_awake_that_one_may_fail) {
  Site site(3, 0, 0);
  SleepWish two{.reserve_hosts = 2};
  EXPECT_TRUE(site.decide(two).sleep.empty());
  EXPECT_EQ(site.decide().sleep, std::vector<std::int32_t>{1});
  site.put(1, Power::asleep);
  EXPECT_EQ(site.decide().refusals.back(),
            "without h2 1 of the hosts that are awake must be able to fail");
  EXPECT_EQ(site.decide(two).wake, std::vector<std::int32_t>{1});
  EXPECT_EQ(site.decide({.reserve_hosts = 0}).sleep, std::vector<std::int32_t>{2});
}

TEST(Sleep, so_many_stay_awake_as_somebody_has_said_and_those_that_are_kept_for_a_reason) {
  Site site(4, 0, 0);
  site.power[1].keep = "has uploads that are not complete";
  SleepWish three{.least_awake = 3};
  EXPECT_EQ(site.decide(three).sleep, std::vector<std::int32_t>{2});
  EXPECT_EQ(site.decide(three).refusals[1], "h1 has uploads that are not complete");
  site.put(2, Power::asleep);
  EXPECT_TRUE(site.decide(three).sleep.empty());
  EXPECT_EQ(site.decide(three).refusals.back(), "without h3 3 hosts stay awake");
  EXPECT_EQ(site.decide({.least_awake = 4}).wake, std::vector<std::int32_t>{2});
}

TEST(Sleep, hosts_wake_when_room_gets_scarce_the_quickest_first_and_no_more_than_are_needed) {
  Site site(5, 2, 12);  // 96 of 128 GiB
  for (std::int32_t host : {2, 3, 4}) site.put(host, Power::asleep);
  site.power[3].wake_seconds = 60;
  auto decision = site.decide();
  EXPECT_EQ(decision.wake, std::vector<std::int32_t>{3});
  EXPECT_EQ(decision.reason, "the hosts that are awake would be used to 76%, over 75%");
  site.put(3, Power::waking);
  EXPECT_TRUE(site.decide().wake.empty()) << "one that wakes counts";
  EXPECT_TRUE(site.decide().sleep.empty());
}

TEST(Sleep, room_is_kept_for_the_minutes_that_waking_takes) {
  Site site(3, 2, 10);  // 80 of 128 GiB: 62.5 %
  site.put(2, Power::asleep);
  SleepWish wish{.growth_percent_a_minute = 2, .reserve_hosts = 0};
  EXPECT_TRUE(site.decide(wish).wake.empty()) << "in five minutes it is 69 %";
  site.power[2].wake_seconds = 900;
  EXPECT_EQ(site.decide(wish).wake, std::vector<std::int32_t>{2}) << "in fifteen 81 %";
}

TEST(Sleep, thresholds_must_be_well_apart) {
  EXPECT_TRUE(check(SleepWish{}));
  EXPECT_FALSE(check(SleepWish{.sleep_below_percent = 70}));
  EXPECT_FALSE(check(SleepWish{.wake_above_percent = 101}));
  EXPECT_FALSE(check(SleepWish{.sleepers_at_once = 0}));
}

// Carries out a decision at once, and lets time pass.
void carry_out(Site& site, const SleepDecision& decision) {
  for (auto host : decision.sleep) site.put(host, Power::asleep);
  for (auto host : decision.wake) site.put(host, Power::awake);
  for (auto& row : site.power) row.seconds_in_state += 7200;
}

TEST(Sleep, under_a_load_that_stays_or_changes_by_a_tenth_nothing_goes_off_and_on) {
  std::size_t slept = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Dice dice(seed);
    auto hosts = 3 + dice.below(8);
    Site site(hosts, 1 + dice.below(hosts), dice.below(15));
    for (auto& row : site.power) {
      row.tried = !dice.once_in(4);
      row.wake_seconds = 60 + dice.below(600);
    }
    auto calm = site.decide();
    int rounds = 0;
    for (; !(calm.sleep.empty() && calm.wake.empty()); ++rounds) {
      ASSERT_LE(rounds, hosts) << "seed " << seed;
      for (auto host : calm.sleep) {
        ASSERT_FALSE(site.power[static_cast<std::size_t>(host)].member);
        ASSERT_TRUE(site.power[static_cast<std::size_t>(host)].tried);
        for (const auto& machine : site.estate.machines) ASSERT_NE(machine.host, host);
      }
      slept += calm.sleep.size();
      ASSERT_TRUE(calm.wake.empty()) << "seed " << seed << ": what went to sleep is needed";
      carry_out(site, calm);
      calm = site.decide();
    }
    if (site.estate.machines.size() < 10 || rounds == 0) continue;
    auto more = site;
    for (std::size_t i = 0; i < site.estate.machines.size() / 10; ++i) more.add(0);
    if (hosts_may_fail(more.estate) < 1) continue;  // that wakes some in any case
    ASSERT_TRUE(more.decide().wake.empty()) << "seed " << seed;
  }
  EXPECT_GT(slept, 300U);
}

}  // namespace
}  // namespace truce::scheduler
