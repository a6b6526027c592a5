// Made by tools/generate from schema/; do not edit.
// clang-format off
// The objects of the API and of the node link.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace truce::model {

/// The values of an enum as they stand in JSON, in the order of its enumerators.
template <class E> std::span<const std::string_view> enum_names();

/// The enumerator of a name, or nothing.
template <class E> std::optional<E> parse_enum(std::string_view name) {
  auto names = enum_names<E>();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

/// What a machine was last seen doing.
enum class Observed { absent, off, starting, running, paused, suspended, unknown };
std::string_view to_string(Observed value);
template <> std::span<const std::string_view> enum_names<Observed>();

/// What a machine shall be.
enum class Wanted { absent, off, running, paused, suspended };
std::string_view to_string(Wanted value);
template <> std::span<const std::string_view> enum_names<Wanted>();

/// The virtual hardware. legacy is a PC of about 2000 (i440FX, IDE, PS/2) for old systems; microvm has no firmware and few devices.
enum class MachineType { q35, microvm, legacy };
std::string_view to_string(MachineType value);
template <> std::span<const std::string_view> enum_names<MachineType>();

/// What will run in the machine, where that changes the hardware.
enum class GuestKind { other, windows };
std::string_view to_string(GuestKind value);
template <> std::span<const std::string_view> enum_names<GuestKind>();

/// How the machine begins.
enum class Firmware { bios, uefi };
std::string_view to_string(Firmware value);
template <> std::span<const std::string_view> enum_names<Firmware>();

/// Whether UEFI starts signed programs only, and whose signatures it begins with.
enum class SecureBoot { off, microsoft, snakeoil };
std::string_view to_string(SecureBoot value);
template <> std::span<const std::string_view> enum_names<SecureBoot>();

/// A kind of device to boot from.
enum class BootDevice { disk, cdrom, network };
std::string_view to_string(BootDevice value);
template <> std::span<const std::string_view> enum_names<BootDevice>();

/// What disks hang on.
enum class DiskBus { virtio, scsi, sata, ide, pvscsi, lsisas };
std::string_view to_string(DiskBus value);
template <> std::span<const std::string_view> enum_names<DiskBus>();

/// Which network card the guest sees.
enum class NicModel { virtio, e1000, e1000e, rtl8139, vmxnet3 };
std::string_view to_string(NicModel value);
template <> std::span<const std::string_view> enum_names<NicModel>();

/// Which graphics card the guest sees.
enum class Display { none, vga, cirrus, virtio, qxl };
std::string_view to_string(Display value);
template <> std::span<const std::string_view> enum_names<Display>();

/// Which sound card the guest sees. Nothing is heard but through SPICE.
enum class Sound { none, hda, ac97, sb16 };
std::string_view to_string(Sound value);
template <> std::span<const std::string_view> enum_names<Sound>();

/// What happens when the guest no longer resets its watchdog.
enum class WatchdogAction { off, reset, shutdown, poweroff, pause };
std::string_view to_string(WatchdogAction value);
template <> std::span<const std::string_view> enum_names<WatchdogAction>();

/// A linked clone shares its template's blocks; a full clone stands alone.
enum class CloneKind { linked, full };
std::string_view to_string(CloneKind value);
template <> std::span<const std::string_view> enum_names<CloneKind>();

/// nat is a bridge of the host with DHCP, names and NAT; routed is the same without NAT; isolated leads nowhere but to its own machines and the host; bridged is a bridge that the host has already; user is a network inside the VM's process, with port forwards.
enum class NetworkMode { nat, user, routed, isolated, bridged };
std::string_view to_string(NetworkMode value);
template <> std::span<const std::string_view> enum_names<NetworkMode>();

/// viewer sees, operator also works with machines, admin may do everything.
enum class Role { admin, operator_, viewer };
std::string_view to_string(Role value);
template <> std::span<const std::string_view> enum_names<Role>();

/// Where a task stands; the last three are final.
enum class TaskState { queued, running, succeeded, failed, cancelled };
std::string_view to_string(TaskState value);
template <> std::span<const std::string_view> enum_names<TaskState>();

/// How a caller proves who they are.
enum class TokenKind { bearer, certificate };
std::string_view to_string(TokenKind value);
template <> std::span<const std::string_view> enum_names<TokenKind>();

/// A bootable disk, a kernel that needs none, or an installation CD.
enum class TemplateKind { disk, kernel, iso };
std::string_view to_string(TemplateKind value);
template <> std::span<const std::string_view> enum_names<TemplateKind>();

/// What machines are put in order by.
enum class VmSort { name, observed, cpus, memory, template_, project, host, created };
std::string_view to_string(VmSort value);
template <> std::span<const std::string_view> enum_names<VmSort>();

/// What use is put in order by.
enum class UsageSort { cpu, memory, disk, network, name };
std::string_view to_string(UsageSort value);
template <> std::span<const std::string_view> enum_names<UsageSort>();

/// How far back, and so how fine, in steps of 10 seconds, 2 minutes, 15 minutes, an hour and 12 hours.
enum class MetricRange { hour, day, week, month, year };
std::string_view to_string(MetricRange value);
template <> std::span<const std::string_view> enum_names<MetricRange>();

/// What an alarm looks at.
enum class AlarmSubject { vm, host, pool };
std::string_view to_string(AlarmSubject value);
template <> std::span<const std::string_view> enum_names<AlarmSubject>();

/// How bad it is.
enum class AlarmSeverity { warning, critical };
std::string_view to_string(AlarmSeverity value);
template <> std::span<const std::string_view> enum_names<AlarmSeverity>();

/// What happened to an alarm.
enum class AlarmNews { raised, cleared, test };
std::string_view to_string(AlarmNews value);
template <> std::span<const std::string_view> enum_names<AlarmNews>();

/// Whether the host's node is connected to its manager.
enum class HostState { online, offline };
std::string_view to_string(HostState value);
template <> std::span<const std::string_view> enum_names<HostState>();

/// emptying: its machines move away, to switch it off; going: it is being switched off; asleep: it is off, to be woken; waking: it is being switched on; failed: it was to wake, or to go off, and did not.
enum class HostSleep { awake, emptying, going, asleep, waking, failed };
std::string_view to_string(HostSleep value);
template <> std::span<const std::string_view> enum_names<HostSleep>();

/// off: hosts are switched off and on by people only; advise: what would be done is said; automatic: it is done.
enum class PowerSaving { off, advise, automatic };
std::string_view to_string(PowerSaving value);
template <> std::span<const std::string_view> enum_names<PowerSaving>();

/// manager: it also keeps the cluster's state; node: it only runs machines.
enum class HostRole { manager, node };
std::string_view to_string(HostRole value);
template <> std::span<const std::string_view> enum_names<HostRole>();

/// Where the state is: in a file of this host, or in etcd on the managers.
enum class StoreKind { sqlite, etcd };
std::string_view to_string(StoreKind value);
template <> std::span<const std::string_view> enum_names<StoreKind>();

/// trust: all come to believe the new authority, too; issue: all get certificates of it; forget: nobody believes the old one any more.
enum class RotationStage { trust, issue, forget };
std::string_view to_string(RotationStage value);
template <> std::span<const std::string_view> enum_names<RotationStage>();

/// off: nothing is moved; propose: a plan is made, for somebody to apply; automatic: it is carried out.
enum class BalanceMode { off, propose, automatic };
std::string_view to_string(BalanceMode value);
template <> std::span<const std::string_view> enum_names<BalanceMode>();

/// together and apart are about machines, on-hosts and not-on-hosts about machines and hosts.
enum class RuleKind { together, apart, on_hosts, not_on_hosts };
std::string_view to_string(RuleKind value);
template <> std::span<const std::string_view> enum_names<RuleKind>();

/// In which order machines of a dead host are started elsewhere.
enum class RestartPriority { low, medium, high };
std::string_view to_string(RestartPriority value);
template <> std::span<const std::string_view> enum_names<RestartPriority>();

/// none: nothing but what its watchdog is for; reset: as by its reset button, three times an hour at most.
enum class HangResponse { none, reset };
std::string_view to_string(HangResponse value);
template <> std::span<const std::string_view> enum_names<HangResponse>();

/// none: it stands still until they are back; restart-elsewhere: it is ended, and started on another host that reaches them.
enum class StorageLossResponse { none, restart_elsewhere };
std::string_view to_string(StorageLossResponse value);
template <> std::span<const std::string_view> enum_names<StorageLossResponse>();

/// balance: level the load; evacuate: empty a host; consolidate: empty as many as possible.
enum class PlanKind { balance, evacuate, consolidate };
std::string_view to_string(PlanKind value);
template <> std::span<const std::string_view> enum_names<PlanKind>();

/// Where a plan stands.
enum class PlanState { proposed, running, done, failed };
std::string_view to_string(PlanState value);
template <> std::span<const std::string_view> enum_names<PlanState>();

/// How far a move to another host is: what follows hand_over cannot be undone.
enum class MigrationPhase { prepare, transfer, hand_over, settle };
std::string_view to_string(MigrationPhase value);
template <> std::span<const std::string_view> enum_names<MigrationPhase>();

/// ok, warning (something cannot be had) or missing (what machines cannot do without).
enum class CheckState { ok, warning, missing };
std::string_view to_string(CheckState value);
template <> std::span<const std::string_view> enum_names<CheckState>();

/// How a Xen host starts a machine: hvm as any PC, by the firmware; pvh and pv by a program of the host, of which pv asks nothing of the processor.
enum class XenKind { hvm, pvh, pv };
std::string_view to_string(XenKind value);
template <> std::span<const std::string_view> enum_names<XenKind>();

/// Whether a platform tells what is on it.
enum class PlatformState { connecting, connected, trouble };
std::string_view to_string(PlatformState value);
template <> std::span<const std::string_view> enum_names<PlatformState>();

/// How whole a snapshot is: taken while the machine was off, as after a power cut, with file systems frozen by the agent, or with memory.
enum class SnapshotKind { off, crash, agent, memory };
std::string_view to_string(SnapshotKind value);
template <> std::span<const std::string_view> enum_names<SnapshotKind>();

/// Whose installer a file of answers is for.
enum class AnswerKind { autounattend, kickstart, preseed };
std::string_view to_string(AnswerKind value);
template <> std::span<const std::string_view> enum_names<AnswerKind>();

/// The serial console, the screen as VNC or SPICE, or another port of the machine.
enum class ConsoleKind { serial, vnc, spice, serial2, serial3, serial4, parallel };
std::string_view to_string(ConsoleKind value);
template <> std::span<const std::string_view> enum_names<ConsoleKind>();

/// Whether a machine has booted; unclear: it runs, and nothing that can be seen from outside says more.
enum class BootOutcome { booted, unclear, failed };
std::string_view to_string(BootOutcome value);
template <> std::span<const std::string_view> enum_names<BootOutcome>();

/// What a node asks of the store about its life, or about a machine of its life.
enum class LifeAct { read, claim, beat, accept, release, adopt };
std::string_view to_string(LifeAct value);
template <> std::span<const std::string_view> enum_names<LifeAct>();

/// What became of it; unknown: nobody can tell.
enum class LifeOutcome { done, conflict, unknown };
std::string_view to_string(LifeOutcome value);
template <> std::span<const std::string_view> enum_names<LifeOutcome>();

/// What its owner may do with a machine.
enum class TenancyState { stopped, starting, running, migrating };
std::string_view to_string(TenancyState value);
template <> std::span<const std::string_view> enum_names<TenancyState>();

/// Work of a node that is not the life of a machine.
enum class JobKind { build_template, import_template, import_upload, delete_template, create_snapshot, restore_snapshot, delete_snapshot, create_disk, resize_disk, delete_disk, move_disk, add_nic, remove_nic, create_pool, delete_pool, migrate_vm, drain_host, fetch_template };
std::string_view to_string(JobKind value);
template <> std::span<const std::string_view> enum_names<JobKind>();

/// Short work that answers at once.
enum class CallVerb { reset, screenshot, exec, serial_tail, stream, check_host, support_files, usage, put_piece, template_file, read_template, dirty_rate, power_off, serve_disk, signs };
std::string_view to_string(CallVerb value);
template <> std::span<const std::string_view> enum_names<CallVerb>();

/// How far a move to or from a platform of others is; undo: it is given up, and what there is of it is being removed.
enum class RelocationPhase { prepare, copy, stop, convert, prove, finish, undo };
std::string_view to_string(RelocationPhase value);
template <> std::span<const std::string_view> enum_names<RelocationPhase>();

/// The daemon's own state.
struct Health {
  std::string status{};  ///< `ok` when the store answers
  std::string version{};  ///< Version of truced
  bool operator==(const Health&) const = default;
};

/// What a server is and who is asking.
struct Server {
  std::string version{};  ///< Version of truced
  std::string fingerprint{};  ///< SHA-256 of the TLS certificate
  std::string url{};  ///< Where the API is served by HTTPS
  std::string user{};  ///< The caller's name; empty when not known
  std::string role{};  ///< The caller's role; empty when not known
  std::vector<std::string> projects{};  ///< Only these, for the caller; empty: all
  bool first_run = false;  ///< There is no user yet; the first is made with the code that truced has printed
  std::string csrf{};  ///< For a caller with a session, what the header X-Truce-Csrf must have
  bool totp = false;  ///< For a caller with a session, whether a second factor is on
  std::optional<Time> session_expires{};  ///< For a caller with a session, when it ends at the latest
  bool operator==(const Server&) const = default;
};

/// What became of a configuration that was read again.
struct Reload {
  std::vector<std::string> applied{};  ///< Options that are in force with another value than before
  std::vector<std::string> needs_restart{};  ///< Options whose new value waits for a restart of truced (machines run on)
  bool operator==(const Reload&) const = default;
};

/// What a machine is made of; what is absent is as usual for its type.
struct Hardware {
  std::optional<std::string> machine_version{};  ///< Version of the machine type, such as 7.2: kept from the creation (the newest then)
  std::optional<GuestKind> guest{};  ///< windows: a clock in local time and, with KVM, what makes Windows quick (other)
  std::optional<bool> acpi{};  ///< ACPI; without it the guest cannot be asked to power off (on)
  std::optional<std::string> cpu_model{};  ///< max, host (with KVM), x86-64-v2, x86-64-v3, x86-64-v4, or a model that truce host show lists
  std::optional<std::int64_t> sockets{};  ///< Processor sockets; sockets x cores x threads are the processors
  std::optional<std::int64_t> cores{};  ///< Cores of each socket
  std::optional<std::int64_t> threads{};  ///< Threads of each core
  std::optional<std::int64_t> max_cpus{};  ///< How many processors it can be given while it runs (as many as it has)
  std::optional<Bytes> max_memory{};  ///< How much memory it can be given while it runs, by virtio-mem (as much as it has)
  std::optional<std::int64_t> numa_nodes{};  ///< NUMA nodes that processors and memory are spread over
  std::optional<bool> huge_pages{};  ///< Memory from the host's huge pages of 2 MiB
  std::optional<Firmware> firmware{};  ///< bios or uefi (bios)
  std::optional<SecureBoot> secure_boot{};  ///< Secure Boot of UEFI: off, or with whose keys (off)
  std::optional<bool> tpm{};  ///< A TPM 2.0 of its own
  std::optional<std::vector<BootDevice>> boot{};  ///< What to boot from, in this order (disk, then cdrom); a kernel of the template is then left out
  std::optional<bool> cdrom{};  ///< A CD drive, also while nothing is in it (with an iso)
  std::optional<DiskBus> disk_bus{};  ///< What disks hang on (virtio; legacy: ide). pvscsi and lsisas are what VMware's machines have
  std::optional<NicModel> nic_model{};  ///< Which network card (virtio; legacy: e1000). vmxnet3 is what VMware's machines have
  std::optional<Display> display{};  ///< Which graphics card (vga; microvm: none)
  std::optional<bool> gpu_3d{};  ///< 3D by the host's graphics card; display must be virtio
  std::optional<bool> spice{};  ///< SPICE beside VNC, for the host's root
  std::optional<bool> usb{};  ///< USB with a tablet as pointer (on when a display is chosen, and for windows)
  std::optional<Sound> sound{};  ///< Which sound card (none)
  std::optional<std::int64_t> serial_ports{};  ///< Serial ports; the first is the console (1)
  std::optional<bool> parallel_port{};  ///< A parallel port
  std::optional<WatchdogAction> watchdog{};  ///< What an i6300esb watchdog does when the guest no longer feeds it (off)
  std::optional<std::vector<std::string>> pci{};  ///< Device of the host to pass through, 0000:01:00.0; it must be bound to vfio-pci
  std::optional<std::vector<std::string>> usb_devices{};  ///< USB device of the host to pass through, VENDOR:PRODUCT as lsusb writes it
  bool operator==(const Hardware&) const = default;
};

/// A disk of a machine.
struct VmDisk {
  std::string id{};  ///< Unique in the machine
  Bytes size{};  ///< What the guest sees
  std::string pool = "default";  ///< Where it is stored
  std::string template_{};  ///< The template it was cloned from
  CloneKind clone = CloneKind::linked;  ///< How it relates to the template
  std::int64_t port = 0;  ///< The port that it was plugged into while the machine ran; 0: its usual place
  std::string key{};  ///< Key of the host that it is encrypted with (LUKS); empty: not encrypted
  bool operator==(const VmDisk&) const = default;
};

/// One more disk.
struct DiskCreate {
  Bytes size{};  ///< What the guest sees
  std::string pool = "default";  ///< Where to store it
  std::string key{};  ///< Key of the host that it is encrypted with (LUKS); empty: not encrypted
  bool operator==(const DiskCreate&) const = default;
};

/// What shall change of a disk; absent fields stay.
struct DiskChange {
  std::optional<Bytes> size{};  ///< What the guest sees, larger than now
  bool operator==(const DiskChange&) const = default;
};

/// Where a disk shall be.
struct DiskMove {
  std::string pool{};  ///< The other pool
  bool operator==(const DiskMove&) const = default;
};

/// A network card of a machine.
struct VmNic {
  std::string network{};  ///< The network it is plugged into
  std::string mac{};  ///< Its address
  std::int64_t number = 0;  ///< Unique in the machine
  std::int64_t port = 0;  ///< The port that it was plugged into while the machine ran; 0: its usual place
  std::vector<std::string> forwards{};  ///< Port forwards in the modes user and nat, HOST:GUEST
  bool spoof_filter = true;  ///< The guest sends from this card's own MAC and address only
  std::string address{};  ///< Its fixed IPv4 address; empty: the network gives it one, for good
  std::string address6{};  ///< Its fixed IPv6 address; empty: the network gives it one, for good, where it has IPv6
  std::vector<std::string> security_groups{};  ///< Security groups whose rules hold for it; none: everything may pass
  std::int64_t send_mbit = 0;  ///< What the guest may send, in Mbit/s; 0: no limit
  std::int64_t receive_mbit = 0;  ///< What the guest may receive, in Mbit/s; 0: no limit
  std::string mirror_to{};  ///< Network card VM/NUMBER on the same host that gets a copy of all that this one carries; empty: none
  bool operator==(const VmNic&) const = default;
};

/// One more network card.
struct NicAdd {
  std::string network = "default";  ///< Network to plug it into
  std::vector<std::string> forward{};  ///< Port forward on a network of mode user or nat, HOST:GUEST
  bool spoof_filter = true;  ///< The guest sends from its own MAC and address only
  std::string address{};  ///< Its fixed IPv4 address; empty: the network gives it one, for good
  std::string address6{};  ///< Its fixed IPv6 address; empty: the network gives it one, for good, where it has IPv6
  std::vector<std::string> security_group{};  ///< Security group whose rules hold for it; none: everything may pass
  std::int64_t send_mbit = 0;  ///< What the guest may send, in Mbit/s; 0: no limit
  std::int64_t receive_mbit = 0;  ///< What the guest may receive, in Mbit/s; 0: no limit
  std::string mirror_to{};  ///< Network card VM/NUMBER on the same host that gets a copy of all that this one carries; empty: none
  bool operator==(const NicAdd&) const = default;
};

/// What shall change of a network card; absent fields stay.
struct NicChange {
  std::int64_t nic = 0;  ///< Number of the card
  std::optional<bool> spoof_filter{};  ///< The guest sends from this card's own MAC and address only; off for routers and fail-over addresses
  std::optional<std::string> address{};  ///< Its fixed IPv4 address, or empty for one that the network gives
  std::optional<std::string> address6{};  ///< Its fixed IPv6 address, or empty for one that the network gives
  std::optional<std::vector<std::string>> security_group{};  ///< Replaces its security groups (one empty text stands for none)
  std::optional<std::vector<std::string>> forward{};  ///< Replaces its port forwards, HOST:GUEST
  std::optional<std::int64_t> send_mbit{};  ///< What the guest may send, in Mbit/s; 0: no limit
  std::optional<std::int64_t> receive_mbit{};  ///< What the guest may receive, in Mbit/s; 0: no limit
  std::optional<std::string> mirror_to{};  ///< Network card VM/NUMBER on the same host that gets a copy of all that this one carries, or empty for none
  bool operator==(const NicChange&) const = default;
};

/// What a machine may have of its host; what is absent is as usual.
struct VmResources {
  std::optional<std::int64_t> cpu_shares{};  ///< Its weight where processors are short (100 a processor)
  std::optional<std::int64_t> cpu_limit{};  ///< Processor time at most, in percent of one processor; 0: no limit
  std::optional<std::int64_t> cpu_reservation{};  ///< Processor time that is kept for it, in percent of one processor; 0: none
  std::optional<Bytes> memory_reservation{};  ///< Memory that is kept for it; 0: none
  std::optional<std::int64_t> read_iops{};  ///< Reads a second of all its disks; 0: no limit
  std::optional<std::int64_t> write_iops{};  ///< Writes a second; 0: no limit
  std::optional<Bytes> read_rate{};  ///< Bytes read a second; 0: no limit
  std::optional<Bytes> write_rate{};  ///< Bytes written a second; 0: no limit
  std::optional<std::int64_t> burst_seconds{};  ///< How long it may have ten times as much of its disks; 0: never
  bool operator==(const VmResources&) const = default;
};

/// What of a machine goes back with a snapshot.
struct VmSettings {
  std::int64_t cpus = 0;  ///< Virtual processors
  Bytes memory{};  ///< Memory
  Bytes first_memory{0};  ///< What of it was there at its start; the rest was added since. 0: all
  std::optional<Hardware> hardware{};  ///< What differs from the usual of its type
  std::string iso{};  ///< The CD in its drive
  std::optional<std::vector<VmNic>> nics{};  ///< Its network cards
  bool operator==(const VmSettings&) const = default;
};

/// A machine as it was at one moment.
struct VmSnapshot {
  std::string name{};  ///< Unique in the machine
  std::string description{};  ///< Free text
  std::string parent{};  ///< The snapshot that it was taken after; empty: none
  SnapshotKind kind{};  ///< How whole it is
  Bytes memory{0};  ///< Room that its memory takes; 0 without
  Time created{};  ///< The moment
  VmSettings settings{};  ///< The machine's settings then
  bool operator==(const VmSnapshot&) const = default;
};

/// The snapshots of a machine.
struct SnapshotTree {
  std::string at{};  ///< The snapshot that the machine goes on from
  std::vector<VmSnapshot> snapshots{};  ///< All of them, the oldest first
  bool operator==(const SnapshotTree&) const = default;
};

/// A snapshot of another machine.
struct SnapshotSource {
  std::string uuid{};  ///< Of that machine
  std::string snapshot{};  ///< Its name then
  bool operator==(const SnapshotSource&) const = default;
};

/// What becomes of a machine whose host dies, is cut off or loses its disks, or whose guest hangs.
struct VmAvailability {
  bool restart = true;  ///< It is started on another host
  RestartPriority priority = RestartPriority::medium;  ///< When, among others
  bool keep_running = false;  ///< A host that is cut off lets it run on; then it is never started elsewhere meanwhile
  HangResponse on_hang = HangResponse::none;  ///< What its host does when its guest hangs
  std::int64_t hang_seconds = 60;  ///< How long its guest agent, which has answered before, must be silent, without any disk or network traffic, to count as hanging
  StorageLossResponse on_storage_loss = StorageLossResponse::none;  ///< What is done when its host no longer reaches its disks
  std::int64_t storage_loss_seconds = 60;  ///< After how long
  std::vector<std::string> after{};  ///< Machines that have to run before it is started
  bool operator==(const VmAvailability&) const = default;
};

/// How the last move to another host went.
struct MigrationFacts {
  std::string from{};  ///< The host it came from
  std::string to{};  ///< The host it went to
  Time time{};  ///< When it ended
  std::int64_t total_ms = 0;  ///< How long it took, in milliseconds
  std::int64_t downtime_ms = 0;  ///< How long the guest stood still, in milliseconds
  Bytes transferred{0};  ///< Memory that was sent
  Bytes disks_transferred{0};  ///< Disks that were sent
  std::int64_t rounds = 0;  ///< How often changed memory was sent again
  Bytes dirty_rate{0};  ///< Memory that the guest changed a second, measured before
  std::int64_t predicted_total_ms = 0;  ///< What was expected
  std::int64_t predicted_downtime_ms = 0;  ///< What was expected
  bool post_copy = false;  ///< It went on before all memory had come
  bool operator==(const MigrationFacts&) const = default;
};

/// A snapshot on a platform of others.
struct ForeignSnapshot {
  std::string id{};  ///< The platform's own name for it
  std::string name{};  ///< May stand more than once
  std::string description{};  ///< Free text
  std::string parent{};  ///< The id of the one that it was taken after; empty: none
  bool memory = false;  ///< With the memory of the machine
  Time created{};  ///< The moment
  bool operator==(const ForeignSnapshot&) const = default;
};

/// A machine that a platform of others manages.
struct ForeignVm {
  std::string id{};  ///< The platform's own name for it
  std::string path{};  ///< Where it is there, DC/vm/FOLDER
  bool template_ = false;  ///< It cannot be started, only cloned
  std::string guest_os{};  ///< What runs in it, for people
  std::string guest_name{};  ///< The guest's own name for itself
  bool tools = false;  ///< The guest's own tools run
  Firmware firmware = Firmware::bios;  ///< How it begins
  bool secure_boot = false;  ///< Only signed programs are started
  std::int64_t cpu_mhz = 0;  ///< Processor time that it uses, in MHz
  Bytes memory_used{0};  ///< What it takes of its host
  Bytes storage_used{0};  ///< What it takes in pools
  std::string snapshot{};  ///< The id of the snapshot that it goes on from; empty: none
  std::vector<ForeignSnapshot> snapshots{};  ///< All of them, parents before their children
  Time told{};  ///< When the platform last told something: all of this is so old
  bool operator==(const ForeignVm&) const = default;
};

/// A virtual machine.
struct Vm {
  std::string name{};  ///< Unique among machines
  std::string project = "default";  ///< Whose it is
  std::string description{};  ///< Free text
  std::map<std::string, std::string> labels{};  ///< Free keys and values, for filters
  std::string uuid{};  ///< Stays the same over renames
  std::int64_t number = 0;  ///< Unique on its host; the base of its user id
  std::int64_t cpus = 0;  ///< Virtual processors
  Bytes memory{};  ///< Memory
  MachineType machine{};  ///< The virtual hardware
  std::optional<Hardware> hardware{};  ///< What differs from the usual of that type
  Bytes memory_min{0};  ///< What the balloon leaves it when the host is short of memory; 0: all
  std::optional<VmResources> resources{};  ///< What it may have of its host
  std::string resource_pool = "default";  ///< The resource pool that it is in
  std::string conflict_class{};  ///< Its conflict class; empty: none
  std::optional<BootDevice> boot_once{};  ///< What the start that is wanted boots from
  std::string template_{};  ///< The template it was made from, with its version
  std::string iso{};  ///< The CD in its drive
  std::vector<VmDisk> disks{};  ///< Its disks
  std::vector<VmNic> nics{};  ///< Its network cards
  Wanted wanted{};  ///< What it shall be
  Observed observed{};  ///< What it was last seen doing
  std::int64_t generation = 0;  ///< Counts the changes of what is wanted
  bool stop_now = false;  ///< The stop that is wanted does not wait for the guest
  std::int64_t stop_timeout_seconds = 60;  ///< How long the guest may take to power off
  std::string host{};  ///< Where it is placed
  std::vector<std::string> addresses{};  ///< The guest's addresses
  std::string problem{};  ///< Why it is not as wanted, for people
  std::string storage_problem{};  ///< Why its host cannot read or write its disks, while it stands still for that
  std::int64_t leaves_storage = 0;  ///< The generation in which its host ends it, as it cannot reach its disks, so that another one starts it; 0: none
  Time created{};  ///< When it was created
  std::optional<Time> started{};  ///< When it last began to run
  std::optional<SnapshotTree> tree{};  ///< Its snapshots
  std::optional<SnapshotSource> source{};  ///< The snapshot that its disks were copied from
  std::optional<VmSettings> active{};  ///< What it runs with, where it runs
  std::vector<std::string> pending{};  ///< What waits for its next start, for people
  std::optional<VmAvailability> availability{};  ///< What becomes of it when its host dies or loses its disks, or its guest hangs
  BalanceMode balance = BalanceMode::automatic;  ///< Whether plans for balance move it; propose: only those that somebody applies
  std::int64_t epoch = 0;  ///< Counts the hosts that it was given to: whoever writes to its disks must know the newest
  std::string moving_to{};  ///< The host that it is moving to
  std::string relocation{};  ///< The task of its move to or from a platform of others, while that is under way
  bool trial = false;  ///< It runs as a throw-away, to see whether it boots: nothing that it writes is kept, and its network cards reach nobody
  std::optional<MigrationFacts> last_migration{};  ///< How its last move to another host went
  std::optional<std::string> platform{};  ///< The platform of others that it is on; such a machine has of these fields only those that the platform tells, and its name is PLATFORM/NAME
  std::optional<ForeignVm> foreign{};  ///< What its platform says of it
  bool operator==(const Vm&) const = default;
};

/// How a machine moves to, from or between platforms of others.
struct MoveOptions {
  std::string to{};  ///< here, or the name of a platform
  std::string new_name{};  ///< What it is called there (as it is now, as far as that goes)
  std::string project = "default";  ///< Whose it is here
  std::string pool{};  ///< Where its disks are stored (here: default; on a platform the one with most room)
  std::string host{};  ///< Where it is placed (the one that suits best)
  std::vector<std::string> network{};  ///< Which network its cards are plugged into: a name for all, or BEFORE=THEN for those of one (one of the same name; here: default)
  bool keep_source = true;  ///< What it was moved from stays, off, until somebody deletes it
  bool start = false;  ///< Start it when it has come
  bool prepare = false;  ///< When it comes here: change its guest so that it boots here (drivers, names of disks and network cards), by libguestfs on the manager that leads
  bool prove = false;  ///< When it comes here: before it counts as here, start it once as a throw-away without a network, and undo the move if it does not boot
  std::int64_t prove_seconds = 300;  ///< How long that may take until there is a sign that it has booted, or has not
  bool warm = false;  ///< Copy it while it runs, then what it has changed meanwhile, again and again; it is shut down for the last part only
  std::optional<XenKind> xen{};  ///< How a Xen host that it goes to starts it: hvm for any system; pvh and pv for Linux alone, by GRUB of that host from its first disk (hvm)
  std::optional<std::string> xen_loader{};  ///< Where GRUB for pvh or pv is on that host (as Debian's package grub-xen-host has it, in /usr/lib/grub-xen)
  bool operator==(const MoveOptions&) const = default;
};

/// What a move to or from a platform of others would do.
struct MoveReport {
  std::string name{};  ///< What it would be called
  std::string to{};  ///< here, or the platform
  Bytes bytes{0};  ///< Size of its disks
  std::vector<std::string> kept{};  ///< What stays as it is, for people
  std::vector<std::string> changed{};  ///< What is another there
  std::vector<std::string> lost{};  ///< What does not go along
  bool operator==(const MoveReport&) const = default;
};

/// A management platform of others, such as a vCenter, that is shown and used beside Truce's own machines.
struct Platform {
  std::string name{};  ///< Unique among platforms
  std::string id{};  ///< Another one when a platform of this name is added anew
  std::string url{};  ///< Where it is, and who asks: vsphere://USER@HOST:PORT, xen://USER@MASTER, hyperv://USER@HOST, libvirt+qemu+ssh://USER@HOST/system, ssh://USER@HOST
  std::string fingerprint{};  ///< SHA-256 of the one certificate that is accepted; empty: one that an authority has signed
  std::string ca{};  ///< Those authorities, PEM; empty: the ones that the managers' systems believe
  PlatformState state = PlatformState::connecting;  ///< Whether it tells what is on it
  std::string problem{};  ///< Why it does not, for people
  std::optional<Time> since{};  ///< When that began
  std::string product{};  ///< What it is
  std::string version{};  ///< Its version
  std::optional<Time> told{};  ///< When it last told something: all that is shown of it is so old; absent: it never has
  std::optional<std::int64_t> age_seconds{};  ///< The same as a number of seconds
  std::int64_t vms = 0;  ///< Machines on it
  std::int64_t hosts = 0;  ///< Its hosts
  std::int64_t pools = 0;  ///< Where it keeps disks
  std::int64_t networks = 0;  ///< Its networks
  std::string added_by{};  ///< Who added it
  Time created{};  ///< When it was added
  Time changed{};  ///< When its address, password or trust was last set
  bool operator==(const Platform&) const = default;
};

/// A page of platforms.
struct PlatformList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Platform> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const PlatformList&) const = default;
};

