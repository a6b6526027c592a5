// Pools on several hosts: what each has of them, and what that is together.
#pragma once

#include <optional>
#include <string>

#include "ledger.h"

namespace truce::manager {

/// A pool as one host has it: with that host's numbers, folder and problem. None where the host has
/// none of it.
std::optional<model::Pool> pool_at(const model::Pool& pool, const std::string& host);

/// The key of how a host has a pool.
std::string place_key(std::string_view pool, std::string_view host);

/// A pool without its places, and where it has some, without what is made of them: what is stored
/// of it under its own name. Hosts change only their own places, so that what one reports costs as
/// much with thousands of them.
model::Pool without_places(const model::Pool& pool);

/// The pool as it is shown: with its places, and what is made of them. Places that stand in the
/// object itself are those of a store from before they had keys of their own, and count.
model::Pool joined(const model::Pool& stored, const Places& places);

/// Gives places of pools from such a store keys of their own. At the start, before hosts report.
Async<Result<void>> move_places(Ledger& ledger);

/// Removes what is left of pools that are gone, until cancelled.
Async<void> clear_places(Ledger& ledger);

/// Whether what a host tells of its place is to be stored. Where few hosts have the pool, whatever
/// is new; where many have it, their numbers may be off by up to a hundredth of what they have, by
/// less the fuller they are, and what they are called, have too little of or lack is always stored.
bool is_news(const model::Pool& pool, const model::PoolPlace& place);

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
void put_places(model::Pool& pool, const std::vector<model::PoolPlace>& places);

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
