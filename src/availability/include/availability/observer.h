// A leader's side: which nodes are dead.
#pragma once

#include "availability/timing.h"
#include "availability/transactions.h"

namespace truce::availability {

/// Counts, by the leader's own clock, how long each heartbeat has stood unchanged. Made anew for
/// each term of leadership: counts of an earlier one, or of another leader, are not taken over.
///
/// Promise: a fence is asked for only if the heartbeat in its condition was first seen at least
/// `dead` ago by this clock. Without reads it asks for nothing.
class Observer {
 public:
  explicit Observer(const Timing& timing) : timing_(timing) {}

  /// A linearizable read whose answer came at `received`: the moment of the answer, as what was
  /// read may have been written after it was asked for. Answers the fences that are due.
  /// When nothing could be read for two heartbeats all counts begin anew: maybe nobody could write,
  /// either.
  std::vector<Transaction> saw(const View& view, LeaderTime received);

  /// How long the node's present heartbeat has been seen unchanged; none: nothing was seen of it.
  [[nodiscard]] std::optional<Duration> silence(const std::string& node) const;

 private:
  struct Count {
    Revision beat = 0;
    LeaderTime first_seen;
  };
  Timing timing_;
  std::optional<LeaderTime> last_read_;
  Revision newest_ = 0;
  std::map<std::string, Count> counts_;
};

}  // namespace truce::availability
