// Network cards of machines: what can be chosen and changed of them.
#pragma once

#include "api.h"

namespace truce::manager {

/// A machine's first network card as its creation wishes it. Fails with the field
/// of VmCreate that is wrong.
Result<model::VmNic> new_nic(const Inventory& inventory, const access::Caller& caller,
                             const model::VmCreate& wish);

/// Code::precondition when a network, changed like this, no longer suits a NIC that is plugged into
/// it.
Result<void> check_nics_of(const Inventory& inventory, const model::Network& network);

void add_nic_handlers(Handlers& handlers);

}  // namespace truce::manager
