// Disks of a machine that goes to another host: each is mirrored to the NBD server of the QEMU that
// waits there (qemu.git docs/interop/live-block-operations.rst, "QMP invocation for live storage
// migration with drive-mirror + NBD").
#pragma once

#include <functional>
#include <string>

#include "hypervisor/migration.h"
#include "running.h"

namespace truce::qemu {

/// How far the mirrors are.
struct MirrorProgress {
  double fraction = 0;
  Bytes copied;
};

/// Begins to copy; `socket` is where QEMU reaches the other side's server. What was begun before a
/// failure goes on: see call_off_mirrors().
Async<Result<void>> begin_mirrors(RunningPtr vm, hypervisor::Departure departure,
                                  std::filesystem::path socket);

/// Waits until all disks are the same on both sides and stay so. Code::cancelled when
/// Running::flight_stopped.
Async<Result<void>> follow_mirrors(RunningPtr vm, std::vector<hypervisor::CopiedDisk> copied,
                                   std::function<void(const MirrorProgress&)> progress);

/// While the guest stands still: the other side has all of them, durably, and they are let go.
Async<Result<void>> complete_mirrors(RunningPtr vm, std::vector<hypervisor::CopiedDisk> copied);

/// Ends whatever there is of them, also an earlier daemon's.
Async<Result<void>> call_off_mirrors(RunningPtr vm);

}  // namespace truce::qemu
