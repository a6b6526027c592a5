// What can change of a machine while it runs.
#pragma once

#include <filesystem>
#include <string>

#include "hypervisor/hypervisor.h"

namespace truce::hypervisor {

/// Capability of a Hypervisor. Verbs are idempotent: what is so already succeeds, as after a crash
/// of the daemon. Code::precondition for a machine that does not run; Code::unsupported, with the
/// reason, for what this machine cannot be given before its next start.
class LiveChanges {
 public:
  virtual ~LiveChanges() = default;

  /// The guest sees a new disk, plugged into DiskFile::port where that is not 0.
  virtual Async<Result<void>> add_disk(std::string uuid, DiskFile disk) = 0;
  /// Asks the guest to let go of a disk; it is closed when this has answered. Code::timeout when
  /// the guest has not let go within `patience`; it may do so later, and this be asked again.
  virtual Async<Result<void>> remove_disk(std::string uuid, std::string id, Duration patience) = 0;
  /// The guest sees the new size at once; smaller is Code::invalid.
  virtual Async<Result<void>> grow_disk(std::string uuid, std::string id, Bytes size) = 0;
  /// A network card whose tap, where it has one, is the caller's.
  virtual Async<Result<void>> add_port(std::string uuid, Port port) = 0;
  /// As remove_disk().
  virtual Async<Result<void>> remove_port(std::string uuid, int number, Duration patience) = 0;
  /// What is in a CD drive; an empty path: nothing. A locked tray is opened by force. Answers
  /// Code::unsupported when the machine was started without such a drive.
  virtual Async<Result<void>> set_medium(std::string uuid, std::string drive,
                                         std::filesystem::path medium) = 0;
  /// Processors in all; only more than now.
  virtual Async<Result<void>> set_cpus(std::string uuid, int cpus) = 0;
  /// Memory in all, between what it was started with and its most. The guest takes or gives the
  /// difference in its own time.
  virtual Async<Result<void>> set_memory(std::string uuid, Bytes memory) = 0;
  /// What the balloon leaves to the guest, at most what it was started with. In its own time.
  virtual Async<Result<void>> set_balloon(std::string uuid, Bytes memory) = 0;
  /// What it uses now. What cannot be found out is 0.
  virtual Async<Result<model::VmUsage>> usage(std::string uuid) = 0;
};

}  // namespace truce::hypervisor
