// Balances of estates in which not every move can be looked at, out of balance as clouds are.
#include <gtest/gtest.h>

#include "large_estates.h"
#include "small_estates.h"

namespace truce::scheduler {
namespace {

constexpr std::uint64_t little = 300'000;  // looks: far from all there are

std::string told(const Findings& findings) {
  std::string all;
  for (const auto& finding : findings.wrong) all += finding + "\n";
  return all;
}

// Some of everything that forbids a move, or asks for one.
Estate with_rules(Estate estate, std::uint64_t seed) {
  Dice dice(seed);
  auto hosts = static_cast<std::int32_t>(estate.hosts.size());
  estate.sentences = {"cannot move", "is out of reach"};
  estate.class_names = {"a", "b"};
  estate.conflicts = {{1}, {0}};
  estate.reaches.emplace_back();
  for (std::int32_t host = 0; host < hosts; ++host) {
    estate.reaches[0].push_back(dice.once_in(3) ? 1 : none);
    estate.hosts[static_cast<std::size_t>(host)].domain = dice.below(5);
  }
  for (auto& machine : estate.machines) {
    if (dice.once_in(20)) machine.fixed = 0;
    if (dice.once_in(20)) machine.rested = false;
    if (dice.once_in(20)) machine.reach = 0;
    if (dice.once_in(20)) machine.conflict_class = dice.below(2);
    if (dice.once_in(20)) machine.reserved_cpu = dice.below(300);
  }
  for (int i = 0; i < 20; ++i) add_rule(estate, dice);
  return estate;
}

Estate after(Estate estate, const Plan& plan) {
  for (const auto& move : plan.moves)
    estate.machines[static_cast<std::size_t>(move.machine)].host = move.to;
  return estate;
}

std::size_t hot_hosts(const Estate& estate) {
  std::vector<std::int64_t> demand(estate.hosts.size());
  for (const auto& machine : estate.machines)
    demand[static_cast<std::size_t>(machine.host)] += of(machine.demand, Load::cpu);
  return static_cast<std::size_t>(std::ranges::count_if(demand, [](auto sum) {
    return static_cast<double>(sum) > Objective{}.steep * estates::host_cpus * 100;
  }));
}

TEST(LargePlans, a_balance_of_an_estate_with_rules_passes_the_checker_and_keeps_to_its_moves) {
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    auto estate = with_rules(estates::cloud_estate(40, 800, seed), seed);
    ASSERT_TRUE(check(estate)) << check(estate).error().message;
    auto plan = balance(estate, {.objective = {}, .moves = 150, .effort = little});
    EXPECT_EQ(told(check_plan(estate, plan)), "") << "seed " << seed;
    EXPECT_LE(plan.moves.size(), 150U);
    EXPECT_GT(plan.moves.size(), 3U) << "seed " << seed;
    EXPECT_LT(plan.score_after, plan.score_before) << "seed " << seed;
    EXPECT_LE(plan.bound, plan.score_after + 1e-9) << "seed " << seed;
    for (const auto& rule : estate.rules) {
      if (rule.must && breaches(estate, rule).empty())
        EXPECT_TRUE(breaches(after(estate, plan), rule).empty()) << "seed " << seed;
    }
  }
}

TEST(LargePlans, looking_at_some_moves_is_nearly_as_good_as_looking_at_all) {
  double some = 0, all = 0;
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    auto estate = estates::cloud_estate(60, 1200, seed);
    BalanceWish wish{.objective = {}, .moves = 60, .effort = little};
    auto quick = balance(estate, wish);
    wish.effort = 60 * 60 * 1200;
    auto thorough = balance(estate, wish);
    EXPECT_LT(quick.looked_at * 3, thorough.looked_at) << "it did not look at all";
    EXPECT_EQ(told(check_plan(estate, quick)), "") << "seed " << seed;
    some += quick.score_before - quick.score_after;
    all += thorough.score_before - thorough.score_after;
  }
  EXPECT_GT(some, 0.95 * all);
}

// Each host is a smaller part of a larger estate, and still worth to be relieved.
TEST(LargePlans, a_large_estate_is_balanced_like_a_small_one) {
  auto estate = estates::cloud_estate(300, 6000, 7);
  auto plan = balance(estate, {.objective = {}, .moves = 300});
  EXPECT_EQ(told(check_plan(estate, plan)), "");
  EXPECT_GT(plan.moves.size(), 30U);
  EXPECT_GT(hot_hosts(estate), 5U);
  EXPECT_LE(2 * hot_hosts(after(estate, plan)), hot_hosts(estate));
  auto few = balance(estate, {.objective = {}, .moves = 20});
  EXPECT_EQ(told(check_plan(estate, few)), "");
  EXPECT_EQ(few.moves.size(), 20U) << "a few moves are a plan, too";
}

TEST(LargePlans, the_same_estate_has_the_same_plan) {
  auto estate = with_rules(estates::cloud_estate(50, 1000, 3), 3);
  BalanceWish wish{.objective = {}, .moves = 100, .effort = little};
  auto one = balance(estate, wish), other = balance(estate, wish);
  ASSERT_EQ(one.moves.size(), other.moves.size());
  EXPECT_EQ(one.score_after, other.score_after);
  for (std::size_t i = 0; i < one.moves.size(); ++i) {
    EXPECT_EQ(one.moves[i].machine, other.moves[i].machine);
    EXPECT_EQ(one.moves[i].to, other.moves[i].to);
  }
}

TEST(LargePlans, rules_that_are_broken_come_first) {
  auto estate = estates::cloud_estate(60, 1200, 5);
  PlacementRule apart{
      .name = "apart", .kind = model::RuleKind::apart, .must = true, .machines = {}, .hosts = {}};
  std::vector<std::int64_t> promised(estate.hosts.size());
  for (const auto& machine : estate.machines)
    promised[static_cast<std::size_t>(machine.host)] += of(machine.demand, Load::promised);
  auto emptiest = static_cast<std::int32_t>(std::ranges::min_element(promised) - promised.begin());
  PlacementRule there{.name = "there",
                      .kind = model::RuleKind::on_hosts,
                      .must = true,
                      .machines = {},
                      .hosts = {emptiest}};
  for (std::size_t i = 0; i < estate.machines.size(); ++i) {
    if (estate.machines[i].host == 17 && apart.machines.size() < 2)
      apart.machines.push_back(static_cast<std::int32_t>(i));
    if (estate.machines[i].host == 19 && there.machines.empty())
      there.machines.push_back(static_cast<std::int32_t>(i));
  }
  ASSERT_EQ(apart.machines.size(), 2U);
  ASSERT_EQ(there.machines.size(), 1U);
  estate.rules = {apart, there};
  auto plan = balance(estate, {.objective = {}, .moves = 5, .effort = little});
  EXPECT_EQ(told(check_plan(estate, plan)), "");
  for (const auto& rule : estate.rules)
    EXPECT_TRUE(breaches(after(estate, plan), rule).empty()) << rule.name;
}

}  // namespace
}  // namespace truce::scheduler
