// What a machine's process may touch: its own user, its own files, and what QEMU itself needs.
#pragma once

#include <vector>

#include "base/process.h"
#include "command_line.h"
#include "host/enclosure.h"
#include "hypervisor/hypervisor.h"
#include "runtime.h"

namespace truce::qemu {

/// Whom the machine's process runs as: `uid_base` + its number, and the group of the same number
/// (of /dev/kvm, where that is only open to its group). Nothing when we are not root: then it is
/// us.
User user_of(const hypervisor::Machine& machine, uid_t uid_base, Accelerator accelerator);

/// Gives the machine's own disks (those it writes, and all in its folder) to its user alone.
Result<void> own_files(const hypervisor::Machine& machine, const User& user);

/// Gives one file of the machine's folder, or a device node that is passed through, to its user.
Result<void> own_path(const std::filesystem::path& path, const User& user);

/// Makes the folders of layers beside its disks: there before the first snapshot, so that the rules
/// can let the machine in.
Result<void> make_layers_folders(const hypervisor::Machine& machine);

/// Paths that the process may use, for Landlock. Everything else reaches it as a descriptor.
FileRules file_rules(const hypervisor::Machine& machine, const Wiring& wiring,
                     const Runtime& runtime);

/// A command that runs `argv` as the machine's process is run. A network in user mode is the
/// host's, so that a machine with such a NIC has no network of its own.
Command confined(const hypervisor::Machine& machine, const Wiring& wiring, const Runtime& runtime,
                 const User& user, const Enclosure& enclosure, std::vector<std::string> argv);

/// What each process of a machine gets, whatever it runs: namespaces, limits, a filter, a profile.
void enclose(const Enclosure& enclosure, Command& command);

/// Who a machine that runs does so as, seen by its own folder.
User user_of(const Runtime& runtime);

}  // namespace truce::qemu
