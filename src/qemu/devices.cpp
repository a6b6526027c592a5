// Devices of a machine as words, each in a place of its own on the bus.
#include <boost/json.hpp>

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

// PCI slots. 0x1d to 0x1f belong to q35 itself, 0x01 to a legacy machine.
constexpr int slot_screen = 0x01;
constexpr int slot_ports = 0x02;
constexpr int slot_disks = 0x0a;
constexpr int slot_random = 0x12;
constexpr int slot_balloon = 0x13;
constexpr int slot_channels = 0x14;
constexpr int slot_spare = 0x15;  // a legacy machine has no spare ports, but its screen here
constexpr int slot_usb = 0x16;
constexpr int slot_sound = 0x17;
constexpr int slot_watchdog = 0x18;
constexpr int slot_scsi = 0x19;
constexpr int slot_passed = 0x1a;         // ports of q35
constexpr int slot_passed_legacy = 0x1c;  // and the three after it
constexpr int spare_ports = 4;
constexpr int first_passed_chassis = 16;

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
  }
  return "virtio-net-pci";
}

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

}  // namespace

void Words::add_virtio(std::string_view kind, int slot, std::string_view rest) {
  auto where = pci_ ? fmt::format(",addr={:#x}", slot) : "";
  add("-device", fmt::format("virtio-{}-{}{}{}", kind, pci_ ? "pci" : "device", rest, where));
}

void Words::listening(std::string_view id, int fd) {
  add("-chardev", fmt::format("socket,id={},fd={},server=on,wait=off", id, fd));
}

void Words::block_node(const std::string& id, const std::string& format,
                       const std::filesystem::path& path, bool writable) {
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
  add("-blockdev", json::serialize(file));
  add("-blockdev", json::serialize(node));
}

bool Words::is_cdrom(const DiskFile& disk) const {
  if (!pci_) return false;
  bool ata = outfit_.disk_bus == DiskBus::ide || outfit_.disk_bus == DiskBus::sata;
  return disk.cdrom || (ata && disk.read_only);
}

// The disks in their order, then the CDs.
void Words::disks() {
  bool scsi = pci_ && outfit_.disk_bus == DiskBus::scsi && !machine_.disks.empty();
  if (scsi) {
    add("-device", fmt::format("{},id=scsi,addr={:#x}", legacy() ? "lsi53c895a" : "virtio-scsi-pci",
                               slot_scsi));
  }
  int disk_count = 0;
  for (const auto& each : machine_.disks) {
    if (!is_cdrom(each)) disk(each, disk_count++);
  }
  int cdrom_count = 0;
  for (const auto& each : machine_.disks) {
    if (is_cdrom(each)) cdrom(each, cdrom_count++);
  }
}

void Words::disk(const DiskFile& disk, int number) {
  block_node(disk.id, disk.format, disk.path, !disk.read_only && !disk.cdrom);
  auto rest = fmt::format(",id={0},drive={0},serial={0}{1}", disk.id, boot_index(disk.id));
  if (!pci_ || outfit_.disk_bus == DiskBus::virtio) {
    add_virtio("blk", slot_disks + number, rest);
  } else if (outfit_.disk_bus == DiskBus::scsi) {
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
  block_node(disk.id, disk.format, disk.path, false);
  auto rest = fmt::format(",id={0},drive={0}{1}", disk.id, boot_index(disk.id));
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
  int number = 0;
  for (const auto& each : machine_.ports) {
    if (each.user_mode) {
      std::string forwards;
      for (const auto& forward : each.forwards) forwards += ",hostfwd=" + escaped(forward);
      add("-netdev", fmt::format("user,id=net{}{}", number, forwards));
    } else {
      add("-netdev", fmt::format("tap,id=net{},fd={}", number, wiring_.tap_fds[tap++]));
    }
    port(each, number++);
  }
}

void Words::port(const Port& port, int number) {
  auto index = boot_index(fmt::format("nic{}", number));
  auto rest = fmt::format(",id=nic{0},netdev=net{0},mac={1}", number, port.mac);
  if (!pci_) return add_virtio("net", slot_ports + number, rest);
  // Without boot from the network its ROM is left out: the firmware is done sooner.
  add("-device", fmt::format("{}{}{},addr={:#x}", device_of(outfit_.nic_model), rest,
                             index.empty() ? ",romfile=" : index, slot_ports + number));
}

void Words::small_devices() {
  if (legacy()) return;  // old systems have no drivers for them
  add("-object", "rng-builtin,id=random");
  add_virtio("rng", slot_random, ",rng=random");
  add_virtio("balloon", slot_balloon, ",id=balloon,deflate-on-oom=on,free-page-reporting=on");
  add_virtio("serial", slot_channels, ",id=channels");
  listening("agent", wiring_.agent_fd);
  add("-device", "virtserialport,bus=channels.0,chardev=agent,name=org.qemu.guest_agent.0");
  if (outfit_.spice) {
    add("-chardev", "spicevmc,id=vdagent,name=vdagent");
    add("-device", "virtserialport,bus=channels.0,chardev=vdagent,name=com.redhat.spice.0");
  }
  if (!pci_) return;
  add("-device", "pvpanic");
  for (int i = 0; i < spare_ports; ++i) {
    add("-device", fmt::format("pcie-root-port,id=spare{0},chassis={1},addr={2:#x}.{0}{3}", i,
                               i + 1, slot_spare, i == 0 ? ",multifunction=on" : ""));
  }
}

void Words::screen() {
  add("-device", fmt::format("{},id=screen,addr={:#x}", device_of(outfit_),
                             legacy() ? slot_spare : slot_screen));
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