/// A platform to be connected.
struct PlatformCreate {
  std::string name{};  ///< Unique among platforms
  std::string url{};  ///< Where it is, and who asks: vsphere://USER@HOST:PORT (vCenter or ESXi), libvirt+qemu+ssh://USER@HOST/system (also libvirt+xen, +tls; libvirt+qemu:///system: the host of the manager)
  std::string password{};  ///< The password of that user; empty where the address needs none: libvirt by ssh, or on this host
  std::string fingerprint{};  ///< SHA-256 of the certificate that it shows, which is accepted whoever has signed it
  std::string ca{};  ///< Authorities that may have signed its certificate, PEM, instead of those that the system believes
  bool operator==(const PlatformCreate&) const = default;
};

/// What shall change; absent fields stay.
struct PlatformChange {
  std::optional<std::string> url{};  ///< Where it is, and who asks: vsphere://USER@HOST:PORT, libvirt+qemu+ssh://USER@HOST/system
  std::optional<std::string> password{};  ///< The password of that user
  std::optional<std::string> fingerprint{};  ///< SHA-256 of the certificate that is accepted; empty: one that an authority has signed
  std::optional<std::string> ca{};  ///< Authorities that may have signed its certificate, PEM; empty: those that the system believes
  bool operator==(const PlatformChange&) const = default;
};

