#pragma once

#include "ledger.h"
#include "scheduler/scheduler.h"

namespace truce::manager {

/// Where the inventory as it stands would put a machine.
scheduler::Placement place_now(const Inventory& inventory, const model::Vm& vm);

/// Which of these hosts would suit a machine best, as place_now().
scheduler::Placement place_among(const Inventory& inventory, const model::Vm& vm,
                                 const std::vector<std::string>& hosts);
/// All hosts, with what they have promised to machines other than `except` (a uuid).
std::vector<scheduler::Candidate> candidates(const Inventory& inventory, const std::string& except);

/// What rules say about a machine, and whether hosts reach its disks; good while the machine lives.
scheduler::Terms terms_with_reach(const Inventory& inventory, const model::Vm& vm);

/// Whether the machine's host and resource pools can run it now: beside what it has promised to
/// others, and beside those that are there.
Result<void> check_room(const Inventory& inventory, const model::Vm& vm);

/// Whether the machine may be beside those that are on its host.
Result<void> check_company(const Inventory& inventory, const model::Vm& vm);

/// Places machines that have no host, as hosts and machines change, until cancelled.
Async<void> place_machines(Ledger& ledger);

}  // namespace truce::manager
