// Plans on thousands of small estates: every one is verified by the checker, and some beside what
// trying everything finds.
#include "scheduler/plans.h"

#include <gtest/gtest.h>

#include <cmath>

#include "small_estates.h"

namespace truce::scheduler {
namespace {

constexpr std::uint64_t seeds = 1500;

std::string told(const Findings& findings) {
  std::string all;
  for (const auto& finding : findings.wrong) all += finding + "\n";
  return all;
}

Estate after(Estate estate, const Plan& plan) {
  for (const auto& move : plan.moves)
    estate.machines[static_cast<std::size_t>(move.machine)].host = move.to;
  return estate;
}

bool same(const Plan& one, const Plan& other) {
  if (one.moves.size() != other.moves.size() || one.score_after != other.score_after) return false;
  for (std::size_t i = 0; i < one.moves.size(); ++i) {
    const auto &a = one.moves[i], &b = other.moves[i];
    if (a.machine != b.machine || a.to != b.to || a.reason != b.reason) return false;
  }
  return one.refusals == other.refusals;
}

TEST(Plans, every_balance_passes_the_checker_and_never_makes_it_worse) {
  std::size_t with_moves = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    auto estate = estate_by_dice(seed, {.failures = seed % 3 == 0});
    ASSERT_TRUE(check(estate)) << "seed " << seed << ": " << check(estate).error().message;
    auto plan = balance(estate, {.objective = {}, .moves = 10, .least_gain = 0});
    auto findings = check_plan(estate, plan);
    ASSERT_TRUE(findings.wrong.empty()) << "seed " << seed << "\n" << told(findings);
    ASSERT_LE(plan.score_after, plan.score_before + 1e-9) << "seed " << seed;
    ASSERT_LE(plan.bound, plan.score_after + 1e-9) << "seed " << seed;
    with_moves += plan.moves.empty() ? 0 : 1;
  }
  EXPECT_GT(with_moves, seeds / 2) << "the estates have something to balance";
}

TEST(Plans, a_balance_mends_rules_where_there_is_a_way_and_keeps_to_its_number_of_moves) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    auto estate = estate_by_dice(seed);
    auto plan = balance(estate, {.objective = {}, .moves = 3});
    ASSERT_LE(plan.moves.size(), 3U) << "seed " << seed;
    auto later = after(estate, plan);
    for (std::size_t i = 0; i < estate.rules.size(); ++i) {
      if (estate.rules[i].must && breaches(estate, estate.rules[i]).empty())
        ASSERT_TRUE(breaches(later, estate.rules[i]).empty()) << "seed " << seed;
    }
  }
}

TEST(Plans, the_same_estate_has_the_same_plan) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    auto estate = estate_by_dice(seed, {.hosts = 6, .machines = 30});
    EXPECT_TRUE(same(balance(estate), balance(estate))) << "seed " << seed;
    EXPECT_TRUE(same(evacuate(estate, 0), evacuate(estate, 0))) << "seed " << seed;
    EXPECT_TRUE(same(consolidate(estate), consolidate(estate))) << "seed " << seed;
  }
}

// All placements of the machines, whatever the way to them.
void try_all(Estate& estate, std::size_t next, const Objective& objective, double& best) {
  if (next == estate.machines.size()) {
    best = std::min(best, score(estate, objective));
    return;
  }
  for (std::size_t host = 0; host < estate.hosts.size(); ++host) {
    estate.machines[next].host = static_cast<std::int32_t>(host);
    try_all(estate, next + 1, objective, best);
  }
}

TEST(Plans, the_bound_is_below_the_best_of_all_placements_and_balance_comes_near_it) {
  double gained = 0, possible = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    auto estate = estate_by_dice(seed, {.hosts = 3, .machines = 6, .rules = false});
    for (auto& machine : estate.machines)
      if (machine.host == none) machine.demand = {};
    Objective objective;
    objective.move = 0;
    auto plan = balance(estate, {.objective = objective, .moves = 20, .least_gain = 0});
    auto bound = score_bound(estate, objective);
    auto best = plan.score_before;
    auto all = estate;
    for (auto& machine : all.machines)
      if (machine.host == none) machine.host = 0;  // it asks for nothing
    try_all(all, 0, objective, best);
    ASSERT_LE(bound, best + 1e-9) << "seed " << seed;
    ASSERT_GE(plan.score_after, bound - 1e-9) << "seed " << seed;
    gained += plan.score_before - plan.score_after;
    possible += plan.score_before - best;
  }
  EXPECT_GT(gained, 0.85 * possible) << "one move after the other, without looking ahead";
}