/// What a running machine uses.
struct VmUsage {
  double cpu_seconds = 0;  ///< Processor time since it was started, of its process
  Bytes memory{0};  ///< What the host has given its process
  Bytes balloon{0};  ///< What the guest has after the balloon
  Bytes hot_memory{0};  ///< Memory that was added while it ran, as far as the guest took it
  Bytes guest_total{0};  ///< Memory as the guest counts it; 0: it does not tell
  Bytes guest_free{0};  ///< Memory that the guest does not use
  Bytes guest_available{0};  ///< Memory that the guest could use without swapping
  double cpu_pressure = 0;  ///< Part of the last 10 seconds in which it waited for processors, in percent; where the host tells
  double memory_pressure = 0;  ///< The same, for memory
  double io_pressure = 0;  ///< The same, for disks
  double cpu_throttled_seconds = 0;  ///< How long its limit has held it back
  Bytes disk_read{0};  ///< Read from its disks since its start
  Bytes disk_written{0};  ///< Written to its disks since its start
  std::int64_t disk_reads = 0;  ///< Reads of its disks since its start
  std::int64_t disk_writes = 0;  ///< Writes to its disks since its start
  std::optional<Bytes> net_received{};  ///< Received by its network cards since its start; absent: not known, as in user-mode networks
  std::optional<Bytes> net_sent{};  ///< Sent by its network cards since its start; absent: not known
  bool operator==(const VmUsage&) const = default;
};

/// Machines that share what they may have.
struct ResourcePool {
  std::string name{};  ///< Unique among resource pools
  std::string parent{};  ///< The pool that it is in; empty: the host itself
  std::string description{};  ///< Free text
  std::int64_t cpu_shares = 100;  ///< Its weight among its siblings where processors are short
  std::int64_t cpu_limit = 0;  ///< Processor time of all its machines at most, in percent of one processor; 0: no limit
  std::int64_t cpu_reservation = 0;  ///< Processor time that its machines may reserve together, in percent of one processor; 0: as its parent
  Bytes memory_limit{0};  ///< Memory of all its running machines at most; 0: no limit
  Bytes memory_reservation{0};  ///< Memory that its machines may reserve together; 0: as its parent
  Time created{};  ///< When it was created
  bool operator==(const ResourcePool&) const = default;
};

/// A new resource pool.
struct ResourcePoolCreate {
  std::string name{};  ///< Unique among resource pools
  std::string parent{};  ///< The pool that it shall be in (the host itself)
  std::string description{};  ///< Free text
  std::int64_t cpu_shares = 100;  ///< Its weight among its siblings where processors are short
  std::int64_t cpu_limit = 0;  ///< Processor time of all its machines at most, in percent of one processor; 0: no limit
  std::int64_t cpu_reservation = 0;  ///< Processor time that its machines may reserve together, in percent of one processor; 0: as its parent
  Bytes memory_limit{0};  ///< Memory of all its running machines at most; 0: no limit
  Bytes memory_reservation{0};  ///< Memory that its machines may reserve together; 0: as its parent
  bool operator==(const ResourcePoolCreate&) const = default;
};

/// What shall change; absent fields stay.
struct ResourcePoolChange {
  std::optional<std::string> description{};  ///< Free text
  std::optional<std::int64_t> cpu_shares{};  ///< Its weight among its siblings where processors are short
  std::optional<std::int64_t> cpu_limit{};  ///< Processor time of all its machines at most, in percent of one processor; 0: no limit
  std::optional<std::int64_t> cpu_reservation{};  ///< Processor time that its machines may reserve together, in percent of one processor; 0: as its parent
  std::optional<Bytes> memory_limit{};  ///< Memory of all its running machines at most; 0: no limit
  std::optional<Bytes> memory_reservation{};  ///< Memory that its machines may reserve together; 0: as its parent
  bool operator==(const ResourcePoolChange&) const = default;
};

/// Machines that may not be beside those of other classes.
struct ConflictClass {
  std::string name{};  ///< Unique among conflict classes
  std::string description{};  ///< Free text
  std::vector<std::string> conflicts_with{};  ///< Classes that may not be on the same host; it holds both ways
  Time created{};  ///< When it was created
  bool operator==(const ConflictClass&) const = default;
};

/// A new conflict class.
struct ConflictClassCreate {
  std::string name{};  ///< Unique among conflict classes
  std::string description{};  ///< Free text
  std::vector<std::string> conflicts_with{};  ///< A class that may not be on the same host; it may be made later
  bool operator==(const ConflictClassCreate&) const = default;
};

/// What shall change; absent fields stay.
struct ConflictClassChange {
  std::optional<std::string> description{};  ///< Free text
  std::optional<std::vector<std::string>> conflicts_with{};  ///< Replaces the classes that may not be on the same host
  bool operator==(const ConflictClassChange&) const = default;
};

/// What a new snapshot shall be.
struct SnapshotCreate {
  std::string name{};  ///< Unique in the machine
  std::string description{};  ///< Free text
  bool memory = false;  ///< With the memory of a machine that runs
  bool quiesce = false;  ///< Freeze the guest's file systems by its agent for the moment
  bool operator==(const SnapshotCreate&) const = default;
};

/// What the new machine shall be.
struct CloneOptions {
  std::string new_name{};  ///< Unique among machines
  bool start = false;  ///< Start it at once
  bool operator==(const CloneOptions&) const = default;
};

/// How to restore a snapshot.
struct RestoreOptions {
  bool start = false;  ///< Start the machine, when the snapshot has no memory
  bool operator==(const RestoreOptions&) const = default;
};

/// What shall change of what becomes of a machine in trouble; absent fields stay.
struct AvailabilityChange {
  std::optional<bool> restart_elsewhere{};  ///< It is started on another host
  std::optional<RestartPriority> restart_priority{};  ///< When, among others
  std::optional<bool> keep_running{};  ///< A host that is cut off lets it run on; then it is never started elsewhere meanwhile
  std::optional<HangResponse> on_hang{};  ///< What its host does when its guest hangs
  std::optional<std::int64_t> hang_seconds{};  ///< How long its guest agent, which has answered before, must be silent, without any disk or network traffic, to count as hanging (60)
  std::optional<StorageLossResponse> on_storage_loss{};  ///< What is done when its host no longer reaches its disks
  std::optional<std::int64_t> storage_loss_seconds{};  ///< After how long that is done (60)
  std::optional<std::vector<std::string>> restart_after{};  ///< Machines that have to run before it is started
  bool operator==(const AvailabilityChange&) const = default;
};

/// What a new machine shall be.
struct VmCreate {
  std::string name{};  ///< Unique among machines
  std::string project = "default";  ///< Whose it is
  std::string description{};  ///< Free text
  std::map<std::string, std::string> labels{};  ///< Free keys and values (key=value)
  std::string template_{};  ///< Template to clone, NAME or NAME@VERSION
  std::string iso{};  ///< Template of kind iso to put into its CD drive
  std::int64_t cpus = 1;  ///< Virtual processors
  Bytes memory{536870912};  ///< Memory
  std::optional<Bytes> disk{};  ///< Size of its disk (default: the template's)
  CloneKind clone = CloneKind::linked;  ///< linked or full
  std::string disk_key{};  ///< Key of the host to encrypt its disk with (LUKS); empty: not encrypted
  MachineType machine = MachineType::q35;  ///< q35, legacy or microvm
  std::optional<Hardware> hardware{};  ///< What differs from the usual of that type
  std::string network = "default";  ///< Network to plug it into
  std::vector<std::string> forward{};  ///< Port forward on a network of mode user or nat, HOST:GUEST
  bool spoof_filter = true;  ///< The guest sends from its own MAC and address only
  std::string address{};  ///< Its fixed IPv4 address; empty: the network gives it one, for good
  std::string address6{};  ///< Its fixed IPv6 address; empty: the network gives it one, for good, where it has IPv6
  std::vector<std::string> security_group{};  ///< Security group whose rules hold for it; none: everything may pass
  std::int64_t send_mbit = 0;  ///< What the guest may send, in Mbit/s; 0: no limit
  std::int64_t receive_mbit = 0;  ///< What the guest may receive, in Mbit/s; 0: no limit
  std::string mirror_to{};  ///< Network card VM/NUMBER on the same host that gets a copy of all that this one carries; empty: none
  std::string cloud_init{};  ///< cloud-init user-data
  std::vector<std::string> ssh_keys{};  ///< SSH public keys for the template's user
  std::string answer_file{};  ///< Answers for an installer, on a CD while an iso is in the drive
  std::optional<AnswerKind> answer_kind{};  ///< autounattend, kickstart or preseed (seen from its content)
  std::string pool = "default";  ///< Where to store its disk
  Bytes memory_min{0};  ///< What the balloon leaves it when the host is short of memory; 0: all
  std::optional<VmResources> resources{};  ///< What it may have of its host
  std::optional<AvailabilityChange> availability{};  ///< What becomes of it when its host dies or loses its disks, or its guest hangs
  std::string resource_pool = "default";  ///< The resource pool that it is in
  std::string conflict_class{};  ///< Its conflict class; empty: none
  bool start = false;  ///< Start it at once
  bool operator==(const VmCreate&) const = default;
};

