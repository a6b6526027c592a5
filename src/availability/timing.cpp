#include "availability/timing.h"

#include <cmath>

namespace truce::availability {

Duration least_dead(const Timing& timing) {
  auto slowest_node = static_cast<double>(timing.self.count()) / (1 - timing.rate_error);
  auto assumed = static_cast<double>((timing.kill + timing.drain).count());
  auto quickest_leader = (slowest_node + assumed) * (1 + timing.rate_error);
  return Duration(static_cast<Duration::rep>(std::ceil(quickest_leader)));
}

Result<void> check(const Timing& timing) {
  if (timing.heartbeat <= 0ms || timing.self <= 0ms || timing.dead <= 0ms)
    return fail(Code::invalid, "heartbeat, self and dead must be more than 0");
  if (timing.kill < 0ms || timing.drain < 0ms)
    return fail(Code::invalid, "kill and drain cannot be less than 0");
  if (!(timing.rate_error >= 0 && timing.rate_error < 0.1))
    return fail(Code::invalid, "rate_error is {}; it must be from 0 to below 0.1",
                timing.rate_error);
  if (timing.self <= 3 * timing.heartbeat)
    return fail(Code::invalid,
                "self is {} ms; it must be more than three heartbeats ({} ms), so that two may be "
                "lost",
                timing.self.count(), 3 * timing.heartbeat.count());
  if (timing.dead < least_dead(timing))
    return fail(Code::invalid,
                "dead is {} ms; two copies of a machine could run unless it is at least {} ms",
                timing.dead.count(), least_dead(timing).count());
  return {};
}

}  // namespace truce::availability