TEST(Plans, every_evacuation_passes_the_checker_and_says_who_stays_and_why) {
  std::size_t emptied = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    auto estate = estate_by_dice(seed, {.machines = 12, .failures = seed % 3 == 0});
    auto plan = evacuate(estate, 0);
    auto findings = check_plan(estate, plan);
    ASSERT_TRUE(findings.wrong.empty()) << "seed " << seed << "\n" << told(findings);
    auto later = after(estate, plan);
    bool empty = std::ranges::none_of(later.machines, [](const auto& m) { return m.host == 0; });
    ASSERT_EQ(empty, plan.refusals.empty()) << "seed " << seed;
    emptied += empty ? 1 : 0;
  }
  EXPECT_GT(emptied, seeds / 3);
}

// Whether machines of host 0 find places on the others, by trying everything.
bool can_empty(const std::vector<std::int64_t>& wanted, std::size_t next,
               std::vector<std::int64_t>& left) {
  if (next == wanted.size()) return true;
  for (auto& room : left) {
    if (room < wanted[next]) continue;
    room -= wanted[next];
    bool rest = can_empty(wanted, next + 1, left);
    room += wanted[next];
    if (rest) return true;
  }
  return false;
}

TEST(Plans, an_evacuation_finds_a_way_whenever_there_is_one_without_moving_others) {
  std::size_t tight = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    auto estate = estate_by_dice(
        seed, {.hosts = 3, .machines = 14, .rules = false, .memory = 48 * 1024, .cpus = 64});
    for (auto& machine : estate.machines) machine.reserved_cpu = 0;
    std::vector<std::int64_t> wanted, left;
    for (const auto& host : estate.hosts) left.push_back(of(host.capacity, Load::promised));
    for (const auto& machine : estate.machines) {
      if (machine.host == none) continue;
      auto promised = of(machine.demand, Load::promised);
      left[static_cast<std::size_t>(machine.host)] -= promised;
      if (machine.host == 0) wanted.push_back(promised);
    }
    left.erase(left.begin());
    if (!can_empty(wanted, 0, left)) continue;
    ASSERT_TRUE(evacuate(estate, 0).refusals.empty()) << "seed " << seed;
    ++tight;
  }
  EXPECT_GT(tight, seeds / 10);
}

TEST(Plans, every_consolidation_passes_the_checker_and_none_is_below_its_bound) {
  std::size_t emptied = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    auto estate = estate_by_dice(seed, {.failures = seed % 3 == 0});
    estate.reserve_hosts = seed % 4 == 0 ? 1 : 0;
    auto plan = consolidate(estate);
    auto findings = check_plan(estate, plan);
    ASSERT_TRUE(findings.wrong.empty()) << "seed " << seed << "\n" << told(findings);
    ASSERT_LE(plan.bound, plan.score_after) << "seed " << seed;
    ASSERT_FALSE(plan.bound_reason.empty());
    emptied += plan.score_after < plan.score_before ? 1 : 0;
  }
  EXPECT_GT(emptied, seeds / 3);
}

TEST(Plans, a_hot_host_is_relieved_by_moves_away_from_it_alone_until_it_is_below_the_knee) {
  Estate estate;
  for (int i = 0; i < 3; ++i) {
    estate.host_names.push_back(fmt::format("h{}", i));
    estate.hosts.push_back({.capacity = {1600, 65536, 0, 0, 65536, 16}, .reservable_cpu = 1600});
  }
  for (int i = 0; i < 12; ++i) {
    estate.machine_names.push_back(fmt::format("vm{}", i));
    estate.machines.push_back({.demand = {150, 1024, 0, 0, 2048, 2}, .host = i < 10 ? 0 : 1});
  }
  auto plan = balance(estate, {.objective = {}, .relieve = 0});
  EXPECT_EQ(told(check_plan(estate, plan)), "");
  EXPECT_EQ(plan.moves.size(), 4U) << "from 1500% to below 65% of 1600%";
  EXPECT_EQ(plan.moves[0].reason,
            "h0 has 94% of its processors in use, h2 has 0%; then 84% and 9%");
  EXPECT_EQ(balance(estate, {.objective = {}, .relieve = 2}).refusals,
            std::vector<std::string>{"the host is not over the knee"});
}

