// How many hosts the machines of an estate need at least.
#pragma once

#include "scheduler/plans.h"

namespace truce::scheduler {

struct HostsNeeded {
  std::int64_t hosts = 0;  ///< proven: with fewer it cannot be done
  std::string reason;
};

/// By sums over the largest hosts, by hosts that cannot be emptied and, where all hosts are equal
/// and there are few types of machines, by column generation. Rules can only make it more.
HostsNeeded hosts_needed(const Estate& estate, int ceiling_percent);

}  // namespace truce::scheduler
