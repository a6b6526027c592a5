// A new VHDX, dynamic or fixed.
#pragma once

#include <memory>

#include "image/builder.h"
#include "image/in_order.h"

namespace truce::image::vhdx {

/// What Hyper-V's New-VHD takes for dynamic disks, so that a disk is as its administrators know it.
/// What is not written of a block is a hole, so that large blocks cost no space here.
constexpr std::string_view default_block_size = "32MiB";

/// Options: subformat, block_size, logical_sector_size.
Result<std::unique_ptr<Builder>> build(std::shared_ptr<File> file, const BuildOptions& options);

/// As image::build_in_order() promises: dynamic, its blocks as small as its table allows.
Result<std::unique_ptr<Builder>> build_in_order(InOrder& to, Image& from);

}  // namespace truce::image::vhdx