/// What shall change; absent fields stay.
struct VmChange {
  std::optional<std::string> description{};  ///< Free text
  std::optional<std::map<std::string, std::string>> labels{};  ///< Replaces all labels (key=value)
  std::optional<std::int64_t> cpus{};  ///< Virtual processors
  std::optional<Bytes> memory{};  ///< Memory
  std::optional<std::string> iso{};  ///< The CD in its drive, or empty for none
  std::optional<Bytes> memory_min{};  ///< What the balloon leaves it when the host is short of memory; 0: all
  std::optional<Hardware> hardware{};  ///< What shall change of it
  std::optional<VmResources> resources{};  ///< What it may have of its host
  std::optional<AvailabilityChange> availability{};  ///< What becomes of it when its host dies or loses its disks, or its guest hangs
  std::optional<BalanceMode> balance{};  ///< Whether plans for balance move it; propose: only those that somebody applies
  std::optional<std::string> resource_pool{};  ///< The resource pool that it shall be in
  std::optional<std::string> conflict_class{};  ///< Its conflict class; empty: none
  bool operator==(const VmChange&) const = default;
};

/// How to start.
struct StartOptions {
  std::optional<BootDevice> boot{};  ///< Boot from this first, this time only
  bool operator==(const StartOptions&) const = default;
};

/// How to stop.
struct StopOptions {
  bool now = false;  ///< Cut the power instead of asking the guest
  std::int64_t timeout_seconds = 60;  ///< How long the guest may take
  bool operator==(const StopOptions&) const = default;
};

/// A new name.
struct Rename {
  std::string new_name{};  ///< The new name
  bool operator==(const Rename&) const = default;
};

/// A program to run in the guest.
struct ExecRequest {
  std::vector<std::string> argv{};  ///< The program and its arguments
  std::int64_t timeout_seconds = 60;  ///< How long to wait for its end
  bool operator==(const ExecRequest&) const = default;
};

/// How the program ended.
struct ExecAnswer {
  std::int64_t exit_code = 0;  ///< Its exit status
  std::string out{};  ///< Its standard output
  std::string err{};  ///< Its standard error
  bool operator==(const ExecAnswer&) const = default;
};

/// Which console.
struct ConsoleRequest {
  ConsoleKind kind = ConsoleKind::serial;  ///< Which one
  bool operator==(const ConsoleRequest&) const = default;
};

/// A one-use key for a console.
struct ConsoleTicket {
  std::string ticket{};  ///< The key
  std::string path{};  ///< Where to open the WebSocket
  bool operator==(const ConsoleTicket&) const = default;
};

/// An immutable version of what machines are cloned from.
struct Template {
  std::string name{};  ///< NAME@VERSION
  TemplateKind kind{};  ///< What it holds
  std::string description{};  ///< Free text
  std::string pool = "default";  ///< Where it is stored
  std::vector<std::string> hosts{};  ///< Hosts that have its files
  Bytes disk_size{0};  ///< Size of the disk that the guest sees
  Bytes stored{0};  ///< Room that its files take
  bool cloud_init = false;  ///< Reads cloud-init's data
  bool guest_agent = false;  ///< Has the guest agent
  std::map<std::string, std::string> sha256{};  ///< Checksum of each file
  Time created{};  ///< When it was finished
  bool operator==(const Template&) const = default;
};

/// How to make a template.
struct TemplateCreate {
  std::string name{};  ///< Name of the family; the version is added
  std::string description{};  ///< Free text
  std::optional<std::string> recipe{};  ///< Recipe to follow: debian-12 or tiny
  std::optional<std::string> file{};  ///< Path of a disk image or ISO on the host
  std::string host{};  ///< The host that makes it; empty: the manager's own
  bool operator==(const TemplateCreate&) const = default;
};

/// A disk image or ISO that arrives in pieces, until it is a template.
struct Upload {
  std::string name{};  ///< Unique among uploads, chosen by the server
  std::string template_{};  ///< The family that the new version will be of
  std::string description{};  ///< For the template
  std::string host{};  ///< Where it is stored
  Bytes size{};  ///< Of the whole file
  Bytes received{};  ///< How much is on the disk, whatever happens; the next piece begins there
  std::string sha256{};  ///< What the whole file is checked against; empty: nothing
  std::string user{};  ///< Who began it
  std::string task{};  ///< The task that makes the template; empty: none
  std::string problem{};  ///< Why no template came of it
  Time created{};  ///< When it was begun
  Time expires{};  ///< When it is removed unless a piece arrives
  bool operator==(const Upload&) const = default;
};

/// A file that is to be sent.
struct UploadCreate {
  std::string template_{};  ///< Name of the family; the version is added
  std::string description{};  ///< Free text
  Bytes size{};  ///< Of the whole file, at most 64 TiB
  std::string sha256{};  ///< Of the whole file, in 64 hexadecimal digits; empty: it is not checked
  bool operator==(const UploadCreate&) const = default;
};

/// A network that machines plug into.
struct Network {
  std::string name{};  ///< Unique among networks
  NetworkMode mode{};  ///< nat, routed, isolated, bridged or user
  std::string bridge{};  ///< The host's bridge, in mode bridged
  std::string private_to{};  ///< Only machines of this project may use it; empty: all
  std::string subnet{};  ///< Its addresses; the first is the host's
  std::string subnet6{};  ///< Its IPv6 addresses; the first is the host's
  std::int64_t vni = 0;  ///< Number of its overlay over all hosts (VXLAN); 0: each host has a network of its own by this name
  std::int64_t vlan = 0;  ///< VLAN on the host's bridge, in mode bridged; 0: untagged
  std::string domain = "truce.internal";  ///< DNS suffix of the machines
  bool spoof_filter = true;  ///< Guests send from their own MAC and address only
  std::string problem{};  ///< Why it does not work
  Time created{};  ///< When it was created
  std::optional<std::string> platform{};  ///< The platform of others that it is on; then it has only the fields that this tells, and its name is PLATFORM/NAME
  std::optional<std::string> foreign_id{};  ///< The name that its platform knows it by
  bool operator==(const Network&) const = default;
};

/// A new network.
struct NetworkCreate {
  std::string name{};  ///< Unique among networks
  NetworkMode mode = NetworkMode::nat;  ///< nat, routed, isolated, bridged or user
  std::string bridge{};  ///< A bridge that the host has already (mode bridged)
  std::string private_to{};  ///< Only machines of this project may use it (all)
  std::optional<std::string> subnet{};  ///< IPv4 addresses such as 10.88.0.0/24 (modes nat, routed, isolated)
  std::string subnet6{};  ///< IPv6 addresses such as fd00:88::/64 (modes nat, routed, isolated); empty: no IPv6
  bool overlay = false;  ///< One network over all hosts (VXLAN), so that machines keep their addresses when they move
  std::int64_t vlan = 0;  ///< VLAN on the host's bridge, in mode bridged; 0: untagged
  std::string domain = "truce.internal";  ///< DNS suffix of the machines
  bool spoof_filter = true;  ///< Guests send from their own MAC and address only
  bool operator==(const NetworkCreate&) const = default;
};

/// What shall change; absent fields stay.
struct NetworkChange {
  std::optional<bool> spoof_filter{};  ///< Guests send from their own MAC and address only
  std::optional<std::string> subnet6{};  ///< IPv6 addresses such as fd00:88::/64 (modes nat, routed, isolated), or empty for no IPv6
  bool operator==(const NetworkChange&) const = default;
};

/// A set of rules about who may connect to network cards, and where these may connect to.
struct SecurityGroup {
  std::string name{};  ///< Unique among security groups
  std::string project = "default";  ///< Whose it is; machines of this project may use it
  std::string description{};  ///< Free text
  std::vector<std::string> rules{};  ///< What may pass, such as ingress tcp 80,443 from 10.0.0.0/8 or from fd00::/8
  Time created{};  ///< When it was created
  bool operator==(const SecurityGroup&) const = default;
};

/// A new security group.
struct SecurityGroupCreate {
  std::string name{};  ///< Unique among security groups
  std::string project = "default";  ///< Whose it is
  std::string description{};  ///< Free text
  std::vector<std::string> rule{};  ///< ingress or egress, then any, tcp, udp or icmp, then ports (80,8000-8100), then from or to a CIDR or group:NAME
  std::vector<std::string> rules_file{};  ///< The same from a file, one a line
  bool operator==(const SecurityGroupCreate&) const = default;
};

/// What shall change; absent fields stay.
struct SecurityGroupChange {
  std::optional<std::string> description{};  ///< Free text
  std::vector<std::string> add_rule{};  ///< A rule to add
  std::vector<std::string> remove_rule{};  ///< A rule to take out, as truce security-group show writes it
  std::optional<std::vector<std::string>> rules_file{};  ///< Replaces all rules by those of a file, one a line
  bool operator==(const SecurityGroupChange&) const = default;
};

/// A pool as one host has it.
struct PoolPlace {
  std::string host{};  ///< Which host
  std::string path{};  ///< Its folder there
  Bytes total{};  ///< Size of what it lies on
  Bytes free{};  ///< Free there, and within its quota
  Bytes used{};  ///< Stored there
  Bytes allocated{0};  ///< Promised to machines there
  std::string problem{};  ///< What is wrong with it there, for people
  bool operator==(const PoolPlace&) const = default;
};

/// A place for disks and templates.
struct Pool {
  std::string name{};  ///< Unique among pools
  std::string host{};  ///< Where it is
  std::string source{};  ///< The folder that was given
  std::string id{};  ///< What its folder is known by on all hosts, where it is shared
  bool shared = false;  ///< All hosts see the same files in it
  std::vector<PoolPlace> places{};  ///< How each host has it
  std::string path{};  ///< Its folder
  Bytes total{};  ///< Size of what it lies on
  Bytes free{};  ///< Free there, and within its quota
  Bytes used{};  ///< Stored in this pool
  Bytes allocated{};  ///< Promised to machines
  Bytes quota{0};  ///< What may be stored in it at most; 0: no limit
  std::int64_t overcommit_percent = 0;  ///< What may be promised to machines, in percent of its size; 0: no limit
  std::int64_t alarm_percent = 85;  ///< From this part on that is used it says so, in percent
  std::string problem{};  ///< What is wrong with it, for people
  std::optional<Time> created{};  ///< When it was created
  std::optional<std::string> platform{};  ///< The platform of others that it is on; then it has only the fields that this tells, and its name is PLATFORM/NAME
  std::optional<std::string> foreign_id{};  ///< The name that its platform knows it by
  bool operator==(const Pool&) const = default;
};

/// A new storage pool.
struct PoolCreate {
  std::string name{};  ///< Unique among pools
  std::string source{};  ///< A folder of the host, of any file system that is mounted there
  std::string host{};  ///< The host whose folder it is, or that makes it where it is shared; empty: the manager's own
  bool shared = false;  ///< The folder is the same on all hosts, such as an NFS mount
  Bytes quota{0};  ///< What may be stored in it at most; 0: no limit
  std::int64_t overcommit_percent = 0;  ///< What may be promised to machines, in percent of its size; 0: no limit
  std::int64_t alarm_percent = 85;  ///< From this part on that is used it says so, in percent
  bool operator==(const PoolCreate&) const = default;
};

/// What shall change; absent fields stay.
struct PoolChange {
  std::optional<Bytes> quota{};  ///< What may be stored in it at most; 0: no limit
  std::optional<std::int64_t> overcommit_percent{};  ///< What may be promised to machines, in percent of its size; 0: no limit
  std::optional<std::int64_t> alarm_percent{};  ///< From this part on that is used it says so, in percent
  bool operator==(const PoolChange&) const = default;
};

/// A machine that runs virtual machines.
struct Host {
  std::string name{};  ///< Unique among hosts
  HostState state{};  ///< Whether it is connected
  std::int64_t cpus = 0;  ///< Processors
  Bytes memory{};  ///< Memory
  std::string hypervisor{};  ///< Name and version
  std::string accelerator{};  ///< kvm, or tcg (software emulation: slow)
  std::vector<NetworkMode> network_modes{};  ///< What its rights allow
  std::vector<std::string> machine_types{};  ///< Hardware that it can run
  std::string machine_version{};  ///< The newest version of these
  std::vector<std::string> cpu_models{};  ///< Processor models that machines can have
  std::map<std::string, std::string> lacks{};  ///< What it cannot give to machines, and why
  std::string kernel{};  ///< Version of its Linux
  std::string problem{};  ///< What is wrong with it, for people
  HostRole role = HostRole::manager;  ///< Whether it keeps the cluster's state
  std::string address{};  ///< Where other hosts reach it, ADDRESS:PORT
  std::string version{};  ///< Of its truced
  std::int64_t format = 1;  ///< The newest format of the state that it knows
  std::map<std::string, std::string> labels{};  ///< Free keys and values, for rules and filters
  std::string fault_domain{};  ///< What fails together with it, such as a rack
  bool draining = false;  ///< Nothing is placed on it
  std::string power{};  ///< What switches it: wol:MAC, redfish://USER@HOST or ipmi://USER@HOST; empty: people only
  std::string power_fingerprint{};  ///< SHA-256 of its management controller's certificate
  bool power_tried = false;  ///< That has switched it off and on again before
  std::int64_t wake_seconds = 0;  ///< The longest that waking took
  HostSleep sleep = HostSleep::awake;  ///< Whether it is switched off to save power
  std::optional<Time> sleep_since{};  ///< For how long it is as `sleep` says; absent while it is awake
  std::int64_t wake_tries = 0;  ///< How often it was tried to wake it this time
  std::optional<Time> woken{};  ///< When it was awake again the last time
  std::optional<Time> certificate_expires{};  ///< When its certificate of the cluster ends
  std::optional<std::string> platform{};  ///< The platform of others that it is on; then it has only the fields that this tells, and its name is PLATFORM/NAME
  std::optional<std::string> foreign_id{};  ///< The name that its platform knows it by
  bool operator==(const Host&) const = default;
};

