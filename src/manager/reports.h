#pragma once

#include "ledger.h"
#include "manager/manager.h"
#include "pools/intake.h"

namespace truce::manager {

/// Stores what a node saw: states, addresses, the ends of tasks and jobs, events. Idempotent: the
/// same report twice changes nothing the second time.
Async<Result<void>> store_report(Ledger& ledger, const Settings& settings, PoolIntake& pools,
                                 std::string host, model::Report report);

}  // namespace truce::manager
