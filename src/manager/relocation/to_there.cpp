#include <algorithm>
#include <map>

#include "model/hardware.h"
#include "relocation/mapping.h"
#include "relocation/to_hyperv.h"
#include "relocation/to_xen.h"

namespace truce::manager {
namespace {

using model::DiskBus, model::NicModel;
using Devices = platform::Transfers::Devices;

/// What of a platform is meant: its id or, where that is nobody's, its name.
template <class T>
const T* named(const platform::Things<T>& things, std::string_view text) {
  if (auto found = things.find(text); found != things.end()) return &found->second;
  const T* only = nullptr;
  for (const auto& [id, thing] : things) {
    if (thing.name != text) continue;
    if (only != nullptr) return nullptr;
    only = &thing;
  }
  return only;
}

template <class T>
std::string names_of(const platform::Things<T>& things) {
  std::vector<std::string_view> names;
  for (const auto& [id, thing] : things) names.push_back(thing.name);
  constexpr std::size_t shown = 10;
  if (names.size() > shown) {
    names.resize(shown);
    names.emplace_back("...");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string name_there(const model::Vm& vm, const model::MoveOptions& options) {
  return options.new_name.empty() ? vm.name : options.new_name;
}

Result<void> check_can_go(const model::Vm& vm) {
  if (vm.observed != model::Observed::off || vm.wanted != model::Wanted::off)
    return fail(Code::precondition, "'{}' is {}: stop it first (truce vm stop {})", vm.name,
                model::to_string(vm.observed), vm.name);
  if (vm.disks.empty())
    return fail(Code::unsupported, "'{}' has no disk that could be moved", vm.name);
  if (vm.machine == model::MachineType::microvm)
    return fail(Code::unsupported, "'{}' is a microvm, which other platforms do not have", vm.name);
  return {};
}

// What a guest with virtio needs there has another driver, which Linux has and Windows may lack.
DiskBus bus_there(const model::Outfit& outfit, Devices devices) {
  if (devices == Devices::ours) return outfit.disk_bus;
  switch (outfit.disk_bus) {
    case DiskBus::virtio:
    case DiskBus::scsi:
      return outfit.guest == model::GuestKind::windows ? DiskBus::lsisas : DiskBus::pvscsi;
    default:
      return outfit.disk_bus;
  }
}

NicModel card_there(const model::Outfit& outfit, Devices devices) {
  if (devices == Devices::ours) return outfit.nic_model;
  switch (outfit.nic_model) {
    case NicModel::virtio:
      return outfit.guest == model::GuestKind::windows ? NicModel::e1000e : NicModel::vmxnet3;
    case NicModel::rtl8139:
      return NicModel::e1000;
    default:
      return outfit.nic_model;
  }
}

template <class Word>
void tell_change(model::MoveReport& report, std::string_view what, Word before, Word after) {
  auto line = fmt::format("{}: {}", what, to_string(before));
  if (before == after) return report.kept.push_back(line + " stays");
  report.changed.push_back(
      fmt::format("{} becomes {}: its guest needs a driver for that", line, to_string(after)));
}

/// What disks and cards of the machine there are.
struct Chosen {
  DiskBus bus;
  NicModel card;
};

Result<Chosen> choose_devices(const model::Vm& vm, const model::Outfit& outfit,
                              const model::MoveOptions& options, Devices devices, ToThere& to) {
  if (devices == Devices::xen || devices == Devices::xapi) {
    TRY(auto card, to_xen(vm, outfit, options, devices, to));
    return Chosen{outfit.disk_bus, card};
  }
  TRY_VOID(check_no_xen(options));
  if (devices == Devices::hyperv) return Chosen{outfit.disk_bus, to_hyperv(vm, outfit, to)};
  to.report.kept.push_back(fmt::format("firmware: {}", to_string(outfit.firmware)));
  Chosen chosen{bus_there(outfit, devices), card_there(outfit, devices)};
  tell_change(to.report, "disks", outfit.disk_bus, chosen.bus);
  if (!vm.nics.empty()) tell_change(to.report, "network cards", outfit.nic_model, chosen.card);
  return chosen;
}

Result<void> choose_places(const model::MoveOptions& options, const platform::Inventory& all,
                           ToThere& to) {
  if (!options.host.empty()) {
    const auto* host = named(all.hosts(), options.host);
    if (host == nullptr)
      return fail_field("/host", fmt::format("there is no host '{}', there are: {}", options.host,
                                             names_of(all.hosts())));
    to.machine.host = host->id;
  }
  const platform::Pool* pool = nullptr;
  if (!options.pool.empty()) {
    pool = named(all.pools(), options.pool);
    if (pool == nullptr)
      return fail_field("/pool", fmt::format("there is no pool '{}', there are: {}", options.pool,
                                             names_of(all.pools())));
  }
  for (const auto& [id, other] : all.pools()) {
    if (!options.pool.empty() || !other.reachable) continue;
    if (pool == nullptr || other.free > pool->free) pool = &other;
  }
  if (pool == nullptr) return fail(Code::unavailable, "the platform has no pool for its disks");
  if (pool->size.count > 0 && pool->free < to.report.bytes)
    return std::unexpected(
        Error{Code::limit,
              fmt::format("pool {} has room for {}, the disks have {}", pool->name,
                          to_string(pool->free), to_string(to.report.bytes)),
              "/pool"});
  to.machine.pool = pool->id;
  to.report.kept.push_back("disks go to pool " + pool->name);
  return {};
}

Result<void> take_cards(const model::Vm& vm, const model::MoveOptions& options,
                        const platform::Inventory& all, NicModel model, ToThere& to) {
  std::string for_all;
  std::map<std::string, std::string> chosen;
  for (const auto& text : options.network) {
    auto equals = text.find('=');  // names here have none
    if (equals == text.npos || named(all.networks(), text) != nullptr) {
      for_all = text;
    } else {
      chosen[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  for (const auto& nic : vm.nics) {
    auto wanted = for_all.empty() ? nic.network : for_all;
    if (auto given = chosen.find(nic.network); given != chosen.end()) wanted = given->second;
    const auto* network = named(all.networks(), wanted);
    if (network == nullptr)
      return fail_field("/network",
                        fmt::format("which network there is '{}'? Say {}=THEIRS; there are: {}",
                                    wanted, nic.network, names_of(all.networks())));
    auto line = fmt::format("network card {}: {}, {}", nic.number, nic.mac, nic.network);
    if (nic.network != network->name) line += " becomes " + network->name;
    (nic.network == network->name ? to.report.kept : to.report.changed).push_back(line);
    to.machine.nics.push_back({nic.mac, network->id, model});
    bool rules = !nic.security_groups.empty() || !nic.forwards.empty() || nic.send_mbit > 0 ||
                 nic.receive_mbit > 0;
    if (rules)
      to.report.lost.push_back(
          fmt::format("security groups, forwards and limits of network card {}", nic.number));
  }
  return {};
}

void tell_losses(const model::Vm& vm, const model::Outfit& outfit, ToThere& to) {
  auto& lost = to.report.lost;
  if (vm.tree && !vm.tree->snapshots.empty())
    lost.push_back(fmt::format("{} snapshots: it goes as it is now", vm.tree->snapshots.size()));
  if (outfit.tpm) lost.emplace_back("its TPM, with what that holds");
  if (outfit.firmware == model::Firmware::uefi)
    lost.emplace_back("variables of its firmware, boot entries among them");
  auto encrypted = [](const model::VmDisk& disk) { return !disk.key.empty(); };
  if (std::ranges::any_of(vm.disks, encrypted))
    lost.emplace_back("encryption of its disks: they are stored there in the clear");
  if (!vm.iso.empty()) lost.push_back("the CD in its drive, " + vm.iso);
}

}  // namespace

Result<ToThere> to_there(const model::Vm& vm, const model::MoveOptions& options,
                         const platform::Inventory& all, const std::string& task, Devices devices) {
  TRY_VOID(check_can_go(vm));
  TRY(auto outfit, model::outfit(vm));
  ToThere to;
  auto& machine = to.machine;
  machine.name = name_there(vm, options);
  to.report.name = machine.name;
  to.report.to = options.to;
  if (devices != Devices::xapi) machine.uuid = vm.uuid;
  machine.mark = task;
  machine.description = fmt::format("{}{}moved from Truce by {}", vm.description,
                                    vm.description.empty() ? "" : "\n", task);
  machine.cpus = vm.cpus;
  machine.cores = std::max<std::int64_t>(outfit.cores, 1);
  if (machine.cpus % machine.cores != 0) machine.cores = 1;
  machine.memory = vm.memory;
  machine.firmware = outfit.firmware;
  machine.secure_boot = outfit.secure_boot != model::SecureBoot::off;
  to.report.kept.push_back(
      fmt::format("{} processors, {} of memory", vm.cpus, to_string(vm.memory)));
  TRY(auto chosen, choose_devices(vm, outfit, options, devices, to));
  for (const auto& disk : vm.disks) {
    model::RelocatedDisk moved;
    moved.id = disk.id;
    moved.theirs = std::to_string(to.disks.size());
    moved.size = disk.size;
    to.report.bytes.count += disk.size.count;
    to.report.kept.push_back(fmt::format("{}: {}", disk.id, to_string(disk.size)));
    auto bus = devices == Devices::hyperv ? hyperv_bus(outfit, to.disks.size()) : chosen.bus;
    machine.disks.push_back({disk.size, bus});
    to.disks.push_back(std::move(moved));
  }
  TRY_VOID(take_cards(vm, options, all, chosen.card, to));
  TRY_VOID(choose_places(options, all, to));
  tell_losses(vm, outfit, to);
  return to;
}

Result<void> check_name_there(const platform::Inventory& all, const std::string& name,
                              const std::string& uuid) {
  auto taken = [&](const auto& there) { return there.second.name == name; };
  if (auto same = all.machines().find(uuid); same != all.machines().end())
    return fail(Code::conflict,
                "'{}' there has the id of this machine, which that platform gives once: delete it "
                "there first (what was moved with --keep-source=false leaves none)",
                same->second.name);
  if (std::ranges::none_of(all.machines(), taken)) return {};
  return std::unexpected(
      Error{Code::conflict,
            fmt::format("there is a machine '{}' already: give another name (--new-name)", name),
            "/new_name"});
}

bool is_made_by(const model::Vm& vm, const model::MoveOptions& options, const std::string& task,
                const platform::Machine& there) {
  auto name = name_there(vm, options);
  return (there.uuid == vm.uuid && there.name == name) ||
         there.name == platform::name_while_made({.name = name, .mark = task});
}

}  // namespace truce::manager
