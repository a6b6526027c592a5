#pragma once

#include "access/access.h"
#include "ledger.h"
#include "manager/manager.h"

namespace truce::manager {

/// The network `default`, made with the first host's first report, in the best mode that it allows.
Result<void> make_first_network(const Settings& settings, const model::Host& host, Change& change,
                                const Inventory& inventory);

/// Code::forbidden when the caller may not have a NIC without its spoof filter.
Result<void> allow_spoof_filter(const access::Caller& caller, bool wanted);

}  // namespace truce::manager
