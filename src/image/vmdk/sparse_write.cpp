// Writing into a sparse extent. New grains are put behind all others, where no crash can have left
// anything, and tables learn of them after they have been flushed: whatever part of the writes
// after the last flush arrives, each grain is the old one or the new one.
#include <algorithm>
#include <limits>

#include "byte_order.h"
#include "vmdk/sparse.h"

namespace truce::image::vmdk {
namespace {

/// Grains that wait for a flush before the tables learn of them.
constexpr std::size_t pending_limit = 4096;

}  // namespace

using State = Piece::State;

Result<void> SparseStore::mark(bool unclean) {
  auto byte = static_cast<std::byte>(unclean);
  tables_.unclean = unclean;
  return file_->write(unclean_at, View(&byte, 1));
}

Result<void> SparseStore::begin() {
  if (tables_.unclean) return mend_redundant();
  return mark(true);
}

Result<void> SparseStore::end() {
  return mark(false);
}

Result<void> SparseStore::mend_redundant() {
  if (tables_.redundant_directory == 0) return {};
  Cursor directory(*this), second(*this), entries(*this), copies(*this);
  for (std::uint64_t index = 0; index < tables_.count(); ++index) {
    TRY(auto table_at, table(directory, tables_.directory, index));
    TRY(auto copy_at, table(second, tables_.redundant_directory, index));
    if (table_at == copy_at) continue;
    if (table_at == 0 || copy_at == 0) {
      return fail(Code::corrupt, "{}: only one of the two directories has the grain table {}",
                  file_->name(), index);
    }
    for (std::uint64_t at = 0; at < tables_.entries * 4; at += 4) {
      TRY(auto entry, entries.entry(table_at + at));
      TRY(auto copy, copies.entry(copy_at + at));
      if (entry == copy) continue;
      std::array<std::byte, 4> bytes;
      put_le<std::uint32_t>(bytes, 0, static_cast<std::uint32_t>(entry));
      TRY_VOID(cache_.put(shelf_, base_ + copy_at + at, bytes));
    }
  }
  return {};
}

Result<std::uint64_t> SparseStore::allocate(std::uint64_t number) {
  Cursor directory(*this);
  TRY(auto table_at, table(directory, tables_.directory, number / tables_.entries));
  if (table_at == 0) {
    return fail(Code::unsupported,
                "{}: grain {} has no table; writing needs an image with all tables: convert it",
                file_->name(), number);
  }
  auto used = file_->size() - tables_.overhead;
  auto place = tables_.overhead + round_up(used, tables_.grain);
  if ((place + tables_.grain) / sector_bytes > std::numeric_limits<std::uint32_t>::max())
    return fail(Code::limit, "{}: a sparse extent cannot hold more than 2 TiB of data",
                file_->name());
  TRY_VOID(file_->resize(place + tables_.grain));
  return place;
}

Result<void> SparseStore::add_pending(std::uint64_t number, std::uint64_t place) {
  pending_[number] = place;
  return pending_.size() < pending_limit ? Result<void>{} : commit();
}

Result<void> SparseStore::write_new(std::uint64_t offset, View from, const Below& below) {
  auto number = offset / tables_.grain, start = number * tables_.grain;
  auto length = grain_length(number);
  if (!below || from.size() == length) {
    TRY(auto place, allocate(number));
    TRY_VOID(file_->write(place + (offset - start), from));
    return add_pending(number, place);
  }
  std::vector<std::byte> content(length);
  TRY_VOID(below(start, content));
  std::ranges::copy(from, content.begin() + static_cast<std::ptrdiff_t>(offset - start));
  TRY(auto place, allocate(number));
  TRY_VOID(file_->write(place, content));
  return add_pending(number, place);
}

Result<void> SparseStore::write(std::uint64_t offset, View from, const Below& below) {
  while (!from.empty()) {
    TRY(auto piece, find(offset, from.size()));
    auto part = piece.length;
    if (piece.state == State::stored) {
      TRY_VOID(file_->write(piece.offset, from.first(part)));
    } else {
      part = std::min(part, tables_.grain - offset % tables_.grain);
      TRY_VOID(write_new(offset, from.first(part), piece.state == State::zero ? Below{} : below));
    }
    offset += part;
    from = from.subspan(part);
  }
  return {};
}

Result<void> SparseStore::write_zeroes(std::uint64_t offset, std::uint64_t length,
                                       const Below& below) {
  while (length != 0) {
    TRY(auto piece, find(offset, length));
    auto part = piece.length;
    if (piece.state == State::stored) {
      TRY_VOID(file_->write_zeroes(piece.offset, part));
    } else if (piece.state == State::absent && below) {
      // What hides the parent is a grain; a whole one costs nothing but its place in the tables.
      auto number = offset / tables_.grain;
      part = std::min(part, tables_.grain - offset % tables_.grain);
      if (part == grain_length(number)) {
        TRY(auto place, allocate(number));
        TRY_VOID(add_pending(number, place));
      } else {
        TRY_VOID(write_new(offset, std::vector<std::byte>(part), below));
      }
    }
    offset += part;
    length -= part;
  }
  return {};
}

Result<void> SparseStore::write_entries(std::uint64_t first, View entries) {
  Cursor cursor(*this);
  for (auto directory : {tables_.redundant_directory, tables_.directory}) {
    if (directory == 0) continue;
    TRY(auto table_at, table(cursor, directory, first / tables_.entries));
    if (table_at == 0)
      return fail(Code::corrupt, "{}: the redundant directory lacks a table", file_->name());
    TRY_VOID(cache_.put(shelf_, base_ + table_at + first % tables_.entries * 4, entries));
  }
  return {};
}

// The file is cut behind its tables when these, on the disk, point at nothing.
Result<void> SparseStore::forget() {
  Cursor cursor(*this);
  std::vector<std::byte> nothing(tables_.entries * tables_.entry_bytes());
  auto end = tables_.overhead;
  for (auto directory : {tables_.redundant_directory, tables_.directory}) {
    if (directory == 0) continue;
    for (std::uint64_t index = 0; index < tables_.count(); ++index) {
      TRY(auto table_at, table(cursor, directory, index));
      if (table_at == 0) continue;
      TRY_VOID(cache_.put(shelf_, base_ + table_at, nothing));
      end = std::max(end, table_at + nothing.size());
    }
  }
  TRY_VOID(file_->flush());
  return file_->size() > end ? file_->resize(end) : Result<void>{};
}

Result<void> SparseStore::commit() {
  if (pending_.empty()) return {};
  TRY_VOID(file_->flush());
  std::vector<std::byte> entries;
  for (auto next = pending_.begin(); next != pending_.end();) {
    // Grains that follow one another in one table are one write.
    auto first = next->first;
    entries.clear();
    do {
      entries.resize(entries.size() + 4);
      put_le<std::uint32_t>(entries, entries.size() - 4,
                            static_cast<std::uint32_t>(next->second / sector_bytes));
      ++next;
    } while (next != pending_.end() && next->first == first + entries.size() / 4 &&
             next->first % tables_.entries != 0);
    TRY_VOID(write_entries(first, entries));
  }
  pending_.clear();
  return {};
}

}  // namespace truce::image::vmdk
