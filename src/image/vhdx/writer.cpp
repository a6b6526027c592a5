#include "vhdx/writer.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image::vhdx {
namespace {

/// What is committed at once, whoever does not flush. One operation on a block adds less than the
/// rest up to Journal::most_sectors: two sectors of the table and 64 KiB of a bitmap.
constexpr std::size_t many_sectors = 64, many_places = 4096;
/// Places that are remembered for reuse; what is beyond is a hole in the file.
constexpr std::size_t most_reusable = 65536;

}  // namespace

Result<void> Writer::begin(std::uint64_t offset, std::uint64_t length) {
  if (!inside(offset, length, disk_.size()))
    return fail(Code::invalid, "{}: a write beyond the disk's end", disk_.file_->name());
  if (journal_.headers().current.log.length == 0)
    return fail(Code::unsupported, "{}: it has no log, and without one it cannot be written",
                disk_.file_->name());
  TRY_VOID(look());
  return journal_.begin(identity_ == Identity::kept ? Journal::Change::file
                                                    : Journal::Change::data);
}

/// Two blocks in one place, and a change of one would change or free the other.
Result<void> Writer::look() {
  if (looked_) return {};
  TRY(auto report, disk_.check_blocks());
  if (report.corruptions != 0) {
    auto first = std::ranges::find_if(
        report.problems, [](const auto& problem) { return problem.starts_with("corrupt: "); });
    return fail(Code::corrupt, "{}: it is damaged and is not written to: {}", disk_.file_->name(),
                first == report.problems.end() ? "see its check" : *first);
  }
  looked_ = true;
  return {};
}

Result<void> Writer::commit() {
  TRY_VOID(journal_.commit(*disk_.view_));
  for (auto place : released_) {
    TRY_VOID(disk_.file_->write_zeroes(place, shape().block_size));
    if (reusable_.size() < most_reusable) reusable_.push_back(place);
  }
  released_.clear();
  return {};
}

Result<void> Writer::settle() {
  if (disk_.view_->sectors().size() < many_sectors && released_.size() < many_places) return {};
  return commit();
}

Result<void> Writer::close() {
  TRY_VOID(commit());
  return journal_.empty_log();
}

// A last block may stick out of the file where the guest sees only a part of it.
Result<void> Writer::find_end() {
  auto end = disk_.file_->size();
  for (std::uint64_t block = 0; block < shape().blocks();) {
    TRY(auto found, tables().run(block, shape().blocks() - block));
    if (found.entry.placed())
      end = std::max(end, found.entry.offset + found.count * shape().block_size);
    block += found.count;
  }
  for (const auto& range : tables().regions().reserved) end = std::max(end, range.end());
  end_ = round_up(end, mebibyte);
  return {};
}

Result<std::uint64_t> Writer::append(std::uint64_t length) {
  if (end_ == 0) TRY_VOID(find_end());
  if (!inside(end_, length, file_limit))
    return fail(Code::limit, "{}: the file would be larger than {} bytes", disk_.file_->name(),
                file_limit);
  TRY_VOID(disk_.file_->resize(end_ + length));
  return std::exchange(end_, end_ + length);
}

Result<std::uint64_t> Writer::allocate() {
  if (reusable_.empty()) return append(shape().block_size);
  auto place = reusable_.back();
  reusable_.pop_back();
  return place;
}

void Writer::release(const Entry& entry) {
  if (entry.placed()) released_.push_back(entry.offset);
}

Result<void> Writer::write(std::uint64_t offset, View from) {
  TRY_VOID(begin(offset, from.size()));
  while (!from.empty()) {
    auto block = offset / shape().block_size, within = offset % shape().block_size;
    auto part = std::min<std::uint64_t>(from.size(), shape().block_size - within);
    TRY_VOID(write_block(block, within, from.first(part)));
    TRY_VOID(settle());
    from = from.subspan(part);
    offset += part;
  }
  return {};
}

Result<void> Writer::write_block(std::uint64_t block, std::uint64_t within, View from) {
  TRY(auto entry, tables().payload(block));
  if (entry.state == State::present) return disk_.file_->write(entry.offset + within, from);
  bool whole = from.size() == shape().visible(block);
  if (entry.state == State::partial) return write_partial(block, within, from);
  if (disk_.from_parent(entry) && !whole) {
    TRY_VOID(make_partial(block));
    return write_partial(block, within, from);
  }
  TRY(auto place, allocate());
  TRY_VOID(disk_.file_->write(place + within, from));
  return set(block, {State::present, place});
}

