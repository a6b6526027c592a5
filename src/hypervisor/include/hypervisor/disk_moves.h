// Disks that go to another file while their machine runs.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "base/async.h"
#include "base/result.h"

namespace truce::hypervisor {

/// Capability of a Hypervisor: first a mirror, then a switch, of one disk of a machine at a time.
/// Code::precondition for a machine that does not run.
class DiskMoves {
 public:
  virtual ~DiskMoves() = default;

  /// Copies a disk to `target`, a qcow2 file that is as large, holds nothing and stands on the same
  /// file. Once this has answered, both hold the same, and whatever the guest writes goes to both.
  /// Code::cancelled after stop_mirror(); on any failure `target` is out of use again, and the
  /// machine has gone on with its disk as if nothing had been.
  virtual Async<Result<void>> mirror(std::string uuid, std::string disk,
                                     std::filesystem::path target,
                                     std::function<void(double)> progress) = 0;
  /// Lets a mirror() that is under way, or begins before the next settle(), end soon.
  virtual void stop_mirror(const std::string& uuid) = 0;
  /// After mirror(): the machine goes on with `target` alone. It stands still meanwhile; `settled`
  /// is called once, when all is in `target`, and before the guest goes on. After a failure
  /// settle() tells which file is in use; the machine may stand still until then.
  virtual Async<Result<void>> switch_over(std::string uuid, std::string disk,
                                          std::filesystem::path target,
                                          std::function<Async<Result<void>>()> settled) = 0;
  /// Calls off whatever mirror there is, also an earlier daemon's, and closes files that were left
  /// open. Then answers which file each disk is written to, which changes no more by itself.
  virtual Async<Result<std::map<std::string, std::filesystem::path>>> settle(std::string uuid) = 0;
};

}  // namespace truce::hypervisor