/// What shall change; absent fields stay.
struct HostChange {
  std::optional<std::map<std::string, std::string>> label{};  ///< Replaces its labels
  std::optional<std::string> fault_domain{};  ///< What fails together with it, such as a rack
  std::optional<std::string> power{};  ///< What switches it: wol:MAC[@BROADCAST], redfish://USER@HOST[:PORT][/SYSTEM], ipmi://USER@HOST[:PORT] or none
  std::optional<std::string> power_password{};  ///< The password of that user; it is kept sealed and never shown
  std::optional<std::string> power_fingerprint{};  ///< SHA-256 of the certificate of its management controller, which is trusted by that alone (redfish)
  bool operator==(const HostChange&) const = default;
};

/// What a host's power control says.
struct HostPower {
  std::string name{};  ///< Of the host
  std::string power{};  ///< What switches it
  std::string state{};  ///< on, off, or between on and off; empty: it was not told
  std::string problem{};  ///< Why it does not tell, for people
  bool tried = false;  ///< It has switched the host off and on again before
  bool operator==(const HostPower&) const = default;
};

/// How a host is emptied.
struct DrainOptions {
  bool with_storage = false;  ///< Disks that other hosts cannot reach are copied
  std::int64_t parallel = 2;  ///< How many machines move at once
  bool stop = false;  ///< Machines that cannot move while they run are stopped for it
  bool operator==(const DrainOptions&) const = default;
};

/// How a machine goes to another host.
struct MigrateOptions {
  std::string to{};  ///< The other host; empty: the best one
  bool with_storage = false;  ///< Disks that the other host cannot reach are copied to its pools
  std::int64_t downtime_ms = 300;  ///< How long the guest may stand still, in milliseconds
  Bytes bandwidth{0};  ///< Bytes a second at most; 0: no limit
  std::int64_t channels = 1;  ///< Connections that memory goes over
  bool compress = false;  ///< Compress memory (zstd)
  bool auto_converge = true;  ///< Slow the guest down when it changes its memory quicker than it can be sent
  bool post_copy = false;  ///< When it does not converge, go on at the other host and fetch the rest; a failure then costs the machine's memory
  bool offline = false;  ///< Suspend it, move it and resume it, when it cannot move while it runs
  bool operator==(const MigrateOptions&) const = default;
};

/// A host that keeps the cluster's state.
struct ClusterManager {
  std::string name{};  ///< Of the host
  std::string address{};  ///< Where the others reach it, ADDRESS:PORT
  bool leader = false;  ///< It decides now
  bool healthy = true;  ///< It answers
  std::string problem{};  ///< What is wrong with it, for people
  bool operator==(const ClusterManager&) const = default;
};

/// One certificate authority takes another one's place.
struct AuthorityRotation {
  RotationStage stage{};  ///< What all hosts do now
  std::string old{};  ///< SHA-256 of the authority that goes
  std::string fresh{};  ///< And of the one that comes
  std::string etcd_fresh{};  ///< The same for the authority of etcd's members; empty: truced runs none
  std::vector<std::string> done{};  ///< Hosts that have done what this stage asks for
  std::string turn{};  ///< The manager whose member of etcd may be started anew for it; empty: none at present
  std::string waits{};  ///< What it waits for, for people
  Time started{};  ///< When it began
  bool operator==(const AuthorityRotation&) const = default;
};

/// Several hosts that are one estate.
struct Cluster {
  std::string name{};  ///< Of the cluster; empty while this is a single host
  StoreKind store{};  ///< Where its state is
  std::vector<std::string> etcd{};  ///< Addresses of the etcd of one's own that its state is in; none: truced runs its own
  std::string etcd_prefix{};  ///< What its keys begin with there
  std::vector<ClusterManager> managers{};  ///< Hosts that keep its state
  std::int64_t hosts = 0;  ///< How many hosts it has
  std::int64_t online = 0;  ///< How many of them are connected
  std::int64_t managers_may_fail = 0;  ///< How many managers can still fail before nothing can be changed any more
  std::int64_t hosts_may_fail = 0;  ///< How many hosts can still fail before machines find no room
  std::map<std::string, std::int64_t> versions{};  ///< How many hosts have which version of truced
  std::int64_t format = 1;  ///< Of its state: the newest that all its hosts know
  std::string fingerprint{};  ///< SHA-256 of its certificate authority
  std::optional<AuthorityRotation> rotation{};  ///< How far the replacement of that is; absent while there is none
  std::string cpu_baseline{};  ///< Processor model that machines get, so that they run on all its hosts
  bool availability = false;  ///< Machines of a host that dies or is cut off are started on others
  BalanceMode balance = BalanceMode::off;  ///< What is done by itself when the load is uneven
  std::int64_t balance_minutes = 5;  ///< So often the load is looked at
  PowerSaving power_saving = PowerSaving::off;  ///< What is done by itself where hosts are not needed
  std::int64_t stay_awake = 1;  ///< So many hosts are never asleep
  std::int64_t spare_hosts = 1;  ///< So many of those that are awake may fail and machines still find room
  std::int64_t sleep_below = 50;  ///< A host sleeps where the others would be used to no more, in percent
  std::int64_t wake_above = 75;  ///< One is woken where those that are awake are used to more, in percent
  std::int64_t rest_minutes = 30;  ///< A host that has woken stays so for this long
  std::int64_t asleep = 0;  ///< How many hosts sleep, or are on the way there or back
  std::string power_advice{};  ///< Which hosts would be switched off or on now, and why no others
  std::string problem{};  ///< What is wrong with it, for people
  std::optional<Time> created{};  ///< When it was created
  bool operator==(const Cluster&) const = default;
};

/// Whom a host believes, and who signed its certificates, as SHA-256 of authorities.
struct AuthorityReport {
  std::string host{};  ///< Its name
  std::vector<std::string> believed{};  ///< Whom it believes
  std::string signed_by{};  ///< Who signed its certificate
  std::vector<std::string> keys{};  ///< Whose keys it has
  std::vector<std::string> etcd_believed{};  ///< Whom its member of etcd believes
  std::string etcd_signed_by{};  ///< Who signed the certificate of that
  std::vector<std::string> seals{};  ///< Which keys for sealing secrets it has
  bool operator==(const AuthorityReport&) const = default;
};

/// What a host is to do for the replacement of the authority, and which keys it lacks.
struct AuthorityOrders {
  std::optional<AuthorityRotation> rotation{};  ///< How far it is; absent: there is none
  std::string authority{};  ///< Certificate of the new one, PEM
  std::string etcd_authority{};  ///< The same for etcd's members
  std::string authority_key{};  ///< For managers: certificate and key of the new one, PEM
  std::string etcd_authority_key{};  ///< The same for etcd's members
  std::string seals{};  ///< For managers that lack some: the keys that secrets are sealed with
  bool operator==(const AuthorityOrders&) const = default;
};

/// The first host of a cluster.
struct ClusterCreate {
  std::string name{};  ///< Of the cluster
  std::string address{};  ///< Where the other hosts reach this one, ADDRESS or ADDRESS:PORT; empty: what its default route goes out from
  std::string cpu_baseline{};  ///< Processor model that machines get, unless they say otherwise
  StoreKind store = StoreKind::etcd;  ///< Where its state will be: with sqlite this host is its only manager
  std::vector<std::string> etcd{};  ///< Addresses of an etcd of one's own, https://HOST:PORT; none: truced runs its own
  std::string etcd_ca{};  ///< Certificates that the certificates of that etcd are signed by, PEM; none: those that this host's system believes
  std::string etcd_certificate{};  ///< What the managers show to that etcd, PEM
  std::string etcd_key{};  ///< Its key, PEM, without a passphrase
  std::string etcd_user{};  ///< Who signs in at that etcd; empty: nobody
  std::string etcd_password{};  ///< The password of that user
  std::string etcd_prefix{};  ///< What the keys of this cluster begin with in that etcd, /a/name/; empty: /truce/NAME/
  std::int64_t etcd_client_port = 2379;  ///< Where the managers' own etcd is reached by them
  std::int64_t etcd_peer_port = 2380;  ///< And by its other members
  bool operator==(const ClusterCreate&) const = default;
};

/// What shall change; absent fields stay.
struct ClusterChange {
  std::optional<bool> availability{};  ///< Machines of a host that dies or is cut off are started on others; from their next start on
  std::optional<std::string> cpu_baseline{};  ///< Processor model that machines get, unless they say otherwise; empty: each host's own
  std::optional<BalanceMode> balance{};  ///< What is done by itself when the load is uneven
  std::optional<std::int64_t> balance_minutes{};  ///< So often the load is looked at
  std::optional<PowerSaving> power_saving{};  ///< What is done by itself where hosts are not needed
  std::optional<std::int64_t> stay_awake{};  ///< So many hosts are never asleep
  std::optional<std::int64_t> spare_hosts{};  ///< So many of those that are awake may fail and machines still find room
  std::optional<std::int64_t> sleep_below{};  ///< A host sleeps where the others would be used to no more, in percent
  std::optional<std::int64_t> wake_above{};  ///< One is woken where those that are awake are used to more, in percent; at least ten above sleep_below
  std::optional<std::int64_t> rest_minutes{};  ///< A host that has woken stays so for this long
  bool operator==(const ClusterChange&) const = default;
};

/// Lets one host join once.
struct JoinToken {
  std::string name{};  ///< Of the host that may join with it, and of the token
  std::string host{};  ///< The same, for tables
  HostRole role{};  ///< What the host will be
  std::string hash{};  ///< SHA-256 of the secret
  Time created{};  ///< When it was made
  Time expires{};  ///< When it is void
  bool operator==(const JoinToken&) const = default;
};

/// Which host may join.
struct JoinTokenCreate {
  std::string host{};  ///< Its name in the cluster
  HostRole role = HostRole::node;  ///< What it will be
  std::int64_t hours = 24;  ///< How long it may be used
  bool operator==(const JoinTokenCreate&) const = default;
};

/// A token; it is shown once.
struct JoinTokenSecret {
  std::string token{};  ///< Everything that the host needs to find and trust the cluster, and to be trusted once
  std::optional<Time> expires{};  ///< When it is void
  bool operator==(const JoinTokenSecret&) const = default;
};

/// How this host joins.
struct JoinRequest {
  std::string token{};  ///< What truce cluster token printed
  std::string address{};  ///< Where the other hosts reach this one, ADDRESS or ADDRESS:PORT; empty: what the route to the manager goes out from
  bool operator==(const JoinRequest&) const = default;
};

/// A host that wants to be let in.
struct EnrollRequest {
  std::string host{};  ///< Its name
  std::string secret{};  ///< Of the token
  std::string request{};  ///< Certificate signing request, PEM
  std::string address{};  ///< Where the other hosts reach it, ADDRESS:PORT
  std::string version{};  ///< Of its truced
  std::int64_t format = 1;  ///< The newest format of the state that it knows
  std::int64_t oldest_format = 1;  ///< And the oldest
  std::string etcd_request{};  ///< The same for its member of etcd, if it is to be a manager
  bool operator==(const EnrollRequest&) const = default;
};

/// An etcd that is not truced's own, and who reads and writes in it.
struct EtcdAccess {
  std::vector<std::string> urls{};  ///< Its members, https://HOST:PORT
  std::string prefix{};  ///< What all keys begin with
  std::string ca{};  ///< Whose signature their certificates need, PEM; empty: the system's
  std::string certificate{};  ///< What it is shown, PEM
  std::string key{};  ///< Its key, PEM
  std::string user{};  ///< Who signs in; empty: nobody
  std::string password{};  ///< The password of that user
  bool operator==(const EtcdAccess&) const = default;
};

/// What makes a host a manager: it can let others in, and read and write all of the state.
struct ManagerEnrollment {
  std::string authority_key{};  ///< Certificate and key of the cluster's authority, PEM
  std::string etcd_token{};  ///< Of the etcd cluster
  std::string etcd_certificate{};  ///< Of its member of etcd, PEM
  std::string etcd_authority{};  ///< Certificates of the authority of etcd's members, PEM
  std::string etcd_authority_key{};  ///< Certificate and key of that authority, PEM
  std::vector<std::string> etcd_urls{};  ///< Where the other members answer
  std::string seals{};  ///< The keys that secrets are sealed with
  std::int64_t etcd_client_port = 2379;  ///< Where its own is to answer managers
  std::int64_t etcd_peer_port = 2380;  ///< And the other members
  std::optional<EtcdAccess> etcd{};  ///< How it reaches an etcd of one's own, which the state is in instead
  bool operator==(const ManagerEnrollment&) const = default;
};

/// What a host that was let in gets.
struct Enrollment {
  std::string cluster{};  ///< Name of the cluster
  std::optional<HostRole> role{};  ///< What it is to be
  std::string certificate{};  ///< Its certificate, PEM
  std::string authority{};  ///< Certificates of the authority, PEM
  std::vector<std::string> managers{};  ///< Where the managers are, ADDRESS:PORT
  std::optional<ManagerEnrollment> manager{};  ///< What it needs besides, as a manager
  bool operator==(const Enrollment&) const = default;
};

/// Which machines are kept together or apart, or on which hosts.
struct Rule {
  std::string name{};  ///< Unique among rules
  RuleKind kind{};  ///< What it says
  bool must = false;  ///< Nothing is placed against it; otherwise it is only preferred
  std::vector<std::string> vms{};  ///< Machines that it is about
  std::string vm_label{};  ///< Also all machines with this label, KEY=VALUE
  std::vector<std::string> hosts{};  ///< Hosts that it is about
  std::string host_label{};  ///< Also all hosts with this label, KEY=VALUE
  bool by_fault_domain = false;  ///< together and apart count fault domains instead of hosts
  std::string problem{};  ///< Who breaks it now, for people
  Time created{};  ///< When it was created
  bool operator==(const Rule&) const = default;
};

/// A new placement rule.
struct RuleCreate {
  std::string name{};  ///< Unique among rules
  RuleKind kind{};  ///< What it says
  bool must = false;  ///< Nothing is placed against it; otherwise it is only preferred
  std::vector<std::string> vm{};  ///< A machine that it is about
  std::string vm_label{};  ///< Also all machines with this label, KEY=VALUE
  std::vector<std::string> host{};  ///< A host that it is about
  std::string host_label{};  ///< Also all hosts with this label, KEY=VALUE
  bool by_fault_domain = false;  ///< together and apart count fault domains instead of hosts
  bool operator==(const RuleCreate&) const = default;
};

/// One machine that goes to another host.
struct PlanMove {
  std::string vm{};  ///< Its name
  std::string from{};  ///< The host it is on
  std::string to{};  ///< The host it goes to
  std::string reason{};  ///< Why
  double score_after = 0;  ///< The estate's score once this and all before it are done
  double seconds = 0;  ///< How long it is expected to take
  std::string task{};  ///< The task that carries it out
  bool operator==(const PlanMove&) const = default;
};

