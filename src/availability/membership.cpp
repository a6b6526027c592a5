#include "availability/membership.h"

#include <algorithm>

namespace truce::availability {

Membership::Membership(std::string node, const Timing& timing)
    : node_(std::move(node)), timing_(timing) {}

Membership::Membership(const Standing& held, const Timing& timing, NodeTime now)
    : node_(held.node), timing_(timing) {
  if (now >= held.deadline) return;
  phase_ = Phase::member;
  standing_ = held;
}

std::optional<Membership::Request> Membership::tick(NodeTime now) {
  if (phase_ == Phase::member && !may_run(now)) end_life();
  if (phase_ == Phase::clearing || (phase_ == Phase::joining && now < drained_)) return {};
  // While joining, a request that is not answered within a heartbeat is given up.
  if (sent_ && now < *sent_ + timing_.heartbeat) return {};
  if (phase_ == Phase::member) return request(now, heartbeat(*standing_, now));
  waiting_.clear();
  if (!known_) return request(now, std::nullopt);
  known_ = false;  // whatever becomes of the claim, the next one is based on what is read then
  return request(now, claim(node_, last_, now));
}

void Membership::cleared(NodeTime now) {
  TRUCE_ASSERT(phase_ == Phase::clearing, "cleared while machines may run");
  phase_ = Phase::joining;
  drained_ = now + timing_.drain;
  known_ = false;
  sent_.reset();
}

void Membership::read(std::uint64_t id, const std::optional<Stored<NodeRecord>>& own) {
  if (!take(id) || phase_ != Phase::joining) return;
  last_ = own;
  known_ = true;
  sent_.reset();
}

void Membership::answered(std::uint64_t id, Outcome outcome, Revision revision, NodeTime now) {
  if (phase_ == Phase::member && !may_run(now)) end_life();
  auto at = take(id);
  if (!at || outcome == Outcome::unknown) return;
  if (phase_ == Phase::joining) {
    sent_.reset();
    auto deadline = *at + timing_.self;
    if (outcome != Outcome::committed || now >= deadline) return;
    standing_ = Standing{node_, last_ ? last_->value.incarnation + 1 : 1, revision, deadline};
    phase_ = Phase::member;
    sent_ = *at;
  } else if (phase_ == Phase::member) {
    if (outcome == Outcome::conflict) return end_life();
    standing_->deadline = std::max(standing_->deadline, *at + timing_.self);
  }
}

// No answer to a request of the life that ended counts any more.
void Membership::end_life() {
  phase_ = Phase::clearing;
  standing_.reset();
  sent_.reset();
  waiting_.clear();
}

Membership::Request Membership::request(NodeTime now, std::optional<Transaction> transaction) {
  std::erase_if(waiting_, [&](const Sent& sent) { return now >= sent.at + timing_.self; });
  waiting_.push_back({next_id_, now});
  sent_ = now;
  return {next_id_++, std::move(transaction)};
}

std::optional<NodeTime> Membership::take(std::uint64_t id) {
  auto found = std::ranges::find(waiting_, id, &Sent::id);
  if (found == waiting_.end()) return {};
  auto at = found->at;
  waiting_.erase(found);
  return at;
}

}  // namespace truce::availability
