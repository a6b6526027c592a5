#include "vdi/block_map.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image::vdi {

std::uint64_t BlockMap::used_blocks() const {
  return divide_up(header_.disk_size, header_.block_bytes);
}

Result<std::uint32_t> BlockMap::entry(std::uint64_t block) {
  if (auto found = pending_.find(block); found != pending_.end()) return found->second;
  return cache_.le<std::uint32_t>(entry_offset(block));
}

Result<std::uint64_t> BlockMap::locate(std::uint64_t block, std::uint32_t entry) const {
  auto offset = header_.data_offset + std::uint64_t{entry} * header_.block_bytes;
  // Of the last block only what the guest can see need be there.
  auto start = block * header_.block_bytes;
  auto seen = std::min<std::uint64_t>(header_.block_bytes, header_.disk_size - start);
  if (inside(offset, seen, file_.size())) return offset;
  return fail(Code::corrupt, "block {} lies at {}, in a file of {} bytes", block, offset,
              file_.size());
}

Result<Piece> BlockMap::piece(std::uint64_t offset, std::uint64_t length) {
  std::uint64_t bytes = header_.block_bytes;
  auto block = offset / bytes, last = (offset + length - 1) / bytes, within = offset % bytes;
  TRY(auto first, entry(block));
  Piece piece{0, first == free_entry ? Kind::hole : Kind::zero};
  if (first < zero_entry) {
    TRY(auto start, locate(block, first));
    piece = {0, Kind::data, start + within};
  }
  // Neighbours on the same page of the map.
  TRY(auto page, cache_.page(entry_offset(block)));
  auto entries = page.from(entry_offset(block));
  auto count = std::min<std::uint64_t>(last - block + 1, entries.size() / 4);
  auto pending = pending_.lower_bound(block);
  if (pending != pending_.end())
    count = std::min(count, std::max<std::uint64_t>(pending->first - block, 1));
  std::uint64_t same = 1;
  for (; same < count; ++same) {
    auto next = le<std::uint32_t>(entries, same * 4);
    auto wanted = piece.kind == Kind::data ? first + same : first;
    if (next != wanted || (piece.kind == Kind::data && next >= zero_entry)) break;
    if (piece.kind == Kind::data && !locate(block + same, next)) break;
  }
  piece.length = std::min(length, same * bytes - within);
  return piece;
}

Result<CheckReport> BlockMap::check() {
  CheckReport report;
  std::vector<bool> taken(header_.blocks);
  std::uint64_t count = 0;
  for (std::uint64_t block = 0; block < used_blocks(); ++block) {
    TRY(auto found, entry(block));
    if (found >= zero_entry) continue;
    ++count;
    if (found >= header_.allocated) {
      report.corruption(fmt::format("block {} is the file's block {}, of {} that there are", block,
                                    found, header_.allocated));
    } else if (taken[found]) {
      report.corruption(
          fmt::format("block {} is the file's block {}, as another is", block, found));
    } else if (auto where = locate(block, found); !where) {
      report.corruption(where.error().message);
    } else {
      taken[found] = true;
    }
  }
  if (header_.allocated > count) {
    report.leak(fmt::format("the file has {} blocks, {} are in use", header_.allocated, count));
  }
  return report;
}

}  // namespace truce::image::vdi
