// A machine's disks, network cards and TPM, out of VirtualHardware.device.
#include <algorithm>
#include <array>
#include <map>

#include "properties.h"

namespace truce::vsphere {

using namespace platform;

namespace {

constexpr std::size_t most_devices = 1'000;

struct Controller {
  std::string_view type;
  model::DiskBus bus;
};

constexpr std::array controllers = {
    Controller{"ParaVirtualSCSIController", model::DiskBus::scsi},
    Controller{"VirtualLsiLogicController", model::DiskBus::scsi},
    Controller{"VirtualLsiLogicSASController", model::DiskBus::scsi},
    Controller{"VirtualBusLogicController", model::DiskBus::scsi},
    Controller{"VirtualAHCIController", model::DiskBus::sata},
    Controller{"VirtualIDEController", model::DiskBus::ide},
};

constexpr std::array<std::string_view, 8> nic_types = {
    "VirtualVmxnet3", "VirtualVmxnet3Vrdma", "VirtualVmxnet2", "VirtualVmxnet",
    "VirtualE1000",   "VirtualE1000e",       "VirtualPCNet32", "VirtualSriovEthernetCard"};

// By its key; the type of each.
using Controllers = std::map<std::string, std::string, std::less<>>;

Disk disk_of(Value device, const Controllers& known) {
  Disk disk;
  disk.id = device["key"].text();
  disk.label = device["deviceInfo"]["label"].text();
  disk.size = capacity_of(device);
  auto backing = device["backing"];
  disk.file = backing["fileName"].text();
  disk.format = "vmdk";
  disk.thin = backing["thinProvisioned"].flag();
  disk.pool = backing["datastore"].text();
  disk.parent = backing["parent"]["fileName"].text();
  if (auto found = known.find(device["controllerKey"].text()); found != known.end())
    disk.controller = found->second;
  auto row = std::ranges::find(controllers, disk.controller, &Controller::type);
  if (row != controllers.end()) disk.bus = row->bus;
  return disk;
}

Nic nic_of(Value device) {
  Nic nic;
  nic.id = device["key"].text();
  nic.label = device["deviceInfo"]["label"].text();
  nic.mac = device["macAddress"].text();
  std::ranges::transform(nic.mac, nic.mac.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  auto backing = device["backing"];
  nic.network = backing["network"].text();
  if (nic.network.empty()) nic.network = backing["port"]["portgroupKey"].text();
  nic.model = device.type();
  nic.connected = device["connectable"]["connected"].flag();
  return nic;
}

}  // namespace

Bytes capacity_of(Value disk) {
  auto size = disk["capacityInBytes"].bytes();
  return size.count == 0 ? disk["capacityInKB"].bytes(1024) : size;
}

void take_devices(Machine& machine, Value hardware) {
  machine.disks.clear();
  machine.nics.clear();
  machine.tpm = false;
  Controllers known;
  std::size_t count = 0;
  hardware.each("device", [&](Value device) {
    if (device.type().ends_with("Controller") && ++count <= most_devices)
      known.emplace(device["key"].text(), device.type());
  });
  count = 0;
  hardware.each("device", [&](Value device) {
    if (++count > most_devices) return;
    auto type = device.type();
    if (type == "VirtualDisk") machine.disks.push_back(disk_of(device, known));
    if (type == "VirtualTPM") machine.tpm = true;
    if (std::ranges::find(nic_types, type) != nic_types.end())
      machine.nics.push_back(nic_of(device));
  });
}

}  // namespace truce::vsphere
