// A machine that runs as a throw-away, to see whether it boots: nothing that it does is kept.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "hypervisor/hypervisor.h"
#include "model/model.h"

namespace truce::node {

/// The folder in a machine's home that has all that a trial writes.
inline constexpr std::string_view trial_folder = "trial";

/// Makes a throw-away of what would be started: it writes to new, empty files above its disks,
/// which are only read, and what its firmware and its TPM remember begins empty and goes with them.
/// `disks` say how large these are. What an earlier trial has left is removed. Blocks shortly.
/// Code::unsupported for disks that are encrypted.
Result<void> make_trial(hypervisor::Machine& machine, const std::vector<model::VmDisk>& disks);

/// Removes all of it. Absent is success.
Result<void> remove_trial(const std::filesystem::path& home);
/// The same; what cannot be removed is tried again at the next start.
void sweep_trial(const std::filesystem::path& home);

/// A network card that is plugged in, and reaches nobody.
hypervisor::Port isolated_port(const model::VmNic& nic);

/// What a terminal would show of that output: printable ASCII, in lines.
std::string plain_text(std::string_view output);

/// What can be seen of a guest. What cannot is left out; this never fails.
Async<model::GuestSigns> signs_of(hypervisor::Hypervisor& hypervisor, std::string uuid,
                                  std::string serial, std::int64_t resets);

}  // namespace truce::node