/// All of a block that came from the parent still does, and can be replaced sector by sector.
Result<void> Writer::make_partial(std::uint64_t block) {
  TRY(auto bitmap, tables().bitmap(block));
  if (!bitmap.placed()) {
    TRY(bitmap.offset, append(mebibyte));
    bitmap.state = State::present;
    TRY_VOID(tables().set(shape().bitmap_index(block), bitmap));
  }
  auto bits = tables().bits(block, bitmap.offset);
  std::vector<std::byte> old(bits.length);
  TRY_VOID(disk_.view_->read(bits.offset, old));
  if (!all_zero(old)) TRY_VOID(tables().put(bits.offset, std::vector<std::byte>(bits.length)));
  TRY(auto place, allocate());
  return set(block, {State::partial, place});
}

Result<void> Writer::write_partial(std::uint64_t block, std::uint64_t within, View from) {
  auto sector_size = shape().sector_size;
  std::vector<std::byte> whole(sector_size);
  auto patch = [&](std::uint64_t first, std::uint64_t at, View bytes) -> Result<void> {
    TRY_VOID(disk_.read(block * shape().block_size + first * sector_size, whole));
    std::ranges::copy(bytes, whole.begin() + static_cast<std::ptrdiff_t>(at));
    return put_sectors(block, first, whole);
  };
  if (auto at = within % sector_size; at != 0) {
    auto part = std::min<std::uint64_t>(from.size(), sector_size - at);
    TRY_VOID(patch(within / sector_size, at, from.first(part)));
    within += part;
    from = from.subspan(part);
  }
  if (auto sectors = from.size() / sector_size; sectors != 0) {
    TRY_VOID(put_sectors(block, within / sector_size, from.first(sectors * sector_size)));
    within += sectors * sector_size;
    from = from.subspan(sectors * sector_size);
  }
  return from.empty() ? Result<void>{} : patch(within / sector_size, 0, from);
}

/// Whole sectors, and their bits.
Result<void> Writer::put_sectors(std::uint64_t block, std::uint64_t first, View from) {
  TRY(auto entry, tables().payload(block));
  TRY_VOID(disk_.file_->write(entry.offset + first * shape().sector_size, from));
  return set_bits(block, first, from.size() / shape().sector_size);
}

Result<void> Writer::set_bits(std::uint64_t block, std::uint64_t first, std::uint64_t count) {
  TRY(auto found, tables().sectors(block, first, count));
  if (found.here && found.count >= count) return {};
  TRY(auto bitmap, tables().bitmap(block));
  auto bits = tables().bits(block, bitmap.offset);
  auto begin = first / 8, end = divide_up(first + count, 8);
  std::vector<std::byte> bytes(end - begin);
  TRY_VOID(disk_.view_->read(bits.offset + begin, bytes));
  for (auto i = first; i < first + count; ++i)
    bytes[i / 8 - begin] |= static_cast<std::byte>(1U << (i % 8));
  return tables().put(bits.offset + begin, bytes);
}

Result<void> Writer::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  TRY_VOID(begin(offset, length));
  while (length != 0) {
    auto block = offset / shape().block_size, within = offset % shape().block_size;
    TRY(auto blocks, tables().run(block, divide_up(within + length, shape().block_size)));
    auto part = std::min(length, blocks.count * shape().block_size - within);
    auto state = blocks.entry.state;
    bool nothing =
        state == State::zero || (state == State::not_present && !disk_.metadata_.has_parent);
    if (!nothing) TRY_VOID(zero_blocks(blocks, block, within, part));
    offset += part;
    length -= part;
  }
  return {};
}

/// Blocks of one state, of the first from `within` on.
Result<void> Writer::zero_blocks(const Blocks& blocks, std::uint64_t block, std::uint64_t within,
                                 std::uint64_t length) {
  if (blocks.entry.state == State::present && disk_.metadata_.keeps_blocks)
    return disk_.file_->write_zeroes(blocks.entry.offset + within, length);
  while (length != 0) {
    auto part = std::min(length, shape().block_size - within);
    if (part == shape().visible(block)) {
      TRY(auto entry, tables().payload(block));
      release(entry);
      TRY_VOID(set(block, {State::zero, 0}));
    } else {
      TRY_VOID(zero_in_block(block, within, part));
    }
    TRY_VOID(settle());
    ++block;
    within = 0;
    length -= part;
  }
  return {};
}

