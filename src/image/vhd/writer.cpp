#include "vhd/writer.h"

#include <algorithm>
#include <array>

#include "byte_order.h"
#include "vhd/images.h"

namespace truce::image::vhd {
namespace {

constexpr std::uint64_t alignment = 4096;  // of data in the file

bool all_set(View bitmap, std::uint64_t first, std::uint64_t last) {
  for (auto sector = first; sector <= last; ++sector)
    if ((std::to_integer<unsigned>(bitmap[sector / 8]) & 0x80U >> sector % 8) == 0) return false;
  return true;
}

void set_bits(Span bitmap, std::uint64_t first, std::uint64_t last) {
  for (auto sector = first; sector <= last; ++sector)
    bitmap[sector / 8] |= static_cast<std::byte>(0x80U >> sector % 8);
}

}  // namespace

Result<void> Writer::start(bool footer_twice) {
  TRY(auto report, check_blocks(parts_.map));
  if (report.corruptions != 0) {
    return fail(Code::corrupt, "it is damaged and not written to: {}", report.problems.front());
  }
  auto& map = parts_.map;
  if (!footer_twice || map.end() % sector_bytes != 0) {
    map.set_end(round_up(map.end(), sector_bytes));
    TRY_VOID(write_footers());
  }
  used_ = map.end();
  // The last block may be cut off where the disk ends: what follows leaves room for all of it.
  if (map.blocks() == 0) return {};
  TRY(auto last, map.place(map.blocks() - 1));
  if (last && *last + map.whole_bytes() > used_) {
    used_ = *last + map.whole_bytes();
    return reserve(used_);
  }
  return {};
}

Result<void> Writer::check_range(std::uint64_t offset, std::uint64_t length) const {
  if (inside(offset, length, parts_.footer.current_size)) return {};
  return fail(Code::invalid, "{} bytes at {} are not in a disk of {}", length, offset,
              parts_.footer.current_size);
}

// One at the end and its copy at the head: after a crash either is enough.
Result<void> Writer::write_footers() {
  TRY_VOID(parts_.file.write(parts_.map.end(), parts_.footer.bytes));
  TRY_VOID(parts_.file.flush());
  TRY_VOID(parts_.file.write(0, parts_.footer.bytes));
  return parts_.file.flush();
}

// Room for a footer is left at the end of each block, so that none is ever in a block.
std::uint64_t Writer::next_data() const {
  return round_up(used_ + footer_bytes + parts_.map.bitmap_bytes(), alignment);
}

// The file ends with a footer after `end`, and this is on the disk.
Result<void> Writer::reserve(std::uint64_t end) {
  TRY_VOID(parts_.file.write(end, parts_.footer.bytes));
  TRY_VOID(parts_.file.flush());
  parts_.map.set_end(end);
  return {};
}

Result<std::uint64_t> Writer::allocate(std::uint64_t block) {
  auto& map = parts_.map;
  if (map.pending().size() >= most_pending) TRY_VOID(flush());
  auto data = next_data();
  if (data + map.block_bytes() > map.end()) {
    used_ = map.end();
    data = next_data();
    auto stride = round_up(map.whole_bytes() + footer_bytes, alignment);
    auto blocks = std::min(reserved_blocks, map.blocks());
    TRY_VOID(reserve(data + map.block_bytes() + (blocks - 1) * stride));
  }
  auto start = data - map.bitmap_bytes();
  if (start / sector_bytes >= unused_entry)
    return fail(Code::limit, "the file is as large as the format can say");
  used_ = data + map.block_bytes();
  // What is not written of a new block is a hole in the file. Over a parent only what is written
  // hides what is below.
  Pending pending{start, true, std::vector<std::byte>(map.bitmap_bytes())};
  if (!differencing()) set_bits(pending.bitmap, 0, map.block_bytes() / sector_bytes - 1);
  map.pending().emplace(block, std::move(pending));
  return start;
}

// The sectors of the range are said to be here, not in the parent; the tables follow in flush().
Result<void> Writer::mark(std::uint64_t block, std::uint64_t place, std::uint64_t within,
                          std::uint64_t length) {
  auto& pending = parts_.map.pending();
  auto first = within / sector_bytes, last = (within + length - 1) / sector_bytes;
  auto found = pending.find(block);
  if (found == pending.end()) {
    Pending changed{place, false, std::vector<std::byte>(parts_.map.bitmap_bytes())};
    TRY_VOID(parts_.file.read(place, changed.bitmap));
    if (all_set(changed.bitmap, first, last)) return {};
    if (pending.size() >= most_pending) TRY_VOID(flush());
    found = pending.emplace(block, std::move(changed)).first;
  }
  set_bits(found->second.bitmap, first, last);
  return {};
}

Result<void> Writer::write_sectors(std::uint64_t offset, View from) {
  auto bytes = parts_.map.block_bytes();
  while (!from.empty()) {
    auto block = offset / bytes, within = offset % bytes;
    auto part = from.first(std::min<std::uint64_t>(from.size(), bytes - within));
    TRY(auto found, parts_.map.place(block));
    std::uint64_t place = found.value_or(0);
    if (!found) {
      TRY(place, allocate(block));
    }
    TRY_VOID(parts_.file.write(place + parts_.map.bitmap_bytes() + within, part));
    TRY_VOID(mark(block, place, within, part.size()));
    from = from.subspan(part.size());
    offset += part.size();
  }
  return {};
}

// Bytes inside one sector: the rest of it is what it was.
Result<void> Writer::write_partly(std::uint64_t offset, View from) {
  std::array<std::byte, sector_bytes> sector;
  auto within = offset % sector_bytes;
  TRY_VOID(parts_.image.read(offset - within, sector));
  std::ranges::copy(from, sector.begin() + static_cast<std::ptrdiff_t>(within));
  return write_sectors(offset - within, sector);
}

Result<void> Writer::write(std::uint64_t offset, View from) {
  TRY_VOID(check_range(offset, from.size()));
  if (auto within = offset % sector_bytes; within != 0 && !from.empty()) {
    auto part = from.first(std::min<std::uint64_t>(from.size(), sector_bytes - within));
    TRY_VOID(write_partly(offset, part));
    from = from.subspan(part.size());
    offset += part.size();
  }
  auto whole = from.size() / sector_bytes * sector_bytes;
  TRY_VOID(write_sectors(offset, from.first(whole)));
  if (whole == from.size()) return {};
  return write_partly(offset + whole, from.subspan(whole));
}

Result<void> Writer::zero_sectors(std::uint64_t offset, std::uint64_t length) {
  auto bytes = parts_.map.block_bytes();
  while (length > 0) {
    auto block = offset / bytes, within = offset % bytes;
    auto part = std::min(length, bytes - within);
    TRY(auto place, parts_.map.place(block));
    if (!place && differencing()) {
      TRY(place, allocate(block));
    }
    if (place) {
      TRY_VOID(parts_.file.write_zeroes(*place + parts_.map.bitmap_bytes() + within, part));
      // Without a parent both say the same: a zero here, and a bit that is not set.
      if (differencing()) TRY_VOID(mark(block, *place, within, part));
    }
    offset += part;
    length -= part;
  }
  return {};
}

Result<void> Writer::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  TRY_VOID(check_range(offset, length));
  constexpr std::array<std::byte, sector_bytes> zeroes{};
  if (auto within = offset % sector_bytes; within != 0 && length != 0) {
    auto part = std::min(length, sector_bytes - within);
    TRY_VOID(write_partly(offset, View(zeroes).first(part)));
    offset += part;
    length -= part;
  }
  auto whole = length / sector_bytes * sector_bytes;
  TRY_VOID(zero_sectors(offset, whole));
  if (whole == length) return {};
  return write_partly(offset + whole, View(zeroes).first(length - whole));
}

