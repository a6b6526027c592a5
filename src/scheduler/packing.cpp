#include "scheduler/packing.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "base/result.h"
#include "columns.h"

namespace truce::scheduler {
namespace {

using Counts = std::vector<std::int32_t>;

std::int32_t how_many_fit(const Sizes& size, const Sizes& left) {
  auto count = std::numeric_limits<std::int32_t>::max();
  for (std::size_t i = 0; i < pack_sizes; ++i)
    if (size[i] > 0) count = std::min(count, left[i] / size[i]);
  return count;
}

void take(Sizes& left, const Sizes& size, std::int32_t count) {
  for (std::size_t i = 0; i < pack_sizes; ++i) left[i] -= size[i] * count;
}

/// Fills hosts one by one, after one rule.
class Filler {
 public:
  Filler(const Sizes& capacity, const std::vector<PackType>& types, FillRule rule,
         std::array<double, pack_sizes> weights = {1, 1, 1, 1})
      : capacity_(capacity), types_(types), rule_(rule), weights_(weights), order_(types.size()) {
    std::iota(order_.begin(), order_.end(), 0);
    if (rule == FillRule::product || rule == FillRule::sum)
      std::ranges::sort(order_, {}, [&](std::size_t t) { return std::pair(-bulk(t), t); });
  }

  /// What one host gets of what is left, which has to be something.
  Counts fill(const Counts& left_over) {
    Counts counts(types_.size());
    auto left = capacity_;
    if (rule_ == FillRule::l2 || rule_ == FillRule::cosine) {
      for (auto t = best(left, left_over, counts); t < types_.size();
           t = best(left, left_over, counts)) {
        ++counts[t];
        take(left, types_[t].size, 1);
      }
      return counts;
    }
    for (auto t : order_) {
      counts[t] = std::min(left_over[t], how_many_fit(types_[t].size, left));
      take(left, types_[t].size, counts[t]);
    }
    return counts;
  }

 private:
  [[nodiscard]] double part(std::size_t type, std::size_t size) const {
    return capacity_[size] > 0 ? weights_[size] * types_[type].size[size] / capacity_[size] : 0;
  }
  [[nodiscard]] double bulk(std::size_t type) const {
    double value = rule_ == FillRule::product ? 1 : 0;
    for (std::size_t i = 0; i < pack_sizes; ++i) {
      if (rule_ == FillRule::sum) value += part(type, i);
      if (rule_ == FillRule::product && types_[type].size[i] > 0) value *= part(type, i);
    }
    return value;
  }

  std::size_t best(const Sizes& left, const Counts& left_over, const Counts& counts) const {
    std::size_t chosen = types_.size();
    double most = 0;
    for (std::size_t t = 0; t < types_.size(); ++t) {
      if (left_over[t] == counts[t] || how_many_fit(types_[t].size, left) == 0) continue;
      auto value = worth(t, left);
      if (chosen != types_.size() && value <= most) continue;
      chosen = t;
      most = value;
    }
    return chosen;
  }

  [[nodiscard]] double worth(std::size_t type, const Sizes& left) const {
    double dot = 0, own = 0, rest = 0, away = 0;
    for (std::size_t i = 0; i < pack_sizes; ++i) {
      auto mine = part(type, i);
      auto there = capacity_[i] > 0 ? weights_[i] * left[i] / capacity_[i] : 0;
      dot += mine * there;
      own += mine * mine;
      rest += there * there;
      away += (there - mine) * (there - mine);
    }
    if (rule_ == FillRule::l2) return -away;
    return dot / std::sqrt(std::max(own * rest, 1e-30)) + 1e-6 * own;  // of equal ones the larger
  }

  const Sizes& capacity_;
  const std::vector<PackType>& types_;
  FillRule rule_;
  std::array<double, pack_sizes> weights_;
  std::vector<std::size_t> order_;
};

// Hosts that are filled alike are found once.
std::vector<Pattern> fill_all(Filler& filler, Counts left_over) {
  std::vector<Pattern> patterns;
  while (std::ranges::any_of(left_over, [](auto count) { return count > 0; })) {
    auto counts = filler.fill(left_over);
    auto times = std::numeric_limits<std::int32_t>::max();
    for (std::size_t t = 0; t < counts.size(); ++t)
      if (counts[t] > 0) times = std::min(times, left_over[t] / counts[t]);
    TRUCE_ASSERT(times != std::numeric_limits<std::int32_t>::max(), "every type fits a host");
    for (std::size_t t = 0; t < counts.size(); ++t) left_over[t] -= counts[t] * times;
    patterns.push_back({std::move(counts), times});
  }
  return patterns;
}

std::int64_t hosts_of(const std::vector<Pattern>& patterns) {
  return std::accumulate(patterns.begin(), patterns.end(), std::int64_t{0},
                         [](std::int64_t sum, const Pattern& one) { return sum + one.hosts; });
}

Counts counts_of(const std::vector<PackType>& types) {
  Counts counts;
  for (const auto& type : types) counts.push_back(type.count);
  return counts;
}

Packing packing_of(std::vector<Pattern> patterns, std::string rule) {
  Packing packing{.patterns = std::move(patterns), .rule = std::move(rule)};
  packing.hosts = hosts_of(packing.patterns);
  return packing;
}

/// Takes a few hosts out and packs what they had anew, by a rule with weights thrown by dice.
class Ruin {
 public:
  Ruin(const Sizes& capacity, const std::vector<PackType>& types, Packing start, std::uint64_t seed)
      : capacity_(capacity), types_(types), now_(std::move(start)), dice_(seed) {}

