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
enum class DiskBus { virtio, scsi, sata, ide };
std::string_view to_string(DiskBus value);
template <> std::span<const std::string_view> enum_names<DiskBus>();

/// Which network card the guest sees.
enum class NicModel { virtio, e1000, e1000e, rtl8139 };
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

/// Whether the host's node is connected to its manager.
enum class HostState { online, offline };
std::string_view to_string(HostState value);
template <> std::span<const std::string_view> enum_names<HostState>();

/// ok, warning (something cannot be had) or missing (what machines cannot do without).
enum class CheckState { ok, warning, missing };
std::string_view to_string(CheckState value);
template <> std::span<const std::string_view> enum_names<CheckState>();

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

/// Work of a node that is not the life of a machine.
enum class JobKind { build_template, import_template, delete_template, create_snapshot, restore_snapshot, delete_snapshot };
std::string_view to_string(JobKind value);
template <> std::span<const std::string_view> enum_names<JobKind>();

/// Short work that answers at once.
enum class CallVerb { reset, screenshot, exec, serial_tail, stream, check_host, support_files };
std::string_view to_string(CallVerb value);
template <> std::span<const std::string_view> enum_names<CallVerb>();

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
  std::optional<std::int64_t> numa_nodes{};  ///< NUMA nodes that processors and memory are spread over
  std::optional<bool> huge_pages{};  ///< Memory from the host's huge pages of 2 MiB
  std::optional<Firmware> firmware{};  ///< bios or uefi (bios)
  std::optional<SecureBoot> secure_boot{};  ///< Secure Boot of UEFI: off, or with whose keys (off)
  std::optional<bool> tpm{};  ///< A TPM 2.0 of its own
  std::optional<std::vector<BootDevice>> boot{};  ///< What to boot from, in this order (disk, then cdrom); a kernel of the template is then left out
  std::optional<DiskBus> disk_bus{};  ///< What disks hang on (virtio; legacy: ide)
  std::optional<NicModel> nic_model{};  ///< Which network card (virtio; legacy: e1000)
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
  bool operator==(const VmDisk&) const = default;
};

/// A network card of a machine.
struct VmNic {
  std::string network{};  ///< The network it is plugged into
  std::string mac{};  ///< Its address
  std::vector<std::string> forwards{};  ///< Port forwards in the modes user and nat, HOST:GUEST
  bool spoof_filter = true;  ///< The guest sends from this card's own MAC and address only
  std::string address{};  ///< Its fixed IPv4 address; empty: the network gives it one, for good
  std::vector<std::string> security_groups{};  ///< Security groups whose rules hold for it; none: everything may pass
  std::int64_t send_mbit = 0;  ///< What the guest may send, in Mbit/s; 0: no limit
  std::int64_t receive_mbit = 0;  ///< What the guest may receive, in Mbit/s; 0: no limit
  bool operator==(const VmNic&) const = default;
};

/// What shall change of a network card; absent fields stay.
struct NicChange {
  std::int64_t nic = 0;  ///< Which card, counted from 0
  std::optional<bool> spoof_filter{};  ///< The guest sends from this card's own MAC and address only; off for routers and fail-over addresses
  std::optional<std::string> address{};  ///< Its fixed IPv4 address, or empty for one that the network gives
  std::optional<std::vector<std::string>> security_group{};  ///< Replaces its security groups (one empty text stands for none)
  std::optional<std::vector<std::string>> forward{};  ///< Replaces its port forwards, HOST:GUEST
  std::optional<std::int64_t> send_mbit{};  ///< What the guest may send, in Mbit/s; 0: no limit
  std::optional<std::int64_t> receive_mbit{};  ///< What the guest may receive, in Mbit/s; 0: no limit
  bool operator==(const NicChange&) const = default;
};

