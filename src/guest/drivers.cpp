#include "drivers.h"

#include <algorithm>
#include <array>

#include "words.h"

namespace truce::guest {

namespace {

constexpr std::array<std::string_view, 14> all{"virtio_pci",  "virtio_blk", "virtio_scsi",  // QEMU
                                               "ahci",        "ata_piix",   "sd_mod",       // a PC
                                               "nvme",        "vmw_pvscsi", "mptspi",  // VMware
                                               "mptsas",      "mptscsih",              //
                                               "hv_vmbus",    "hv_storvsc",            // Hyper-V
                                               "xen_blkfront"};

}  // namespace

std::span<const std::string_view> disk_drivers() {
  return all;
}

std::string module_in(std::string_view path) {
  auto name = path.substr(path.rfind('/') + 1);
  auto end = name.find(".ko");
  bool is = end != name.npos && end > 0 && (end + 3 == name.size() || name[end + 3] == '.');
  if (!is) return {};
  std::string module(name.substr(0, end));
  std::ranges::replace(module, '-', '_');
  return module;
}

// `kernel/drivers/ata/ahci.ko: kernel/drivers/ata/libahci.ko …`, or the path alone.
Modules modules_in(std::string_view text) {
  Modules found;
  each_line(text, [&](std::string_view line) {
    if (auto module = module_in(line.substr(0, line.find(':'))); !module.empty())
      found.insert(std::move(module));
  });
  return found;
}

// `usr/lib/modules/6.1.0/kernel/drivers/ata/ahci.ko`, or as the last word of what `ls -l` says.
Modules modules_listed(std::string_view text) {
  Modules found;
  each_line(text, [&](std::string_view line) {
    while (line.ends_with(' ') || line.ends_with('\r')) line.remove_suffix(1);
    if (auto module = module_in(line.substr(line.rfind(' ') + 1)); !module.empty())
      found.insert(std::move(module));
  });
  return found;
}

}  // namespace truce::guest
