// Disks that come out of a platform, and machines that go into it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "image/convert.h"
#include "image/image.h"
#include "platform/nouns.h"

namespace truce::platform {

/// A part of a disk. Bytes.
struct Range {
  std::uint64_t start = 0, length = 0;
  bool operator==(const Range&) const = default;
};

/// A disk that can be read, as it lies on the platform.
struct OpenDisk {
  std::unique_ptr<image::Image> image;
  /// Another text when the disk was written since: what was read of it before is no good then, nor
  /// what is read while it changes.
  std::string version;
  /// What of it is another than at an earlier moment, in ascending order; absent: all of it may be.
  std::optional<std::vector<Range>> changed;
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

/// A machine whose disks are read while it runs. From each moment on, what it writes is kept apart
/// from what its disks had then. Moments are counted by the caller, from 1.
class WarmDeparture {
 public:
  virtual ~WarmDeparture() = default;
  /// Whether it can be read at its first moment only, as long as it runs: all that was written
  /// since is the last part then.
  [[nodiscard]] virtual bool once() const { return false; }
  /// Begins a moment for all its disks at once. One that has begun already stays as it is, so that
  /// who has crashed asks again. Code::precondition: it does not run.
  virtual Async<Result<void>> hold(int moment) = 0;
  /// Blocks, as Departure::open() does. The disk as it was when the moment after `since` began (or
  /// as it is, when there was none and the machine is off: Code::unavailable else), and what of it
  /// is another than when `since` began; 0: before all.
  virtual Result<OpenDisk> open(const std::string& disk, int since,
                                const std::atomic<bool>& cancelled) = 0;
  /// How far the disks of this moment are, 0 to 1: to be called at least every 30 s while they are
  /// read, as some platforms give up otherwise.
  virtual Async<Result<void>> tell(double fraction) {
    (void)fraction;
    co_return Result<void>();
  }
  /// No disk of this moment is read any more; best effort.
  virtual Async<void> end_pass() { co_return; }
  /// Puts together what was kept apart: its disks are as if nobody had ever read them. It goes on
  /// running meanwhile, or stays off. Nothing happens where nothing is kept apart.
  virtual Async<Result<void>> let_go() = 0;
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
  /// While it is made, on a platform that gives ids of its own, it is called `NAME (MARK)`.
  std::string mark;
  std::string uuid;  ///< that the guest sees; empty: one that the platform gives
  std::string description;
  std::int64_t cpus = 1, cores = 1;  ///< cores of each socket
  Bytes memory;
  model::Firmware firmware = model::Firmware::bios;
  bool secure_boot = false;
  bool windows = false;        ///< whose signatures Secure Boot believes, where that is asked
  std::vector<NewDisk> disks;  ///< the first one is what it boots from
  std::vector<NewNic> nics;
  /// Of a platform with Devices::xen or xapi; there a disk's bus says nothing, and a card's model
  /// only with HVM.
  XenStart xen;
  std::string host, pool, folder;  ///< ids; empty: the platform's choice (a pool is given always)
};

/// `web01 (t-000000012)`: what is called so is one that is being made, or what is left of that.
inline std::string name_while_made(const NewMachine& wish) {
  return fmt::format("{} ({})", wish.name, wish.mark);
}

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
  /// XAPI's are Xen's, HVM only, with ids that XAPI gives. Hyper-V's disks are IDE (with BIOS, up
  /// to four) and its own SCSI; its cards its own, or old ones where NicModel is rtl8139.
  enum class Devices { vmware, ours, xen, xapi, hyperv };
  virtual ~Transfers() = default;
  /// Known without a connection.
  [[nodiscard]] virtual Devices devices() const { return Devices::vmware; }
  /// Whether machines can come to it. Known without a connection.
  [[nodiscard]] virtual bool takes() const { return true; }
  /// Code::precondition unless it is off; Code::unsupported: its disks cannot be had.
  virtual Async<Result<std::unique_ptr<Departure>>> depart(std::string machine) = 0;
  /// Whether machines can leave while they run, too. Known without a connection, once there was
  /// one.
  [[nodiscard]] virtual bool warm() const { return false; }
  /// For a machine that runs, or that has been stopped since. `move` names what is kept apart: the
  /// same one finds it again. Code::unsupported: its disks cannot be had.
  virtual Async<Result<std::unique_ptr<WarmDeparture>>> depart_warm(std::string machine,
                                                                    std::string move) {
    (void)machine, (void)move;
    co_return fail(Code::unsupported, "machines leave it only while they are off");
  }
  /// Makes a machine whose disks are to be filled. Neither it nor what is left of it after a crash
  /// is ever started by itself. Code::conflict: the name is taken; Code::invalid names the field of
  /// NewMachine that cannot be.
  virtual Async<Result<std::unique_ptr<Arrival>>> arrive(NewMachine wish) = 0;
};

}  // namespace truce::platform
