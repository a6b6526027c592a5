// What a hypervisor tells of its machines without being asked.
#pragma once

#include <string>

namespace truce::hypervisor {

/// Why a machine stopped running, told apart.
enum class EndReason {
  guest_shutdown,  ///< the guest powered itself off
  requested,       ///< request_stop(), suspend() or kill() was asked for
  crashed,         ///< the VM's process ended by itself or by a signal
  out_of_memory,   ///< the kernel's out-of-memory killer took it
  guest_panic,
};

/// Why a machine stands still that nobody has paused.
enum class Cause {
  other,
  no_space,  ///< what it writes has no room any more
  io_error,  ///< its disks cannot be read or written; it tries again when it is resumed
  watchdog,  ///< its guest has not fed its watchdog
  /// Its kernel has panicked: reset() and resume() let it begin anew, kill() ends it with
  /// EndReason::guest_panic. One that is found so when something else is done with it has ended.
  panic,
};

/// What happens to a machine: each is told within a second. `ended` is told exactly once for every
/// machine that ran, also when it was asked for (then before the verb answers); the others only
/// when nobody asked for them, `guest_reset` at most once a second.
struct Notice {
  std::string uuid;
  enum class Kind { ended, guest_reset, paused, resumed } kind = Kind::ended;
  EndReason reason = EndReason::crashed;  ///< for `ended`
  std::string detail;                     ///< one line for people: `QEMU ended: signal 9 (Killed)`
  Cause cause = Cause::other;             ///< for `paused`
};

}  // namespace truce::hypervisor
