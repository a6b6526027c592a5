#include "properties.h"

#include <algorithm>
#include <array>

namespace truce::vsphere {

using model::Observed;
using namespace platform;

namespace {

constexpr std::uint64_t mebi = 1 << 20;

template <class Noun>
void take_name(Noun& noun, Value value) {
  noun.name = unescape_name(value.text());
}
template <class Noun>
void take_parent(Noun& noun, Value value) {
  noun.folder = value.text();
}

Observed state_of(std::string_view power) {
  if (power == "poweredOn") return Observed::running;
  if (power == "poweredOff") return Observed::off;
  if (power == "suspended") return Observed::suspended;
  return Observed::unknown;
}

// VirtualMachineRuntimeInfo. Of a machine that its host cannot be asked about nothing is known.
void take_runtime(Machine& machine, Value value) {
  auto connection = value["connectionState"].text();
  bool known = connection.empty() || connection == "connected";
  machine.state = known ? state_of(value["powerState"].text()) : Observed::unknown;
  machine.host = value["host"].text();
}

// VirtualHardware, as a whole: its parts change together.
void take_virtual_hardware(Machine& machine, Value value) {
  machine.cpus = value["numCPU"].number();
  machine.memory = value["memoryMB"].bytes(mebi);
  take_devices(machine, value);
}

void take_use(Machine& machine, Value value) {
  machine.use.cpu_mhz = value["overallCpuUsage"].number();
  machine.use.memory = value["hostMemoryUsage"].bytes(mebi);
  machine.use.memory_guest = value["guestMemoryUsage"].bytes(mebi);
}

void take_tools(Machine& machine, Value value) {
  auto status = value.text();
  machine.tools = status == "toolsOk" || status == "toolsOld" ? Tools::running
                  : status == "toolsNotRunning"               ? Tools::stopped
                                                              : Tools::none;
}

void take_addresses(Machine& machine, Value value) {
  constexpr std::size_t most = 64;
  machine.addresses.clear();
  value.each([&](Value nic) {
    nic.each("ipAddress", [&](Value one) {
      auto address = one.text();
      bool is_local = address.starts_with("fe80:") || address.starts_with("169.254.");
      if (!is_local && machine.addresses.size() < most) machine.addresses.push_back(address);
    });
  });
}

// VirtualMachineSnapshotTree: children inside their parents.
void take_snapshot(Machine& machine, Value tree, const std::string& parent) {
  constexpr std::size_t most = 1'000;
  if (machine.snapshots.size() >= most) return;
  Snapshot one;
  one.id = tree["snapshot"].text();
  one.name = unescape_name(tree["name"].text());
  one.description = tree["description"].text();
  one.parent = parent;
  one.created = tree["createTime"].time();
  one.state = state_of(tree["state"].text());
  one.quiesced = tree["quiesced"].flag();
  auto id = one.id;
  machine.snapshots.push_back(std::move(one));
  tree.each("childSnapshotList", [&](Value child) { take_snapshot(machine, child, id); });
}

void take_snapshots(Machine& machine, Value value) {
  machine.snapshots.clear();
  machine.snapshot = value["currentSnapshot"].text();
  value.each("rootSnapshotList", [&](Value tree) { take_snapshot(machine, tree, {}); });
}

void take_host_runtime(Host& host, Value value) {
  bool connected = value["connectionState"].text() == "connected";
  host.state = !connected                          ? HostState::disconnected
               : value["inMaintenanceMode"].flag() ? HostState::maintenance
                                                   : HostState::connected;
}

void take_hardware(Host& host, Value value) {
  host.cpus = value["numCpuThreads"].number();
  std::int64_t mhz = 0;
  host.cpu_mhz =
      __builtin_mul_overflow(value["numCpuCores"].number(), value["cpuMhz"].number(), &mhz) ? 0
                                                                                            : mhz;
  host.memory = value["memorySize"].bytes();
  host.vendor = value["vendor"].text();
  host.model = value["model"].text();
}

void take_pool(Pool& pool, Value value) {
  pool.kind = value["type"].text();
  pool.url = value["url"].text();
  pool.size = value["capacity"].bytes();
  pool.free = value["freeSpace"].bytes();
  pool.reachable = value["accessible"].flag();
}

constexpr auto machine_rows = std::to_array<Property<Machine>>({
    {"name", take_name<Machine>},
    {"parent", take_parent<Machine>},
    {"runtime", take_runtime},
    {"config.uuid", [](Machine& m, Value v) { m.uuid = v.text(); }},
    {"config.template", [](Machine& m, Value v) { m.template_ = v.flag(); }},
    {"config.firmware",
     [](Machine& m, Value v) {
       m.firmware = v.text() == "efi" ? model::Firmware::uefi : model::Firmware::bios;
     }},
    {"config.bootOptions",
     [](Machine& m, Value v) { m.secure_boot = v["efiSecureBootEnabled"].flag(); }},
    {"config.guestId", [](Machine& m, Value v) { m.guest_kind = v.text(); }},
    {"config.guestFullName", [](Machine& m, Value v) { m.guest_os = v.text(); }},
    {"config.hardware", take_virtual_hardware},
    {"guest.hostName", [](Machine& m, Value v) { m.guest_name = v.text(); }},
    {"guest.net", take_addresses},
    {"guest.toolsStatus", take_tools},
    {"snapshot", take_snapshots},
    {"summary.quickStats", take_use},
    {"summary.storage", [](Machine& m, Value v) { m.use.storage = v["committed"].bytes(); }},
});

constexpr auto host_rows = std::to_array<Property<Host>>({
    {"name", take_name<Host>},
    {"parent", take_parent<Host>},
    {"runtime", take_host_runtime},
    {"summary.hardware", take_hardware},
    {"summary.config.product", [](Host& h, Value v) { h.hypervisor = v["fullName"].text(); }},
    {"summary.quickStats",
     [](Host& h, Value v) {
       h.cpu_mhz_used = v["overallCpuUsage"].number();
       h.memory_used = v["overallMemoryUsage"].bytes(mebi);
     }},
});

constexpr auto pool_rows = std::to_array<Property<Pool>>({
    {"name", take_name<Pool>},
    {"summary", take_pool},
});

constexpr auto network_rows = std::to_array<Property<Network>>({
    {"name", take_name<Network>},
});

constexpr auto folder_rows = std::to_array<Property<Folder>>({
    {"name", take_name<Folder>},
    {"parent", [](Folder& f, Value v) { f.parent = v.text(); }},
});

constexpr auto all_types = std::to_array<Type>({
    {"VirtualMachine", Noun::machine, true},
    {"HostSystem", Noun::host, true},
    {"Datastore", Noun::pool, true},
    {"Network", Noun::network, true},
    {"DistributedVirtualPortgroup", Noun::network, false},
    {"OpaqueNetwork", Noun::network, false},
    {"Folder", Noun::folder, true},
    {"StoragePod", Noun::folder, false},
    {"Datacenter", Noun::folder, true},
    {"ComputeResource", Noun::folder, true},
    {"ClusterComputeResource", Noun::folder, false},
});

// Calls `function` with each row's path of a kind of things.
template <class Function>
void each_path(Noun noun, Function function) {
  auto all = [&](const auto& rows) {
    for (const auto& row : rows) function(row.path);
  };
  switch (noun) {
    case Noun::machine:
      return all(machine_rows);
    case Noun::host:
      return all(host_rows);
    case Noun::pool:
      return all(pool_rows);
    case Noun::network:
      return all(network_rows);
    case Noun::folder:
      return all(folder_rows);
  }
}

}  // namespace

std::span<const Property<Machine>> machine_properties() {
  return machine_rows;
}
Machine machine_of(const ObjectUpdate& seen) {
  Machine machine;
  for (const auto& change : seen.changes) {
    auto row = std::ranges::find(machine_rows, change.path, &Property<Machine>::path);
    if (row != std::end(machine_rows)) row->take(machine, change.value);
  }
  return machine;
}

std::span<const Property<Host>> host_properties() {
  return host_rows;
}
std::span<const Property<Pool>> pool_properties() {
  return pool_rows;
}
std::span<const Property<Network>> network_properties() {
  return network_rows;
}
std::span<const Property<Folder>> folder_properties() {
  return folder_rows;
}
std::span<const Type> types() {
  return all_types;
}

std::string property_sets() {
  std::string sets;
  for (const auto& type : all_types) {
    if (!type.watched) continue;
    sets += "<propSet>" + to_xml("type", type.name);
    each_path(type.noun, [&](std::string_view path) { sets += to_xml("pathSet", path); });
    sets += "</propSet>";
  }
  return sets;
}

std::string_view property_of(Noun noun, std::string_view path) {
  std::string_view found;
  each_path(noun, [&](std::string_view known) {
    bool inside =
        path.starts_with(known) &&
        (path.size() == known.size() || path[known.size()] == '.' || path[known.size()] == '[');
    if (inside) found = known;
  });
  return found;
}

}  // namespace truce::vsphere
