// Whatever runs virtual machines, behind one narrow interface. Policy, retries, naming and
// accounting live above it, once.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/bytes.h"
#include "base/process.h"
#include "base/result.h"
#include "base/secret.h"
#include "hypervisor/notice.h"
#include "model/hardware.h"
#include "model/model.h"

namespace truce::hypervisor {

/// What a VM runs on, resolved to paths on this host by `storage` and `network`.
struct DiskFile {
  std::string id;  ///< `disk0`, stable over the VM's life
  std::filesystem::path path;
  std::string format;                          ///< `qcow2` or `raw`
  std::vector<std::filesystem::path> backing;  ///< files below it, read-only for the VM
  bool read_only = false;
  bool cdrom = false;
  int port = 0;  ///< the port for devices that come while it runs, from 1; 0: its usual place
  /// How many of its files are encrypted (LUKS): the first ones, `path` before `backing`.
  std::size_t encrypted = 0;
  SecretPtr key = nullptr;  ///< what opens them
  /// What is written to it is thrown away: the files below are the machine's own, and only read.
  bool throw_away = false;
};

/// One NIC and how it reaches its network: exactly one of the two ways.
struct Port {
  std::string mac;
  int tap = -1;                       ///< an open tap descriptor, owned by the caller
  std::vector<std::string> forwards;  ///< user-mode: `tcp:127.0.0.1:2222-:22`
  bool user_mode = false;
  bool isolated = false;  ///< user-mode that reaches nobody: the guest gets an address, and no more
  int number = 0;         ///< unique in the machine
  int port = 0;           ///< as DiskFile::port
  int mtu = 0;            ///< what its driver is told that it may send at most; 0: nothing
};

/// What a group of machines may have together.
struct Share {
  std::string name;
  int cpu_shares = 100;  ///< its weight among its siblings
  int cpu_limit = 0;     ///< in percent of one processor; 0: no limit
  bool operator==(const Share&) const = default;
};

/// What a machine may have of its host. 0: as usual, or no limit.
struct Limits {
  int cpu_shares = 0;        ///< its weight among its siblings; 0: 100 a processor
  int cpu_limit = 0;         ///< in percent of one processor
  int cpu_reservation = 0;   ///< likewise; its weight is never below it
  Bytes memory_reservation;  ///< taken from it only when nothing else is left
  std::int64_t read_iops = 0, write_iops = 0;  ///< a second, of all its disks together
  Bytes read_rate, write_rate;                 ///< a second, likewise
  int burst_seconds = 0;  ///< how long it may have ten times as much of its disks
  /// Which groups it is in, from the top; the first is all machines of the host.
  std::vector<Share> groups;
  bool operator==(const Limits&) const = default;
};

/// Everything a hypervisor needs to start a VM: no lookup is left to it.
struct Machine {
  std::string uuid;
  std::string name;
  std::string request;  ///< id of the request that wants it started, for logs; or empty
  int number = 0;       ///< unique on the host; the base of its user id
  model::MachineType type = model::MachineType::q35;
  model::Outfit outfit;
  std::optional<model::BootDevice> boot_once;  ///< first, until the guest resets itself
  int cpus = 1;
  Bytes memory;
  Bytes first_memory;  ///< what of it is there from the start; the rest came since. 0: all
  std::filesystem::path kernel, initrd;  ///< direct boot when `kernel` is set
  std::string command_line;
  std::vector<DiskFile> disks;
  std::vector<Port> ports;
  Limits limits;
  std::filesystem::path folder;   ///< the VM's own; also holds the suspend state
  std::filesystem::path runtime;  ///< sockets and pid file; gone after a host reboot
  /// What it must come through, as this host may have to kill it at any moment. All its processes
  /// are in the gate's group then, or have a seat.
  std::optional<StartGate> gate;
};

/// Name of the file in Machine::folder that holds a suspended machine's memory: present means
/// suspended, and the next start() continues from it.
inline constexpr std::string_view suspend_file = "suspend.state";

/// Name of the folder in Machine::folder whose files are layers of its disks: a running machine may
/// write to all of them.
inline constexpr std::string_view layers_folder = "layers";

struct Capabilities {
  std::string name;  ///< `qemu`
  std::string version;
  std::string accelerator;  ///< `kvm` or `tcg`
  std::vector<std::string> machine_types;
  std::string machine_version;               ///< the newest, of those that are versioned
  std::vector<std::string> cpu_models;       ///< empty: any name is taken
  std::map<std::string, std::string> lacks;  ///< fields of model::Hardware that it cannot give: why
  bool suspend = true, screenshot = true, guest_agent = true;
};

struct ExecResult {
  int exit_code = 0;
  std::string out, err;
};

/// Who a guest says that it is; empty: it does not tell.
struct GuestIdentity {
  std::string host_name, os;  ///< `Debian GNU/Linux 12 (bookworm)`
};

/// What the guest's own agent can do.
class GuestAgent {
 public:
  virtual ~GuestAgent() = default;
  /// unavailable when no agent answers within two seconds.
  virtual Async<Result<void>> ping(std::string uuid) = 0;
  /// Addresses of the guest's interfaces without loopback and link-local ones.
  virtual Async<Result<std::vector<std::string>>> addresses(std::string uuid) = 0;
  virtual Async<Result<GuestIdentity>> identity(std::string uuid) = 0;
  virtual Async<Result<ExecResult>> exec(std::string uuid, std::vector<std::string> argv,
                                         Duration limit) = 0;
  /// Freezes the guest's file systems; how many. They thaw by themselves after ten seconds in some
  /// guests (Windows), so little is done meanwhile.
  virtual Async<Result<int>> freeze(std::string uuid) = 0;
  /// Those that are not frozen stay as they are.
  virtual Async<Result<void>> thaw(std::string uuid) = 0;
};

/// What snapshots need of a machine that runs. A machine's disks are chains of files; who makes and
/// names them is `storage`.
class Snapshots {
 public:
  /// A new file for a disk, empty, above the one that it is written to.
  struct Overlay {
    std::string disk;
    std::filesystem::path path;
    bool encrypted = false;  ///< with the key of the disk, which the machine has
  };
  struct Moment {
    std::vector<Overlay> overlays;
    std::filesystem::path memory;  ///< where the memory goes; empty: without
    bool quiesce = false;          ///< the guest's agent freezes its file systems
  };
  /// Two files of a disk, the one on the other, that shall become one.
  struct Merge {
    std::string disk;
    std::filesystem::path upper, lower;
  };
  virtual ~Snapshots() = default;

