// Another size for a sparse extent. The header, which is one sector, is the moment of the change.
#include <algorithm>
#include <limits>

#include "byte_order.h"
#include "vmdk/sparse.h"

namespace truce::image::vmdk {
namespace {

constexpr std::uint64_t table_bytes = hosted_entries * 4;

}  // namespace

Result<void> SparseStore::put_header(std::uint64_t size) {
  Sector sector;
  TRY_VOID(file_->read(0, sector));
  TRY_VOID(parse_hosted(sector));
  put_le<std::uint64_t>(sector, 12, size / sector_bytes);
  put_le<std::uint64_t>(sector, 48, tables_.redundant_directory / sector_bytes);
  put_le<std::uint64_t>(sector, 56, tables_.directory / sector_bytes);
  TRY_VOID(file_->flush());
  TRY_VOID(file_->write(0, sector));
  TRY_VOID(file_->flush());
  tables_.size = size;
  return {};
}

/// Their entries are cleared, and what they held is given back.
Result<void> SparseStore::forget_grains(std::uint64_t first, std::uint64_t last) {
  Cursor directory(*this), entries(*this);
  const std::array<std::byte, 4> nothing{};
  for (auto number = first; number < last;) {
    TRY(auto table_at, table(directory, tables_.directory, number / tables_.entries));
    auto end = std::min(last, (number / tables_.entries + 1) * tables_.entries);
    for (; number < end && table_at != 0; ++number) {
      auto at = table_at + number % tables_.entries * 4;
      TRY(auto entry, entries.entry(at));
      if (entry == 0) continue;
      TRY_VOID(write_entries(number, nothing));
      auto place = entry * sector_bytes;
      bool stored = entry != zeroed_entry || !tables_.zeroed;
      if (stored && place >= tables_.overhead && inside(place, tables_.grain, file_->size()))
        TRY_VOID(file_->write_zeroes(place, tables_.grain));
    }
    number = end;
  }
  return file_->flush();
}

/// What of the last grain the guest did not see, and will see: zeros.
Result<void> SparseStore::clear_tail() {
  auto within = tables_.size % tables_.grain;
  if (within == 0) return {};
  TRY(auto piece, find(tables_.size - 1, 1));
  if (piece.state != Piece::State::stored) return {};
  auto from = piece.offset + 1;
  auto end = std::min(piece.offset + 1 + tables_.grain - within, file_->size());
  if (from < end) TRY_VOID(file_->write_zeroes(from, end - from));
  // A grain that was cut off at the file's end is whole.
  auto whole = piece.offset + 1 + tables_.grain - within;
  return file_->size() < whole ? file_->resize(whole) : Result<void>{};
}

/// Directories for `count` tables, behind all that is there; the old tables stay where they are.
Result<void> SparseStore::move_directories(std::uint64_t count) {
  auto old = tables_.count();
  auto directory_bytes = round_up(count * 4, sector_bytes);
  auto copies = tables_.redundant_directory != 0 ? 2U : 1U;
  auto one = directory_bytes + (count - old) * table_bytes;
  auto start = tables_.overhead + round_up(file_->size() - tables_.overhead, tables_.grain);
  auto end = start + round_up(one * copies, tables_.grain);
  if (end / sector_bytes > std::numeric_limits<std::uint32_t>::max())
    return fail(Code::limit, "{}: a sparse extent cannot hold more than 2 TiB", file_->name());
  TRY_VOID(file_->resize(end));
  std::array<std::uint64_t*, 2> directories{&tables_.directory, &tables_.redundant_directory};
  for (auto copy = copies; copy-- > 0;) {
    auto at = start + copy * one;
    std::vector<std::byte> directory(directory_bytes);
    TRY_VOID(file_->read(*directories[copy], Span(directory).first(old * 4)));
    for (auto index = old; index < count; ++index)
      put_le<std::uint32_t>(
          directory, index * 4,
          static_cast<std::uint32_t>((at + directory_bytes + (index - old) * table_bytes) /
                                     sector_bytes));
    TRY_VOID(file_->write(at, directory));
    *directories[copy] = at;
    tables_.metadata_start[1 + copy] = at;
    tables_.metadata_end[1 + copy] = at + count * 4;
  }
  cache_.forget(base_ + start, end - start);
  return {};
}

Result<void> SparseStore::resize(std::uint64_t size) {
  if (tables_.dialect != Tables::Dialect::hosted || tables_.compressed)
    return fail(Code::unsupported, "{}: an extent of this kind keeps its size", file_->name());
  auto old_grains = divide_up(tables_.size, tables_.grain);
  auto new_grains = divide_up(size, tables_.grain);
  if (size < tables_.size) {
    TRY_VOID(put_header(size));
    tables_.size = old_grains * tables_.grain;
    TRY_VOID(forget_grains(new_grains, old_grains));
    tables_.size = size;
    return {};
  }
  auto count = divide_up(size, tables_.span());
  if (count * 4 > std::uint64_t{64} << 20)
    return fail(Code::limit, "{}: a sparse extent of {} bytes", file_->name(), size);
  TRY_VOID(clear_tail());
  // Entries behind the old end may be left from a larger disk.
  auto covered = tables_.count() * tables_.entries;
  auto seen = std::exchange(tables_.size, covered * tables_.grain);
  auto cleared = forget_grains(old_grains, covered);
  tables_.size = seen;
  TRY_VOID(cleared);
  if (count > tables_.count()) TRY_VOID(move_directories(count));
  return put_header(size);
}

}  // namespace truce::image::vmdk
