// A leader, or one who believes to be it.
#pragma once

#include "availability/observer.h"
#include "availability/recovery.h"
#include "world.h"

namespace truce::sim {

/// All that recovery is told about the cluster besides the store.
struct Estate {
  std::vector<availability::Machine> machines;
  std::vector<availability::Room> rooms;
};

class Leader {
 public:
  Leader(World& world, const Estate& estate, std::size_t client);
  /// It is told that it leads from now on.
  void begin_term();
  /// It is told that it does not lead any more.
  void end_term();
  void stall();
  void go_on();
  [[nodiscard]] bool leads() const { return observer_.has_value(); }

 private:
  void poll();
  std::vector<Transaction> due(const View& view, availability::LeaderTime received);
  void saw(const View& view, availability::LeaderTime asked);
  void recover(const View& view, const std::vector<std::string>& believed_dead);
  [[nodiscard]] availability::LeaderTime now() const {
    return clock_.read<availability::LeaderTime>(world_.loop.now());
  }
  void send(Transaction transaction);

  World& world_;
  const Estate& estate_;
  std::size_t client_;
  Clock clock_;
  Lane lane_;
  std::optional<availability::Observer> observer_;
};

}  // namespace truce::sim
