#include "relocation/to_xen.h"

#include <algorithm>

namespace truce::manager {
namespace {

using model::NicModel, model::XenKind;
using Devices = platform::Transfers::Devices;

// Debian's package grub-xen-host; both look for /boot/grub/grub.cfg on all disks.
constexpr std::string_view pvh_loader = "/usr/lib/grub-xen/grub-i386-xen_pvh.bin",
                           pv_loader = "/usr/lib/grub-xen/grub-x86_64-xen.bin";
constexpr std::size_t most_emulated = 4;  // disks, as IDE

Result<platform::XenStart> start_of(const model::Outfit& outfit,
                                    const model::MoveOptions& options) {
  platform::XenStart start{.kind = options.xen.value_or(XenKind::hvm), .loader = {}};
  auto loader = options.xen_loader.value_or("");
  if (start.kind == XenKind::hvm) {
    if (loader.empty()) return start;
    return fail_field("/xen_loader", "HVM starts by its firmware: say --xen pvh or pv, too");
  }
  if (outfit.guest == model::GuestKind::windows)
    return fail_field("/xen", "Windows starts as hvm only");
  if (loader.empty()) loader = start.kind == XenKind::pvh ? pvh_loader : pv_loader;
  auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._+-").contains(c);
  };
  if (!loader.starts_with('/') || loader.contains("..") || !std::ranges::all_of(loader, plain))
    return fail_field("/xen_loader",
                      fmt::format("'{}' is no whole path of letters, digits and /._+-", loader));
  start.loader = std::move(loader);
  return start;
}

void tell_hvm(const model::Vm& vm, const model::Outfit& outfit, NicModel card, bool pool,
              ToThere& to) {
  auto& kept = to.report.kept;
  auto& changed = to.report.changed;
  kept.emplace_back("start: as HVM, by its firmware and boot loader");
  changed.push_back(
      fmt::format("disks: {} becomes xen (xvda), which is IDE as well: its guest needs a driver "
                  "for one of them",
                  to_string(outfit.disk_bus)));
  if (vm.disks.size() > most_emulated)
    changed.push_back(
        fmt::format("disks: only the first {} are IDE as well, so its guest needs "
                    "Xen's driver for the others",
                    most_emulated));
  if (!vm.nics.empty() && card == outfit.nic_model)
    kept.push_back(
        fmt::format("network cards: {} stays, and is netfront as well", to_string(card)));
  else if (!vm.nics.empty())
    changed.push_back(fmt::format(
        "network cards: {} becomes {}, which is netfront as well: its guest needs a driver for one "
        "of them",
        to_string(outfit.nic_model), to_string(card)));
  if (outfit.firmware == model::Firmware::uefi && pool)
    kept.emplace_back("firmware: uefi");
  else if (outfit.firmware == model::Firmware::uefi)
    changed.emplace_back(
        "firmware: uefi, which that host needs OVMF for (Debian: the package ovmf in its domain "
        "0)");
  else
    kept.emplace_back("firmware: bios");
  if (outfit.secure_boot != model::SecureBoot::off)
    to.report.lost.emplace_back("Secure Boot: what Xen has as UEFI does not have it");
}

void tell_direct(const model::Vm& vm, const model::Outfit& outfit, const platform::XenStart& start,
                 ToThere& to) {
  auto& changed = to.report.changed;
  changed.push_back(fmt::format(
      "start: as {}, by {} of that host (Debian: the package grub-xen-host in its domain 0), which "
      "reads /boot/grub/grub.cfg of its disk; its firmware ({}) and boot loader are not used",
      start.kind == XenKind::pvh ? "PVH" : "PV", start.loader, to_string(outfit.firmware)));
  changed.push_back(fmt::format(
      "disks: {} becomes xen (xvda): its initramfs needs xen-blkfront (Debian: MODULES=most, then "
      "update-initramfs -u, before it moves) and to know its root by UUID or label",
      to_string(outfit.disk_bus)));
  if (!vm.nics.empty())
    changed.push_back(
        fmt::format("network cards: {} becomes netfront: its guest needs xen-netfront",
                    to_string(outfit.nic_model)));
  changed.emplace_back(
      "console: hvc0 in place of a screen and a serial port (console=hvc0 for its kernel)");
}

}  // namespace

Result<NicModel> to_xen(const model::Vm& vm, const model::Outfit& outfit,
                        const model::MoveOptions& options, Devices devices, ToThere& to) {
  auto& machine = to.machine;
  TRY(machine.xen, start_of(outfit, options));
  bool pool = devices == Devices::xapi;
  if (pool && machine.xen.kind != XenKind::hvm)
    return fail_field("/xen", "pools of XenServer and XCP-ng get machines as hvm only");
  machine.secure_boot = false;
  auto card = outfit.nic_model == NicModel::rtl8139 ? NicModel::rtl8139 : NicModel::e1000;
  if (machine.xen.kind == XenKind::hvm) {
    tell_hvm(vm, outfit, card, pool, to);
  } else {
    machine.firmware = model::Firmware::bios;
    tell_direct(vm, outfit, machine.xen, to);
  }
  to.report.lost.emplace_back("the port of the guest's agent: Xen has none");
  if (pool) to.report.lost.emplace_back("its id (uuid): a pool gives one by itself");
  return card;
}

Result<void> check_no_xen(const model::MoveOptions& options) {
  if (!options.xen && !options.xen_loader) return {};
  return fail_field(options.xen ? "/xen" : "/xen_loader",
                    fmt::format("'{}' is no Xen host", options.to));
}

}  // namespace truce::manager
