// What a Platform's verbs do on a host. All here blocks, and belongs on threads of a Crew; each is
// as platform/platform.h promises.
#pragma once

#include "connection.h"

namespace truce::libvirt {

Result<void> start(Connection& on, const std::string& machine);
Result<void> request_stop(Connection& on, const std::string& machine);
Result<void> kill(Connection& on, const std::string& machine);
/// Where a driver cannot reset: the power goes and comes.
Result<void> reset(Connection& on, const std::string& machine);
Result<void> suspend(Connection& on, const std::string& machine);

Result<std::string> create_snapshot(Connection& on, const std::string& machine,
                                    const platform::SnapshotOrder& order);
Result<void> restore_snapshot(Connection& on, const std::string& machine,
                              const std::string& snapshot);
Result<void> remove_snapshot(Connection& on, const std::string& machine,
                             const std::string& snapshot, platform::Snapshots::Extent extent);

/// Copies each disk's volume within its pool. Code::precondition: it is not off, or a disk is in no
/// pool.
Result<std::string> clone(Connection& on, const std::string& machine, const std::string& name);
Result<void> resize(Connection& on, const std::string& machine, std::optional<int> cpus,
                    std::optional<Bytes> memory);
/// With the volumes that are its own: what another machine or volume needs, is refused with
/// Code::precondition; a disk in no pool stays, and is logged.
Result<void> remove(Connection& on, const std::string& machine);

}  // namespace truce::libvirt
