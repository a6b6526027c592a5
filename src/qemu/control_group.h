// The control groups of one machine (kernel: admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/bytes.h"
#include "hypervisor/hypervisor.h"

namespace truce::qemu {

/// Where control groups are made: `<root>[/<controller>]/<name>[/<group>.pool …]/<uuid>`. Below
/// `name` may also be `protected`, with all that a host that is cut off kills (StartGate::above).
struct ControlGroupPlace {
  std::filesystem::path root = "/sys/fs/cgroup";
  std::string name = "truce";
};

/// What a machine may use. Threads are bounded; the rest is what is wanted of its host.
struct ControlGroupLimits {
  Bytes memory;
  int cpus = 1;
  int threads = 512;
  hypervisor::Limits wanted = {};
};

/// What the processes of a group have used, as the kernel counts it. What it does not tell is 0.
struct ControlGroupUse {
  double cpu_seconds = 0;
  double throttled_seconds = 0;  ///< how long a limit has held it back
  Bytes memory;
  double cpu_pressure = 0, memory_pressure = 0, io_pressure = 0;  ///< percent, of the last 10 s
};

/// Bounds what a machine's process takes, and knows whether the kernel killed it for memory.
/// Controllers that this host lacks or does not let us use are left out, with a line in the log.
class ControlGroup {
 public:
  ControlGroup() = default;
  explicit ControlGroup(std::vector<std::filesystem::path> folders)
      : folders_(std::move(folders)) {}

  /// New, empty groups; those of an earlier start are removed first.
  static ControlGroup make(const ControlGroupPlace& place, const std::string& uuid,
                           const ControlGroupLimits& limits);
  /// Other limits of the processor and other reservations, of these groups and of those above them.
  /// The limits of memory and threads stay. Fails with the first that the kernel refuses.
  [[nodiscard]] Result<void> change(const ControlGroupLimits& limits) const;
  [[nodiscard]] ControlGroupUse use() const;
  /// The groups that a machine has on this host now.
  static ControlGroup find(const ControlGroupPlace& place, const std::string& uuid);

  [[nodiscard]] const std::vector<std::filesystem::path>& folders() const { return folders_; }
  /// Whether the kernel has killed a process of the group for want of memory.
  [[nodiscard]] bool out_of_memory() const;
  /// Kills whatever is still in the group.
  void kill() const;
  /// Removes what is empty of them, at once.
  void discard() const;
  /// Removes the groups once their last process is gone. Tries for half a second.
  Async<void> remove();

 private:
  std::vector<std::filesystem::path> folders_;
};

/// All groups that a process of the machine is in.
std::vector<std::filesystem::path> groups_of(const hypervisor::Machine& machine,
                                             const ControlGroup& groups);

}  // namespace truce::qemu