  /// From one moment on the machine writes to the overlays: all disks, or none on failure. With
  /// memory it stands still until that is written, durably. Frozen file systems are thawed again,
  /// however this ends.
  virtual Async<Result<void>> take(std::string uuid, Moment moment) = 0;
  /// The file that each disk is written to now.
  virtual Async<Result<std::map<std::string, std::filesystem::path>>> written(std::string uuid) = 0;
  /// Writes what `upper` holds into `lower`. Where `upper` is what the machine writes to, it stands
  /// still for a moment at the end and writes to `lower` from then on. `settled` is called once,
  /// when `upper` is out of use, before the guest goes on. Code::cancelled after stop_merge():
  /// then, and on any failure before `settled`, all is as before.
  virtual Async<Result<void>> merge(std::string uuid, Merge merge,
                                    std::function<Async<Result<void>>()> settled,
                                    std::function<void(double)> progress) = 0;
  /// Lets a merge() that is under way end soon.
  virtual void stop_merge(const std::string& uuid) = 0;
};

/// Names of what else in Machine::folder belongs to a machine's state: what its firmware and its
/// TPM remember.
inline constexpr std::string_view firmware_state[] = {"uefi-variables.fd", "tpm"};

class LiveChanges;
class DiskMoves;
class Migration;

/// All calls and notices happen on one loop. Verbs are idempotent: asked for what is so already,
/// they succeed. A verb on a machine that is not running is Code::precondition, but for start and
/// kill. Checked by the conformance suite.
class Hypervisor {
 public:
  virtual ~Hypervisor() = default;
  [[nodiscard]] virtual const Capabilities& capabilities() const = 0;

  /// Finds machines that run already (an earlier life of the daemon started them) and takes them
  /// over. Called once, first. Answers uuid and state of each; those whose process ended while
  /// nobody watched come as a Notice.
  virtual Async<Result<std::vector<std::pair<std::string, model::Observed>>>> adopt() = 0;
  /// Runs when this has answered; continues from a suspended state when there is one in its folder.
  virtual Async<Result<void>> start(Machine machine) = 0;
  /// Asks the guest to power off (ACPI); it has ended by a Notice, not by this answer.
  virtual Async<Result<void>> request_stop(std::string uuid) = 0;
  /// Ends it at once. Its process is gone when this has answered.
  virtual Async<Result<void>> kill(std::string uuid) = 0;
  virtual Async<Result<void>> pause(std::string uuid) = 0;
  virtual Async<Result<void>> resume(std::string uuid) = 0;
  virtual Async<Result<void>> reset(std::string uuid) = 0;
  /// Writes the memory to the machine's folder, durably, and ends the process. On failure it runs
  /// on.
  virtual Async<Result<void>> suspend(std::string uuid) = 0;
  /// Other limits from now on; which groups it is in changes at its next start only.
  virtual Async<Result<void>> set_limits(std::string uuid, Limits limits) = 0;
  /// PNG of the first screen.
  virtual Async<Result<std::string>> screenshot(std::string uuid) = 0;
  /// What stands on the first screen while that shows text (VGA's), line by line; empty while it
  /// draws. Some lines may be older than what is seen.
  virtual Async<Result<std::string>> screen_text(std::string uuid) = 0;
  virtual GuestAgent* guest_agent() = 0;    ///< null: cannot
  virtual Snapshots* snapshots() = 0;       ///< null: cannot
  virtual LiveChanges* live_changes() = 0;  ///< null: cannot
  virtual DiskMoves* disk_moves() = 0;      ///< null: cannot
  virtual Migration* migration() = 0;       ///< null: cannot
  /// Paths of the sockets for `serial`, `vnc`, `spice`, `serial2` to `serial4` and `parallel`;
  /// empty when the machine has none.
  virtual std::filesystem::path socket(const std::string& uuid, const std::string& which) const = 0;
  /// Where notices go; set once, before adopt().
  virtual void on_notice(std::function<void(Notice)> sink) = 0;
  /// Lets go of all machines, which run on; the last call before the object is destroyed.
  virtual Async<void> close() = 0;
};

}  // namespace truce::hypervisor
