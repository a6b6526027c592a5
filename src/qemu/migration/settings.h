// What QEMU's migration does and does not do, in one place: saving memory to a file and sending it
// to another host need different things of it, and QEMU keeps what was said last (qemu.git
// qapi/migration.json).
#pragma once

#include <string>
#include <vector>

#include "hypervisor/migration.h"
#include "running.h"

namespace truce::qemu {

/// Switches these capabilities on, and all others that we ever switch on off. Not while QEMU
/// migrates.
Async<Result<void>> set_capabilities(RunningPtr vm, std::vector<std::string> on);

/// Makes a QEMU ready to send, or to receive, as `departure` says. Code::unsupported for what does
/// not go together, or not here.
Async<Result<void>> prepare_to_send(RunningPtr vm, hypervisor::Departure departure);
Async<Result<void>> prepare_to_receive(RunningPtr vm, hypervisor::Departure departure);

/// How a migration stands (`query-migrate`).
struct MigrationState {
  std::string status;  ///< QEMU's word; empty: there was none
  std::string error;
  Bytes sent, left, dirty_rate;
  std::int64_t rounds = 0;
  Duration downtime{};         ///< the guest's, by QEMU's own count
  std::string blocked_reason;  ///< why there can be none

  /// It has been begun, and has not ended.
  [[nodiscard]] bool under_way() const;
};

Async<Result<MigrationState>> migration_state(RunningPtr vm);

/// Waits until QEMU has cleared up after a migration, however that ended; false: it has not in
/// time. It tells the end earlier, and takes new capabilities and a new migration from then on,
/// which corrupts its heap.
Async<Result<bool>> clear_of_migration(RunningPtr vm, Duration limit);

}  // namespace truce::qemu
