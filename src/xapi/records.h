// Objects of XAPI's data model, as far as they are read. Pure.
#pragma once

#include "platform/nouns.h"
#include "rpc.h"

namespace truce::xapi {

/// A machine, or what XAPI keeps as one: a snapshot, a template, a host's own domain.
struct VmRecord {
  std::string uuid, name, description, state;  ///< `Running`, `Halted`, `Paused`, `Suspended`
  bool template_ = false, snapshot = false, control_domain = false;
  std::string snapshot_of, parent, resident_on, affinity, metrics, guest_metrics;
  Time snapshot_time{};
  std::vector<std::string> disks, cards, snapshots;  ///< VBDs, VIFs, VMs
  std::int64_t cpus = 0;
  Bytes memory;
  bool uefi = false, secure_boot = false, tpm = false;
  std::string kind;  ///< of the template that it was made of
  [[nodiscard]] bool is_machine() const { return !template_ && !snapshot && !control_domain; }
};

/// A VBD: a disk of a machine, a drive for CDs.
struct DriveRecord {
  std::string vm, vdi, device;
  bool disk = false;
};

/// A VDI.
struct VolumeRecord {
  std::string uuid, name, sr, format, parent;
  Bytes size, used;
  std::vector<std::string> drives;
};

/// A VIF.
struct CardRecord {
  std::string uuid, vm, network, device, mac;
  bool attached = false;
};

struct MetricsRecord {
  Bytes memory;
};

struct GuestRecord {
  std::string os;
  std::vector<std::string> addresses;
  bool tools = false, live = false;
};

struct HostRecord {
  platform::Host host;
  std::string metrics;
};

struct HostMetricsRecord {
  Bytes total, free;
  bool live = false;
};

struct RepositoryRecord {
  platform::Pool pool;
  bool shown = false, thin = false;
};

/// A PBD: how a host reaches a repository.
struct PathRecord {
  std::string sr;
  bool attached = false;
};

struct PoolRecord {
  std::string uuid, name;
};

VmRecord read_vm(const json::object& from);
DriveRecord read_drive(const json::object& from);
VolumeRecord read_volume(const json::object& from);
CardRecord read_card(const json::object& from);
MetricsRecord read_metrics(const json::object& from);
GuestRecord read_guest(const json::object& from);
HostRecord read_host(const json::object& from);
HostMetricsRecord read_host_metrics(const json::object& from);
RepositoryRecord read_repository(const json::object& from);
PathRecord read_path(const json::object& from);
platform::Network read_network(const json::object& from);
PoolRecord read_pool(const json::object& from);

/// `20260102T03:04:05Z`, also with dashes and fractions; the beginning of time for what is none.
Time read_time(std::string_view text);
model::Observed read_state(std::string_view power_state);

}  // namespace truce::xapi
