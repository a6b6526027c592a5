// Whether machines can run with KVM here: that there is a device is not enough.
#pragma once

#include <filesystem>
#include <string>

#include "base/async.h"
#include "base/result.h"

namespace truce::qemu {

/// Whether a machine's process could open the device. A daemon that is root runs each machine as a
/// user of its own, which comes in as a member of the device's group (but for root's), or where
/// everybody may: Code::forbidden where neither holds.
Result<void> check_kvm(const std::filesystem::path& device = "/dev/kvm");

/// Starts a QEMU with KVM that runs nothing. Answers what is to be left out of the processor of the
/// host, in QEMU's words: mostly nothing; `,-arch-capabilities` where a KVM that is itself in a
/// machine offers a register that it does not let QEMU set.
Async<Result<std::string>> try_kvm(std::string program);

}  // namespace truce::qemu