/// What of a machine goes back with a snapshot.
struct VmSettings {
  std::int64_t cpus = 0;  ///< Virtual processors
  Bytes memory{};  ///< Memory
  std::optional<Hardware> hardware{};  ///< What differs from the usual of its type
  std::string iso{};  ///< The CD in its drive
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
  Time created{};  ///< When it was created
  std::optional<Time> started{};  ///< When it last began to run
  std::optional<SnapshotTree> tree{};  ///< Its snapshots
  std::optional<SnapshotSource> source{};  ///< The snapshot that its disks were copied from
  bool operator==(const Vm&) const = default;
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
  MachineType machine = MachineType::q35;  ///< q35, legacy or microvm
  std::optional<Hardware> hardware{};  ///< What differs from the usual of that type
  std::string network = "default";  ///< Network to plug it into
  std::vector<std::string> forward{};  ///< Port forward on a network of mode user or nat, HOST:GUEST
  bool spoof_filter = true;  ///< The guest sends from its own MAC and address only
  std::string address{};  ///< Its fixed IPv4 address; empty: the network gives it one, for good
  std::vector<std::string> security_group{};  ///< Security group whose rules hold for it; none: everything may pass
  std::int64_t send_mbit = 0;  ///< What the guest may send, in Mbit/s; 0: no limit
  std::int64_t receive_mbit = 0;  ///< What the guest may receive, in Mbit/s; 0: no limit
  std::string cloud_init{};  ///< cloud-init user-data
  std::vector<std::string> ssh_keys{};  ///< SSH public keys for the template's user
  std::string answer_file{};  ///< Answers for an installer, on a CD while an iso is in the drive
  std::optional<AnswerKind> answer_kind{};  ///< autounattend, kickstart or preseed (seen from its content)
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
  std::optional<Hardware> hardware{};  ///< What shall change of it; for a machine that is off
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
  bool operator==(const TemplateCreate&) const = default;
};

/// A network that machines plug into.
struct Network {
  std::string name{};  ///< Unique among networks
  NetworkMode mode{};  ///< nat, routed, isolated, bridged or user
  std::string bridge{};  ///< The host's bridge, in mode bridged
  std::string private_to{};  ///< Only machines of this project may use it; empty: all
  std::string subnet{};  ///< Its addresses; the first is the host's
  std::string domain = "truce.internal";  ///< DNS suffix of the machines
  bool spoof_filter = true;  ///< Guests send from their own MAC and address only
  std::string problem{};  ///< Why it does not work
  Time created{};  ///< When it was created
  bool operator==(const Network&) const = default;
};

/// A new network.
struct NetworkCreate {
  std::string name{};  ///< Unique among networks
  NetworkMode mode = NetworkMode::nat;  ///< nat, routed, isolated, bridged or user
  std::string bridge{};  ///< A bridge that the host has already (mode bridged)
  std::string private_to{};  ///< Only machines of this project may use it (all)
  std::optional<std::string> subnet{};  ///< IPv4 addresses such as 10.88.0.0/24 (modes nat, routed, isolated)
  std::string domain = "truce.internal";  ///< DNS suffix of the machines
  bool spoof_filter = true;  ///< Guests send from their own MAC and address only
  bool operator==(const NetworkCreate&) const = default;
};

/// What shall change; absent fields stay.
struct NetworkChange {
  std::optional<bool> spoof_filter{};  ///< Guests send from their own MAC and address only
  bool operator==(const NetworkChange&) const = default;
};

/// A set of rules about who may connect to network cards, and where these may connect to.
struct SecurityGroup {
  std::string name{};  ///< Unique among security groups
  std::string project = "default";  ///< Whose it is; machines of this project may use it
  std::string description{};  ///< Free text
  std::vector<std::string> rules{};  ///< What may pass, such as ingress tcp 80,443 from 10.0.0.0/8
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

/// A place for disks and templates.
struct Pool {
  std::string name{};  ///< Unique among pools
  std::string host{};  ///< Where it is
  std::string path{};  ///< Its folder
  Bytes total{};  ///< Size of the file system
  Bytes free{};  ///< Free on the file system
  Bytes used{};  ///< Stored in this pool
  Bytes allocated{};  ///< Promised to machines
  bool operator==(const Pool&) const = default;
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
  bool operator==(const Host&) const = default;
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

/// A page of machines.
struct VmList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Vm> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  bool operator==(const VmList&) const = default;
};

/// A page of templates.
struct TemplateList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Template> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  bool operator==(const TemplateList&) const = default;
};

