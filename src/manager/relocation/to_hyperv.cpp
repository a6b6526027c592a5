#include "relocation/to_hyperv.h"

#include <algorithm>

namespace truce::manager {
namespace {

using model::DiskBus, model::NicModel;

constexpr std::size_t most_ide = 4;

void tell_disks(const model::Vm& vm, const model::Outfit& outfit, ToThere& to) {
  auto& changed = to.report.changed;
  auto line = [&](std::string_view which, std::string_view becomes) {
    changed.push_back(fmt::format("{}: {} becomes {}: its guest needs a driver for that", which,
                                  to_string(outfit.disk_bus), becomes));
  };
  bool bios = outfit.firmware == model::Firmware::bios;
  if (!bios) return line("disks", "Hyper-V SCSI (hv_storvsc)");
  if (outfit.disk_bus == DiskBus::ide)
    to.report.kept.emplace_back("disks: ide stays");
  else
    line("disks", "IDE");
  if (vm.disks.size() > most_ide)
    line(fmt::format("disks after the first {}", most_ide), "Hyper-V SCSI (hv_storvsc)");
}

}  // namespace

NicModel to_hyperv(const model::Vm& vm, const model::Outfit& outfit, ToThere& to) {
  constexpr std::uint64_t step = std::uint64_t{2} << 20;
  auto& report = to.report;
  auto& machine = to.machine;
  bool bios = outfit.firmware == model::Firmware::bios;
  report.kept.push_back(
      fmt::format("firmware: {}, as generation {}", to_string(outfit.firmware), bios ? 1 : 2));
  if (auto rest = machine.memory.count % step; rest != 0) {
    machine.memory.count += step - rest;
    report.changed.push_back(
        fmt::format("memory: {}, as Hyper-V has multiples of 2 MiB", to_string(machine.memory)));
  }
  machine.windows = outfit.guest == model::GuestKind::windows;
  machine.secure_boot = outfit.secure_boot == model::SecureBoot::microsoft;
  if (outfit.secure_boot == model::SecureBoot::snakeoil)
    report.lost.emplace_back("Secure Boot: Hyper-V believes Microsoft's signatures only");
  tell_disks(vm, outfit, to);
  // What knows of nothing newer than that card is too old for Hyper-V's own one.
  bool old = bios && outfit.nic_model == NicModel::rtl8139;
  if (!vm.nics.empty())
    report.changed.push_back(
        fmt::format("network cards: {} becomes {}: its guest needs a driver for that",
                    to_string(outfit.nic_model),
                    old ? "Hyper-V's old one (DEC 21140, tulip)" : "Hyper-V's own (hv_netvsc)"));
  report.lost.emplace_back("the port of the guest's agent: Hyper-V has none");
  return old ? NicModel::rtl8139 : NicModel::virtio;
}

DiskBus hyperv_bus(const model::Outfit& outfit, std::size_t disk) {
  bool ide = outfit.firmware == model::Firmware::bios && disk < most_ide;
  return ide ? DiskBus::ide : DiskBus::scsi;
}

}  // namespace truce::manager