  Packing run(int rounds) {
    bool better = false;
    for (int round = 0; round < rounds; ++round) better |= again();
    if (better) now_.rule = "ruin and recreate";
    return std::move(now_);
  }

 private:
  double fullness(const Pattern& pattern) const {
    double sum = 0;
    for (std::size_t t = 0; t < types_.size(); ++t)
      for (std::size_t i = 0; i < pack_sizes; ++i)
        if (capacity_[i] > 0) sum += double(pattern.counts[t]) * types_[t].size[i] / capacity_[i];
    return sum;
  }

  bool again() {
    Counts out(types_.size());
    std::int64_t hosts = 0;
    std::vector<std::pair<std::size_t, std::int32_t>> taken;
    auto wanted = 3 + dice_() % 10;
    std::vector<std::size_t> order(now_.patterns.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, {}, [&](auto p) { return std::pair(fullness(now_.patterns[p]), p); });
    for (std::size_t i = 0; i < wanted && !order.empty(); ++i) {
      // The emptiest, and others by chance.
      auto p = i < 2 && i < order.size() ? order[i] : order[dice_() % order.size()];
      auto& pattern = now_.patterns[p];
      if (pattern.hosts == 0) continue;
      --pattern.hosts;
      ++hosts;
      taken.emplace_back(p, 1);
      for (std::size_t t = 0; t < out.size(); ++t) out[t] += pattern.counts[t];
    }
    std::array<double, pack_sizes> weights{};
    for (auto& weight : weights) weight = 0.2 + static_cast<double>(dice_() % 1000) / 500;
    auto rule = static_cast<FillRule>(1 + dice_() % 4);
    Filler filler(capacity_, types_, rule, weights);
    auto packed = fill_all(filler, out);
    if (hosts_of(packed) > hosts) {
      for (auto [p, count] : taken) now_.patterns[p].hosts += count;
      return false;
    }
    bool better = hosts_of(packed) < hosts;
    now_.hosts -= hosts - hosts_of(packed);
    std::erase_if(now_.patterns, [](const Pattern& one) { return one.hosts == 0; });
    for (auto& pattern : packed) now_.patterns.push_back(std::move(pattern));
    return better;
  }

  const Sizes& capacity_;
  const std::vector<PackType>& types_;
  Packing now_;
  std::minstd_rand dice_;
};

}  // namespace

std::string_view to_string(FillRule rule) {
  constexpr std::array<std::string_view, fill_rule_count> names{"first fit", "decreasing product",
                                                                "decreasing sum", "L2", "cosine"};
  return names[static_cast<std::size_t>(rule)];
}

std::int64_t sum_bound(const Sizes& capacity, const std::vector<PackType>& types) {
  std::int64_t bound = 0;
  for (const auto& type : types) bound = std::max<std::int64_t>(bound, type.count > 0 ? 1 : 0);
  for (std::size_t i = 0; i < pack_sizes; ++i) {
    std::int64_t sum = 0;
    for (const auto& type : types) sum += std::int64_t{type.size[i]} * type.count;
    if (capacity[i] > 0) bound = std::max(bound, (sum + capacity[i] - 1) / capacity[i]);
  }
  return bound;
}

Packing pack_by(const Sizes& capacity, const std::vector<PackType>& types, FillRule rule) {
  Filler filler(capacity, types, rule);
  auto packing = packing_of(fill_all(filler, counts_of(types)), std::string(to_string(rule)));
  packing.bound = sum_bound(capacity, types);
  packing.bound_reason = "fewer hosts are too small for the sum of all";
  return packing;
}

Packing pack(const Sizes& capacity, const std::vector<PackType>& types, const PackEffort& effort) {
  Packing best;
  for (int i = 0; i < fill_rule_count; ++i) {
    auto packing = pack_by(capacity, types, static_cast<FillRule>(i));
    if (i == 0 || packing.hosts < best.hosts) best = std::move(packing);
  }
  auto bound = best.bound;
  auto reason = best.bound_reason;
  if (best.hosts > bound && types.size() <= effort.most_types) {
    auto columns = generate_columns(capacity, types, effort.steps);
    if (columns.bound > bound) {
      bound = columns.bound;
      reason = fmt::format(
          "at prices found for the {} types of machines no host is worth more than 1, and all "
          "together cost more than {}",
          types.size(), bound - 1);
    }
    Counts left_over = counts_of(types);
    for (const auto& pattern : columns.whole)
      for (std::size_t t = 0; t < left_over.size(); ++t)
        left_over[t] = std::max(left_over[t] - pattern.counts[t] * pattern.hosts, 0);
    for (int i = 0; i < fill_rule_count; ++i) {
      Filler filler(capacity, types, static_cast<FillRule>(i));
      auto patterns = columns.whole;
      for (auto& pattern : fill_all(filler, left_over)) patterns.push_back(std::move(pattern));
      auto packing = packing_of(std::move(patterns), "column generation");
      if (packing.hosts < best.hosts) best = std::move(packing);
    }
  }
  if (best.hosts > bound && effort.rounds > 0)
    best = Ruin(capacity, types, std::move(best), effort.seed).run(effort.rounds);
  best.bound = bound;
  best.bound_reason = reason;
  return best;
}

}  // namespace truce::scheduler
