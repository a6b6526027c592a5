// The numbers that safety rests on.
#pragma once

#include "base/time.h"

namespace truce::availability {

/// Periods by a computer's own clock, and what is assumed of computers. Those of all nodes and
/// leaders of a cluster are the same.
struct Timing {
  Duration heartbeat = 2s;  ///< between a node's heartbeats
  Duration self =
      8s;  ///< how long after sending its last credited heartbeat a node may run machines
  Duration dead = 10s;    ///< how long a leader sees no heartbeat before it fences the node
  Duration kill = 300ms;  ///< assumed: the reaper has killed all so long after the deadline
  Duration drain = 1s;    ///< assumed: what a killed machine had written reaches its disk within it
  double rate_error = 0.01;  ///< assumed: how much quicker or slower than time any clock runs
};

/// The least `dead` with which no two copies of a machine run, rounded up:
/// dead/(1+rate_error) >= self/(1-rate_error) + kill + drain.
Duration least_dead(const Timing& timing);

/// Code::invalid, with what would do: periods that are not positive, a rate error of 10 % or more,
/// a `self` that does not outlast two lost heartbeats, a `dead` below least_dead().
Result<void> check(const Timing& timing);

}  // namespace truce::availability
