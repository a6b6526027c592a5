#include "moving/new_domain.h"

#include <algorithm>
#include <array>
#include <optional>
#include <pugixml.hpp>
#include <sstream>

namespace truce::libvirt {

using model::DiskBus, model::NicModel;
using platform::NewDisk, platform::NewMachine;

namespace {

struct Attribute {
  const char* name;
  std::string value;
};

pugi::xml_node add(pugi::xml_node into, const char* name,
                   std::initializer_list<Attribute> attributes = {}) {
  auto node = into.append_child(name);
  for (const auto& one : attributes) node.append_attribute(one.name).set_value(one.value.c_str());
  return node;
}

void add_text(pugi::xml_node into, const char* name, const std::string& text) {
  into.append_child(name).text().set(text.c_str());
}

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
  add_text(domain, "vcpu", std::to_string(wish.cpus));
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
    const auto& place = made.disks.at(at);
    auto disk =
        add(devices, "disk", {{"type", place.device ? "block" : "file"}, {"device", "disk"}});
    add(disk, "driver", {{"name", "qemu"}, {"type", place.format}, {"discard", "unmap"}});
    add(disk, "source", {{place.device ? "dev" : "file", place.path}});
    add(disk, "target", {{"dev", target_name(disks, at)}, {"bus", row_of(disks[at].bus).word}});
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

void add_cards(pugi::xml_node devices, const NewDomain& made) {
  for (std::size_t at = 0; at < made.wish.nics.size(); ++at) {
    const auto& nic = made.wish.nics[at];
    const auto& place = made.cards.at(at);
    auto interface = add(devices, "interface", {{"type", place.type}});
    if (!nic.mac.empty()) add(interface, "mac", {{"address", nic.mac}});
    if (!place.attribute.empty()) {
      auto source = add(interface, "source", {{place.attribute.c_str(), place.name}});
      if (place.type == "direct") source.append_attribute("mode").set_value("bridge");
    }
    add(interface, "model", {{"type", std::string(to_string(nic.model))}});
  }
}

void add_ports(pugi::xml_node devices) {
  auto serial = add(devices, "serial", {{"type", "pty"}});
  add(serial, "target", {{"port", "0"}});
  auto console = add(devices, "console", {{"type", "pty"}});
  add(console, "target", {{"type", "serial"}, {"port", "0"}});
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

std::string target_name(const std::vector<NewDisk>& disks, std::size_t disk) {
  std::string_view prefix = row_of(disks.at(disk).bus).prefix;
  auto same = std::count_if(disks.begin(), disks.begin() + static_cast<std::ptrdiff_t>(disk),
                            [&](const NewDisk& one) { return row_of(one.bus).prefix == prefix; });
  return fmt::format("{}{}", prefix, static_cast<char>('a' + same));
}

std::string domain_xml(const NewDomain& made) {
  const auto& wish = made.wish;
  pugi::xml_document document;
  auto domain = document.append_child("domain");
  domain.append_attribute("type").set_value(made.kvm ? "kvm" : "qemu");
  add_text(domain, "name", wish.name);
  add_text(domain, "uuid", wish.uuid);
  if (made.incoming)
    add_text(domain, "title", "comes from Truce: its disks are not whole yet, do not start it");
  if (!wish.description.empty()) add_text(domain, "description", wish.description);
  auto memory = add(domain, "memory", {{"unit", "KiB"}});
  memory.text().set(std::to_string(wish.memory.count / 1024).c_str());
  add_processors(domain, made);
  add_firmware(domain, wish);
  auto clock = add(domain, "clock", {{"offset", "utc"}});
  add(clock, "timer", {{"name", "rtc"}, {"tickpolicy", "catchup"}});
  add(clock, "timer", {{"name", "pit"}, {"tickpolicy", "delay"}});
  add(clock, "timer", {{"name", "hpet"}, {"present", "no"}});
  auto devices = add(domain, "devices");
  add_disks(devices, made);
  add_cards(devices, made);
  add_ports(devices);
  std::ostringstream out;
  document.save(out, "  ", pugi::format_indent | pugi::format_no_declaration);
  return out.str();
}

}  // namespace truce::libvirt
