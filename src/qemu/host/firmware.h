// UEFI: its code, which all machines share, and the variables that are each machine's own.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "command_line.h"

namespace truce::qemu {

/// The files of Debian's package ovmf for machines with these keys: 4 MiB flash, of which
/// `variables` is what a new machine begins with.
FirmwareFiles firmware_files(const std::filesystem::path& folder, model::SecureBoot keys);

/// The firmware of a machine. Its variables are copied into its folder when it has none of that
/// kind yet, so what the guest wrote into them stays. Code::unsupported without the package; also
/// when it is to start a kernel that UEFI cannot start.
Result<FirmwareFiles> prepare_firmware(const hypervisor::Machine& machine,
                                       const std::filesystem::path& folder);

}  // namespace truce::qemu
