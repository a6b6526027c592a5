// What was measured, as it goes into the history and comes out of it.
#pragma once

#include "ledger.h"
#include "metrics/history.h"
#include "metrics/measurements.h"

namespace truce::manager {

/// Places in the list of kinds of open_history().
enum class Measured : std::size_t { vm, host, pool };

/// The history of this server's objects. Null, with a warning in the log, where it cannot be had:
/// all else works without it.
std::unique_ptr<metrics::History> open_history(const std::filesystem::path& folder);

void keep(metrics::History& history, Time time, Round round);

/// Forgets every hour what objects had that are no more.
Async<void> forget_deleted(const Ledger& ledger, metrics::History& history);

}  // namespace truce::manager
