#include "vhdx/tables.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "byte_order.h"

namespace truce::image::vhdx {

std::uint64_t encode(const Entry& entry) {
  return static_cast<std::uint64_t>(entry.state) | entry.offset;
}

std::uint64_t Shape::blocks() const {
  return divide_up(disk_size, block_size);
}

std::uint64_t Shape::entries() const {
  auto count = blocks();
  if (count == 0) return 0;
  return has_parent ? bitmap_index(count - 1) + 1 : index(count - 1) + 1;
}

std::uint64_t Shape::visible(std::uint64_t block) const {
  auto start = block * block_size;
  return start >= disk_size ? 0 : std::min(block_size, disk_size - start);
}

Result<std::unique_ptr<Tables>> Tables::make(std::shared_ptr<Overlay> view, Regions regions,
                                             const Metadata& metadata) {
  Shape shape{metadata.block_size, metadata.size, metadata.sector_size, metadata.has_parent};
  auto tables = std::unique_ptr<Tables>(new Tables(std::move(view), std::move(regions), shape));
  if (!tables->holds(metadata.size)) {
    return fail(Code::corrupt,
                "the block allocation table needs {} entries for {} bytes in blocks of {}, {} fit "
                "its region",
                shape.entries(), shape.disk_size, shape.block_size,
                tables->regions_.bat.length / sizeof(std::uint64_t));
  }
  return tables;
}

bool Tables::holds(std::uint64_t disk_size) const {
  auto shape = shape_;
  shape.disk_size = disk_size;
  return shape.entries() <= regions_.bat.length / sizeof(std::uint64_t);
}

Result<std::uint64_t> Tables::raw(std::uint64_t index) {
  return cache_.le<std::uint64_t>(entry_at(index));
}

/// Over no table, and what is used of it in the file.
bool Tables::place_is_legal(const Range& place, std::uint64_t used) const {
  if (!inside(place.offset, place.length, file_limit) || !inside(place.offset, used, view_->size()))
    return false;
  auto above = std::ranges::lower_bound(regions_.reserved, place.end(), {}, &Range::offset);
  return above == regions_.reserved.begin() || std::prev(above)->end() <= place.offset;
}

Result<Entry> Tables::checked(std::uint64_t block, std::uint64_t raw) const {
  Entry entry{static_cast<State>(raw & state_mask), raw & offset_mask};
  auto state = raw & state_mask;
  if (state == 4 || state == 5 || (entry.state == State::partial && !shape_.has_parent))
    return fail(Code::corrupt, "block {}: state {} is not legal", block, state);
  if (!entry.placed()) return Entry{entry.state, 0};
  if (!place_is_legal({entry.offset, shape_.block_size}, shape_.visible(block))) {
    return fail(Code::corrupt, "block {}: {} bytes at {} lie in a table or beyond the file's {}",
                block, shape_.block_size, entry.offset, view_->size());
  }
  return entry;
}

Result<Entry> Tables::checked_bitmap(std::uint64_t block, std::uint64_t raw) const {
  Entry entry{static_cast<State>(raw & state_mask), raw & offset_mask};
  if (entry.state == State::not_present) return Entry{};
  if (entry.state != State::present)
    return fail(Code::corrupt, "the sector bitmap of block {}: state {} is not legal", block,
                raw & state_mask);
  if (!place_is_legal({entry.offset, mebibyte}, mebibyte)) {
    return fail(Code::corrupt,
                "the sector bitmap of block {}: {} lies in a table or beyond the file's {}", block,
                entry.offset, view_->size());
  }
  return entry;
}

Result<Entry> Tables::payload(std::uint64_t block) {
  TRY(auto value, raw(shape_.index(block)));
  return checked(block, value);
}

Result<Entry> Tables::bitmap(std::uint64_t block) {
  TRY(auto value, raw(shape_.bitmap_index(block)));
  return checked_bitmap(block, value);
}

Result<std::uint64_t> Tables::alike(std::uint64_t block, std::uint64_t most) {
  constexpr std::size_t width = sizeof(std::uint64_t), step = 512;
  auto at = entry_at(shape_.index(block));
  auto end = entry_at(shape_.index(block + most - 1) + 1);
  TRY(auto first, raw(shape_.index(block)));
  std::array<std::byte, step> pattern;
  for (std::size_t i = 0; i < step; i += width) put_le<std::uint64_t>(pattern, i, first);
  while (at < end) {
    if (first == 0) {
      TRY(auto run, view_->holder({at, end - at}).run(at, end - at));
      if (!run.stored) {
        at += std::max<std::uint64_t>(run.length / width * width, width);
        continue;
      }
    }
    TRY(auto page, cache_.page(at));
    auto bytes = page.from(at);
    bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), end - at) / width * width);
    if (bytes.empty()) break;  // the table is cut off
    std::size_t same = 0;
    auto go_on = [&](std::size_t length) {
      while (same + length <= bytes.size() &&
             std::memcmp(bytes.data() + same, pattern.data(), length) == 0)
        same += length;
    };
    go_on(step);
    go_on(width);
    at += same;
    if (same < bytes.size()) break;
  }
  auto reached = shape_.block_from((std::min(at, end) - entry_at(0)) / width);
  return std::min(reached - block, most);
}

