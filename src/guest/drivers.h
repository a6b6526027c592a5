// The drivers that a Linux needs before it can read its disk, and where they come from. Pure.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace truce::guest {

/// Names of modules, with `_`.
using Modules = std::set<std::string, std::less<>>;

/// All that disks hang on: of QEMU, VMware, Hyper-V and Xen, and of a PC.
std::span<const std::string_view> disk_drivers();

/// A module's name by a path: `kernel/drivers/ata/ata_piix.ko.xz` is `ata_piix`; empty: it is none.
std::string module_in(std::string_view path);
/// Those that a kernel has: of `modules.dep` or `modules.builtin`.
Modules modules_in(std::string_view text);
/// Those that are named in the list of an initramfs' files, one in each line.
Modules modules_listed(std::string_view text);

}  // namespace truce::guest
