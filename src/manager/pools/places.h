// Pools on several hosts: what each has of them, and what that is together.
#pragma once

#include <optional>
#include <string>

#include "ledger.h"

namespace truce::manager {

/// A pool as one host has it: with that host's numbers, folder and problem. None where the host has
/// none of it.
std::optional<model::Pool> pool_at(const model::Pool& pool, const std::string& host);

/// Whether disks in a pool can be opened on a host now.
bool reaches(const Inventory& inventory, const std::string& pool, const std::string& host);

/// Whether a machine can be on a host as far as its disks are concerned. One whose disks are made
/// stays where those of them are that one host has; before that, each host will do that has its
/// pools, with room. Code::unavailable, precondition or limit, in a sentence that begins with the
/// host's name.
Result<void> check_reach(const Inventory& inventory, const model::Vm& vm, const std::string& host);

/// Takes in what a host has seen of a pool, and makes the pool's own numbers anew: sums of what the
/// hosts have, or, where they share it, what one of them has seen.
void put_place(model::Pool& pool, model::PoolPlace place);

/// The pool is no more on that host.
void drop_place(model::Pool& pool, const std::string& host);

/// What a host had of pools and templates is gone with it, and what it was to do is not done: for a
/// host that leaves the estate for good. As much as goes into one commit: a change that it adds
/// nothing to is the last.
void forget_host(const Inventory& inventory, Change& change, const std::string& host);

/// The host that does what no other was named for: the manager's own, or else the first that is
/// connected. Empty while there is none.
std::string usual_host(const Inventory& inventory, const std::string& own);

/// `wish`, or where that is empty the usual one; Code::invalid with the field /host when there is
/// no such host.
Result<std::string> choose_host(const Inventory& inventory, const std::string& own,
                                const std::string& wish);

}  // namespace truce::manager
