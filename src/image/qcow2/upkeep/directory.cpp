#include "qcow2/upkeep/directory.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::uint64_t largest_list = std::uint64_t{8} << 20;
constexpr std::size_t snapshot_fixed = 40, bitmap_fixed = 24;
constexpr std::size_t written_extra = 16;

/// Reads what follows one another in a list, never beyond the list's bound or the file.
class ListReader {
 public:
  ListReader(const File& file, std::uint64_t start, std::uint64_t limit)
      : file_(file),
        start_(start),
        at_(start),
        end_(start + std::min(limit, file.size() - start)) {}
  Result<std::vector<std::byte>> take(std::uint64_t length) {
    if (!inside(at_, length, end_)) {
      return fail(used() + length > largest_list ? Code::limit : Code::corrupt,
                  "{} bytes at {} reach beyond the list's end at {}", length, at_, end_);
    }
    std::vector<std::byte> bytes(length);
    TRY_VOID(file_.read(at_, bytes));
    at_ += length;
    return bytes;
  }
  /// To the next multiple of 8 from the list's start; the padding of the last row may be missing.
  void align() { at_ = std::min(start_ + round_up(at_ - start_, 8), end_); }
  [[nodiscard]] std::uint64_t position() const { return at_; }
  [[nodiscard]] std::uint64_t used() const { return at_ - start_; }

 private:
  const File& file_;
  std::uint64_t start_, at_, end_;
};

std::string text(View bytes) {
  std::string made;
  for (auto byte : bytes) made += static_cast<char>(byte);
  return made;
}

Result<SnapshotRow> read_snapshot(ListReader& list, const Header& header) {
  SnapshotRow row;
  row.position = list.position();
  TRY(auto fixed, list.take(snapshot_fixed));
  row.l1_offset = be<std::uint64_t>(fixed, 0);
  row.l1_entries = be<std::uint32_t>(fixed, 8);
  row.about.created = be<std::uint32_t>(fixed, 16);
  row.about.machine_state = be<std::uint32_t>(fixed, 32);
  row.about.size = header.size;
  TRY(auto extra, list.take(be<std::uint32_t>(fixed, 36)));
  if (extra.size() >= 8) row.about.machine_state = be<std::uint64_t>(extra, 0);
  if (extra.size() >= 16) row.about.size = be<std::uint64_t>(extra, 8);
  TRY(auto id, list.take(be<std::uint16_t>(fixed, 12)));
  TRY(auto name, list.take(be<std::uint16_t>(fixed, 14)));
  row.about.id = text(id);
  row.about.name = text(name);
  row.bytes = round_up(list.position() - row.position, 8);
  list.align();
  return row;
}

}  // namespace

Result<SnapshotTable> read_snapshots(const File& file, const Header& header) {
  SnapshotTable table;
  if (header.snapshot_count == 0) return table;
  ListReader list(file, header.snapshots_offset, largest_list);
  for (std::uint32_t i = 0; i < header.snapshot_count; ++i) {
    auto row = read_snapshot(list, header);
    if (!row)
      return std::unexpected(
          std::move(row).error().within(fmt::format("snapshot table, row {}", i)));
    table.rows.push_back(*std::move(row));
  }
  table.bytes = list.used();
  return table;
}

Result<const SnapshotRow*> find_snapshot(const SnapshotTable& table, std::string_view wanted) {
  for (const auto& row : table.rows) {
    if (row.about.id == wanted) return &row;
  }
  for (const auto& row : table.rows) {
    if (row.about.name == wanted) return &row;
  }
  return fail(Code::not_found, "there is no snapshot '{}'", wanted);
}

Result<void> usable(const SnapshotRow& row, const Header& header, std::uint64_t file_size) {
  const auto& geometry = header.geometry;
  auto bytes = std::uint64_t{row.l1_entries} * 8;
  if (bytes > largest_l1_bytes) {
    return fail(Code::limit, "snapshot '{}': an L1 table of {} entries, at most {} are read",
                row.about.name, row.l1_entries, largest_l1_bytes / 8);
  }
  if (row.l1_entries < divide_up(row.about.size, geometry.table_span())) {
    return fail(Code::corrupt, "snapshot '{}': {} entries in the L1 table for a disk of {} bytes",
                row.about.name, row.l1_entries, row.about.size);
  }
  if (row.l1_entries != 0 &&
      (!geometry.aligned(row.l1_offset) || row.l1_offset < geometry.cluster_size() ||
       !inside(row.l1_offset, bytes, file_size))) {
    return fail(Code::corrupt,
                "snapshot '{}': the L1 table ({} bytes at {}) is not aligned or not in the file",
                row.about.name, bytes, row.l1_offset);
  }
  return {};
}

