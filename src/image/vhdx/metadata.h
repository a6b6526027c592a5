// The metadata region: what kind of disk it is. [MS-VHDX] 2.6
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "image/builder.h"
#include "vhdx/headers.h"

namespace truce::image::vhdx {

constexpr std::uint64_t least_block = mebibyte, most_block = 256 * mebibyte;  // [MS-VHDX] 2.6.2.1
constexpr std::uint64_t most_disk = std::uint64_t{64} << 40;                  // [MS-VHDX] 2.6.2.2

/// What is known of a disk. All of it is legal when it comes from read_metadata().
struct Metadata {
  std::uint32_t block_size = 0;
  bool keeps_blocks = false;  ///< LeaveBlocksAllocated: a fixed disk
  bool has_parent = false;
  std::uint64_t size = 0;
  Guid disk;
  std::uint32_t sector_size = 512, physical_sector_size = 4096;
  /// Of the parent locator the entries that the specification names, in UTF-8.
  std::vector<std::pair<std::string, std::string>> locator;
  std::uint64_t size_at = 0;  ///< where in the file `size` stands

  /// The value of an entry of the parent locator, empty when there is none.
  [[nodiscard]] std::string_view located(std::string_view key) const;
};

Result<Metadata> read_metadata(const File& file, const Range& region);
/// Into an empty region.
Result<void> write_metadata(File& file, const Range& region, const Metadata& metadata);
/// Makes `metadata` one of a disk that stands on `parent`: its locator. [MS-VHDX] 2.6.2.6
Result<void> set_parent(Metadata& metadata, const Parent& parent);
/// Changes what the region says of a parent into what `metadata` says; all else stays.
Result<void> change_parent(File& file, const Range& region, const Metadata& metadata);

/// In details of a description: what a child's parent_linkage is compared with.
constexpr std::string_view data_write_row = "data write guid";

}  // namespace truce::image::vhdx