Result<void> Writer::flush() {
  auto& map = parts_.map;
  if (map.pending().empty()) return parts_.file.flush();
  for (const auto& [block, pending] : map.pending())
    if (pending.fresh) TRY_VOID(parts_.file.write(pending.offset, pending.bitmap));
  TRY_VOID(parts_.file.flush());
  for (const auto& [block, pending] : map.pending()) {
    if (pending.fresh) {
      std::array<std::byte, 4> entry;
      put_be<std::uint32_t>(entry, 0, static_cast<std::uint32_t>(pending.offset / sector_bytes));
      TRY_VOID(map.cache().put(parts_.file, map.entry_offset(block), entry));
    } else {
      TRY_VOID(parts_.file.write(pending.offset, pending.bitmap));
    }
  }
  TRY_VOID(parts_.file.flush());
  map.pending().clear();
  return {};
}

// What was reserved and not used is given back; the footer that is nearer is there before.
Result<void> Writer::close() {
  TRY_VOID(flush());
  if (used_ >= parts_.map.end()) return {};
  TRY_VOID(reserve(used_));
  TRY_VOID(parts_.file.resize(used_ + footer_bytes));
  return parts_.file.flush();
}

Result<void> Writer::forget() {
  TRY_VOID(flush());
  auto& map = parts_.map;
  std::array<std::byte, 4> unused;
  unused.fill(std::byte{0xFF});
  for (std::uint64_t block = 0; block < map.blocks(); ++block) {
    TRY(auto place, map.place(block));
    if (!place) continue;
    TRY_VOID(map.cache().put(parts_.file, map.entry_offset(block), unused));
    forgotten_.push_back(*place);
    if (forgotten_.size() == most_forgotten) TRY_VOID(free_forgotten());
  }
  return free_forgotten();
}

