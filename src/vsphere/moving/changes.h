// Changed block tracking: what of a disk is another than when a snapshot was made. Virtual Disk
// Development Kit Programming Guide, "Changed Block Tracking on Virtual Disks".
#pragma once

#include <vector>

#include "platform/transfers.h"
#include "session.h"

namespace truce::vsphere {

/// A disk's device, its size, and its changeId at the snapshot.
struct Tracked {
  std::string disk;
  std::uint64_t size = 0;
  std::string change;
};

/// The disks of a VirtualHardware.
std::vector<Tracked> tracked_disks(Value hardware);

/// Why a machine's disks cannot be followed while it runs; nothing: they can. A VirtualHardware.
Result<void> check_can_be_followed(Value hardware);

/// What one DiskChangeInfo tells, which shall begin at `start` of a disk of `size` bytes: added to
/// `areas` in ascending order. Where it ends. Code::corrupt when it is none that can be.
Result<std::uint64_t> take_changes(Value info, std::uint64_t start, std::uint64_t size,
                                   std::vector<platform::Range>& areas);

/// Of a machine that is off: what its disk got since.
Async<Result<std::vector<platform::Range>>> changes_since(Session& session, Ref machine,
                                                          Tracked disk);

}  // namespace truce::vsphere
