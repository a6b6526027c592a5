// How many hosts are needed: the scheduler's view of hosts that sleep, and machines that find no
// place.
#pragma once

#include <string>
#include <vector>

#include "plans/demands.h"
#include "scheduler/sleep.h"

namespace truce::manager {

/// Takes what is said of power saving into the cluster. Code::invalid with the field.
Result<void> set_power_saving(model::Cluster& cluster, const model::ClusterChange& wish);

/// What the cluster wishes of hosts that sleep.
scheduler::SleepWish sleep_wish(const model::Cluster& cluster);

/// A row for each host of the inventory, in its order, which is the estate's. `resting`: hosts that
/// are left alone for a while, and why. `own`: the host of this manager.
std::vector<scheduler::PowerRow> power_rows(const Inventory& inventory,
                                            const std::map<std::string, std::string>& resting,
                                            Time time, const std::string& own);

/// A host that has to wake, and why.
struct ToWake {
  std::string host, reason;
};

/// Hosts that sleep and are needed for machines that find no place on those that are awake or on
/// their way: each would take at least one of them. Few at a time.
std::vector<ToWake> needed_for_machines(const Inventory& inventory);

/// Hosts that sleep and have something to do themselves: a certificate to renew, an authority to
/// believe.
std::vector<ToWake> needed_for_upkeep(const Inventory& inventory);

/// Whether something is under way that may change where machines are: then nobody is sent to sleep.
bool is_moving(const Inventory& inventory);

/// The hosts that might be emptied, in the order in which that costs least; at most `most`.
std::vector<std::int32_t> to_empty(const scheduler::Estate& estate,
                                   const std::vector<scheduler::PowerRow>& power,
                                   const scheduler::SleepWish& wish, std::size_t most);

}  // namespace truce::manager
