// Disks that come out of a platform, and machines that go into it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "image/convert.h"
#include "image/image.h"
#include "platform/nouns.h"

namespace truce::platform {

/// A disk that can be read, as it lies on the platform.
struct OpenDisk {
  std::unique_ptr<image::Image> image;
  /// Another text when the disk was written since: what was read of it before is no good then, nor
  /// what is read while it changes.
  std::string version;
};

/// A machine whose disks are being read. It is off, and should stay so: the platform does not see
/// to that, versions tell.
class Departure {
 public:
  virtual ~Departure() = default;
  /// Blocks, on any thread; not for several disks at once. `disk` is a Disk::id. The image keeps
  /// what it needs of the platform and may outlive this. `cancelled` outlives the image.
  virtual Result<OpenDisk> open(const std::string& disk, const std::atomic<bool>& cancelled) = 0;
};

/// A disk of a machine that is to be made.
struct NewDisk {
  Bytes size;
  model::DiskBus bus = model::DiskBus::scsi;
};

/// A network card of such a machine.
struct NewNic {
  std::string mac;
  std::string network;  ///< id of the Network
  model::NicModel model = model::NicModel::e1000e;
};

/// How a Xen host starts a machine.
struct XenStart {
  model::XenKind kind = model::XenKind::hvm;
  std::string loader;  ///< path on that host of what starts a PVH or PV machine
};

/// A machine as it shall be on a platform.
struct NewMachine {
  std::string name;
  std::string uuid;  ///< that the guest sees
  std::string description;
  std::int64_t cpus = 1, cores = 1;  ///< cores of each socket
  Bytes memory;
  model::Firmware firmware = model::Firmware::bios;
  bool secure_boot = false;
  std::vector<NewDisk> disks;  ///< the first one is what it boots from
  std::vector<NewNic> nics;
  /// Of a platform with Devices::xen; there a disk's bus says nothing, and a card's model only with
  /// HVM.
  XenStart xen;
  std::string host, pool, folder;  ///< ids; empty: the platform's choice (a pool is given always)
};

/// A machine that is being made, whose disks are filled.
class Arrival {
 public:
  virtual ~Arrival() = default;
  /// Its id, which it has from the beginning.
  [[nodiscard]] virtual const std::string& machine() const = 0;
  /// Fills a disk (its number in NewMachine::disks) with the content of `from`, which is as large.
  /// Blocks, on any thread; not for several disks at once. Once for each disk.
  virtual Result<void> fill(std::size_t disk, image::Image& from,
                            const image::ConvertOptions& how) = 0;
  /// All disks are filled: the machine is there now, off.
  virtual Async<Result<void>> finish() = 0;
  /// How far all is, 0 to 1: to be called at least every 30 s while disks are filled, as some
  /// platforms give up otherwise.
  virtual Async<Result<void>> tell(double fraction) = 0;
  /// Nothing is left of it. Best effort where the platform is not reached any more: it removes what
  /// was not finished by itself after some time, or the caller does.
  virtual Async<Result<void>> abandon() = 0;
};

/// Capability of a Platform: machines leave it and come to it while they are off.
class Transfers {
 public:
  /// What machines there can have: VMware's devices, what ours have (virtio and the rest), or Xen's
  /// own disks and cards, of which HVM machines see the first few as IDE and as cards of a PC, too.
  enum class Devices { vmware, ours, xen };
  virtual ~Transfers() = default;
  /// Known without a connection.
  [[nodiscard]] virtual Devices devices() const { return Devices::vmware; }
  /// Code::precondition unless it is off; Code::unsupported: its disks cannot be had.
  virtual Async<Result<std::unique_ptr<Departure>>> depart(std::string machine) = 0;
  /// Makes a machine whose disks are to be filled. Neither it nor what is left of it after a crash
  /// is ever started by itself. Code::conflict: the name is taken; Code::invalid names the field of
  /// NewMachine that cannot be.
  virtual Async<Result<std::unique_ptr<Arrival>>> arrive(NewMachine wish) = 0;
};

}  // namespace truce::platform
