#include "guard/fake.h"

namespace truce::guard {

void FakeReaper::look() {
  bool must = reaper_.must_kill(now_);
  auto held = reaper_.standing();
  word_->store(held ? held->incarnation : 0);
  if (!must) return;
  end();
  if (!left()) reaper_.cleared();
}

Async<Result<void>> FakeGuard::open(Standing standing) {
  reaper_->look();
  if (now() >= standing.deadline)
    co_return fail(Code::precondition, "life {} of {} is over already", standing.incarnation,
                   standing.node);
  CO_TRY_VOID(reaper_->reaper_.open(standing));
  reaper_->look();
  co_return Result<void>{};
}

void FakeGuard::extend(const Standing& standing) {
  reaper_->reaper_.extend(standing);
}

void FakeGuard::shut() {
  reaper_->reaper_.shut();
  reaper_->look();
}

std::optional<Standing> FakeGuard::standing() const {
  return reaper_->reaper_.standing();
}

bool FakeGuard::cleared() const {
  reaper_->look();
  return !reaper_->reaper_.standing() && !reaper_->reaper_.must_kill(reaper_->now_);
}

StartGate FakeGuard::gate(Incarnation incarnation) const {
  StartGate gate;
  gate.word = reaper_->word_.get();
  gate.memory = reaper_->word_;
  gate.open_for = incarnation;
  return gate;
}

Async<Result<void>> FakeGuard::retire() {
  if (!cleared()) co_return fail(Code::precondition, "what it guards still runs");
  co_return Result<void>{};
}

}  // namespace truce::guard
