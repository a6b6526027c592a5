#pragma once

#include "ledger.h"
#include "scheduler/scheduler.h"

namespace truce::manager {

/// Where the inventory as it stands would put a machine.
scheduler::Placement place_now(const Inventory& inventory, const model::Vm& vm);

/// Whether the machine's host has the memory to run it now, beside what it has promised to others.
Result<void> check_room(const Inventory& inventory, const model::Vm& vm);

/// Places machines that have no host, as hosts and machines change, until cancelled.
Async<void> place_machines(Ledger& ledger);

}  // namespace truce::manager
