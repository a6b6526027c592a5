// The control groups of one machine (kernel: admin-guide/cgroup-v1/memory.rst, cgroup-v2.rst).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/bytes.h"

namespace truce::qemu {

/// Where control groups are made: `<root>[/<controller>]/<name>/<uuid>`.
struct ControlGroupPlace {
  std::filesystem::path root = "/sys/fs/cgroup";
  std::string name = "truce";
};

/// What a machine may use. Processor time is shared by weight; threads are bounded.
struct ControlGroupLimits {
  Bytes memory;
  int cpus = 1;
  int threads = 512;
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
  /// The groups that a machine has on this host now.
  static ControlGroup find(const ControlGroupPlace& place, const std::string& uuid);

  [[nodiscard]] const std::vector<std::filesystem::path>& folders() const { return folders_; }
  /// Whether the kernel has killed a process of the group for want of memory.
  [[nodiscard]] bool out_of_memory() const;
  /// Kills whatever is still in the group.
  void kill() const;
  /// Removes the groups once their last process is gone. Tries for half a second.
  Async<void> remove();

 private:
  std::vector<std::filesystem::path> folders_;
};

}  // namespace truce::qemu
