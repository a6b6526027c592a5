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

/// One entry of the bitmap directory ([qcow2] Bitmap directory).
struct BitmapRow {
  std::string name;
  std::uint64_t table_offset = 0;
  std::uint32_t table_entries = 0;
  bool in_use = false;
};
/// The directory that the bitmaps extension names; more than 8 MiB is Code::limit.
Result<std::vector<BitmapRow>> read_bitmaps(const File& file, const Header& header);

}  // namespace truce::image::qcow2
