// Bin packing: rules of thumb, ruin and recreate, and bounds that are proven.
#include "scheduler/packing.h"

#include <gtest/gtest.h>

#include "columns.h"
#include "small_estates.h"

namespace truce::scheduler {
namespace {

struct Case {
  Sizes capacity{};
  std::vector<PackType> types;
};

Case case_by_dice(std::uint64_t seed, std::int32_t most_types, std::int32_t most_of_each) {
  Dice dice(seed);
  Case made{{100, 100, 0, 0}, {}};
  auto types = 1 + dice.below(most_types);
  for (std::int32_t i = 0; i < types; ++i)
    made.types.push_back(
        {{5 + dice.below(60), 5 + dice.below(60), 0, 0}, 1 + dice.below(most_of_each)});
  return made;
}

// Every machine is in it once, and no host is over-filled.
void expect_sound(const Case& made, const Packing& packing, std::uint64_t seed) {
  std::vector<std::int64_t> packed(made.types.size());
  std::int64_t hosts = 0;
  for (const auto& pattern : packing.patterns) {
    Sizes used{};
    for (std::size_t t = 0; t < made.types.size(); ++t) {
      packed[t] += std::int64_t{pattern.counts[t]} * pattern.hosts;
      for (std::size_t i = 0; i < pack_sizes; ++i)
        used[i] += made.types[t].size[i] * pattern.counts[t];
    }
    hosts += pattern.hosts;
    for (std::size_t i = 0; i < pack_sizes; ++i) ASSERT_LE(used[i], made.capacity[i]) << seed;
  }
  ASSERT_EQ(hosts, packing.hosts) << seed;
  for (std::size_t t = 0; t < made.types.size(); ++t)
    ASSERT_EQ(packed[t], made.types[t].count) << "type " << t << ", seed " << seed;
}

TEST(Packing, every_rule_packs_all_and_overfills_none) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    auto made = case_by_dice(seed, 12, 20);
    for (int rule = 0; rule < fill_rule_count; ++rule)
      expect_sound(made, pack_by(made.capacity, made.types, static_cast<FillRule>(rule)), seed);
    auto packing = pack(made.capacity, made.types, {.rounds = 20});
    expect_sound(made, packing, seed);
    ASSERT_LE(packing.bound, packing.hosts) << seed;
    ASSERT_GE(packing.bound, sum_bound(made.capacity, made.types)) << seed;
  }
}

// The fewest hosts, by trying every host for every machine.
void fewest(const std::vector<Sizes>& machines, std::size_t next, std::vector<Sizes>& left,
            std::size_t& best) {
  if (left.size() >= best) return;
  if (next == machines.size()) {
    best = left.size();
    return;
  }
  const auto& size = machines[next];
  for (std::size_t host = 0; host < left.size(); ++host) {
    if (left[host][0] < size[0] || left[host][1] < size[1]) continue;
    for (std::size_t i = 0; i < pack_sizes; ++i) left[host][i] -= size[i];
    fewest(machines, next + 1, left, best);
    for (std::size_t i = 0; i < pack_sizes; ++i) left[host][i] += size[i];
  }
  left.push_back({100 - size[0], 100 - size[1], 0, 0});
  fewest(machines, next + 1, left, best);
  left.pop_back();
}

TEST(Packing, the_bound_is_never_above_the_fewest_hosts_and_the_packing_is_mostly_at_it) {
  std::size_t cases = 0, exact = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    auto made = case_by_dice(seed, 4, 3);
    std::vector<Sizes> machines, left;
    for (const auto& type : made.types)
      machines.insert(machines.end(), static_cast<std::size_t>(type.count), type.size);
    if (machines.size() > 9) continue;
    std::size_t best = machines.size() + 1;
    fewest(machines, 0, left, best);
    auto packing = pack(made.capacity, made.types, {.rounds = 100});
    ASSERT_LE(packing.bound, static_cast<std::int64_t>(best)) << "seed " << seed;
    ASSERT_GE(packing.hosts, static_cast<std::int64_t>(best)) << "seed " << seed;
    ++cases;
    exact += packing.hosts == static_cast<std::int64_t>(best) ? 1 : 0;
  }
  EXPECT_GT(cases, 200U);
  EXPECT_GE(exact * 100, cases * 99);
}

TEST(Packing, column_generation_proves_more_than_sums_do) {
  // Two of these do not fit one host, so each needs its own; sums say otherwise.
  Case made{{100, 100, 0, 0}, {{{51, 10, 0, 0}, 40}, {{10, 51, 0, 0}, 40}}};
  EXPECT_EQ(sum_bound(made.capacity, made.types), 25);
  auto packing = pack(made.capacity, made.types);
  EXPECT_EQ(packing.bound, 40);
  EXPECT_EQ(packing.hosts, 40);
  EXPECT_EQ(pack_by(made.capacity, made.types, FillRule::cosine).hosts, 40);
}

TEST(Packing, prices_that_prove_a_bound_can_be_verified_by_trying_all_hosts) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    auto made = case_by_dice(seed, 5, 30);
    auto columns = generate_columns(made.capacity, made.types, 10'000'000);
    if (columns.bound == 0) continue;
    std::int64_t together = 0, dearest = 0;
    for (std::size_t t = 0; t < made.types.size(); ++t)
      together += columns.prices[t] * made.types[t].count;
    std::function<void(std::size_t, Sizes, std::int64_t)> all = [&](std::size_t t, Sizes left,
                                                                    std::int64_t worth) {
      dearest = std::max(dearest, worth);
      if (t == made.types.size()) return;
      for (std::int32_t count = 0; count <= made.types[t].count; ++count) {
        auto rest = left;
        for (std::size_t i = 0; i < pack_sizes; ++i) rest[i] -= made.types[t].size[i] * count;
        if (rest[0] < 0 || rest[1] < 0) break;
        all(t + 1, rest, worth + columns.prices[t] * count);
      }
    };
    all(0, made.capacity, 0);
    ASSERT_EQ(dearest, columns.dearest) << "seed " << seed;
    ASSERT_EQ(columns.bound, (together + dearest - 1) / dearest) << "seed " << seed;
  }
}

TEST(Packing, many_small_types_are_packed_to_the_bound) {
  std::vector<PackType> types;
  for (std::int32_t cpus = 1; cpus <= 32; cpus *= 2)
    for (std::int32_t memory : {2, 4, 8})
      types.push_back({{cpus, cpus * memory, 0, 0}, 10'000 + cpus * memory});
  auto packing = pack({128, 512, 0, 0}, types);
  EXPECT_LE(packing.hosts, packing.bound + 20);
  EXPECT_GT(packing.bound, 17'000);
}

TEST(Packing, the_same_seed_gives_the_same_packing) {
  auto made = case_by_dice(7, 20, 40);
  auto one = pack(made.capacity, made.types), other = pack(made.capacity, made.types);
  EXPECT_EQ(one.hosts, other.hosts);
  EXPECT_EQ(one.rule, other.rule);
  EXPECT_EQ(one.patterns.size(), other.patterns.size());
}

TEST(Packing, nothing_needs_no_host) {
  EXPECT_EQ(pack({100, 100, 0, 0}, {}).hosts, 0);
  EXPECT_EQ(pack({100, 100, 0, 0}, {{{1, 1, 0, 0}, 0}}).hosts, 0);
}

}  // namespace
}  // namespace truce::scheduler