/// Which machines should go where, and why.
struct Plan {
  std::string name{};  ///< Unique; later plans sort later
  PlanKind kind{};  ///< What for
  PlanState state{};  ///< Where it stands
  std::string host{};  ///< The host that is emptied, for evacuate, or relieved, for balance
  std::vector<PlanMove> moves{};  ///< In this order no host is over-filled on the way
  std::vector<std::string> refusals{};  ///< What cannot be done, and why, one sentence each
  double score_before = 0;  ///< How uneven the load is now, 0 is best; for consolidate, how many hosts are in use
  double score_after = 0;  ///< The same after all moves
  double bound = 0;  ///< No plan can be better than this
  std::string bound_reason{};  ///< Why not
  std::int64_t revision = 0;  ///< The store's revision that it was made from
  std::string user{};  ///< Who asked for it; empty for the system
  std::string problem{};  ///< Why it failed
  Time created{};  ///< When it was made
  bool operator==(const Plan&) const = default;
};

/// A host as plans see it.
struct EstateHost {
  std::string name{};  ///< Its name
  std::vector<std::int64_t> capacity{};  ///< Percent of one processor, MiB of memory, KiB a second of disks and of network, MiB that can be promised, processors; 0: not known
  std::int64_t reservable_cpu = 0;  ///< Processor time that can be reserved, in percent of one processor
  std::string fault_domain{};  ///< What fails together with it
  bool online = true;  ///< It is connected
  bool draining = false;  ///< Nothing is moved to it
  bool operator==(const EstateHost&) const = default;
};

/// A machine as plans see it.
struct EstateMachine {
  std::string name{};  ///< Its name
  std::string host{};  ///< Where it is placed
  std::vector<std::int64_t> demand{};  ///< What it demands, in the order of a host's capacity
  std::int64_t reserved_cpu = 0;  ///< Processor time that is kept for it, in percent of one processor
  std::string conflict_class{};  ///< Its conflict class
  std::int64_t reach = -1;  ///< Which of the reaches it has; -1: it can be on any host
  std::string fixed{};  ///< Why it cannot move; empty: it can
  double weight = 1;  ///< How much a move of it costs
  double seconds = 0;  ///< How long a move of it is expected to take
  bool rested = true;  ///< It has not moved lately
  bool operator==(const EstateMachine&) const = default;
};

/// Which hosts machines of a kind can be on.
struct EstateReach {
  std::map<std::string, std::string> refused{};  ///< Hosts that they cannot be on, and why
  bool operator==(const EstateReach&) const = default;
};

/// A placement rule with the names of all that it is about.
struct EstateRule {
  std::string name{};  ///< Its name
  RuleKind kind{};  ///< What it says
  bool must = false;  ///< Nothing is moved against it
  bool by_fault_domain = false;  ///< together and apart count fault domains instead of hosts
  std::vector<std::string> machines{};  ///< Machines
  std::vector<std::string> hosts{};  ///< Hosts
  bool operator==(const EstateRule&) const = default;
};

/// What a plan was computed from.
struct Estate {
  std::vector<EstateHost> hosts{};  ///< All hosts
  std::vector<EstateMachine> machines{};  ///< All machines
  std::vector<EstateReach> reaches{};  ///< Which hosts machines can be on
  std::vector<EstateRule> rules{};  ///< Placement rules
  std::vector<ConflictClass> classes{};  ///< Conflict classes
  std::int64_t reserve_hosts = 0;  ///< So many hosts may fail and what is promised still fits
  bool operator==(const Estate&) const = default;
};

/// What shall be planned.
struct PlanCreate {
  PlanKind kind{};  ///< What for
  std::string host{};  ///< The host to empty, for evacuate; for balance, the only host that machines leave
  std::int64_t moves = 50;  ///< How many moves at most
  bool apply = false;  ///< Carry it out at once
  bool operator==(const PlanCreate&) const = default;
};

/// One thing that was looked at.
struct HostCheck {
  std::string name{};  ///< What
  CheckState state{};  ///< How it stands
  std::string found{};  ///< What was seen
  std::string meaning{};  ///< What that means for machines
  std::string advice{};  ///< What to do about it, where something can be done
  bool operator==(const HostCheck&) const = default;
};

/// All that was looked at.
struct HostChecks {
  std::string host{};  ///< Which host
  std::vector<HostCheck> items{};  ///< In the order of their weight
  bool operator==(const HostChecks&) const = default;
};

/// A step that a task has begun.
struct TaskStep {
  Time time{};  ///< When
  std::string text{};  ///< What
  bool operator==(const TaskStep&) const = default;
};

/// What came of starting a machine as a throw-away.
struct BootProof {
  BootOutcome outcome{};  ///< Whether it has booted
  std::string words{};  ///< By what that was told, for people
  std::vector<std::string> seen{};  ///< What else was seen of the guest
  std::int64_t seconds = 0;  ///< How long it had run then
  Bytes picture{0};  ///< Size of the picture of its screen (PNG), which is kept with the task for a while; 0: there is none
  bool operator==(const BootProof&) const = default;
};

/// Work that takes longer than an answer.
struct Task {
  std::string name{};  ///< Unique; later tasks sort later
  std::string kind{};  ///< What it does, such as vm.start
  std::string target{};  ///< What it works on, such as vms/web01
  std::string project = "default";  ///< Whose it is
  std::int64_t generation = 0;  ///< The machine's generation that it brings about
  std::string user{};  ///< Who asked for it
  std::string request{};  ///< Id of the request that asked for it: it is also in the log, in events and in the log of QEMU
  TaskState state{};  ///< Where it stands
  double progress = 0;  ///< From 0 to 1
  std::string step{};  ///< What it is doing
  std::vector<TaskStep> steps{};  ///< All steps so far, the last 50
  std::string error{};  ///< Why it failed
  bool cancel = false;  ///< Somebody asked to cancel it
  Time created{};  ///< When it was asked for
  std::optional<Time> ended{};  ///< When it ended
  std::optional<BootProof> proof{};  ///< Of a move: what came of starting the machine as a throw-away
  bool operator==(const Task&) const = default;
};

/// Something that happened.
struct Event {
  std::string name{};  ///< Unique; later events sort later
  Time time{};  ///< When
  std::string kind{};  ///< What, such as vm.crashed or api.create_vm
  std::string target{};  ///< What it happened to, such as vms/web01
  std::string project{};  ///< Whose that is
  std::string user{};  ///< Who did it, empty for the system
  std::string address{};  ///< Where the request came from
  std::string request{};  ///< Its id
  std::string message{};  ///< For people
  bool operator==(const Event&) const = default;
};

/// A key that opens the API.
struct Token {
  std::string name{};  ///< Who holds it
  TokenKind kind{};  ///< bearer or certificate
  Role role{};  ///< What it may do
  std::vector<std::string> projects{};  ///< Only in these projects; empty: in all
  std::string sha256{};  ///< Of the token, or of the certificate
  Time created{};  ///< When it was made
  std::optional<Time> expires{};  ///< When it ends by itself
  bool operator==(const Token&) const = default;
};

/// A new key.
struct TokenCreate {
  std::string name{};  ///< Who will hold it
  Role role = Role::viewer;  ///< admin, operator or viewer
  std::vector<std::string> projects{};  ///< Only in these projects; empty: in all
  std::optional<std::string> certificate{};  ///< PEM of a client certificate to let in (instead of a token)
  std::optional<Time> expires{};  ///< When it ends by itself
  bool operator==(const TokenCreate&) const = default;
};

/// The new key; the token is shown only here.
struct TokenSecret {
  std::string name{};  ///< Who holds it
  TokenKind kind{};  ///< bearer or certificate
  std::string token{};  ///< Its text; empty for a certificate
  bool operator==(const TokenSecret&) const = default;
};

/// Somebody who signs in with a password.
struct User {
  std::string name{};  ///< Unique among users
  Role role{};  ///< What they may do
  std::vector<std::string> projects{};  ///< Only in these projects; empty: in all
  bool disabled = false;  ///< May not sign in
  bool totp = false;  ///< A second factor is asked for
  Time created{};  ///< When it was made
  std::optional<Time> password_changed{};  ///< When the password was last set
  bool operator==(const User&) const = default;
};

/// A new user.
struct UserCreate {
  std::string name{};  ///< Unique among users
  Role role = Role::viewer;  ///< admin, operator or viewer
  std::vector<std::string> projects{};  ///< Only in these projects; empty: in all
  std::string password{};  ///< 12 characters at least
  bool operator==(const UserCreate&) const = default;
};

/// What shall change; absent fields stay.
struct UserChange {
  std::optional<Role> role{};  ///< admin, operator or viewer
  std::optional<std::vector<std::string>> projects{};  ///< Only in these projects; empty: in all
  std::optional<std::string> password{};  ///< 12 characters at least
  std::optional<bool> disabled{};  ///< May not sign in
  std::optional<bool> totp{};  ///< false: the second factor is forgotten (for one who has lost it)
  bool operator==(const UserChange&) const = default;
};

/// The first administrator.
struct FirstUser {
  std::string code{};  ///< What truced has printed
  std::string name{};  ///< The administrator's name
  std::string password{};  ///< 12 characters at least
  bool operator==(const FirstUser&) const = default;
};

/// Who somebody says they are.
struct SignIn {
  std::string user{};  ///< The user's name
  std::string password{};  ///< The user's password
  std::string code{};  ///< Of the second factor, or a recovery code
  bool operator==(const SignIn&) const = default;
};

/// Another password.
struct PasswordChange {
  std::string password{};  ///< The one until now
  std::string new_password{};  ///< 12 characters at least
  bool operator==(const PasswordChange&) const = default;
};

/// Proof that it is still the same person.
struct PasswordProof {
  std::string password{};  ///< One's own password
  bool operator==(const PasswordProof&) const = default;
};

/// What an authenticator program is given.
struct TotpSecret {
  std::string secret{};  ///< In base 32
  std::string uri{};  ///< otpauth://, for a QR code
  bool operator==(const TotpSecret&) const = default;
};

/// A code of the second factor.
struct TotpCode {
  std::string code{};  ///< Six digits
  bool operator==(const TotpCode&) const = default;
};

/// Codes that stand in for a lost second factor, once each; they are shown only here.
struct RecoveryCodes {
  std::vector<std::string> codes{};  ///< The codes
  bool operator==(const RecoveryCodes&) const = default;
};

/// Somebody who has signed in.
struct Session {
  std::string name{};  ///< Unique; no secret
  std::string user{};  ///< Who
  std::string address{};  ///< Where from
  std::string agent{};  ///< With which browser
  std::string sha256{};  ///< Of what the cookie holds
  Time created{};  ///< When they signed in
  Time expires{};  ///< When it ends at the latest
  bool operator==(const Session&) const = default;
};

/// How many machines are in a state.
struct StateCount {
  Observed state{};  ///< The state
  std::int64_t count = 0;  ///< How many
  bool operator==(const StateCount&) const = default;
};

/// Something that is wrong.
struct EstateProblem {
  std::string target{};  ///< What, such as vms/web01
  std::string message{};  ///< Why
  std::string advice{};  ///< What to do about it, where that is known
  AlarmSeverity severity = AlarmSeverity::warning;  ///< How bad it is
  bool operator==(const EstateProblem&) const = default;
};

/// The estate at a glance, as far as the caller may see it.
struct Summary {
  std::int64_t revision = 0;  ///< The revision of the store that it shows
  std::int64_t vms = 0;  ///< How many machines there are
  std::vector<StateCount> states{};  ///< How many in which state
  std::int64_t hosts = 0;  ///< How many hosts there are
  std::int64_t cpus = 0;  ///< Processors of the hosts that are online
  std::int64_t cpus_given = 0;  ///< Processors of the machines that run
  Bytes memory{0};  ///< Memory of the hosts that are online
  Bytes memory_given{0};  ///< Memory of the machines that run
  Bytes storage{0};  ///< Size of the pools
  Bytes storage_free{0};  ///< Free in them
  Bytes storage_promised{0};  ///< Promised to machines
  std::int64_t problem_count = 0;  ///< How much is wrong
  std::vector<EstateProblem> problems{};  ///< What is wrong, the worst first, 100 at most
  bool operator==(const Summary&) const = default;
};

/// An object that was found.
struct SearchHit {
  std::string kind{};  ///< Its kind, as in the API's paths: vms, networks, …
  std::string name{};  ///< Its name
  std::string project{};  ///< Whose it is
  std::string field{};  ///< Where the text was found, unless in the name
  std::string found{};  ///< What stands there
  bool operator==(const SearchHit&) const = default;
};

/// What was found, the best first.
struct SearchHits {
  std::vector<SearchHit> items{};  ///< What was found
  bool more = false;  ///< There is more
  bool operator==(const SearchHits&) const = default;
};

/// What a running machine uses at this moment.
struct Usage {
  std::string name{};  ///< Which machine
  std::string host{};  ///< Where it runs
  double cpu_percent = 0;  ///< Processor time, in percent of one processor
  std::int64_t cpus = 0;  ///< How many processors it has
  Bytes memory{0};  ///< What the host has given it
  Bytes memory_size{0};  ///< What the guest sees
  Bytes memory_guest{0};  ///< What the guest says that it uses; 0: it does not tell
  Bytes disk_read_rate{0};  ///< Read from its disks a second
  Bytes disk_write_rate{0};  ///< Written to its disks a second
  double disk_iops = 0;  ///< Reads and writes of its disks a second
  Bytes receive_rate{0};  ///< Received by its network cards a second
  Bytes send_rate{0};  ///< Sent by its network cards a second
  bool operator==(const Usage&) const = default;
};

/// What machines use.
struct UsageList {
  std::optional<Time> time{};  ///< When that was measured
  std::int64_t vms = 0;  ///< How many machines are measured
  std::vector<Usage> items{};  ///< The greediest first
  bool operator==(const UsageList&) const = default;
};

/// One quantity over time.
struct SeriesLine {
  std::string name{};  ///< What: cpu, memory, disk_read, …
  std::string unit{};  ///< percent, bytes, bytes/s, /s
  std::vector<double> average{};  ///< Of each step; -1 where nothing was measured
  std::vector<double> maximum{};  ///< Of each step; -1 where nothing was measured
  bool operator==(const SeriesLine&) const = default;
};

/// What something has used over time.
struct Series {
  Time start{};  ///< Where the first step begins
  std::int64_t step_seconds = 0;  ///< How long a step is
  std::vector<SeriesLine> lines{};  ///< The quantities
  bool operator==(const Series&) const = default;
};

