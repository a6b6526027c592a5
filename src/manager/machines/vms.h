#pragma once

#include "api.h"

namespace truce::manager {

/// A new machine as it is wished, with no host yet; fails with the field of VmCreate at fault.
Result<model::Vm> new_vm(const Inventory& inventory, const access::Caller& caller,
                         const model::VmCreate& wish);

}  // namespace truce::manager
