// What a live migration is expected to take, before it begins.
#pragma once

#include "base/bytes.h"
#include "base/time.h"

namespace truce::node {

/// What is known of a machine and of the way that it goes.
struct Outlook {
  Bytes memory;                                        ///< that has to be sent once
  Bytes disks;                                         ///< likewise, before
  Bytes dirty_rate;                                    ///< memory changed a second
  Bytes bandwidth;                                     ///< a second
  Duration downtime = std::chrono::milliseconds(300);  ///< that the guest may stand still
  bool auto_converge = true;
};

struct Forecast {
  Duration total{}, downtime{};
  int rounds = 0;
  bool converges = true;  ///< by itself, at this rate
};

/// Memory is sent in rounds, each as long as what was changed during the one before takes, until
/// the rest fits into the downtime. A guest that changes more than can be sent is slowed down to a
/// hundredth at most, or never gets done.
Forecast predict(const Outlook& outlook);

}  // namespace truce::node
