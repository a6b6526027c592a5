#include "picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.h"

namespace truce::hyperv {

using model::Observed;
using platform::Disk;
using platform::Machine;

namespace {

constexpr std::string_view prefix = "Microsoft:";

std::string without_prefix(std::string_view instance_id) {
  return std::string(instance_id.substr(instance_id.starts_with(prefix) ? prefix.size() : 0));
}

/// The instances of a class by the machine or snapshot that they belong to.
using ByOwner = std::multimap<std::string, const Instance*, std::less<>>;

ByOwner by_owner(const Instances& all) {
  ByOwner found;
  for (const auto& one : all)
    if (auto owner = owner_of(one.text("InstanceID")); !owner.empty()) found.emplace(owner, &one);
  return found;
}

ByOwner by_system(const Instances& all) {
  ByOwner found;
  for (const auto& one : all)
    if (auto owner = one.guid("SystemName"); !owner.empty()) found.emplace(owner, &one);
  return found;
}

auto each(const ByOwner& all, const std::string& owner) {
  auto [begin, end] = all.equal_range(owner);
  return std::ranges::subrange(begin, end);
}

/// Where a drive sits.
struct Seat {
  std::optional<model::DiskBus> bus;
  std::string name;  ///< `IDE`, `SCSI`
  std::int64_t number = 0, place = 0;
  auto operator<=>(const Seat&) const = default;
};

/// What is on a host, arranged so that machines are found in it.
class Sorted {
 public:
  Sorted(const Seen& seen, std::string host, std::string name)
      : seen_(seen), host_(std::move(host)), name_(std::move(name)) {
    for (const auto* class_name :
         {"Msvm_SyntheticEthernetPortSettingData", "Msvm_EmulatedEthernetPortSettingData"})
      for (const auto& one : seen.of(class_name))
        if (auto owner = owner_of(one.text("InstanceID")); !owner.empty())
          cards_.emplace(owner, std::pair(&one, class_name));
    for (const auto& one : seen.of("Msvm_ResourceAllocationSettingData"))
      resource_by_id_[one.text("InstanceID")] = &one;
    for (const auto& one : seen.of("Msvm_EthernetPortAllocationSettingData"))
      connections_[one.reference("Parent").key("InstanceID")] = &one;
    for (const auto& one : seen.of("Msvm_VirtualSystemSettingData")) sort_setting(one);
    for (const auto& one : seen.of("Msvm_GuestNetworkAdapterConfiguration")) sort_address(one);
    for (const auto& one : seen.of("Win32_Processor"))
      mhz_ = std::max(mhz_, one.number("MaxClockSpeed"));
  }

  [[nodiscard]] Machine machine(const Instance& system, const Instance& setting) const;
  [[nodiscard]] const Instance* setting(const std::string& id) const {
    auto found = realized_.find(id);
    return found == realized_.end() ? nullptr : found->second;
  }
  [[nodiscard]] platform::Host host(const std::string& release, std::int64_t mhz_used) const;

 private:
  void sort_setting(const Instance& one) {
    auto of = one.guid("VirtualSystemIdentifier");
    if (is_of_machine(one)) realized_[of] = &one;
    if (is_of_snapshot(one)) snapshots_.emplace(of, &one);
  }
  // `Microsoft:GuestNetwork\MACHINE\CARD`
  void sort_address(const Instance& one) {
    constexpr std::string_view before = "GuestNetwork\\";
    auto rest = without_prefix(one.text("InstanceID"));
    if (rest.starts_with(before))
      addresses_.emplace(owner_of("Microsoft:" + rest.substr(before.size())), &one);
  }
  [[nodiscard]] const Instance* resource(const Reference& reference) const {
    auto found = resource_by_id_.find(reference.key("InstanceID"));
    return found == resource_by_id_.end() ? nullptr : found->second;
  }
  [[nodiscard]] Seat seat_of(const Instance& storage, const std::string& owner) const;
  [[nodiscard]] std::string pool_of(std::string_view file) const;
  void add_disks(Machine& to) const;
  void add_cards(Machine& to) const;
  void add_guest(Machine& to) const;
  void add_snapshots(Machine& to, const Instance& setting) const;
  void add_use(Machine& to) const;

