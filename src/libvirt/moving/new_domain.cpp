#include "moving/new_domain.h"

#include <algorithm>
#include <array>
#include <optional>

#include "moving/writing.h"

namespace truce::libvirt {

using model::DiskBus, model::NicModel;
using platform::NewDisk, platform::NewMachine;

namespace {

/// How libvirt calls what disks hang on.
struct BusRow {
  DiskBus bus;
  const char* word;
  const char* prefix;
  const char* controller;  ///< model of the SCSI controller; null: it is none
};
constexpr std::array rows = {
    BusRow{DiskBus::virtio, "virtio", "vd", nullptr},
    BusRow{DiskBus::scsi, "scsi", "sd", "virtio-scsi"},
    BusRow{DiskBus::pvscsi, "scsi", "sd", "vmpvscsi"},
    BusRow{DiskBus::lsisas, "scsi", "sd", "lsisas1068"},
    BusRow{DiskBus::sata, "sata", "sd", nullptr},
    BusRow{DiskBus::ide, "ide", "hd", nullptr},
};

const BusRow& row_of(DiskBus bus) {
  auto found = std::ranges::find(rows, bus, &BusRow::bus);
  return found == rows.end() ? rows.front() : *found;
}

bool has(const NewMachine& wish, DiskBus bus) {
  return std::ranges::any_of(wish.disks, [&](const NewDisk& disk) { return disk.bus == bus; });
}

void add_processors(pugi::xml_node domain, const NewDomain& made) {
  const auto& wish = made.wish;
  auto cores = wish.cores > 0 && wish.cpus % wish.cores == 0 ? wish.cores : 1;
  // Without KVM nothing of the host's processor is there; this is all that QEMU can emulate.
  auto cpu = add(domain, "cpu", {{"mode", made.kvm ? "host-model" : "maximum"}});
  add(cpu, "topology",
      {{"sockets", std::to_string(wish.cpus / cores)},
       {"cores", std::to_string(cores)},
       {"threads", "1"}});
}

void add_firmware(pugi::xml_node domain, const NewMachine& wish) {
  bool uefi = wish.firmware == model::Firmware::uefi;
  auto os = add(domain, "os");
  if (uefi) os.append_attribute("firmware").set_value("efi");
  auto type =
      add(os, "type", {{"arch", "x86_64"}, {"machine", has(wish, DiskBus::ide) ? "pc" : "q35"}});
  type.text().set("hvm");
  if (uefi) {
    auto firmware = add(os, "firmware");
    for (const auto* name : {"secure-boot", "enrolled-keys"})
      add(firmware, "feature", {{"enabled", wish.secure_boot ? "yes" : "no"}, {"name", name}});
  }
  auto features = add(domain, "features");
  add(features, "acpi");
  add(features, "apic");
  if (uefi && wish.secure_boot) add(features, "smm", {{"state", "on"}});
}

void add_disks(pugi::xml_node devices, const NewDomain& made) {
  const auto& disks = made.wish.disks;
  for (std::size_t at = 0; at < disks.size(); ++at) {
    auto disk = add_disk(devices, made, at, "qemu", row_of(disks[at].bus).word);
    add(disk, "boot", {{"order", std::to_string(at + 1)}});
    // By itself libvirt gives several units to a target, which pvscsi lacks.
    if (row_of(disks[at].bus).controller != nullptr)
      add(disk, "address",
          {{"type", "drive"},
           {"controller", "0"},
           {"bus", "0"},
           {"target", std::to_string(at)},
           {"unit", "0"}});
  }
  for (const auto& disk : disks) {
    const auto* model = row_of(disk.bus).controller;
    if (model == nullptr) continue;
    // A machine that comes has disks of one kind.
    add(devices, "controller", {{"type", "scsi"}, {"index", "0"}, {"model", model}});
    break;
  }
}

void add_ports(pugi::xml_node devices) {
  add_serial_port(devices);
  auto agent = add(devices, "channel", {{"type", "unix"}});
  add(agent, "target", {{"type", "virtio"}, {"name", "org.qemu.guest_agent.0"}});
  add(devices, "input", {{"type", "tablet"}, {"bus", "usb"}});
  add(devices, "graphics", {{"type", "vnc"}, {"autoport", "yes"}});
  auto video = add(devices, "video");
  add(video, "model", {{"type", "vga"}});
}

}  // namespace

Result<CardPlace> place_of_card(const std::string& network) {
  auto named = [&](std::string_view kind, const char* attribute) -> std::optional<CardPlace> {
    auto begin = std::string(kind) + ":";
    if (!network.starts_with(begin) || network.size() == begin.size()) return {};
    return CardPlace{std::string(kind), attribute, network.substr(begin.size())};
  };
  if (auto bridge = named("bridge", "bridge")) return *bridge;
  if (auto card = named("direct", "dev")) return *card;
  if (network == "user") return CardPlace{"user", {}, {}};
  return fail(Code::invalid, "network: '{}' is none that a machine can be plugged into", network);
}

std::string target_name(const NewDomain& made, std::size_t disk) {
  const auto& disks = made.wish.disks;
  auto prefix_of = [&](const NewDisk& one) -> std::string_view {
    return made.xen ? "xvd" : row_of(one.bus).prefix;
  };
  auto prefix = prefix_of(disks.at(disk));
  auto same = std::count_if(disks.begin(), disks.begin() + static_cast<std::ptrdiff_t>(disk),
                            [&](const NewDisk& one) { return prefix_of(one) == prefix; });
  return fmt::format("{}{}", prefix, static_cast<char>('a' + same));
}

std::string domain_xml(const NewDomain& made) {
  if (made.xen) return xen_domain_xml(made);
  pugi::xml_document document;
  auto domain = add_domain(document, made, made.kvm ? "kvm" : "qemu");
  add_processors(domain, made);
  add_firmware(domain, made.wish);
  auto clock = add(domain, "clock", {{"offset", "utc"}});
  add(clock, "timer", {{"name", "rtc"}, {"tickpolicy", "catchup"}});
  add(clock, "timer", {{"name", "pit"}, {"tickpolicy", "delay"}});
  add(clock, "timer", {{"name", "hpet"}, {"present", "no"}});
  auto devices = add(domain, "devices");
  add_disks(devices, made);
  for (std::size_t at = 0; at < made.wish.nics.size(); ++at)
    add_card(devices, made, at, to_string(made.wish.nics[at].model));
  add_ports(devices);
  return written(document);
}

}  // namespace truce::libvirt
