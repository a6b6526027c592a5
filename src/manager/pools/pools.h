#pragma once

#include <span>

#include "ledger.h"

namespace truce::manager {

/// What a new or larger disk takes of a pool.
struct Need {
  Bytes promised;  ///< to the guest
  Bytes stored;    ///< at once
};

/// Whether a disk can be in a pool: Code::invalid when there is none of that name, unavailable when
/// it is not there at present, limit when it is full or has promised too much; with the field at
/// fault. `host`: where the machine is; empty: any host that has the pool will do.
Result<void> check_pool(const Inventory& inventory, const std::string& name, Need need,
                        std::string_view field, const std::string& host);

/// A pool, as a host sees it.
struct PoolSight {
  std::string host;
  model::Pool seen;
};
/// Takes in what hosts have seen of one pool, where it is news; each host once. What an
/// administrator has set stays, and so does what other hosts have seen.
void take_in_pool(const Inventory& inventory, Change& change, const std::string& name,
                  std::span<const PoolSight> sights);

/// The end of a job that created or deleted a pool on a host.
void end_pool_job(const Inventory& inventory, Change& change, const model::Job& job, bool failed);

/// What a host is told of the pools that it shall have: what was asked for, and not what was seen.
std::vector<model::Pool> wanted_pools(const Inventory& inventory, const std::string& host);

}  // namespace truce::manager