/// What an alarm is raised for.
struct RaisedAlarm {
  std::string target{};  ///< Such as vms/web01
  Time since{};  ///< Since when
  double value = 0;  ///< What was measured then, for a threshold
  bool operator==(const RaisedAlarm&) const = default;
};

/// Something to be told of.
struct Alarm {
  std::string name{};  ///< Unique among alarms
  std::string description{};  ///< Free text
  AlarmSubject subject{};  ///< What it looks at
  AlarmSeverity severity{};  ///< How bad it is
  std::string metric{};  ///< Quantity of a threshold: one of those of the subject's metrics
  std::optional<double> above{};  ///< Raised while the quantity is above this
  std::optional<double> below{};  ///< Raised while the quantity is below this
  std::string state{};  ///< Raised while the subject is in this state; problem: while something is wrong with it
  std::int64_t for_seconds = 60;  ///< How long it must hold before it is raised
  std::string label{};  ///< Only machines with this label (key=value)
  std::string project{};  ///< Only machines of this project; empty: all
  std::vector<std::string> webhook{};  ///< Where a JSON document is posted when it is raised and when it ends: scheme and host only, as the rest is secret
  std::vector<std::string> mail{};  ///< Who gets a mail then
  bool disabled = false;  ///< Nothing is looked at
  std::int64_t raised_count = 0;  ///< For how much it is raised
  std::vector<RaisedAlarm> raised{};  ///< For what it is raised, 100 at most
  Time created{};  ///< When it was created
  bool operator==(const Alarm&) const = default;
};

/// A new alarm.
struct AlarmCreate {
  std::string name{};  ///< Unique among alarms
  std::string description{};  ///< Free text
  AlarmSubject subject{};  ///< vm, host or pool
  AlarmSeverity severity = AlarmSeverity::warning;  ///< warning or critical
  std::string metric{};  ///< Quantity of a threshold, such as cpu, memory, used
  std::optional<double> above{};  ///< Raised while the quantity is above this
  std::optional<double> below{};  ///< Raised while the quantity is below this
  std::string state{};  ///< Raised while the subject is in this state: of a vm off, running, unknown …; of a host online or offline; problem: while something is wrong with it
  std::int64_t for_seconds = 60;  ///< How long it must hold before it is raised
  std::string label{};  ///< Only machines with this label (key=value)
  std::string project{};  ///< Only machines of this project; empty: all
  std::vector<std::string> webhook{};  ///< URL to post a JSON document to
  std::vector<std::string> mail{};  ///< Who gets a mail
  bool operator==(const AlarmCreate&) const = default;
};

/// What shall change; absent fields stay.
struct AlarmChange {
  std::optional<std::string> description{};  ///< Free text
  std::optional<AlarmSeverity> severity{};  ///< warning or critical
  std::optional<double> above{};  ///< Raised while the quantity is above this; takes the place of below
  std::optional<double> below{};  ///< Raised while the quantity is below this; takes the place of above
  std::optional<std::int64_t> for_seconds{};  ///< How long it must hold before it is raised
  std::optional<std::vector<std::string>> webhook{};  ///< URL to post a JSON document to, of those that are there also as they are shown (one empty text stands for none)
  std::optional<std::vector<std::string>> mail{};  ///< Who gets a mail (one empty text stands for none)
  std::optional<bool> disabled{};  ///< Nothing is looked at
  bool operator==(const AlarmChange&) const = default;
};

/// What an alarm was raised for, in the document that webhooks get.
struct AlarmNoticeTarget {
  std::string target{};  ///< Such as vms/web01
  std::string project{};  ///< Whose it is
  Time since{};  ///< Since when
  std::optional<double> value{};  ///< What was measured then, for a threshold
  std::string reason{};  ///< What is wrong, or why it ended
  bool operator==(const AlarmNoticeTarget&) const = default;
};

/// The document that is posted to an alarm's webhooks.
struct AlarmNotice {
  std::string id{};  ///< Unique: one that came before is the same message again
  std::string text{};  ///< One line for people, of names and numbers only
  std::string alarm{};  ///< The alarm's name
  std::string description{};  ///< The alarm's
  AlarmSeverity severity{};  ///< How bad it is
  AlarmNews state{};  ///< raised, cleared, or test
  AlarmSubject subject{};  ///< What the alarm looks at
  std::string metric{};  ///< What is measured, for a threshold
  std::string condition{};  ///< When it is raised, in words
  Time time{};  ///< When that happened
  std::string server{};  ///< Where the API and the console are
  std::string target{};  ///< The first of the targets
  std::optional<Time> since{};  ///< Its
  std::optional<double> value{};  ///< Its
  std::int64_t count = 0;  ///< How many targets there are
  std::vector<AlarmNoticeTarget> targets{};  ///< These, 100 at most
  bool operator==(const AlarmNotice&) const = default;
};

/// What became of a message.
struct AlarmTestResult {
  std::string to{};  ///< Where it was sent: a mail address, or a webhook as the alarm shows it
  std::string error{};  ///< Why it could not be; empty: it was
  bool operator==(const AlarmTestResult&) const = default;
};

/// What became of all messages.
struct AlarmTest {
  std::vector<AlarmTestResult> items{};  ///< One for each
  bool operator==(const AlarmTest&) const = default;
};

/// A page of machines.
struct VmList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Vm> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const VmList&) const = default;
};

/// A page of templates.
struct TemplateList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Template> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const TemplateList&) const = default;
};

/// A page of uploads.
struct UploadList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Upload> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const UploadList&) const = default;
};

/// A page of networks.
struct NetworkList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Network> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const NetworkList&) const = default;
};

/// A page of security groups.
struct SecurityGroupList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<SecurityGroup> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const SecurityGroupList&) const = default;
};

/// A page of pools.
struct PoolList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Pool> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const PoolList&) const = default;
};

/// A page of disks.
struct DiskList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<VmDisk> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const DiskList&) const = default;
};

/// A page of resource pools.
struct ResourcePoolList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<ResourcePool> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const ResourcePoolList&) const = default;
};

/// A page of conflict classes.
struct ConflictClassList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<ConflictClass> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const ConflictClassList&) const = default;
};

/// A page of hosts.
struct HostList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Host> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const HostList&) const = default;
};

/// A page of tasks.
struct TaskList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Task> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const TaskList&) const = default;
};

/// A page of events.
struct EventList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Event> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const EventList&) const = default;
};

/// A page of tokens.
struct TokenList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Token> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const TokenList&) const = default;
};

/// A page of users.
struct UserList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<User> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const UserList&) const = default;
};

/// A page of sessions.
struct SessionList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Session> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const SessionList&) const = default;
};

/// A page of alarms.
struct AlarmList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Alarm> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const AlarmList&) const = default;
};

/// A page of tokens.
struct JoinTokenList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<JoinToken> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const JoinTokenList&) const = default;
};

/// A page of placement rules.
struct RuleList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Rule> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const RuleList&) const = default;
};

/// A page of plans.
struct PlanList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Plan> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  std::int64_t total = 0;  ///< How many there are, where `offset` was given
  bool operator==(const PlanList&) const = default;
};

/// What a machine's first boot or installer is told. Kept apart from the machine, as it may hold secrets.
struct FirstBoot {
  std::string cloud_init{};  ///< User-data
  std::vector<std::string> ssh_keys{};  ///< Public keys
  std::string answer_file{};  ///< Answers for an installer
  AnswerKind answer_kind = AnswerKind::preseed;  ///< Which installer
  bool operator==(const FirstBoot&) const = default;
};

/// One machine as its host shall have it.
struct VmAssignment {
  Vm vm{};  ///< The machine
  std::optional<FirstBoot> first_boot{};  ///< For its cloud-init
  std::string request{};  ///< Id of the request behind this generation
  bool operator==(const VmAssignment&) const = default;
};

/// Where a machine is received.
struct MigrationPlace {
  std::string address{};  ///< Of the host, ADDRESS:PORT
  std::string key{};  ///< Key of the streams that memory and disks are sent through
  std::vector<std::string> disks{};  ///< Disks that have to be copied
  bool operator==(const MigrationPlace&) const = default;
};

/// A piece of long work that a task stands for.
struct Job {
  std::string task{};  ///< The task's name
  JobKind kind{};  ///< What to do
  std::string template_{};  ///< NAME@VERSION
  std::string source{};  ///< Recipe, path of a file, or upload
  Bytes size{0};  ///< Of the upload
  std::string sha256{};  ///< Of the upload; empty: not known
  std::string description{};  ///< For the template
  bool cancel = false;  ///< Stop and undo
  std::string vm{};  ///< Uuid of the machine, for snapshots, disks and network cards
  std::optional<VmDisk> disk{};  ///< As it shall be, to be deleted, or to be moved to its pool
  std::optional<VmNic> nic{};  ///< To be added or removed
  std::optional<Pool> pool{};  ///< To be created or deleted
  std::optional<VmSnapshot> snapshot{};  ///< To be taken, restored or deleted
  bool memory = false;  ///< The new snapshot is to have memory
  bool quiesce = false;  ///< Its file systems are to be frozen
  bool subtree = false;  ///< All that were taken after it are to be deleted too
  std::string host{};  ///< The host that does it, or that a machine goes to; empty: any
  std::string from{};  ///< The host that a machine comes from, or that a template is fetched from
  std::optional<MigrateOptions> migrate{};  ///< How a machine goes to another host
  std::optional<DrainOptions> drain{};  ///< How the host that is named in from is emptied
  MigrationPhase phase = MigrationPhase::prepare;  ///< How far it has gone
  std::optional<MigrationPlace> ready{};  ///< What the receiving host has prepared, once it has
  bool operator==(const Job&) const = default;
};

/// A network card on another host.
struct Neighbour {
  std::string network{};  ///< The network it is plugged into
  std::string vm{};  ///< Its machine's name
  std::string mac{};  ///< Its address
  std::string host{};  ///< Where the machine is
  std::string address{};  ///< Its fixed IPv4 address
  std::string address6{};  ///< Its fixed IPv6 address
  std::vector<std::string> security_groups{};  ///< Security groups that it is in
  bool operator==(const Neighbour&) const = default;
};

/// Who may run a machine that is started elsewhere when its host dies.
struct VmTenancy {
  std::string name{};  ///< Uuid of the machine
  TenancyState state{};  ///< What its owner may do with it
  std::string owner{};  ///< The host that runs it; empty: nobody may
  std::int64_t owner_life = 0;  ///< In which of its lives
  std::string destination{};  ///< While migrating, the host that it moves to
  std::int64_t destination_life = 0;  ///< In which of its lives
  std::int64_t epoch = 0;  ///< Counts its starts and moves: what has a lower one is an older copy
  bool keep = false;  ///< It runs on when its host is cut off
  bool restart = true;  ///< It is started elsewhere when its host dies
  std::int64_t revision = 0;  ///< When it was written, where it is told to a node
  bool operator==(const VmTenancy&) const = default;
};

/// A life of a host; it ends with a reboot, a fence or a missed deadline.
struct NodeLife {
  std::string name{};  ///< Of the host
  std::int64_t incarnation = 0;  ///< Counts its lives
  bool fenced = false;  ///< It is over: its machines run elsewhere
  std::int64_t revision = 0;  ///< When it was written, where it is told to a node
  bool operator==(const NodeLife&) const = default;
};

/// All that a node has to know of who may run what.
struct Tenancies {
  std::int64_t revision = 0;  ///< Of the store when this was so
  bool protect = true;  ///< Machines that are started from now on are protected if they shall be
  std::vector<VmTenancy> vms{};  ///< Of the machines that it owns or that move to it
  std::vector<NodeLife> lives{};  ///< Of the hosts that these name
  std::int64_t heartbeat_ms = 2000;  ///< Between two heartbeats
  std::int64_t self_ms = 8000;  ///< How long a host may run machines after its last heartbeat, by its own clock
  std::int64_t dead_ms = 10000;  ///< How long no heartbeat is seen before a host counts as dead, by the manager's clock
  std::int64_t kill_ms = 300;  ///< Within which a host that is cut off has killed its machines
  std::int64_t drain_ms = 1000;  ///< Within which what these wrote last has reached the disks
  bool operator==(const Tenancies&) const = default;
};

/// What a host shall run. `full` replaces all; otherwise it changes what was sent before.
struct Assignment {
  std::int64_t revision = 0;  ///< The store's revision that it was made from
  std::int64_t base = 0;  ///< The revision that this one changes; a node that is elsewhere asks for a full one
  bool full = false;  ///< Whether this is the whole assignment
  std::vector<VmAssignment> vms{};  ///< Machines that are new or changed
  std::vector<std::string> gone_vms{};  ///< Uuids that are no longer assigned to this host
  std::vector<Network> networks{};  ///< All networks
  std::optional<std::vector<SecurityGroup>> security_groups{};  ///< All security groups; absent: as before
  std::optional<std::vector<ResourcePool>> resource_pools{};  ///< All resource pools; absent: as before
  std::optional<std::vector<Pool>> pools{};  ///< All pools that were created; absent: as before
  std::vector<Job> jobs{};  ///< All jobs that have not ended
  std::vector<std::string> templates{};  ///< All templates that shall exist here
  std::optional<std::vector<std::string>> uploads{};  ///< All uploads whose files shall stay here; absent: as before
  std::optional<std::vector<Host>> hosts{};  ///< All hosts; absent: as before
  std::optional<std::vector<Neighbour>> neighbours{};  ///< All network cards on other hosts that machines of this one can meet on a network; absent: as before
  std::optional<Tenancies> tenancies{};  ///< Who may run the machines of this host that are protected; absent: as before
  std::optional<std::vector<VmAssignment>> incoming{};  ///< Machines that are on their way to this host; absent: as before
  bool operator==(const Assignment&) const = default;
};

/// What a node that may lose its machines to other hosts asks of the store; each is answered by a HeartbeatAnswer when the store has done it.
struct Heartbeat {
  std::int64_t id = 0;  ///< Chosen by the node
  LifeAct act{};  ///< What to do
  std::int64_t incarnation = 0;  ///< The life that it is about; for a claim, the one before
  std::int64_t claimed = 0;  ///< Revision of the node's life that it builds on; 0: there is none
  std::int64_t sent = 0;  ///< When it left, in microseconds by the node's clock: makes each differ from the one before
  std::string vm{};  ///< For accept, release and adopt: uuid of the machine
  std::int64_t record = 0;  ///< For these: revision of its tenancy that it builds on
  bool operator==(const Heartbeat&) const = default;
};

/// What became of a Heartbeat.
struct HeartbeatAnswer {
  std::int64_t id = 0;  ///< Of the Heartbeat
  LifeOutcome outcome{};  ///< What became of it
  std::int64_t revision = 0;  ///< Of the commit; for read, of what was read
  std::optional<NodeLife> life{};  ///< For read: what there is; absent: nothing
  bool operator==(const HeartbeatAnswer&) const = default;
};