  const Seen& seen_;
  std::string host_, name_;
  std::int64_t mhz_ = 0;  ///< of a core
  ByOwner snapshots_, addresses_;
  std::multimap<std::string, std::pair<const Instance*, std::string>> cards_;
  std::map<std::string, const Instance*> realized_, resource_by_id_, connections_;
  ByOwner processors_ = by_owner(seen_.of("Msvm_ProcessorSettingData"));
  ByOwner memories_ = by_owner(seen_.of("Msvm_MemorySettingData"));
  ByOwner storages_ = by_owner(seen_.of("Msvm_StorageAllocationSettingData"));
  ByOwner resources_ = by_owner(seen_.of("Msvm_ResourceAllocationSettingData"));
  ByOwner securities_ = by_owner(seen_.of("Msvm_SecuritySettingData"));
  ByOwner shutdowns_ = by_system(seen_.of("Msvm_ShutdownComponent"));
  ByOwner exchanges_ = by_system(seen_.of("Msvm_KvpExchangeComponent"));
  ByOwner loads_ = by_system(seen_.of("Msvm_Processor"));
  ByOwner used_ = by_system(seen_.of("Msvm_Memory"));
};

Machine Sorted::machine(const Instance& system, const Instance& setting) const {
  constexpr std::uint64_t mebi = 1 << 20;
  Machine machine;
  machine.id = system.guid("Name");
  machine.uuid = setting.guid("BIOSGUID");
  if (machine.uuid.empty()) machine.uuid = machine.id;
  machine.name = system.text("ElementName");
  machine.folder = host_;
  machine.host = host_;
  machine.state = read_state(system.number("EnabledState"));
  bool second = setting.text("VirtualSystemSubType") == "Microsoft:Hyper-V:SubType:2";
  machine.firmware = second ? model::Firmware::uefi : model::Firmware::bios;
  machine.secure_boot = second && setting.flag("SecureBootEnabled");
  machine.guest_kind = second ? "generation 2" : "generation 1";
  for (const auto& [owner, one] : each(processors_, machine.id))
    machine.cpus = one->number("VirtualQuantity");
  for (const auto& [owner, one] : each(memories_, machine.id))
    machine.memory = one->bytes("VirtualQuantity", mebi);
  for (const auto& [owner, one] : each(securities_, machine.id))
    machine.tpm = one->flag("TpmEnabled");
  add_disks(machine);
  add_cards(machine);
  add_guest(machine);
  add_snapshots(machine, setting);
  add_use(machine);
  return machine;
}

Seat Sorted::seat_of(const Instance& storage, const std::string& owner) const {
  Seat seat;
  const auto* drive = resource(storage.reference("Parent"));
  if (drive == nullptr) return seat;
  seat.place = drive->number("AddressOnParent");
  const auto* controller = resource(drive->reference("Parent"));
  if (controller == nullptr) return seat;
  auto kind = controller->text("ResourceSubType");
  if (kind == "Microsoft:Hyper-V:Emulated IDE Controller") {
    seat.bus = model::DiskBus::ide;
    seat.name = "IDE";
    seat.number = controller->number("Address");
  }
  if (kind == "Microsoft:Hyper-V:Synthetic SCSI Controller") {
    seat.bus = model::DiskBus::scsi;
    seat.name = "SCSI";
    for (const auto& [of, other] : each(resources_, owner))
      seat.number += other->text("ResourceSubType") == kind &&
                     other->text("InstanceID") < controller->text("InstanceID");
  }
  return seat;
}

std::string Sorted::pool_of(std::string_view file) const {
  const Instance* best = nullptr;
  auto path = lower_case(file);
  for (const auto& volume : seen_.of("Win32_Volume")) {
    auto name = lower_case(volume.text("Name"));
    bool longer = best == nullptr || name.size() > best->text("Name").size();
    if (!name.empty() && path.starts_with(name) && longer) best = &volume;
  }
  return best == nullptr ? std::string() : best->text("DeviceID");
}

void Sorted::add_disks(Machine& to) const {
  std::vector<std::pair<Seat, Disk>> found;
  for (const auto& [owner, storage] : each(storages_, to.id)) {
    if (!is_disk(*storage)) continue;
    auto seat = seat_of(*storage, to.id);
    Disk disk;
    disk.id = disk_id(*storage);
    disk.label =
        fmt::format("{} {}:{}", seat.name.empty() ? "Disk" : seat.name, seat.number, seat.place);
    disk.file = storage->text("HostResource");
    auto path = lower_case(disk.file);
    disk.format = path.ends_with("vhdx") ? "vhdx" : path.ends_with("vhd") ? "vhd" : "";
    disk.pool = pool_of(disk.file);
    disk.bus = seat.bus;
    disk.controller = seat.name.empty() ? "" : "Hyper-V " + seat.name;
    if (auto file = seen_.files.find(disk.file); file != seen_.files.end()) {
      disk.size = file->second.size;
      disk.parent = file->second.parent;
      disk.thin = file->second.thin;
    }
    found.emplace_back(std::move(seat), std::move(disk));
  }
  std::ranges::sort(found, {}, [](const auto& one) {
    return std::tuple(one.first.bus == model::DiskBus::ide ? 0 : 1, one.first.number,
                      one.first.place, one.second.id);
  });
  for (auto& [seat, disk] : found) to.disks.push_back(std::move(disk));
}

void Sorted::add_cards(Machine& to) const {
  constexpr std::int64_t connected = 2;
  constexpr std::size_t digits = 12;
  auto [begin, end] = cards_.equal_range(to.id);
  for (const auto& [owner, card] : std::ranges::subrange(begin, end)) {
    auto id = card.first->text("InstanceID");
    platform::Nic nic;
    nic.id = without_prefix(id);
    nic.label = card.first->text("ElementName");
    nic.model = card.second.contains("Synthetic") ? "Hyper-V synthetic" : "Hyper-V emulated";
    auto address = lower_case(card.first->text("Address"));
    for (std::size_t at = 0; address.size() == digits && at < digits; at += 2)
      nic.mac += (at == 0 ? "" : ":") + address.substr(at, 2);
    if (auto plug = connections_.find(id); plug != connections_.end()) {
      nic.network = lower_case(plug->second->reference("HostResource").key("Name"));
      nic.connected = plug->second->number("EnabledState") == connected && !nic.network.empty();
    }
    to.nics.push_back(std::move(nic));
  }
  std::ranges::sort(to.nics, {}, &platform::Nic::id);
}

void Sorted::add_guest(Machine& to) const {
  if (to.state != Observed::running && to.state != Observed::paused) return;
  for (const auto& [owner, one] : each(shutdowns_, to.id))
    to.tools = answers(*one) ? platform::Tools::running : platform::Tools::none;
  for (const auto& [owner, one] : each(addresses_, to.id))
    for (auto& address : one->texts("IPAddresses"))
      if (!address.empty() && !platform::is_local_address(address))
        to.addresses.push_back(std::move(address));
  for (const auto& [owner, one] : each(exchanges_, to.id))
    for (const auto& text : one->texts("GuestIntrinsicExchangeItems")) {
      auto item = read_embedded(text);
      if (!item) continue;
      if (item->text("Name") == "OSName") to.guest_os = item->text("Data");
      if (item->text("Name") == "FullyQualifiedDomainName") to.guest_name = item->text("Data");
    }
}

void Sorted::add_snapshots(Machine& to, const Instance& setting) const {
  std::vector<platform::Snapshot> all;
  for (const auto& [owner, one] : each(snapshots_, to.id)) {
    platform::Snapshot snapshot;
    snapshot.id = owner_of(one->text("InstanceID"));
    snapshot.name = one->text("ElementName");
    for (const auto& line : one->texts("Notes"))
      snapshot.description += (snapshot.description.empty() ? "" : "\n") + line;
    snapshot.parent = owner_of(one->reference("Parent").key("InstanceID"));
    snapshot.created = one->time("CreationTime");
    snapshot.state = one->flag("IsSaved") ? Observed::running : Observed::off;
    all.push_back(std::move(snapshot));
  }
  std::ranges::sort(all, {}, [](const auto& one) { return std::tie(one.created, one.id); });
  to.snapshot = owner_of(setting.reference("Parent").key("InstanceID"));
  std::set<std::string> there;
  for (const auto& one : all) there.insert(one.id);
  if (!there.contains(to.snapshot)) to.snapshot.clear();
  // Parents first. One whose parent is not shown, as those of backups, is outermost.
  std::set<std::string> placed{""};
  for (auto& one : all)
    if (!there.contains(one.parent)) one.parent.clear();
  for (bool more = true; more;) {
    more = false;
    for (auto& one : all) {
      if (one.id.empty() || placed.contains(one.id) || !placed.contains(one.parent)) continue;
      placed.insert(one.id);
      to.snapshots.push_back(std::move(one));
      more = true;
    }
  }
}

void Sorted::add_use(Machine& to) const {
  constexpr std::int64_t percent = 100;
  if (to.state != Observed::running && to.state != Observed::paused) return;
  for (const auto& [owner, one] : each(loads_, to.id))
    to.use.cpu_mhz += one->number("LoadPercentage") * mhz_ / percent;
  for (const auto& [owner, one] : each(used_, to.id)) {
    auto block = one->bytes("BlockSize").count;
    to.use.memory = {to.use.memory.count + one->bytes("NumberOfBlocks", block).count};
  }
}

platform::Host Sorted::host(const std::string& release, std::int64_t mhz_used) const {
  platform::Host host;
  host.id = host_;
  host.name = name_;
  host.folder = host_;
  host.hypervisor = release;
  std::int64_t cores = 0;
  for (const auto& one : seen_.of("Win32_Processor")) {
    host.cpus += one.number("NumberOfLogicalProcessors");
    cores += one.number("NumberOfCores");
  }
  host.cpu_mhz = cores * mhz_;
  host.cpu_mhz_used = mhz_used;
  for (const auto& one : seen_.of("Win32_ComputerSystem")) {
    host.memory = one.bytes("TotalPhysicalMemory");
    host.vendor = one.text("Manufacturer");
    host.model = one.text("Model");
  }
  for (const auto& one : seen_.of("Win32_OperatingSystem")) {
    auto free = one.bytes("FreePhysicalMemory", 1024);
    host.memory_used = {host.memory.count - std::min(host.memory.count, free.count)};
  }
  return host;
}

void add_places(platform::Update& to, const Seen& seen) {
  for (const auto& volume : seen.of("Win32_Volume")) {
    auto name = volume.text("Name");
    bool mounted = !name.empty() && !name.starts_with("\\\\?\\");
    if (!mounted || volume.number("DriveType") != 3 || volume.number("Capacity") <= 0) continue;
    to.pools.seen.push_back({.id = volume.text("DeviceID"),
                             .name = name,
                             .kind = volume.text("FileSystem"),
                             .url = {},
                             .size = volume.bytes("Capacity"),
                             .free = volume.bytes("FreeSpace")});
  }
  for (const auto& one : seen.of("Msvm_VirtualEthernetSwitch"))
    to.networks.seen.push_back({.id = lower_case(one.text("Name")),
                                .name = one.text("ElementName"),
                                .kind = "virtual switch"});
}

}  // namespace

const Instances& Seen::of(std::string_view class_name) const {
  static const Instances none;
  auto found = classes.find(class_name);
  return found == classes.end() ? none : found->second;
}

std::string Query::text() const {
  return fmt::format("SELECT {} FROM {}", properties.empty() ? "*" : properties, class_name);
}

const std::vector<Query>& watched() {
  static const std::vector<Query> all{
      {virtualization, "Msvm_ComputerSystem",
       "Name, ElementName, EnabledState, TimeOfLastConfigurationChange"},
      {virtualization, "Msvm_VirtualSystemSettingData",
       "InstanceID, ElementName, VirtualSystemType, Parent"}};
  return all;
}

// A property that a release does not have would spoil the whole query: where they differ, all are
// asked for.
const std::vector<Query>& described() {
  static const std::vector<Query> all{
      {virtualization, "Msvm_VirtualSystemSettingData", ""},
      {virtualization, "Msvm_ProcessorSettingData", "InstanceID, VirtualQuantity"},
      {virtualization, "Msvm_MemorySettingData", "InstanceID, VirtualQuantity"},
      {virtualization, "Msvm_ResourceAllocationSettingData",
       "InstanceID, Parent, ResourceSubType, Address, AddressOnParent"},
      {virtualization, "Msvm_StorageAllocationSettingData",
       "InstanceID, Parent, ResourceSubType, HostResource"},
      {virtualization, "Msvm_SyntheticEthernetPortSettingData", "InstanceID, ElementName, Address"},
      {virtualization, "Msvm_EmulatedEthernetPortSettingData", "InstanceID, ElementName, Address"},
      {virtualization, "Msvm_EthernetPortAllocationSettingData",
       "InstanceID, Parent, HostResource, EnabledState"},
      {virtualization, "Msvm_SecuritySettingData", "", true},
      {virtualization, "Msvm_VirtualEthernetSwitch", "Name, ElementName"},
      {virtualization, "Msvm_GuestNetworkAdapterConfiguration", "InstanceID, IPAddresses"},
      {virtualization, "Msvm_ShutdownComponent", "SystemName, OperationalStatus"},
      {virtualization, "Msvm_KvpExchangeComponent", "SystemName, GuestIntrinsicExchangeItems"},
      {virtualization, "Msvm_Processor", "SystemName, LoadPercentage"},
      {virtualization, "Msvm_Memory", "SystemName, BlockSize, NumberOfBlocks"},
      {windows, "Win32_Volume", "DeviceID, Name, DriveType, FileSystem, Capacity, FreeSpace"},
      {windows, "Win32_Processor", "NumberOfCores, NumberOfLogicalProcessors, MaxClockSpeed"},
      {windows, "Win32_ComputerSystem", "TotalPhysicalMemory, Manufacturer, Model"},
      {windows, "Win32_OperatingSystem", "FreePhysicalMemory"}};
  return all;
}

std::map<std::string, std::string> disk_files(const Seen& seen) {
  std::map<std::string, std::string> files;
  std::set<std::string> machines;
  for (const auto& one : seen.of("Msvm_ComputerSystem")) machines.insert(one.guid("Name"));
  for (const auto& one : seen.of("Msvm_StorageAllocationSettingData"))
    if (auto owner = owner_of(one.text("InstanceID")); is_disk(one) && machines.contains(owner))
      files[one.text("HostResource")] = owner;
  files.erase("");
  return files;
}

std::set<std::string> changed_machines(const Seen& before, const Seen& seen) {
  const auto& old = before.of("Msvm_ComputerSystem");
  std::set<std::string> changed;
  for (const auto& one : seen.of("Msvm_ComputerSystem"))
    if (std::ranges::find(old, one) == old.end()) changed.insert(one.guid("Name"));
  return changed;
}

bool is_torn(const Seen& seen) {
  std::set<std::string> described;
  for (const auto& one : seen.of("Msvm_VirtualSystemSettingData"))
    if (is_of_machine(one)) described.insert(one.guid("VirtualSystemIdentifier"));
  return std::ranges::any_of(seen.of("Msvm_ComputerSystem"), [&](const Instance& one) {
    auto id = one.guid("Name");
    return !id.empty() && !described.contains(id);
  });
}

platform::Update picture(const Seen& seen, const std::string& host, const std::string& name,
                         const std::string& release) {
  Sorted sorted(seen, host, name);
  platform::Update update;
  update.extent = platform::Update::Extent::whole;
  std::int64_t mhz_used = 0;
  for (const auto& system : seen.of("Msvm_ComputerSystem")) {
    auto id = system.guid("Name");  // the host's own is its name
    const auto* setting = id.empty() ? nullptr : sorted.setting(id);
    if (setting == nullptr) continue;
    update.machines.seen.push_back(sorted.machine(system, *setting));
    mhz_used += update.machines.seen.back().use.cpu_mhz;
  }
  update.hosts.seen.push_back(sorted.host(release, mhz_used));
  update.folders.seen.push_back({.id = host, .name = name, .kind = "Host", .parent = {}});
  add_places(update, seen);
  return update;
}

bool is_of_machine(const Instance& setting) {
  return setting.text("VirtualSystemType") == "Microsoft:Hyper-V:System:Realized";
}

bool is_of_snapshot(const Instance& setting) {
  return setting.text("VirtualSystemType") == "Microsoft:Hyper-V:Snapshot:Realized";
}

bool answers(const Instance& shutdown_component) {
  constexpr std::int64_t fine = 2, degraded = 3;  // CIM's OperationalStatus
  auto status = shutdown_component.number("OperationalStatus");
  return status == fine || status == degraded;
}

bool is_disk(const Instance& storage) {
  return storage.text("ResourceSubType") == "Microsoft:Hyper-V:Virtual Hard Disk";
}

std::string disk_id(const Instance& storage) {
  return without_prefix(storage.text("InstanceID"));
}

std::string owner_of(std::string_view instance_id) {
  constexpr std::size_t length = 36;
  if (!instance_id.starts_with(prefix)) return {};
  instance_id.remove_prefix(prefix.size());
  auto guid = instance_id.substr(0, length);
  bool ends = instance_id.size() <= length || instance_id[length] == '\\';
  return is_guid(guid) && ends ? lower_case(guid) : std::string();
}

// Msvm_ComputerSystem's EnabledState; the large ones are those of its first version.
Observed read_state(std::int64_t enabled_state) {
  switch (enabled_state) {
    case 2:      // enabled
    case 4:      // shutting down
    case 32773:  // saving
    case 32774:  // stopping
    case 32776:  // pausing
      return Observed::running;
    case 3:
      return Observed::off;
    case 6:  // enabled but offline
    case 32769:
    case 32779:  // saved fast
      return Observed::suspended;
    case 9:  // quiesce
    case 32768:
      return Observed::paused;
    case 10:
    case 32770:  // starting
    case 32777:  // resuming
      return Observed::starting;
    default:
      return Observed::unknown;
  }
}

}  // namespace truce::hyperv
