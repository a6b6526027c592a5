// What there is on a platform that somebody else manages, in words that all platforms share. Every
// `id` is the platform's own name for the thing: it stays when the thing is renamed or moved, and
// it is unique among things of its kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "model/types.h"

namespace truce::platform {

/// A disk of a machine.
struct Disk {
  std::string id;                     ///< unique in the machine
  std::string label;                  ///< as the platform shows it: `Hard disk 1`
  Bytes size;                         ///< what the guest sees
  std::string file;                   ///< where the platform keeps it: `[store] web01/web01.vmdk`
  std::string format;                 ///< `vmdk`, `vhd`, `vhdx`, `raw`; empty: not told
  bool thin = false;                  ///< takes only the room that is written
  std::string pool;                   ///< id of the Pool that holds it; empty: not told
  std::optional<model::DiskBus> bus;  ///< none: one that Truce has no word for
  std::string controller;             ///< the platform's word: `ParaVirtualSCSIController`
  std::string parent;                 ///< file that it is a difference to; empty: none
  bool operator==(const Disk&) const = default;
};

/// A network card of a machine.
struct Nic {
  std::string id;  ///< unique in the machine
  std::string label;
  std::string mac;      ///< lower case, with colons
  std::string network;  ///< id of the Network; empty: none, or not told
  std::string model;    ///< the platform's word: `VirtualVmxnet3`
  bool connected = false;
  bool operator==(const Nic&) const = default;
};

/// A snapshot; Machine::snapshots holds a tree of them, parents before their children.
struct Snapshot {
  std::string id;
  std::string name;  ///< may stand more than once in a tree
  std::string description;
  std::string parent;  ///< id; empty: none
  Time created{};
  model::Observed state = model::Observed::off;  ///< of the machine then: with memory when not off
  bool quiesced = false;
  bool operator==(const Snapshot&) const = default;
};

/// Whether an address says nothing to others: a loopback or link-local one, as a guest tells it.
inline bool is_local_address(std::string_view address) {
  return address.starts_with("fe80:") || address.starts_with("169.254.") || address == "::1" ||
         address.starts_with("127.");
}

/// What the guest's own tools are doing.
enum class Tools { none, stopped, running };

/// What a machine uses now.
struct MachineUse {
  std::int64_t cpu_mhz = 0;
  Bytes memory;        ///< of the host's
  Bytes memory_guest;  ///< that the guest works with
  Bytes storage;       ///< in pools
  bool operator==(const MachineUse&) const = default;
};

struct Machine {
  std::string id;
  std::string uuid;    ///< that the guest sees, lower case; may stand more than once on a platform
  std::string name;    ///< may stand more than once, too: paths tell such apart
  std::string folder;  ///< id of the Folder that it is in; empty: none
  std::string host;    ///< id of the Host that it is on; empty: none
  bool template_ = false;  ///< cannot be started, only cloned
  model::Observed state = model::Observed::unknown;
  std::int64_t cpus = 0;
  Bytes memory;
  model::Firmware firmware = model::Firmware::bios;
  bool secure_boot = false;
  bool tpm = false;
  std::string started_by;  ///< of its host, in place of its disks: `the kernel /boot/vmlinuz`
  std::vector<Disk> disks;
  std::vector<Nic> nics;
  std::string guest_os;                ///< for people: `Debian GNU/Linux 12 (64-bit)`
  std::string guest_kind;              ///< the platform's word: `debian12_64Guest`
  std::string guest_name;              ///< the guest's own name for itself
  std::vector<std::string> addresses;  ///< of the guest, without link-local ones
  Tools tools = Tools::none;
  std::vector<Snapshot> snapshots;
  std::string snapshot;  ///< id of the one that it goes on from; empty: none
  MachineUse use;
  bool operator==(const Machine&) const = default;
};

enum class HostState { connected, disconnected, maintenance };

struct Host {
  std::string id;
  std::string name;
  std::string folder;  ///< id of the Folder, a cluster perhaps, that it is in
  HostState state = HostState::connected;
  std::int64_t cpus = 0;     ///< threads
  std::int64_t cpu_mhz = 0;  ///< of all cores together
  Bytes memory;
  std::string hypervisor;  ///< name and version
  std::string vendor, model;
  std::int64_t cpu_mhz_used = 0;
  Bytes memory_used;
  bool operator==(const Host&) const = default;
};

/// Where disks are kept: a datastore, a storage repository.
struct Pool {
  std::string id;
  std::string name;
  std::string kind;  ///< the platform's word: `VMFS`
  std::string url;
  Bytes size, free;
  bool reachable = true;
  bool operator==(const Pool&) const = default;
};

struct Network {
  std::string id;
  std::string name;
  std::string kind;  ///< the platform's word: `DistributedVirtualPortgroup`
  bool operator==(const Network&) const = default;
};

/// What other things are in: a folder, a data centre, a cluster.
struct Folder {
  std::string id;
  std::string name;
  std::string kind;    ///< the platform's word: `Datacenter`
  std::string parent;  ///< id; empty: it is the outermost
  bool operator==(const Folder&) const = default;
};

/// Things of one kind that are so now, and ids of those that are gone.
template <class T>
struct Changed {
  std::vector<T> seen;
  std::vector<std::string> gone;
  [[nodiscard]] bool empty() const { return seen.empty() && gone.empty(); }
};

/// What a feed tells at a time.
struct Update {
  /// `whole`: all that there is, and what is not in it is gone. `changes`: only what has changed
  /// since the last one; nothing, when nothing has.
  enum class Extent { whole, changes } extent = Extent::changes;
  Time at{};  ///< when the platform has told it: all is so old and no older
  Changed<Machine> machines;
  Changed<Host> hosts;
  Changed<Pool> pools;
  Changed<Network> networks;
  Changed<Folder> folders;
  [[nodiscard]] bool empty() const {
    return machines.empty() && hosts.empty() && pools.empty() && networks.empty() &&
           folders.empty();
  }
};

}  // namespace truce::platform
