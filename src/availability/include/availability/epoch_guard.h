// The storage's side: the barrier that needs no clock.
#pragma once

#include <map>
#include <string>

#include "availability/records.h"

namespace truce::availability {

/// Refuses old copies of a machine at its disks. Whoever opens a disk presents the machine and its
/// epoch, and every write counts as of that epoch. This closes the one gap that deadlines leave: a
/// whole host that was frozen, reaper and all, and thaws past its deadline.
class EpochGuard {
 public:
  /// Opens the machine's disks for an epoch, and closes them for all lower ones. Code::conflict
  /// when a higher one was presented.
  Result<void> present(const std::string& vm, Epoch epoch);
  /// Whether a write of that epoch is let through.
  [[nodiscard]] bool admits(const std::string& vm, Epoch epoch) const;

 private:
  std::map<std::string, Epoch> highest_;
};

}  // namespace truce::availability
