#include "availability/reaper.h"

#include <algorithm>

namespace truce::availability {

Result<void> Reaper::open(const Standing& standing) {
  if (open_) return fail(Code::precondition, "a life of {} has not ended", held_->node);
  if (!clear_) return fail(Code::precondition, "machines of an earlier life may still run");
  if (held_ && standing.incarnation <= held_->incarnation)
    return fail(Code::precondition, "life {} is not later than {}", standing.incarnation,
                held_->incarnation);
  held_ = standing;
  open_ = true;
  clear_ = false;
  return {};
}

void Reaper::extend(const Standing& standing) {
  if (!admits(standing.incarnation)) return;
  held_->deadline = std::max(held_->deadline, standing.deadline);
}

void Reaper::shut() {
  open_ = false;
}

void Reaper::cleared() {
  TRUCE_ASSERT(!open_, "cleared while the gate is open");
  clear_ = true;
}

bool Reaper::must_kill(NodeTime now) {
  if (open_ && now >= held_->deadline) shut();
  return !open_ && !clear_;
}

}  // namespace truce::availability
