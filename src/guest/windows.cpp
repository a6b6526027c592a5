#include "windows.h"

#include <fmt/format.h>

#include <array>

namespace truce::guest {

namespace {

// Services\NAME\Start: when it begins. A StartOverride below (Windows 8 and later) wins over it.
constexpr std::uint32_t at_boot = 0;

/// A driver of Windows' own, or one that was installed.
struct Driver {
  std::string_view service, what;
};
constexpr std::array<Driver, 16> drivers{
    Driver{"storahci", "SATA (AHCI)"},   Driver{"msahci", "SATA (AHCI)"},
    Driver{"iaStorV", "SATA (Intel)"},   Driver{"atapi", "IDE"},
    Driver{"intelide", "IDE (Intel)"},   Driver{"pciide", "IDE (PCI)"},
    Driver{"stornvme", "NVMe"},          Driver{"LSI_SAS", "LSI Logic SAS"},
    Driver{"pvscsi", "VMware's SCSI"},   Driver{"vmbus", "Hyper-V's bus"},
    Driver{"storvsc", "Hyper-V's SCSI"}, Driver{"storflt", "Hyper-V's disks"},
    Driver{"viostor", "virtio"},         Driver{"vioscsi", "virtio-SCSI"},
    Driver{"xenvbd", "Xen's disks"},     Driver{"xenbus", "Xen's bus"}};

/// Whether anything had to be changed.
Result<bool> start_at_boot(Hive& hive, const std::string& key) {
  TRY(auto start, hive.number(key, "Start"));
  TRY(bool overridden, hive.has(key + "\\StartOverride"));
  if (overridden) TRY_VOID(hive.remove(key + "\\StartOverride"));
  if (start == at_boot) return overridden;
  TRY_VOID(hive.set_number(key, "Start", at_boot));
  return true;
}

}  // namespace

Result<Prepared> prepare_windows(Files& files) {
  Prepared prepared;
  TRY(auto hive, files.hive("SYSTEM"));
  TRY(auto current, hive->number("Select", "Current"));
  if (!current || *current == 0 || *current > 999)
    return fail(Code::corrupt, "its registry does not say which settings are current");
  auto services = fmt::format("ControlSet{:03}\\Services", *current);
  TRY(bool there, hive->has(services));
  if (!there) return fail(Code::corrupt, "its registry has no {}", services);
  bool virtio = false;
  for (const auto& driver : drivers) {
    auto key = fmt::format("{}\\{}", services, driver.service);
    TRY(bool known, hive->has(key));
    if (!known) continue;
    virtio = virtio || driver.service == "viostor" || driver.service == "vioscsi";
    TRY(bool changed, start_at_boot(*hive, key));
    if (changed)
      prepared.changed.push_back(
          fmt::format("driver {} ({}) starts at boot", driver.service, driver.what));
  }
  if (!prepared.changed.empty()) TRY_VOID(hive->commit());
  if (!virtio)
    prepared.left.emplace_back(
        "it has no virtio drivers: its disks and cards have to be others until those are "
        "installed (virtio-win)");
  return prepared;
}

}  // namespace truce::guest
