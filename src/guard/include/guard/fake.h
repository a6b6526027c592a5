// A guard without a process, whose clock a test moves.
#pragma once

#include "availability/reaper.h"
#include "guard/guard.h"

namespace truce::guard {

/// Kills through `end`, on the loop that calls look(): tests call that after each step of the
/// clock, as the real one would look by itself. Its state outlives the guards on it, as a reaper
/// does.
class FakeReaper {
 public:
  explicit FakeReaper(NodeTime start = NodeTime(std::chrono::hours(1))) : now_(start) {}

  [[nodiscard]] NodeTime now() const { return now_; }
  void advance(Duration time) {
    now_ += time;
    look();
  }
  /// Kills if it must. Also what has come through since is dead when `left` says so.
  void look();
  std::function<void()> end = [] {};                  ///< kills all that came through
  std::function<bool()> left = [] { return false; };  ///< whether something of it still runs

 private:
  friend class FakeGuard;
  NodeTime now_;
  availability::Reaper reaper_;
  std::shared_ptr<std::atomic<std::uint64_t>> word_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

class FakeGuard final : public Guard {
 public:
  explicit FakeGuard(std::shared_ptr<FakeReaper> reaper) : reaper_(std::move(reaper)) {}

  [[nodiscard]] NodeTime now() const override { return reaper_->now(); }
  Async<Result<void>> open(Standing standing) override;
  void extend(const Standing& standing) override;
  void shut() override;
  [[nodiscard]] std::optional<Standing> standing() const override;
  [[nodiscard]] bool cleared() const override;
  [[nodiscard]] StartGate gate(Incarnation incarnation) const override;
  [[nodiscard]] std::string weakness() const override { return {}; }
  Async<Result<void>> retire() override;
  Async<void> close() override { co_return; }

 private:
  std::shared_ptr<FakeReaper> reaper_;
};

}  // namespace truce::guard
