// Machines of ours as Xen hosts have them: Xen's own disks and cards, and three ways to start.
// Pure.
#pragma once

#include "model/hardware.h"
#include "relocation/mapping.h"

namespace truce::manager {

/// Sets what NewMachine has for Xen, and tells what changes; answers what its cards are.
/// Code::invalid with the field of MoveOptions when it cannot be started so.
Result<model::NicModel> to_xen(const model::Vm& vm, const model::Outfit& outfit,
                               const model::MoveOptions& options,
                               platform::Transfers::Devices devices, ToThere& to);

/// Code::invalid when something is said of Xen of a machine that goes elsewhere.
Result<void> check_no_xen(const model::MoveOptions& options);

}  // namespace truce::manager
