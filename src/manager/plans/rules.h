// Placement rules: which machines are kept together, apart, on hosts or off them.
#pragma once

#include "api.h"

namespace truce::manager {

void add_rule_handlers(Handlers& handlers);

/// Keeps each rule's `problem`, who breaks it, up to date, until cancelled.
Async<void> watch_rules(Ledger& ledger);

/// Rules that name a machine by its name go on with the new one.
void rename_in_rules(const Inventory& inventory, Change& change, const std::string& before,
                     const std::string& after);

}  // namespace truce::manager
