#include "availability/observer.h"

namespace truce::availability {

std::vector<Transaction> Observer::saw(const View& view, LeaderTime received) {
  if (view.revision < newest_) return {};  // overtaken on its way
  if (last_read_ && received - *last_read_ > 2 * timing_.heartbeat) counts_.clear();
  newest_ = view.revision;
  last_read_ = received;
  std::erase_if(counts_, [&](const auto& count) { return !view.beats.contains(count.first); });
  std::vector<Transaction> fences;
  for (const auto& [node, beat] : view.beats) {
    auto& count = counts_[node];
    if (count.beat != beat.modified) count = {beat.modified, received};
    if (received - count.first_seen < timing_.dead) continue;
    if (auto due = fence(view, node)) fences.push_back(*std::move(due));
  }
  return fences;
}

std::optional<Duration> Observer::silence(const std::string& node) const {
  auto found = counts_.find(node);
  if (found == counts_.end()) return {};
  return std::chrono::floor<Duration>(*last_read_ - found->second.first_seen);
}

}  // namespace truce::availability
