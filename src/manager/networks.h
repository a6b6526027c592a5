#pragma once

#include "ledger.h"
#include "manager/manager.h"

namespace truce::manager {

/// The network `default`, made with the first host's first report, in the best mode that it allows.
Result<void> make_first_network(const Settings& settings, const model::Host& host, Change& change,
                                const Inventory& inventory);

}  // namespace truce::manager
