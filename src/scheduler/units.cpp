#include "units.h"

#include <algorithm>
#include <numeric>

namespace truce::scheduler {
namespace {

class Sets {
 public:
  explicit Sets(std::size_t count) : above_(count) { std::iota(above_.begin(), above_.end(), 0); }

  std::int32_t first(std::int32_t one) {
    while (above_[at(one)] != one) {
      above_[at(one)] = above_[at(above_[at(one)])];
      one = above_[at(one)];
    }
    return one;
  }
  void unite(std::int32_t one, std::int32_t other) {
    auto [low, high] = std::minmax({first(one), first(other)});
    above_[at(high)] = low;
  }

 private:
  static std::size_t at(std::int32_t index) { return static_cast<std::size_t>(index); }
  std::vector<std::int32_t> above_;
};

}  // namespace

Blocks blocks_of(const Estate& estate) {
  Sets sets(estate.machines.size());
  for (const auto& rule : estate.rules) {
    if (rule.kind != model::RuleKind::together || !rule.must || rule.by_fault_domain) continue;
    std::map<std::int32_t, std::int32_t> first_on;
    for (auto machine : rule.machines) {
      auto host = estate.machines[static_cast<std::size_t>(machine)].host;
      if (host == none) continue;
      auto [found, is_new] = first_on.emplace(host, machine);
      if (!is_new) sets.unite(found->second, machine);
    }
  }
  std::vector<std::pair<std::int32_t, std::int32_t>> order;
  for (std::size_t i = 0; i < estate.machines.size(); ++i) {
    auto machine = static_cast<std::int32_t>(i);
    if (estate.machines[i].host != none) order.emplace_back(sets.first(machine), machine);
  }
  std::ranges::sort(order);
  Blocks blocks;
  std::int32_t block = none;
  for (auto [first, machine] : order) {
    if (first != block)
      blocks.ranges.emplace_back(static_cast<std::int32_t>(blocks.members.size()), 0);
    block = first;
    ++blocks.ranges.back().second;
    blocks.members.push_back(machine);
  }
  return blocks;
}

}  // namespace truce::scheduler
