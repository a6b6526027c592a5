#include "alarms/decide.h"

namespace truce::manager {
namespace {

// The loop stood still, or the machine slept: nobody knows what was in between.
constexpr Duration longest_gap = 60s;
constexpr std::size_t longest_reason = 300;

// No longer than that, and no character of UTF-8 cut in two.
std::string shortened(std::string_view text) {
  if (text.size() <= longest_reason) return std::string(text);
  auto end = longest_reason;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return std::string(text.substr(0, end));
}

}  // namespace

AlarmTracker::AlarmTracker(const std::vector<model::AlarmTarget>& raised) {
  for (const auto& target : raised) watches_[target.id].raised = target;
  raised_ = watches_.size();
}

std::vector<AlarmTurn> AlarmTracker::look(const AlarmTerms& terms,
                                          const std::vector<AlarmSample>& samples, Moment now) {
  passed_ = last_ ? now.uptime - *last_ : Duration{};
  last_ = now.uptime;
  ++looks_;
  due_ = 0;
  if (passed_ > longest_gap || condition_ != terms.condition) {
    condition_ = terms.condition;
    for (auto& [id, watch] : watches_) watch.turning.reset();
  }
  std::vector<AlarmTurn> turns;
  for (const auto& sample : samples) see(terms, sample, now, turns);
  end_unseen(terms, turns);
  return turns;
}

void AlarmTracker::see(const AlarmTerms& terms, const AlarmSample& sample, Moment now,
                       std::vector<AlarmTurn>& turns) {
  auto found = watches_.find(sample.id);
  if (found == watches_.end()) {
    if (sample.holds != Holds::yes) return;
    found = watches_.emplace(sample.id, Watch{}).first;
  }
  auto& watch = found->second;
  watch.seen = looks_;
  auto target = fmt::format("{}/{}", terms.folder, sample.name);
  if (watch.raised && watch.raised->target != target) {
    auto renamed = *watch.raised;
    renamed.target = target;
    turns.push_back({AlarmTurn::Kind::renamed, std::move(renamed)});
  }
  if (sample.holds == Holds::unknown) {
    if (watch.turning) *watch.turning += passed_;
    return;
  }
  bool as_it_was = (sample.holds == Holds::yes) == watch.raised.has_value();
  if (as_it_was) {
    watch.turning.reset();
    return;
  }
  if (!watch.turning) {
    watch.turning = now.uptime;
    watch.turning_wall = now.wall;
  }
  auto held = now.uptime - *watch.turning;
  if (watch.raised && held >= terms.clear()) {
    AlarmTurn turn{AlarmTurn::Kind::cleared, *watch.raised};
    turn.target.target = std::move(target);
    turns.push_back(std::move(turn));
  } else if (!watch.raised && held >= terms.hold && raised_ + due_ < most_raised) {
    ++due_;
    model::AlarmTarget raised{.id = found->first, .target = std::move(target)};
    raised.project = sample.project;
    raised.since = watch.turning_wall;
    raised.value = sample.value;
    raised.reason = shortened(sample.reason);
    turns.push_back({AlarmTurn::Kind::raised, std::move(raised)});
  }
}

void AlarmTracker::end_unseen(const AlarmTerms& terms, std::vector<AlarmTurn>& turns) {
  std::erase_if(watches_, [&](const auto& entry) {
    const auto& watch = entry.second;
    return !watch.raised && (watch.seen != looks_ || !watch.turning);
  });
  for (const auto& [id, watch] : watches_) {
    if (watch.seen == looks_) continue;
    AlarmTurn turn{AlarmTurn::Kind::cleared, *watch.raised};
    turn.target.reason = terms.gone;
    turns.push_back(std::move(turn));
  }
}

void AlarmTracker::accept(const AlarmTurn& turn) {
  if (turn.kind == AlarmTurn::Kind::raised) {
    auto& watch = watches_[turn.target.id];
    watch.raised = turn.target;
    watch.turning.reset();
    ++raised_;
  } else if (turn.kind == AlarmTurn::Kind::cleared) {
    raised_ -= watches_.erase(turn.target.id);
  } else {
    watches_[turn.target.id].raised = turn.target;
  }
}

}  // namespace truce::manager
