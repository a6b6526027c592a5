#include <algorithm>
#include <array>
#include <map>

#include "relocation/mapping.h"
#include "relocation/to_xen.h"

namespace truce::manager {
namespace {

using model::DiskBus, model::NicModel;

constexpr std::size_t longest_name = 63, most_disks = 7, most_cards = 8;

/// A platform's word for what disks hang on, and what we have for it.
struct BusRow {
  std::string_view theirs;
  DiskBus ours;
  bool same;  ///< the guest needs no other driver
};
constexpr std::array bus_rows = {
    BusRow{"ParaVirtualSCSIController", DiskBus::pvscsi, true},
    BusRow{"VirtualLsiLogicSASController", DiskBus::lsisas, true},
    BusRow{"VirtualLsiLogicController", DiskBus::sata, false},
    BusRow{"VirtualBusLogicController", DiskBus::sata, false},
    BusRow{"VirtualAHCIController", DiskBus::sata, true},
    BusRow{"VirtualIDEController", DiskBus::ide, true},
    BusRow{"VirtualNVMEController", DiskBus::sata, false},
    BusRow{"lsilogic", DiskBus::sata, false},
    BusRow{"xen", DiskBus::virtio, false},
    BusRow{"Hyper-V IDE", DiskBus::ide, true},
    BusRow{"Hyper-V SCSI", DiskBus::sata, false},
};

struct CardRow {
  std::string_view theirs;
  NicModel ours;
  bool same;
};
constexpr std::array card_rows = {
    CardRow{"VirtualVmxnet3", NicModel::vmxnet3, true},
    CardRow{"VirtualVmxnet3Vrdma", NicModel::vmxnet3, false},
    CardRow{"VirtualVmxnet2", NicModel::e1000, false},
    CardRow{"VirtualVmxnet", NicModel::e1000, false},
    CardRow{"VirtualE1000", NicModel::e1000, true},
    CardRow{"VirtualE1000e", NicModel::e1000e, true},
    CardRow{"VirtualPCNet32", NicModel::e1000, false},
    CardRow{"VirtualSriovEthernetCard", NicModel::vmxnet3, false},
    CardRow{"virtio", NicModel::virtio, true},
    CardRow{"virtio-transitional", NicModel::virtio, true},
    CardRow{"virtio-non-transitional", NicModel::virtio, true},
    CardRow{"e1000", NicModel::e1000, true},
    CardRow{"e1000e", NicModel::e1000e, true},
    CardRow{"rtl8139", NicModel::rtl8139, true},
    CardRow{"vmxnet3", NicModel::vmxnet3, true},
    CardRow{"netfront", NicModel::virtio, false},
    CardRow{"Hyper-V synthetic", NicModel::e1000e, false},
    CardRow{"Hyper-V emulated", NicModel::e1000, false},
};

template <class Rows>
auto row_of(const Rows& rows, std::string_view theirs) {
  auto found = std::ranges::find(rows, theirs, &Rows::value_type::theirs);
  return found == rows.end() ? nullptr : &*found;
}

// Names here have small letters, digits and '-'.
std::string plain_name(std::string_view theirs) {
  std::string name;
  for (char c : theirs) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name.resize(std::min(name.size(), longest_name));
  while (name.ends_with('-')) name.pop_back();
  return name;
}

enum class Copied { off, running };

Result<void> check_state(const platform::Machine& machine, Copied copied) {
  if (machine.state == model::Observed::off) return {};
  if (copied == Copied::running && machine.state == model::Observed::running) return {};
  return fail(Code::precondition,
              "'{}' is {}: shut it down first (or, where it runs, move it here with --warm)",
              machine.name, model::to_string(machine.state));
}

Result<void> check_can_come(const platform::Machine& machine, Copied copied) {
  if (machine.template_)
    return fail(Code::unsupported, "'{}' is a template: clone it there, and move the clone",
                machine.name);
  TRY_VOID(check_state(machine, copied));
  if (machine.disks.empty() || machine.disks.size() > most_disks)
    return fail(Code::unsupported, "'{}' has {} disks: it can have 1 to {} here", machine.name,
                machine.disks.size(), most_disks);
  if (machine.nics.size() > most_cards)
    return fail(Code::unsupported, "'{}' has {} network cards: it can have {} here", machine.name,
                machine.nics.size(), most_cards);
  if (machine.cpus < 1 || machine.memory.count == 0)
    return fail(Code::unavailable, "what '{}' has is not told: try again", machine.name);
  for (const auto& disk : machine.disks)
    if (disk.size.count == 0)
      return fail(Code::unavailable,
                  "how large the disk {} of '{}' is has not been told: try again, or look whether "
                  "its file is there",
                  disk.label.empty() ? disk.file : disk.label, machine.name);
  return {};
}

/// What the first disk hangs on, for all of them: a machine here has one bus.
void choose_bus(const platform::Machine& machine, ToHere& to) {
  const auto& first = machine.disks.front();
  const auto* row = row_of(bus_rows, first.controller);
  auto bus = row ? row->ours : first.bus.value_or(DiskBus::sata);
  bool same = row ? row->same : first.bus.has_value();
  bool uefi = machine.firmware == model::Firmware::uefi;
  if (bus == DiskBus::ide && uefi) {
    bus = DiskBus::sata;
    same = false;
  }
  auto& hardware = to.wish.hardware.emplace();
  if (bus == DiskBus::ide) to.wish.machine = model::MachineType::legacy;
  hardware.disk_bus = bus;
  auto words = first.controller.empty() ? "what its disks hang on" : first.controller;
  auto line = fmt::format("disks: {} {} {}", words, same ? "stays" : "becomes", to_string(bus));
  if (!same) line += ": its guest needs a driver for that to boot";
  (same ? to.report.kept : to.report.changed).push_back(std::move(line));
  for (std::size_t at = 1; at < machine.disks.size(); ++at) {
    const auto& other = machine.disks[at].controller;
    if (other != first.controller)
      to.report.changed.push_back(
          fmt::format("disk{}: {} becomes {}, as the first disk", at, other, to_string(bus)));
  }
}

void choose_card_model(const platform::Machine& machine, ToHere& to) {
  if (machine.nics.empty()) return;
  const auto& first = machine.nics.front().model;
  const auto* row = row_of(card_rows, first);
  auto model = row ? row->ours : NicModel::e1000;
  bool legacy = to.wish.machine == model::MachineType::legacy;
  bool same = row && row->same && !(legacy && model == NicModel::e1000e);
  if (legacy && model == NicModel::e1000e) model = NicModel::e1000;
  to.wish.hardware->nic_model = model;
  auto line =
      fmt::format("network cards: {} {} {}", first, same ? "stays" : "becomes", to_string(model));
  (same ? to.report.kept : to.report.changed).push_back(std::move(line));
  for (std::size_t at = 1; at < machine.nics.size(); ++at) {
    if (machine.nics[at].model != first)
      to.report.changed.push_back(fmt::format("network card {}: {} becomes {}, as the first one",
                                              at, machine.nics[at].model, to_string(model)));
  }
}

void take_disks(const platform::Machine& machine, ToHere& to) {
  for (const auto& disk : machine.disks) {
    model::RelocatedDisk moved;
    moved.id = fmt::format("disk{}", to.disks.size());
    moved.theirs = disk.id;
    moved.size = disk.size;
    to.report.bytes.count += disk.size.count;
    to.report.kept.push_back(fmt::format(
        "{}: {}, {}", moved.id, disk.label.empty() ? disk.file : disk.label, to_string(disk.size)));
    to.disks.push_back(std::move(moved));
  }
}

Result<void> take_cards(const platform::Inventory& all, const platform::Machine& machine,
                        const model::MoveOptions& options, const std::vector<std::string>& networks,
                        ToHere& to) {
  auto is_here = [&](const std::string& name) {
    return std::ranges::find(networks, name) != networks.end();
  };
  std::string for_all;
  std::map<std::string, std::string> chosen;
  for (const auto& text : options.network) {
    auto equals = text.rfind('=');
    auto ours = equals == text.npos ? text : text.substr(equals + 1);
    if (!is_here(ours))
      return fail_field("/network", fmt::format("there is no network '{}'", ours));
    if (equals == text.npos) {
      for_all = ours;
    } else {
      chosen[text.substr(0, equals)] = ours;
    }
  }
  for (const auto& nic : machine.nics) {
    auto found = all.networks().find(nic.network);
    auto theirs = found == all.networks().end() ? std::string() : found->second.name;
    CardHere card{nic.mac, for_all};
    if (auto given = chosen.find(theirs); given != chosen.end()) card.network = given->second;
    if (card.network.empty() && is_here(theirs)) card.network = theirs;
    if (card.network.empty()) card.network = "default";
    if (!is_here(card.network))
      return fail_field("/network", fmt::format("which network here is '{}'?", theirs));
    auto line = fmt::format("network card {}: {}, {}", to.cards.size(), nic.mac, theirs);
    if (theirs != card.network) line += " becomes " + card.network;
    (theirs == card.network ? to.report.kept : to.report.changed).push_back(std::move(line));
    to.cards.push_back(std::move(card));
  }
  return {};
}

// By VMware's word, or the address by which libosinfo knows it.
bool has_windows(const platform::Machine& machine) {
  std::string_view kind = machine.guest_kind;
  return kind.starts_with("win") || kind.contains("microsoft.com/win");
}

void choose_hardware(const platform::Machine& machine, ToHere& to) {
  choose_bus(machine, to);
  auto& hardware = *to.wish.hardware;
  hardware.firmware = machine.firmware;
  to.report.kept.push_back(fmt::format("firmware: {}", to_string(machine.firmware)));
  if (machine.secure_boot) {
    hardware.secure_boot = model::SecureBoot::microsoft;
    to.report.kept.emplace_back("Secure Boot, with Microsoft's keys");
  }
  if (machine.tpm) hardware.tpm = true;
  if (has_windows(machine)) hardware.guest = model::GuestKind::windows;
  choose_card_model(machine, to);
  if (!machine.started_by.empty())
    to.report.changed.push_back(
        fmt::format("boot: {} stays on its host: the first disk needs a boot loader of its own",
                    machine.started_by));
}

std::string snapshots_lost(const platform::Machine& machine) {
  return fmt::format("{} snapshots: it comes as it is now", machine.snapshots.size());
}

void tell_losses(const platform::Machine& machine, ToHere& to) {
  auto& lost = to.report.lost;
  if (!machine.snapshots.empty()) lost.push_back(snapshots_lost(machine));
  if (machine.tpm)
    lost.emplace_back(
        "what its TPM holds: it gets a new, empty one; have recovery keys of "
        "BitLocker and the like at hand");
  if (machine.firmware == model::Firmware::uefi)
    lost.emplace_back(
        "variables of its firmware, boot entries among them: it starts "
        "\\EFI\\BOOT\\BOOTX64.EFI, which most systems have");
}

}  // namespace

Result<ToHere> to_here(const platform::Inventory& all, const platform::Machine& machine,
                       const model::MoveOptions& options,
                       const std::vector<std::string>& networks) {
  TRY_VOID(check_no_xen(options));
  TRY_VOID(check_can_come(machine, options.warm ? Copied::running : Copied::off));
  ToHere to;
  auto& wish = to.wish;
  wish.name = options.new_name.empty() ? plain_name(machine.name) : options.new_name;
  if (wish.name.empty() ||
      (!options.new_name.empty() && plain_name(options.new_name) != options.new_name))
    return fail_field("/new_name", "a name has small letters, digits and '-': give another one");
  to.report.name = wish.name;
  to.report.to = "here";
  if (wish.name != machine.name)
    to.report.changed.push_back(fmt::format("name: {} becomes {}", machine.name, wish.name));
  wish.project = options.project;
  wish.cpus = machine.cpus;
  wish.memory = machine.memory;
  if (!options.pool.empty()) wish.pool = options.pool;
  to.uuid = machine.uuid;
  to.report.kept.push_back(
      fmt::format("{} processors, {} of memory", machine.cpus, to_string(machine.memory)));
  choose_hardware(machine, to);
  take_disks(machine, to);
  TRY_VOID(take_cards(all, machine, options, networks, to));
  if (options.warm && machine.state == model::Observed::running)
    to.report.changed.emplace_back("it is copied while it runs, and shut down for the last part");
  tell_losses(machine, to);
  return to;
}

Result<Between> as_ours(const platform::Inventory& all, const platform::Machine& machine) {
  TRY_VOID(check_can_come(machine, Copied::off));
  ToHere to;
  choose_hardware(machine, to);
  Between between;
  auto& vm = between.vm;
  vm.name = machine.name;
  vm.uuid = machine.uuid;
  vm.wanted = model::Wanted::off;
  vm.observed = model::Observed::off;
  vm.machine = to.wish.machine;
  vm.hardware = to.wish.hardware;
  vm.cpus = machine.cpus;
  vm.memory = machine.memory;
  for (const auto& disk : machine.disks) {
    vm.disks.push_back({.id = fmt::format("disk{}", vm.disks.size()), .size = disk.size});
    between.disks.push_back(disk.id);
  }
  for (const auto& nic : machine.nics) {
    auto found = all.networks().find(nic.network);
    model::VmNic card{.network = found == all.networks().end() ? nic.network : found->second.name};
    card.number = static_cast<std::int64_t>(vm.nics.size());
    card.mac = nic.mac;
    vm.nics.push_back(std::move(card));
  }
  between.report.changed = std::move(to.report.changed);
  if (!machine.snapshots.empty()) between.report.lost.push_back(snapshots_lost(machine));
  return between;
}

}  // namespace truce::manager
