// Machines of ours as Hyper-V has them: generation 1 with BIOS, generation 2 with UEFI. Pure.
#pragma once

#include "model/hardware.h"
#include "relocation/mapping.h"

namespace truce::manager {

/// Sets what NewMachine has for Hyper-V but for its disks and cards, and tells what changes;
/// answers what its cards are.
model::NicModel to_hyperv(const model::Vm& vm, const model::Outfit& outfit, ToThere& to);

/// What the disk with this number hangs on there.
model::DiskBus hyperv_bus(const model::Outfit& outfit, std::size_t disk);

}  // namespace truce::manager
