// Devices of a machine as words, each in a place of its own on the bus.
#include <boost/json.hpp>
#include <charconv>
#include <set>

#include "live/secrets.h"
#include "places.h"
#include "words.h"

namespace truce::qemu {

namespace json = boost::json;
using hypervisor::DiskFile;
using hypervisor::Port;
using model::DiskBus;
using model::Display;
using model::NicModel;
using model::Sound;

namespace {

std::string_view device_of(const model::Outfit& outfit) {
  switch (outfit.display) {
    case Display::none:
      return "";
    case Display::vga:
      return "VGA";
    case Display::cirrus:
      return "cirrus-vga";
    case Display::virtio:
      return outfit.gpu_3d ? "virtio-vga-gl" : "virtio-vga";
    case Display::qxl:
      return "qxl-vga";
  }
  return "VGA";
}

std::string_view scsi_adapter(DiskBus bus, bool legacy) {
  if (bus == DiskBus::pvscsi) return "pvscsi";
  if (bus == DiskBus::lsisas) return "mptsas1068";
  return legacy ? "lsi53c895a" : "virtio-scsi-pci";
}

}  // namespace

bool is_scsi(DiskBus bus) {
  return bus == DiskBus::scsi || bus == DiskBus::pvscsi || bus == DiskBus::lsisas;
}

std::string_view device_of(NicModel model) {
  switch (model) {
    case NicModel::virtio:
      return "virtio-net-pci";
    case NicModel::e1000:
      return "e1000";
    case NicModel::e1000e:
      return "e1000e";
    case NicModel::rtl8139:
      return "rtl8139";
    case NicModel::vmxnet3:
      return "vmxnet3";
  }
  return "virtio-net-pci";
}

std::int64_t queues_of(const hypervisor::Machine& machine) {
  return std::max<std::int64_t>(machine.cpus, machine.outfit.max_cpus);
}

int disk_number(std::string_view id) {
  constexpr std::string_view before = "disk";
  int number = -1;
  if (!id.starts_with(before)) return number;
  id.remove_prefix(before.size());
  auto [end, ec] = std::from_chars(id.data(), id.data() + id.size(), number);
  return ec == std::errc() && end == id.data() + id.size() ? number : -1;
}

void Words::add_virtio(std::string_view kind, int slot, std::string_view rest, int port) {
  auto where = !pci_ ? "" : where_of(slot, port);
  add("-device", fmt::format("virtio-{}-{}{}{}", kind, pci_ ? "pci" : "device", rest, where));
}

std::string Words::where_of(int slot, int port) const {
  return port > 0 && !legacy() ? fmt::format(",bus={},addr=0x0", plug_port(port))
                               : fmt::format(",addr={:#x}", slot);
}

void Words::listening(std::string_view id, int fd) {
  add("-chardev", fmt::format("socket,id={},fd={},server=on,wait=off", id, fd));
}

void Words::block_node(const std::string& id, const std::string& format,
                       const std::filesystem::path& path, bool writable, json::object more) {
  json::object file{{"node-name", id + "-file"},
                    {"driver", "file"},
                    {"filename", path.string()},
                    {"read-only", !writable}};
  json::object node{
      {"node-name", id}, {"driver", format}, {"file", id + "-file"}, {"read-only", !writable}};
  if (writable) {
    file["discard"] = "unmap";
    node["discard"] = "unmap";
    node["detect-zeroes"] = "unmap";
  }
  for (auto& [key, value] : more) node[key] = std::move(value);
  add("-blockdev", json::serialize(file));
  add("-blockdev", json::serialize(node));
}

// Of its chain each file that is encrypted is named, as QEMU is to be told the key of each. What
// the others stand on it finds itself.
void Words::encrypted_node(const DiskFile& disk) {
  add("-object", json::serialize(json::object{{"qom-type", "secret"},
                                              {"id", secret_of(disk.id)},
                                              {"file", key_pipe(wiring_.keys, disk.id).string()}}));
  auto encrypt = encryption_of(disk.id);
  json::value below;
  for (auto i = std::min(disk.backing.size(), disk.encrypted); i > 0; --i) {
    json::object file{{"driver", "file"}, {"filename", disk.backing[i - 1].string()}};
    json::object layer{{"driver", "qcow2"}, {"file", std::move(file)}};
    if (i < disk.encrypted) layer["encrypt"] = encrypt;
    if (below.is_object()) layer["backing"] = std::move(below);
    below = std::move(layer);
  }
  json::object more{{"encrypt", std::move(encrypt)}};
  if (below.is_object()) more["backing"] = std::move(below);
  block_node(disk.id, disk.format, disk.path, true, std::move(more));
}

bool Words::is_cdrom(const DiskFile& disk) const {
  if (!pci_) return false;
  bool ata = outfit_.disk_bus == DiskBus::ide || outfit_.disk_bus == DiskBus::sata;
  return disk.cdrom || (ata && disk.read_only);
}

// Before what is plugged into them.
void Words::plugs() {
  if (!pci_ || legacy()) return;
  for (int i = 0; i < model::plug_ports; ++i) {
    add("-device",
        fmt::format("pcie-root-port,id={0},chassis={2},addr={3:#x}.{1}{4}", plug_port(i + 1), i,
                    i + 1, slot_plugs, i == 0 ? ",multifunction=on" : ""));
  }
}

// The disks in their order, then the CDs.
void Words::disks() {
  if (pci_ && is_scsi(outfit_.disk_bus) && !machine_.disks.empty()) {
    bool virtio = outfit_.disk_bus == DiskBus::scsi && !legacy();
    auto queues = virtio ? fmt::format(",num_queues={}", queues_of(machine_)) : "";
    add("-device", fmt::format("{},id=scsi{},addr={:#x}", scsi_adapter(outfit_.disk_bus, legacy()),
                               queues, slot_scsi));
  }
  std::set<int> taken;
  for (const auto& each : machine_.disks) taken.insert(disk_number(each.id));
  for (const auto& each : machine_.disks) {
    if (is_cdrom(each)) continue;
    auto number = disk_number(each.id);
    if (number < 0) {
      for (number = 0; taken.contains(number);) ++number;
      taken.insert(number);
    }
    disk(each, number);
  }
  int cdrom_count = 0;
  for (const auto& each : machine_.disks) {
    if (is_cdrom(each)) cdrom(each, cdrom_count++);
  }
}

void Words::disk(const DiskFile& disk, int number) {
  if (disk.encrypted > 0) {
    encrypted_node(disk);
  } else {
    block_node(disk.id, disk.format, disk.path, !disk.read_only && !disk.cdrom);
  }
  // A storage that fails for a while is no broken disk: the guest waits and sees no error.
  auto rest = fmt::format(",id={0},drive={0},serial={0},werror=stop,rerror=stop{1}", disk.id,
                          boot_index(disk.id));
  if (!pci_ || outfit_.disk_bus == DiskBus::virtio) {
    if (pci_) rest += fmt::format(",num-queues={}", queues_of(machine_));
    add_virtio("blk", slot_disks + number, rest, disk.port);
  } else if (is_scsi(outfit_.disk_bus)) {
    add("-device", fmt::format("scsi-hd,bus=scsi.0,scsi-id={}{}", number, rest));
  } else if (outfit_.disk_bus == DiskBus::sata) {
    add("-device", fmt::format("ide-hd,bus=ide.{}{}", number, rest));
  } else {
    constexpr int places[] = {0, 1, 3, 2};
    auto place = places[number];
    add("-device", fmt::format("ide-hd,bus=ide.{},unit={}{}", place / 2, place % 2, rest));
  }
}

// On SATA from the last port on, where disks do not get in their way; on IDE as the first of the
// second channel, where old systems look.
void Words::cdrom(const DiskFile& disk, int number) {
  if (!disk.path.empty()) block_node(disk.id, disk.format, disk.path, false);
  auto drive = disk.path.empty() ? "" : ",drive=" + disk.id;
  auto rest = fmt::format(",id={}{}{}", disk.id, drive, boot_index(disk.id));
  if (legacy()) {
    constexpr int places[] = {2, 3, 1, 0};
    auto place = places[number];
    add("-device", fmt::format("ide-cd,bus=ide.{},unit={}{}", place / 2, place % 2, rest));
  } else {
    auto port =
        outfit_.disk_bus == DiskBus::sata ? static_cast<int>(cdroms_limit) - 1 - number : number;
    add("-device", fmt::format("ide-cd,bus=ide.{}{}", port, rest));
  }
}

void Words::ports() {
  std::size_t tap = 0;
  for (const auto& each : machine_.ports) {
    auto number = each.number;
    if (each.user_mode) {
      std::string forwards;
      for (const auto& forward : each.forwards) forwards += ",hostfwd=" + escaped(forward);
      add("-netdev",
          fmt::format("user,id=net{}{}{}", number, each.isolated ? ",restrict=on" : "", forwards));
    } else {
      add("-netdev", fmt::format("tap,id=net{},fd={}", number, wiring_.tap_fds[tap++]));
    }
    port(each);
  }
}

void Words::port(const Port& port) {
  auto number = port.number;
  auto index = boot_index(fmt::format("nic{}", number));
  auto rest = fmt::format(",id=nic{0},netdev=net{0},mac={1}", number, port.mac);
  // Other models have no way to tell it: their guests learn it by DHCP.
  bool tells = !pci_ || outfit_.nic_model == NicModel::virtio;
  if (tells && port.mtu > 0) rest += fmt::format(",host_mtu={}", port.mtu);
  if (!pci_) return add_virtio("net", slot_ports + number, rest, 0);
  // Without boot from the network its ROM is left out: the firmware is done sooner.
  bool rom = wiring_.roms ? wiring_.roms->contains(fmt::format("nic{}", number)) : !index.empty();
  add("-device",
      fmt::format("{}{}{}{}{}", device_of(outfit_.nic_model), rest, rom ? "" : ",romfile=", index,
                  where_of(slot_ports + number, port.port)));
}

void Words::small_devices() {
  if (legacy()) return;  // old systems have no drivers for them
  auto hot = hot_memory();
  if (hot.count > 0) {
    add("-object", fmt::format("memory-backend-ram,id=hotram,size={}M", hot.count >> 20));
    add_virtio("mem", slot_hot_memory,
               fmt::format(",id=hotmem,memdev=hotram,requested-size={}M",
                           (machine_.memory.count - first_memory().count) >> 20),
               0);
  }
  add("-object", "rng-builtin,id=random");
  add_virtio("rng", slot_random, ",rng=random", 0);
  add_virtio("balloon", slot_balloon, ",id=balloon,deflate-on-oom=on,free-page-reporting=on", 0);
  add_virtio("serial", slot_channels, ",id=channels", 0);
  listening("agent", wiring_.agent_fd);
  add("-device", "virtserialport,bus=channels.0,chardev=agent,name=org.qemu.guest_agent.0");
  if (outfit_.spice) {
    add("-chardev", "spicevmc,id=vdagent,name=vdagent");
    add("-device", "virtserialport,bus=channels.0,chardev=vdagent,name=com.redhat.spice.0");
  }
  if (!pci_) return;
  add("-device", "pvpanic");
}

void Words::screen() {
  add("-device", fmt::format("{},id=screen,addr={:#x}", device_of(outfit_),
                             legacy() ? slot_plugs : slot_screen));
  add("-vnc", "unix:" + escaped(wiring_.vnc.string()));
  if (!outfit_.spice) return;
  // Without a password: the socket is moved to where only root gets at it.
  add("-spice",
      fmt::format("unix=on,addr={},disable-ticketing=on", escaped(wiring_.spice.string())));
}

// The tablet tells where the pointer is, so that it is where a VNC viewer shows it.
void Words::usb() {
  add("-device",
      fmt::format("{},id=usb,addr={:#x}", legacy() ? "piix3-usb-uhci" : "qemu-xhci", slot_usb));
  add("-device", "usb-tablet,id=tablet,bus=usb.0");
}

void Words::sound() {
  add("-audiodev", outfit_.spice ? "spice,id=audio" : "none,id=audio");
  if (outfit_.sound == Sound::hda) {
    add("-device", fmt::format("{},id=sound,addr={:#x}", legacy() ? "intel-hda" : "ich9-intel-hda",
                               slot_sound));
    add("-device", "hda-duplex,bus=sound.0,audiodev=audio");
  } else if (outfit_.sound == Sound::ac97) {
    add("-device", fmt::format("AC97,id=sound,audiodev=audio,addr={:#x}", slot_sound));
  } else {
    add("-device", "sb16,id=sound,audiodev=audio");
  }
}

void Words::lines() {
  for (const auto& [name, fd] : wiring_.line_fds) {
    listening(name, fd);
    add(name == "parallel" ? "-parallel" : "-serial", "chardev:" + name);
  }
}

void Words::watchdog() {
  add("-device", fmt::format("i6300esb,id=watchdog,addr={:#x}", slot_watchdog));
  add("-action", fmt::format("watchdog={}", model::to_string(outfit_.watchdog)));
}

void Words::tpm() {
  add("-chardev", fmt::format("socket,id=tpm,fd={}", wiring_.tpm_fd));
  add("-tpmdev", "emulator,id=tpm,chardev=tpm");
  add("-device", legacy() ? "tpm-tis,tpmdev=tpm" : "tpm-crb,tpmdev=tpm");
}

void Words::passed_devices() {
  int number = 0;
  for (const auto& device : outfit_.pci) {
    auto where = fmt::format("addr={:#x}", slot_passed_legacy + number);
    if (!legacy()) {
      add("-device", fmt::format("pcie-root-port,id=passed{0},chassis={1},addr={2:#x}.{0}{3}",
                                 number, first_passed_chassis + number, slot_passed,
                                 number == 0 ? ",multifunction=on" : ""));
      where = fmt::format("bus=passed{}", number);
    }
    add("-device", fmt::format("vfio-pci,id=pci{},host={},{}", number, device, where));
    ++number;
  }
  number = 0;
  for (const auto& node : wiring_.usb_nodes) {
    add("-device", fmt::format("usb-host,id=usb-device{},bus=usb.0,hostdevice={}", number++,
                               escaped(node.string())));
  }
}

}  // namespace truce::qemu
