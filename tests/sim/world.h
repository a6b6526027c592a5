// What the parts of one run share.
#pragma once

#include "availability/records.h"
#include "availability/timing.h"
#include "oracle.h"
#include "store.h"
#include "variant.h"

namespace truce::sim {

/// For old_counts: what leaders hand on to each other, in numbers that each reads by its own clock.
struct HandedOn {
  Revision beat = 0;
  availability::LeaderTime first_seen;
};

struct World {
  World(std::uint64_t seed, Variant broken, bool traced)
      : chance(seed),
        variant(broken),
        trace(loop, traced),
        store(trace),
        oracle(trace),
        wire(loop, chance, store) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Moment some(Moment low, Moment high) { return Moment(chance.between(low.count(), high.count())); }
  /// A clock that began at any time, as wrong in its rate as is assumed, often at the end of it.
  Clock some_clock() {
    auto off = static_cast<double>(chance.between(-1000, 1000)) / 1000;
    if (chance.happens(0.5)) off = off < 0 ? -1 : 1;
    return {Moment(chance.between(0, 2'000'000'000)), 1 + off * timing.rate_error};
  }

  Loop loop;
  Chance chance;
  Variant variant;
  availability::Timing timing;
  Moment poll{200'000};        ///< how often nodes and leaders look
  std::set<std::string> kept;  ///< machines that run on when their host is cut off
  std::map<std::string, HandedOn> handed_on;
  Trace trace;
  Store store;
  Oracle oracle;
  Wire wire;
};

/// Runs what happens on something that can be stopped for a while, or end: what comes meanwhile
/// waits, what was of an earlier life is dropped.
class Lane {
 public:
  using Life = std::uint64_t;
  [[nodiscard]] Life life() const { return life_; }
  void run(Life life, std::function<void()> what) {
    if (life != life_) return;
    if (stopped_) {
      waiting_.emplace_back(life, std::move(what));
    } else {
      what();
    }
  }
  void stop() { stopped_ = true; }
  void go_on() {
    stopped_ = false;
    for (auto& [life, what] : std::exchange(waiting_, {})) run(life, std::move(what));
  }
  void end() {
    ++life_;
    stopped_ = false;
    waiting_.clear();
  }
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  Life life_ = 0;
  bool stopped_ = false;
  std::vector<std::pair<Life, std::function<void()>>> waiting_;
};

}  // namespace truce::sim