Result<void> Writer::zero_in_block(std::uint64_t block, std::uint64_t within,
                                   std::uint64_t length) {
  TRY(auto entry, tables().payload(block));
  if (entry.state == State::present)
    return disk_.file_->write_zeroes(entry.offset + within, length);
  // Undefined and unmapped blocks are read as zeros: say so to others.
  if (entry.state != State::partial && !disk_.from_parent(entry))
    return set(block, {State::zero, 0});
  std::vector<std::byte> zeros(std::min<std::uint64_t>(length, 65536));
  while (length != 0) {
    auto part = std::min<std::uint64_t>(length, zeros.size());
    TRY_VOID(write_block(block, within, View(zeros).first(part)));
    within += part;
    length -= part;
  }
  return {};
}

Result<void> Writer::resize(std::uint64_t size) {
  if (disk_.metadata_.has_parent) {
    return fail(Code::unsupported,
                "{}: the size of a differencing disk is its parent's: commit it, resize that",
                disk_.file_->name());
  }
  TRY_VOID(begin(0, 0));
  if (size == 0 || size > most_disk || size % shape().sector_size != 0) {
    return fail(Code::invalid,
                "{}: a disk cannot have {} bytes: whole sectors of {}, at most 64 TiB",
                disk_.file_->name(), size, shape().sector_size);
  }
  if (size == disk_.size()) return {};
  return size < disk_.size() ? shrink(size) : grow(size);
}

Result<void> Writer::put_size(std::uint64_t size) {
  std::array<std::byte, 8> bytes{};
  put_le<std::uint64_t>(bytes, 0, size);
  TRY_VOID(tables().put(disk_.metadata_.size_at, bytes));
  tables().resize(size);
  disk_.metadata_.size = disk_.description_.size = size;
  return settle();
}

// The size goes first: entries beyond it that a crash leaves are cleared when it grows again.
Result<void> Writer::shrink(std::uint64_t size) {
  auto blocks = shape().blocks();
  TRY_VOID(put_size(size));
  TRY_VOID(commit());
  for (auto block = shape().blocks(); block < blocks; ++block) {
    TRY(auto entry, tables().payload(block));
    release(entry);
    TRY_VOID(set(block, {}));
    TRY_VOID(settle());
  }
  return commit();
}

Result<void> Writer::grow(std::uint64_t size) {
  TRY_VOID(commit());
  auto wider = shape();
  wider.disk_size = size;
  if (!tables().holds(size)) TRY_VOID(move_table(wider.entries()));
  TRY_VOID(clear_tail());
  for (auto block = shape().blocks(); block < wider.blocks(); ++block) {
    TRY(auto raw, tables().raw(shape().index(block)));
    Entry entry;
    if (disk_.metadata_.keeps_blocks) {
      TRY(entry.offset, allocate());
      entry.state = State::present;
    }
    if (raw != encode(entry)) TRY_VOID(set(block, entry));
    TRY_VOID(settle());
  }
  TRY_VOID(put_size(size));
  return commit();
}

/// What of the last block the guest did not see, and will see: zeros.
Result<void> Writer::clear_tail() {
  if (shape().disk_size % shape().block_size == 0) return {};
  auto last = shape().blocks() - 1;
  TRY(auto entry, tables().payload(last));
  if (!entry.placed()) return {};
  auto end = entry.offset + shape().block_size;
  if (disk_.file_->size() < end) TRY_VOID(disk_.file_->resize(end));
  auto seen = shape().visible(last);
  return disk_.file_->write_zeroes(entry.offset + seen, shape().block_size - seen);
}

/// A larger table at the end of the file. Both copies of the region table change with one commit;
/// the old table's room is lost.
Result<void> Writer::move_table(std::uint64_t entries) {
  auto regions = tables().regions();
  auto old = regions.bat;
  auto length = round_up(entries * sizeof(std::uint64_t), mebibyte);
  TRY(auto offset, append(length));
  std::vector<std::byte> bytes(65536);
  for (std::uint64_t done = 0; done < old.length; done += bytes.size()) {
    TRY_VOID(disk_.file_->read(old.offset + done, bytes));
    TRY_VOID(disk_.file_->write(offset + done, bytes));
  }
  regions.bat = {offset, length};
  for (auto& region : regions.all) {
    if (region.id == bat_region) region.range = regions.bat;
  }
  TRY(regions.reserved, reserve(regions.all, journal_.headers().current.log));
  TRY_VOID(write_regions(*disk_.view_, regions.all));
  tables().move(std::move(regions));
  return {};
}

}  // namespace truce::image::vhdx