std::vector<std::byte> row_bytes(const SnapshotRow& row) {
  const auto& about = row.about;
  auto names_at = snapshot_fixed + written_extra;
  std::vector<std::byte> bytes(round_up(names_at + about.id.size() + about.name.size(), 8));
  put_be<std::uint64_t>(bytes, 0, row.l1_offset);
  put_be<std::uint32_t>(bytes, 8, row.l1_entries);
  put_be<std::uint16_t>(bytes, 12, static_cast<std::uint16_t>(about.id.size()));
  put_be<std::uint16_t>(bytes, 14, static_cast<std::uint16_t>(about.name.size()));
  put_be<std::uint32_t>(bytes, 16, static_cast<std::uint32_t>(about.created));
  put_be<std::uint32_t>(bytes, 36, written_extra);
  put_be<std::uint64_t>(bytes, 48, about.size);
  auto names = about.id + about.name;
  std::ranges::copy(std::as_bytes(std::span(names)),
                    bytes.begin() + static_cast<std::ptrdiff_t>(names_at));
  return bytes;
}

Result<std::vector<BitmapRow>> read_bitmaps(const File& file, const Header& header) {
  std::vector<BitmapRow> rows;
  if (!header.bitmaps) return rows;
  const auto& extension = *header.bitmaps;
  if (!header.geometry.aligned(extension.directory_offset) ||
      extension.directory_offset < header.geometry.cluster_size() ||
      !inside(extension.directory_offset, extension.directory_size, file.size())) {
    return fail(Code::corrupt,
                "the bitmap directory ({} bytes at {}) is not aligned or not in the file",
                extension.directory_size, extension.directory_offset);
  }
  if (extension.directory_size > largest_list)
    return fail(Code::limit, "a bitmap directory of {} bytes, at most {} are read",
                extension.directory_size, largest_list);
  ListReader list(file, extension.directory_offset, extension.directory_size);
  for (std::uint32_t i = 0; i < extension.count; ++i) {
    BitmapRow row;
    row.position = list.position();
    TRY(auto fixed, list.take(bitmap_fixed));
    row.table_offset = be<std::uint64_t>(fixed, 0);
    row.table_entries = be<std::uint32_t>(fixed, 8);
    row.flags = be<std::uint32_t>(fixed, 12);
    row.type = be<std::uint8_t>(fixed, 16);
    row.granularity_bits = std::min<std::uint8_t>(be<std::uint8_t>(fixed, 17), 63);
    row.extra_bytes = be<std::uint32_t>(fixed, 20);
    TRY_VOID(list.take(row.extra_bytes));
    TRY(auto name, list.take(be<std::uint16_t>(fixed, 18)));
    row.name = text(name);
    list.align();
    rows.push_back(std::move(row));
  }
  return rows;
}

std::uint64_t BitmapRow::entries_for(std::uint64_t size, std::uint64_t cluster_size) const {
  return divide_up(divide_up(divide_up(size, granularity()), 8), cluster_size);
}

std::vector<std::byte> directory_bytes(const std::vector<BitmapRow>& rows) {
  std::vector<std::byte> bytes;
  for (const auto& row : rows) {
    auto at = bytes.size();
    bytes.resize(at + round_up(bitmap_fixed + row.name.size(), 8));
    put_be<std::uint64_t>(bytes, at, row.table_offset);
    put_be<std::uint32_t>(bytes, at + 8, row.table_entries);
    put_be<std::uint32_t>(bytes, at + 12, row.flags);
    bytes[at + 16] = std::byte{row.type};
    bytes[at + 17] = std::byte{row.granularity_bits};
    put_be<std::uint16_t>(bytes, at + 18, static_cast<std::uint16_t>(row.name.size()));
    std::ranges::copy(std::as_bytes(std::span(row.name)),
                      bytes.begin() + static_cast<std::ptrdiff_t>(at + bitmap_fixed));
  }
  return bytes;
}

}  // namespace truce::image::qcow2
