// Machines in an order that the caller chose, any part of it at once: what a long table shows.
#pragma once

#include "api.h"

namespace truce::manager {

/// Whether a request asks for an order or a place of its own (`sort`, `descending`, `offset`).
bool in_another_order(const Context& context);

/// A page of machines in that order, and how many match in all. Equal ones are in the order of
/// their names. `after` is the name that the page begins behind; it is refused when it is no longer
/// there. Costs a look at every machine: about 5 ms for 40,000.
Result<http::Response> ordered_page(const Inventory& inventory, const Context& context);

}  // namespace truce::manager
