// What a disk is divided into, as far as it tells.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/image.h"

namespace truce::image {

/// What a disk would lose at its end if it had `size` bytes, a line each: partitions of an MBR
/// (logical ones, too) or GPT that reach beyond, the backup GPT, or the file system (ext, XFS,
/// NTFS, btrfs) of a disk without partitions. None: nothing is known to lie there.
Result<std::vector<std::string>> cut_off(Image& disk, std::uint64_t size);

}  // namespace truce::image