/// The last heartbeat of a host.
struct NodeBeat {
  std::int64_t incarnation = 0;  ///< Of which life
  std::int64_t sent = 0;  ///< By its own clock, in microseconds
  bool operator==(const NodeBeat&) const = default;
};

/// Which manager decides: the others pass on what they are asked.
struct Leadership {
  std::string host{};  ///< Name of its host
  std::string address{};  ///< Where the others reach it, ADDRESS:PORT
  std::int64_t term = 0;  ///< Counts leaders
  std::int64_t renewals = 0;  ///< Counts what it has written since it leads
  bool operator==(const Leadership&) const = default;
};

/// What a user proves with who they are. Kept apart from the user, as it is nobody's to see.
struct Credentials {
  std::string password{};  ///< Its hash, by Argon2id, as a PHC string
  std::string totp_secret{};  ///< Of the second factor, in base 32; empty: there is none
  std::string totp_pending{};  ///< The same, before its first code has come
  std::int64_t totp_step = 0;  ///< Step of the last code that was let in: none counts twice
  std::vector<std::string> recovery{};  ///< SHA-256 of each recovery code that is left
  bool operator==(const Credentials&) const = default;
};

/// One file for each disk of a machine. What it does not hold is read from the layer below.
struct DiskLayer {
  std::int64_t id = 0;  ///< Unique in the machine
  std::int64_t below = 0;  ///< The layer below; 0: none
  std::map<std::string, std::string> files{};  ///< By disk: its file, relative to the machine's folder. Without one the layer below is the disk
  std::string job{};  ///< The task that made it
  bool operator==(const DiskLayer&) const = default;
};

/// A snapshot and where its disks are.
struct KeptSnapshot {
  std::int64_t layer = 0;  ///< The layer that nobody writes to any more
  std::string job{};  ///< The task that took it
  std::string memory{};  ///< File of its memory, relative to the machine's folder; empty: none
  VmSnapshot snapshot{};  ///< What it is
  bool operator==(const KeptSnapshot&) const = default;
};

/// The layers of a machine's disks, as its folder keeps them.
struct LayerTree {
  std::int64_t current = 0;  ///< The layer that the machine writes to
  std::int64_t next = 0;  ///< The id of the next layer
  std::string resume{};  ///< File of the memory that the next start is to go on from, until that is arranged
  std::vector<DiskLayer> layers{};  ///< All of them
  std::vector<KeptSnapshot> snapshots{};  ///< All of them, the oldest first
  bool operator==(const LayerTree&) const = default;
};

/// What a node saw of a machine.
struct VmReport {
  std::string uuid{};  ///< Which machine
  Observed observed{};  ///< What it does
  std::int64_t generation = 0;  ///< The generation that was reached or failed; 0 when neither
  std::string failed{};  ///< Why the generation could not be reached
  std::string step{};  ///< What is being done towards it
  double progress = 0;  ///< From 0 to 1
  std::vector<std::string> addresses{};  ///< The guest's addresses
  std::string event{};  ///< Kind of an event to record, such as vm.crashed
  std::string event_message{};  ///< Its text
  std::optional<SnapshotTree> tree{};  ///< Its snapshots
  std::optional<VmSettings> active{};  ///< What it runs with, where it runs
  std::string storage_problem{};  ///< Why its disks cannot be read or written, while it stands still for that
  bool operator==(const VmReport&) const = default;
};

/// How a job stands.
struct JobReport {
  std::string task{};  ///< Which
  std::string step{};  ///< What is being done
  double progress = 0;  ///< From 0 to 1
  bool done = false;  ///< Whether it has ended
  std::string error{};  ///< Why it failed, when it has ended so
  bool cancelled = false;  ///< It ended because that was asked for
  std::optional<Template> template_{};  ///< What was made
  std::optional<MigrationPhase> phase{};  ///< Of a move to another host: the phase whose work is done on this side
  std::optional<MigrationPlace> ready{};  ///< What has been prepared for a machine
  std::optional<MigrationFacts> facts{};  ///< How the move went
  bool operator==(const JobReport&) const = default;
};

/// How a network stands on a host.
struct NetworkReport {
  std::string name{};  ///< Which
  std::string problem{};  ///< Why it does not work; empty: it works
  bool operator==(const NetworkReport&) const = default;
};

/// What a node tells its manager.
struct Report {
  std::int64_t revision = 0;  ///< The newest assignment that it has acted on
  std::optional<Host> host{};  ///< The host itself
  std::vector<Pool> pools{};  ///< Its pools
  std::vector<VmReport> vms{};  ///< Machines with news
  std::vector<JobReport> jobs{};  ///< Jobs with news
  std::vector<NetworkReport> networks{};  ///< Networks with news
  std::optional<std::vector<Template>> templates{};  ///< All templates whose files it has; absent: as before
  bool operator==(const Report&) const = default;
};

/// A question to a node, answered by a CallReply with the same id.
struct Call {
  std::int64_t id = 0;  ///< Chosen by the manager
  CallVerb verb{};  ///< What to do
  std::string vm{};  ///< Uuid of the machine, where it is about one
  std::vector<std::string> argv{};  ///< For exec
  std::int64_t timeout_seconds = 30;  ///< For exec
  std::int64_t bytes = 0;  ///< For serial_tail, put_piece and read_template: how many
  std::string stream{};  ///< For stream, put_piece, read_template and serve_disk (which then speaks NBD): the key to open a second connection with
  std::string file{};  ///< For put_piece an upload, for template_file and read_template a template
  std::string part{};  ///< For template_file and read_template: which of its files; empty: its disk or ISO. For serve_disk: which disk
  std::int64_t offset = 0;  ///< For put_piece and read_template
  std::string which{};  ///< For stream: a ConsoleKind
  bool write = false;  ///< For serve_disk: it is written to
  bool only_ask = false;  ///< For power_off: whether the host has nothing that speaks against it; it stays on
  bool operator==(const Call&) const = default;
};

/// A file that can be fetched.
struct FileFacts {
  std::string name{};  ///< disk.qcow2 or image.iso
  std::int64_t size = 0;  ///< In bytes
  std::string sha256{};  ///< In hexadecimal
  std::string host{};  ///< The host that it comes from, for a Fetch
  bool operator==(const FileFacts&) const = default;
};

/// What can be seen of a guest from outside. Nothing that it says is to be trusted.
struct GuestSigns {
  bool agent = false;  ///< Its agent answers
  std::string host_name{};  ///< By its agent
  std::string os{};  ///< By its agent, for people
  std::vector<std::string> addresses{};  ///< By its agent
  std::string serial{};  ///< The end of what it has written to its serial line
  std::string screen{};  ///< What stands on its screen, line by line; empty: it draws, or has none
  std::string picture{};  ///< Changes when its screen does; empty: it has none
  std::int64_t resets = 0;  ///< How often it was reset since it was started
  bool operator==(const GuestSigns&) const = default;
};

/// The answer to a Call.
struct CallReply {
  std::int64_t id = 0;  ///< Of the call
  std::string error{};  ///< Why it failed; empty: it did not
  std::string code{};  ///< The error's code
  std::string data{};  ///< Screenshot (base64) or serial text
  std::optional<ExecAnswer> exec{};  ///< For exec
  std::optional<VmUsage> usage{};  ///< For usage
  std::vector<HostCheck> checks{};  ///< For check_host
  std::map<std::string, std::string> files{};  ///< For support_files: name and content
  std::optional<FileFacts> file{};  ///< For template_file
  std::optional<GuestSigns> signs{};  ///< For signs
  bool operator==(const CallReply&) const = default;
};

/// A message from the manager; one of its fields is set.
struct ToNode {
  std::optional<Assignment> assignment{};  ///< What to run
  std::optional<Call> call{};  ///< A question
  std::optional<HeartbeatAnswer> beat{};  ///< What became of a heartbeat
  std::optional<std::string> refused{};  ///< Why this manager has nothing to say to the node, as its last message
  bool operator==(const ToNode&) const = default;
};

/// What a running machine has used so far.
struct VmSample {
  std::string uuid{};  ///< Which machine
  double clock = 0;  ///< When it was measured, in seconds of a clock of the host that is never set
  VmUsage usage{};  ///< What it has used
  bool operator==(const VmSample&) const = default;
};

/// What a host has used since it was booted; absent is what it does not tell.
struct HostSample {
  std::int64_t cpus = 0;  ///< Processors
  double cpu_busy = 0;  ///< Seconds of all processors, waits and those of steal not counted
  double cpu_iowait = 0;  ///< Seconds in which they only waited for disks
  double cpu_steal = 0;  ///< Seconds that a hypervisor below took
  Bytes memory{0};  ///< All that it has
  Bytes memory_available{0};  ///< What programs could have of it
  Bytes swap_used{0};  ///< Swapped out
  Bytes disk_read{0};  ///< Read from its disks
  Bytes disk_written{0};  ///< Written to its disks
  std::int64_t disk_reads = 0;  ///< Reads of its disks
  std::int64_t disk_writes = 0;  ///< Writes to its disks
  Bytes net_received{0};  ///< Received by its network cards
  Bytes net_sent{0};  ///< Sent by its network cards
  std::optional<double> pressure_cpu{};  ///< Seconds in which some work waited for processors (PSI)
  std::optional<double> pressure_memory{};  ///< The same for memory
  std::optional<double> pressure_io{};  ///< The same for disks
  bool operator==(const HostSample&) const = default;
};

/// One round of measuring.
struct Samples {
  double clock = 0;  ///< When the host was measured, as VmSample's
  HostSample host{};  ///< The host
  std::vector<VmSample> vms{};  ///< Its running machines; those that did not answer in time are missing
  bool operator==(const Samples&) const = default;
};

/// A file of a template that another host has.
struct Fetch {
  std::string template_{};  ///< NAME@VERSION
  std::string file{};  ///< manifest.json, or what that names
  std::int64_t offset = 0;  ///< Where to begin
  bool operator==(const Fetch&) const = default;
};

/// Who connects, and what for.
struct Hello {
  std::string host{};  ///< The node's name
  std::string version{};  ///< Of its truced
  std::string stream{};  ///< The key of a stream that this connection carries instead of messages
  std::optional<Fetch> fetch{};  ///< The part of a template that this connection brings instead, after a CallReply
  std::int64_t format = 1;  ///< The newest format of the state that it knows
  std::int64_t oldest_format = 1;  ///< And the oldest
  bool operator==(const Hello&) const = default;
};

/// A message from a node; one of its fields is set.
struct FromNode {
  std::optional<Hello> hello{};  ///< The first message of a connection
  std::optional<Report> report{};  ///< News
  std::optional<CallReply> reply{};  ///< An answer
  std::optional<Samples> samples{};  ///< What is used; nothing of it is stored as an object
  std::optional<Heartbeat> beat{};  ///< A heartbeat, or what else the node asks of the store
  bool operator==(const FromNode&) const = default;
};

/// What an alarm is raised for, or was.
struct AlarmTarget {
  std::string id{};  ///< A machine's uuid, or a name: stays when it is renamed
  std::string target{};  ///< Such as vms/web01
  std::string project{};  ///< Whose it is
  Time since{};  ///< Since when
  double value = 0;  ///< What was measured then, for a threshold
  std::string reason{};  ///< What is wrong, or why it ended
  bool operator==(const AlarmTarget&) const = default;
};

/// All that an alarm is raised for.
struct AlarmTargets {
  std::string name{};  ///< The alarm's name
  std::vector<AlarmTarget> items{};  ///< In the order in which it was raised
  bool operator==(const AlarmTargets&) const = default;
};

/// Where an alarm's documents are posted. Kept apart from the alarm, as such addresses hold secrets.
struct AlarmReceivers {
  std::string name{};  ///< The alarm's name
  std::vector<std::string> webhook{};  ///< Whole URLs
  bool operator==(const AlarmReceivers&) const = default;
};

/// A disk on its way.
struct RelocatedDisk {
  std::string id{};  ///< Here
  std::string theirs{};  ///< The platform's name for it
  Bytes size{};  ///< What the guest sees
  std::string version{};  ///< What was copied of it is of this version
  Bytes done{0};  ///< All before is copied, and on the disk
  bool operator==(const RelocatedDisk&) const = default;
};

/// A move to or from a platform of others; it is named as its task is.
struct Relocation {
  std::string name{};  ///< The task
  std::string vm{};  ///< Uuid of the machine here; empty: it moves from one platform to another
  std::string from{};  ///< The platform that it comes from then
  std::string origin{};  ///< Its id there
  std::string platform{};  ///< Which; from one to another: the one that it goes to
  std::string machine{};  ///< Its id there; empty: there is none yet
  bool arrives = true;  ///< It comes from there
  RelocationPhase phase = RelocationPhase::prepare;  ///< How far it is
  MoveOptions options{};  ///< As asked for
  std::vector<RelocatedDisk> disks{};  ///< In their order; the first is what it boots from
  bool cancelled = false;  ///< Somebody has called it off
  std::string error{};  ///< Why it is undone
  std::int64_t passes = 0;  ///< Warm: how often all of its disks have been gone through
  std::optional<Time> stopped{};  ///< Warm: when it was shut down for the last part
  bool converting = false;  ///< Its guest is being changed, so what is on its disks is not known
  std::optional<BootProof> proof{};  ///< What came of starting it as a throw-away; absent: not known yet
  bool operator==(const Relocation&) const = default;
};

/// What a task has to show.
struct TaskPicture {
  std::string name{};  ///< The task
  std::string png{};  ///< PNG, in base64
  bool operator==(const TaskPicture&) const = default;
};

/// What has still to be told, and to whom.
struct AlarmMessage {
  std::string name{};  ///< Unique; later ones sort later
  std::string id{};  ///< Unique for ever: by it receivers know what they have got already
  std::string alarm{};  ///< The alarm's name
  std::string description{};  ///< The alarm's
  AlarmSeverity severity{};  ///< The alarm's
  AlarmSubject subject{};  ///< The alarm's
  std::string metric{};  ///< The alarm's, for a threshold
  std::string condition{};  ///< When it is raised, in words
  AlarmNews state{};  ///< What happened
  Time created{};  ///< When
  std::int64_t count = 0;  ///< For how many targets
  std::vector<AlarmTarget> targets{};  ///< These, 100 at most
  std::vector<std::string> webhook{};  ///< Whole URLs that have not got it yet
  std::vector<std::string> mail{};  ///< Who has not got it yet
  bool operator==(const AlarmMessage&) const = default;
};

}  // namespace truce::model