/// A page of networks.
struct NetworkList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Network> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  bool operator==(const NetworkList&) const = default;
};

/// A page of security groups.
struct SecurityGroupList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<SecurityGroup> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  bool operator==(const SecurityGroupList&) const = default;
};

/// A page of pools.
struct PoolList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Pool> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  bool operator==(const PoolList&) const = default;
};

/// A page of hosts.
struct HostList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Host> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  bool operator==(const HostList&) const = default;
};

/// A page of tasks.
struct TaskList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Task> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  bool operator==(const TaskList&) const = default;
};

/// A page of events.
struct EventList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Event> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  bool operator==(const EventList&) const = default;
};

/// A page of tokens.
struct TokenList {
  std::int64_t revision = 0;  ///< The revision of the store that the page shows
  std::vector<Token> items{};  ///< The items of the page
  std::string next{};  ///< What to pass as `after` for the next page; empty at the end
  bool operator==(const TokenList&) const = default;
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

/// A piece of long work that a task stands for.
struct Job {
  std::string task{};  ///< The task's name
  JobKind kind{};  ///< What to do
  std::string template_{};  ///< NAME@VERSION
  std::string source{};  ///< Recipe or path of a file
  std::string description{};  ///< For the template
  bool cancel = false;  ///< Stop and undo
  std::string vm{};  ///< Uuid of the machine, for snapshots
  std::optional<VmSnapshot> snapshot{};  ///< To be taken, restored or deleted
  bool memory = false;  ///< The new snapshot is to have memory
  bool quiesce = false;  ///< Its file systems are to be frozen
  bool subtree = false;  ///< All that were taken after it are to be deleted too
  bool operator==(const Job&) const = default;
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
  std::vector<Job> jobs{};  ///< All jobs that have not ended
  std::vector<std::string> templates{};  ///< All templates that shall exist here
  bool operator==(const Assignment&) const = default;
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
  bool operator==(const Report&) const = default;
};

/// A question to a node, answered by a CallReply with the same id.
struct Call {
  std::int64_t id = 0;  ///< Chosen by the manager
  CallVerb verb{};  ///< What to do
  std::string vm{};  ///< Uuid of the machine
  std::vector<std::string> argv{};  ///< For exec
  std::int64_t timeout_seconds = 30;  ///< For exec
  std::int64_t bytes = 0;  ///< For serial_tail
  std::string stream{};  ///< For stream: the key to open a second connection with
  std::string which{};  ///< For stream: a ConsoleKind
  bool operator==(const Call&) const = default;
};

/// The answer to a Call.
struct CallReply {
  std::int64_t id = 0;  ///< Of the call
  std::string error{};  ///< Why it failed; empty: it did not
  std::string code{};  ///< The error's code
  std::string data{};  ///< Screenshot (base64) or serial text
  std::optional<ExecAnswer> exec{};  ///< For exec
  std::vector<HostCheck> checks{};  ///< For check_host
  std::map<std::string, std::string> files{};  ///< For support_files: name and content
  bool operator==(const CallReply&) const = default;
};

/// A message from the manager; one of its fields is set.
struct ToNode {
  std::optional<Assignment> assignment{};  ///< What to run
  std::optional<Call> call{};  ///< A question
  bool operator==(const ToNode&) const = default;
};

/// Who connects, and what for.
struct Hello {
  std::string host{};  ///< The node's name
  std::string stream{};  ///< The key of a stream that this connection carries instead of messages
  bool operator==(const Hello&) const = default;
};

/// A message from a node; one of its fields is set.
struct FromNode {
  std::optional<Hello> hello{};  ///< The first message of a connection
  std::optional<Report> report{};  ///< News
  std::optional<CallReply> reply{};  ///< An answer
  bool operator==(const FromNode&) const = default;
};

}  // namespace truce::model