// Holes where blocks were, once the table on the disk no longer points at them.
Result<void> Writer::free_forgotten() {
  TRY_VOID(parts_.file.flush());
  for (auto place : forgotten_) {
    auto room = std::min(parts_.map.whole_bytes(), parts_.map.end() - place);
    TRY_VOID(parts_.file.write_zeroes(place, room));
  }
  forgotten_.clear();
  return {};
}

// A table of `entries` at the file's end, with the old entries. The header points at it only when
// all of it is on the disk.
Result<void> Writer::move_table(std::uint64_t entries) {
  auto& map = parts_.map;
  auto bytes = round_up(entries * 4, sector_bytes);
  auto start = round_up(map.end() + footer_bytes, alignment);
  TRY_VOID(reserve(start + bytes));
  std::vector<std::byte> part;
  auto old_bytes = std::uint64_t{parts_.header.entries} * 4;
  for (std::uint64_t at = 0; at < bytes; at += part.size()) {
    part.assign(std::min<std::uint64_t>(bytes - at, 65536), std::byte{0xFF});
    auto old = at < old_bytes ? std::min<std::uint64_t>(part.size(), old_bytes - at) : 0;
    TRY_VOID(parts_.file.read(parts_.header.table_offset + at, Span(part).first(old)));
    TRY_VOID(parts_.file.write(start + at, part));
  }
  TRY_VOID(parts_.file.flush());
  map.cache().forget(start, bytes);
  auto header = make_header(start, static_cast<std::uint32_t>(entries), parts_.header.block_bytes);
  TRY_VOID(parts_.file.write(parts_.footer.data_offset, header.bytes));
  TRY_VOID(parts_.file.flush());
  parts_.header = header;
  used_ = start + bytes;
  map.set_tables(parts_.footer, parts_.header);
  return {};
}

// What is beyond the disk's end, in its last block and in the table, can be anything.
Result<void> Writer::clear_beyond(std::uint64_t size) {
  auto& map = parts_.map;
  auto old_size = parts_.footer.current_size, bytes = map.block_bytes();
  if (auto within = old_size % bytes; within != 0) {
    TRY(auto place, map.place(old_size / bytes));
    if (place) {
      auto room = std::min(bytes - within, map.end() - (*place + map.bitmap_bytes() + within));
      TRY_VOID(parts_.file.write_zeroes(*place + map.bitmap_bytes() + within, room));
    }
  }
  std::array<std::byte, 4> unused;
  unused.fill(std::byte{0xFF});
  for (auto block = map.blocks(); block < divide_up(size, bytes); ++block) {
    TRY(auto entry, map.cache().be<std::uint32_t>(map.entry_offset(block)));
    if (entry != unused_entry)
      TRY_VOID(map.cache().put(parts_.file, map.entry_offset(block), unused));
  }
  return parts_.file.flush();
}

Result<void> Writer::resize(std::uint64_t size) {
  if (differencing()) {
    return fail(Code::unsupported,
                "{}: the size of a differencing disk is its parent's: commit it, resize that",
                parts_.file.name());
  }
  if (size % sector_bytes != 0 || size > largest_disk)
    return fail(Code::invalid, "a disk of {} bytes: whole sectors, at most {}", size, largest_disk);
  TRY_VOID(flush());
  auto blocks = divide_up(size, parts_.map.block_bytes());
  if (blocks > parts_.header.entries) TRY_VOID(move_table(blocks));
  if (size > parts_.footer.current_size) TRY_VOID(clear_beyond(size));
  set_size(parts_.footer, size);
  parts_.map.set_tables(parts_.footer, parts_.header);
  parts_.description.size = size;
  return write_footers();
}

}  // namespace truce::image::vhd
