// Names of disks in texts of a guest, that are others on another hypervisor. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace truce::guest {

/// Whether a name depends on what the disk hangs on: `/dev/sda1`, `/dev/vdb`, `/dev/xvda2`,
/// `/dev/hda1`, `/dev/nvme0n1p1`.
bool is_disk_name(std::string_view device);

/// The UUID of what is on a device; empty: it has none.
using UuidOf = std::function<Result<std::string>(const std::string& device)>;

struct Mended {
  std::string text;
  std::vector<std::string> changed;  ///< `/dev/sda1 is UUID=…`
  std::vector<std::string> left;     ///< names for which there is no UUID
};

/// A text of fstab(5), with `UUID=` for such names.
Result<Mended> mend_fstab(std::string_view text, const UuidOf& uuid_of);
/// Of crypttab(5), where the device stands second.
Result<Mended> mend_crypttab(std::string_view text, const UuidOf& uuid_of);
/// Lines of a boot loader and its settings: what follows `root=` and `resume=` there. What is so by
/// UUID has to be found by an initramfs, which all have that are asked for a UUID.
Result<Mended> mend_boot_text(std::string_view text, const UuidOf& uuid_of);

}  // namespace truce::guest
