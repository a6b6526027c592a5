// The lists that an image holds: snapshots and persistent bitmaps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"
#include "qcow2/header.h"

namespace truce::image::qcow2 {

/// One row of the snapshot table ([qcow2] Snapshots). Where its L1 table lies is not checked yet.
struct SnapshotRow {
  Snapshot about;
  std::uint64_t l1_offset = 0;
  std::uint32_t l1_entries = 0;
  std::uint64_t position = 0, bytes = 0;  ///< of the row, in the file
};
struct SnapshotTable {
  std::vector<SnapshotRow> rows;
  std::uint64_t bytes = 0;  ///< of all rows
};
/// Reads the names and numbers; a table of more than 8 MiB is Code::limit.
Result<SnapshotTable> read_snapshots(const File& file, const Header& header);

/// The row with that id, else that name; Code::not_found.
Result<const SnapshotRow*> find_snapshot(const SnapshotTable& table, std::string_view id_or_name);

/// Whether a snapshot's L1 table may be followed: its place, its size, and that it covers the disk.
Result<void> usable(const SnapshotRow& row, const Header& header, std::uint64_t file_size);

/// The bytes of a new row, for snapshots that we make.
std::vector<std::byte> row_bytes(const SnapshotRow& row);

/// Flags of a bitmap ([qcow2] Bitmap directory).
namespace bitmap_flag {
constexpr std::uint32_t in_use = 1, enabled = 2, extra_may_be_ignored = 4;
}  // namespace bitmap_flag

/// One entry of the bitmap directory ([qcow2] Bitmap directory).
struct BitmapRow {
  std::string name;
  std::uint64_t table_offset = 0;
  std::uint32_t table_entries = 0;
  std::uint32_t flags = 0;
  std::uint8_t type = 1, granularity_bits = 16;
  std::uint32_t extra_bytes = 0;
  std::uint64_t position = 0;  ///< of the entry, in the file

  [[nodiscard]] bool in_use() const { return (flags & bitmap_flag::in_use) != 0; }
  [[nodiscard]] bool enabled() const { return (flags & bitmap_flag::enabled) != 0; }
  /// Bytes of the disk for each bit.
  [[nodiscard]] std::uint64_t granularity() const { return std::uint64_t{1} << granularity_bits; }
  /// Whether it is of a kind that is known here, so that its bits may be changed.
  [[nodiscard]] bool known() const {
    return type == 1 && granularity_bits >= 9 && granularity_bits <= 31 &&
           (extra_bytes == 0 || (flags & bitmap_flag::extra_may_be_ignored) != 0);
  }
  /// Entries that its table has for a disk of `size` bytes.
  [[nodiscard]] std::uint64_t entries_for(std::uint64_t size, std::uint64_t cluster_size) const;
};
/// The directory that the bitmaps extension names; more than 8 MiB is Code::limit.
Result<std::vector<BitmapRow>> read_bitmaps(const File& file, const Header& header);
/// The bytes of a directory; rows without extra bytes.
std::vector<std::byte> directory_bytes(const std::vector<BitmapRow>& rows);

}  // namespace truce::image::qcow2