Result<Blocks> Tables::run(std::uint64_t block, std::uint64_t most) {
  auto at = entry_at(shape_.index(block));
  TRY(auto page, cache_.page(at));
  if (!page.holds(at, sizeof(std::uint64_t)))
    return fail(Code::corrupt, "the block allocation table is cut off at block {}", block);
  TRY(auto first, checked(block, le<std::uint64_t>(page.from(at), 0)));
  Blocks blocks{first, 1};
  if (first.state == State::partial) return blocks;  // each has bits of its own
  if (!first.placed()) {
    // Entries of bitmaps stand between them.
    auto bits = le<std::uint64_t>(page.from(at), 0), next = bits;
    for (blocks.count = 0; blocks.count < most && next == bits;) {
      TRY(auto more, alike(block + blocks.count, most - blocks.count));
      blocks.count += more;
      if (blocks.count < most) {
        TRY(next, raw(shape_.index(block + blocks.count)));
      }
    }
    return blocks;
  }
  auto ratio = shape_.chunk_ratio();
  auto until_bitmap = ratio - block % ratio;
  for (; blocks.count < most; ++blocks.count) {
    at += sizeof(std::uint64_t);
    if (--until_bitmap == 0) {
      at += sizeof(std::uint64_t);
      until_bitmap = ratio;
    }
    if (!page.holds(at, sizeof(std::uint64_t))) break;
    auto value = le<std::uint64_t>(page.from(at), 0);
    if (static_cast<State>(value & state_mask) != first.state) break;
    auto next = checked(block + blocks.count, value);
    if (!next || next->offset != first.offset + blocks.count * shape_.block_size) break;
  }
  return blocks;
}

Range Tables::bits(std::uint64_t block, std::uint64_t bitmap) const {
  auto bytes = shape_.block_size / shape_.sector_size / 8;
  return {bitmap + block % shape_.chunk_ratio() * bytes, bytes};
}

// Bit 0 of byte 0 is the first sector of the chunk. [MS-VHDX] 2.4.2
Result<Sectors> Tables::sectors(std::uint64_t block, std::uint64_t first, std::uint64_t most) {
  TRY(auto entry, bitmap(block));
  if (!entry.placed())
    return fail(Code::corrupt, "block {} is partly here, and its sector bitmap is not", block);
  auto range = bits(block, entry.offset);
  auto at = range.offset + first / 8;
  TRY(auto page, cache_.page(at));
  auto bytes = page.from(at);
  bytes = bytes.first(std::min<std::size_t>(bytes.size(), range.end() - at));
  auto bit = [&](std::uint64_t i) {
    return (static_cast<unsigned>(bytes[i / 8]) >> (i % 8) & 1U) != 0;
  };
  auto begin = first % 8;
  Sectors found{bit(begin), 1};
  auto end = std::min(bytes.size() * 8, begin + most);
  auto full = found.here ? std::byte{255} : std::byte{0};
  for (auto i = begin + 1; i < end;) {
    if (i % 8 == 0 && bytes[i / 8] == full) {
      i += 8;
    } else if (bit(i) == found.here) {
      ++i;
    } else {
      end = i;
    }
  }
  found.count = end - begin;
  return found;
}

Result<void> Tables::set(std::uint64_t index, const Entry& entry) {
  std::array<std::byte, sizeof(std::uint64_t)> bytes{};
  put_le<std::uint64_t>(bytes, 0, encode(entry));
  return put(entry_at(index), bytes);
}

}  // namespace truce::image::vhdx