TEST(Plans, the_hottest_host_is_online_and_heavily_in_contention) {
  Estate estate;
  for (int i = 0; i < 4; ++i) {
    estate.host_names.push_back(fmt::format("h{}", i));
    estate.hosts.push_back({.capacity = {1600, 65536, 0, 0, 65536, 16}});
    estate.machine_names.push_back(fmt::format("vm{}", i));
    estate.machines.push_back({.demand = {1000, 1024, 9, 9, 65536, 16}, .host = i});
  }
  EXPECT_EQ(hottest(estate), none) << "what is promised is not what is in use";
  of(estate.machines[1].demand, Load::cpu) = 1400;
  of(estate.machines[2].demand, Load::memory) = 60000;
  EXPECT_EQ(hottest(estate), 2);
  estate.hosts[2].online = false;
  EXPECT_EQ(hottest(estate), 1);
}

TEST(Plans, a_plan_that_would_gain_little_is_none) {
  Estate estate;
  for (int i = 0; i < 2; ++i) {
    estate.host_names.push_back(fmt::format("h{}", i));
    estate.hosts.push_back({.capacity = {1600, 65536, 0, 0, 65536, 16}, .reservable_cpu = 1600});
  }
  for (int i = 0; i < 3; ++i) {
    estate.machine_names.push_back(fmt::format("vm{}", i));
    estate.machines.push_back(
        {.demand = {i == 0 ? 20 : 800, 1024, 0, 0, 2048, 2}, .host = i == 2 ? 1 : 0});
  }
  auto plan = balance(estate, {.objective = {}, .least_gain = 0.99});
  EXPECT_TRUE(plan.moves.empty());
  ASSERT_EQ(plan.refusals.size(), 1U);
  EXPECT_EQ(plan.score_after, plan.score_before);
}

TEST(Plans, machines_that_must_be_together_leave_together) {
  Estate estate;
  for (int i = 0; i < 3; ++i) {
    estate.host_names.push_back(fmt::format("h{}", i));
    estate.hosts.push_back(
        {.capacity = {1600, 65536, 0, 0, i == 1 ? 3072 : 65536, 16}, .reservable_cpu = 1600});
  }
  for (int i = 0; i < 2; ++i) {
    estate.machine_names.push_back(fmt::format("vm{}", i));
    estate.machines.push_back({.demand = {100, 1024, 0, 0, 2048, 2}, .host = 0});
  }
  estate.rules = {{.name = "pair",
                   .kind = model::RuleKind::together,
                   .must = true,
                   .machines = {0, 1},
                   .hosts = {}}};
  auto plan = evacuate(estate, 0);
  EXPECT_EQ(told(check_plan(estate, plan)), "");
  ASSERT_EQ(plan.moves.size(), 2U);
  EXPECT_EQ(plan.moves[0].to, 2) << "there is room for one of them only on h1";
  EXPECT_EQ(plan.moves[1].to, 2);
  estate.hosts[2].draining = true;
  EXPECT_EQ(
      evacuate(estate, 0).refusals,
      std::vector<std::string>{
          "vm0 and 1 more: no other host takes it: h1 lacks 1GiB memory; h2 is being emptied"});
}

TEST(Plans, as_many_hosts_may_fail_as_the_rest_has_room_for) {
  Estate estate;
  for (int i = 0; i < 4; ++i) {
    estate.host_names.push_back(fmt::format("h{}", i));
    estate.hosts.push_back({.capacity = {1600, 8192, 0, 0, 8192, 16}});
    estate.machine_names.push_back(fmt::format("vm{}", i));
    estate.machines.push_back({.demand = {0, 0, 0, 0, 3072, 1}, .host = i});
  }
  EXPECT_EQ(hosts_may_fail(estate), 2);
  for (auto& machine : estate.machines) of(machine.demand, Load::promised) = 6144;
  EXPECT_EQ(hosts_may_fail(estate), 0);
}

}  // namespace
}  // namespace truce::scheduler
