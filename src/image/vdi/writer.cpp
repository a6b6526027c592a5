#include "vdi/writer.h"

#include <algorithm>
#include <array>

#include "byte_order.h"

namespace truce::image::vdi {
namespace {

std::array<std::byte, 4> bytes_of(std::uint32_t value) {
  std::array<std::byte, 4> bytes;
  put_le<std::uint32_t>(bytes, 0, value);
  return bytes;
}

}  // namespace

Result<void> Writer::start() {
  TRY(auto report, map_.check());
  if (report.corruptions != 0)
    return fail(Code::corrupt, "it is damaged and not written to: {}", report.problems.front());
  return report.leaks == 0 ? Result<void>{} : find_lost();
}

Result<void> Writer::find_lost() {
  lost_.clear();
  std::vector<bool> used(map_.header().allocated);
  for (std::uint64_t block = 0; block < map_.used_blocks(); ++block) {
    TRY(auto entry, map_.entry(block));
    if (entry < used.size()) used[entry] = true;
  }
  for (std::size_t entry = 0; entry < used.size() && lost_.size() < most_lost; ++entry)
    if (!used[entry]) lost_.push_back(static_cast<std::uint32_t>(entry));
  return {};
}

Result<void> Writer::check_range(std::uint64_t offset, std::uint64_t length) const {
  if (inside(offset, length, map_.header().disk_size)) return {};
  return fail(Code::invalid, "{} bytes at {} are not in a disk of {}", length, offset,
              map_.header().disk_size);
}

// A new block is a hole, at the file's end unless a place was lost.
Result<std::uint64_t> Writer::allocate(std::uint64_t block) {
  auto& header = map_.header();
  if (map_.pending().size() >= most_pending) TRY_VOID(flush());
  auto entry = lost_.empty() ? header.allocated : lost_.back();
  if (lost_.empty() && entry >= header.blocks)
    return fail(Code::limit, "the file has as many blocks as it can have, {}", entry);
  auto start = header.data_offset + std::uint64_t{entry} * header.block_bytes;
  // What a crash may have left there would be seen.
  if (file_.size() > start) TRY_VOID(file_.write_zeroes(start, header.block_bytes));
  if (file_.size() < start + header.block_bytes) TRY_VOID(file_.resize(start + header.block_bytes));
  if (lost_.empty()) {
    ++header.allocated;
  } else {
    lost_.pop_back();
  }
  map_.pending().emplace(block, entry);
  return start;
}

Result<void> Writer::write(std::uint64_t offset, View from) {
  TRY_VOID(check_range(offset, from.size()));
  std::uint64_t bytes = map_.header().block_bytes;
  while (!from.empty()) {
    auto block = offset / bytes, within = offset % bytes;
    auto part = from.first(std::min<std::uint64_t>(from.size(), bytes - within));
    TRY(auto entry, map_.entry(block));
    std::uint64_t start = 0;
    if (entry >= zero_entry) {
      TRY(start, allocate(block));
    } else {
      TRY(start, map_.locate(block, entry));
    }
    TRY_VOID(file_.write(start + within, part));
    from = from.subspan(part.size());
    offset += part.size();
  }
  return {};
}

// A block stays where it is; what it had in the file is freed.
Result<void> Writer::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  TRY_VOID(check_range(offset, length));
  std::uint64_t bytes = map_.header().block_bytes;
  while (length > 0) {
    auto block = offset / bytes, within = offset % bytes;
    auto part = std::min(length, bytes - within);
    TRY(auto entry, map_.entry(block));
    if (entry < zero_entry) {
      TRY(auto start, map_.locate(block, entry));
      TRY_VOID(file_.write_zeroes(start + within, part));
    }
    offset += part;
    length -= part;
  }
  return {};
}

Result<void> Writer::put(std::uint64_t block, std::uint32_t entry) {
  return map_.cache().put(file_, map_.entry_offset(block), bytes_of(entry));
}

Result<void> Writer::flush() {
  auto& pending = map_.pending();
  if (pending.empty()) return file_.flush();
  // QEMU and VirtualBox put their next block where this count says.
  TRY_VOID(file_.write(at_allocated, bytes_of(map_.header().allocated)));
  TRY_VOID(file_.flush());
  for (auto [block, entry] : pending) TRY_VOID(put(block, entry));
  TRY_VOID(file_.flush());
  pending.clear();
  return {};
}

// The map can grow to where the data begin.
Result<void> Writer::make_room(std::uint64_t blocks) {
  auto& header = map_.header();
  if (blocks <= header.blocks) return {};
  if (blocks > most_blocks || header.map_offset + blocks * 4 > header.data_offset) {
    return fail(Code::unsupported,
                "the map has no room for {} blocks before the data begin: make a new image",
                blocks);
  }
  std::vector<std::byte> unused;
  for (std::uint64_t block = header.blocks; block < blocks; block += unused.size() / 4) {
    unused.assign(std::min<std::uint64_t>(blocks - block, 16384) * 4, std::byte{0xFF});
    TRY_VOID(map_.cache().put(file_, map_.entry_offset(block), unused));
  }
  TRY_VOID(file_.flush());
  TRY_VOID(file_.write(at_blocks, bytes_of(static_cast<std::uint32_t>(blocks))));
  TRY_VOID(file_.flush());
  header.blocks = static_cast<std::uint32_t>(blocks);
  return {};
}

// What is beyond the disk's end, in its last block and in the map, can be anything.
Result<void> Writer::clear_beyond(std::uint64_t size) {
  std::uint64_t bytes = map_.header().block_bytes, old_size = map_.header().disk_size;
  if (auto within = old_size % bytes; within != 0) {
    TRY(auto entry, map_.entry(old_size / bytes));
    if (entry < zero_entry) {
      TRY(auto start, map_.locate(old_size / bytes, entry));
      TRY_VOID(file_.write_zeroes(start + within, bytes - within));
      if (file_.size() < start + bytes) TRY_VOID(file_.resize(start + bytes));
    }
  }
  for (auto block = map_.used_blocks(); block < divide_up(size, bytes); ++block) {
    TRY(auto entry, map_.entry(block));
    if (entry != free_entry) TRY_VOID(put(block, free_entry));
  }
  return file_.flush();
}

Result<void> Writer::put_size(std::uint64_t size) {
  std::array<std::byte, 8> bytes;
  put_le<std::uint64_t>(bytes, 0, size);
  TRY_VOID(file_.write(at_disk_size, bytes));
  TRY_VOID(file_.flush());
  map_.header().disk_size = size;
  description_.size = size;
  return {};
}

Result<void> Writer::resize(std::uint64_t size) {
  if (map_.header().type != Type::dynamic)
    return fail(Code::unsupported, "a static disk is as large as it is: make a new image");
  if (size % 512 != 0) return fail(Code::invalid, "a disk of {} bytes is not whole sectors", size);
  TRY_VOID(flush());
  TRY_VOID(make_room(divide_up(size, map_.header().block_bytes)));
  bool shrinks = size < map_.header().disk_size;
  if (!shrinks) TRY_VOID(clear_beyond(size));
  TRY_VOID(put_size(size));
  return shrinks ? find_lost() : Result<void>{};
}

}  // namespace truce::image::vdi
