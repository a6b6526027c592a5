#include "vmdk/sparse.h"

#include <libdeflate.h>

#include <algorithm>

#include "byte_order.h"

namespace truce::image::vmdk {

using State = Piece::State;

Result<std::uint64_t> SparseStore::Cursor::entry(std::uint64_t offset) {
  auto bytes = store_.tables_.entry_bytes();
  auto at = store_.base_ + offset;
  if (!page_.holds(at, bytes)) {
    TRY(page_, store_.cache_.page(at));
    ++pages_;
    TRUCE_ASSERT(page_.holds(at, bytes), "entries do not straddle pages");
  }
  auto view = page_.from(at);
  return bytes == 8 ? le<std::uint64_t>(view, 0) : le<std::uint32_t>(view, 0);
}

bool SparseStore::Cursor::nothing_until(std::uint64_t offset, std::uint64_t end) const {
  auto at = store_.base_ + offset;
  return page_.holds(at, end - offset) && all_zero(page_.from(at).first(end - offset));
}

Result<bool> SparseStore::Cursor::in_hole(std::uint64_t offset, std::uint64_t end) {
  if (page_.holds(store_.base_ + offset, 1)) return false;
  if (!asked_) {
    asked_ = true;
    TRY(auto run, store_.file_->run(offset, store_.file_->size() - offset));
    hole_start_ = offset;
    hole_end_ = run.stored ? offset : offset + run.length;
  }
  return offset >= hole_start_ && end <= hole_end_;
}

std::uint64_t SparseStore::grain_length(std::uint64_t number) const {
  return std::min(tables_.grain, tables_.size - number * tables_.grain);
}

Result<std::uint64_t> SparseStore::table(Cursor& cursor, std::uint64_t directory,
                                         std::uint64_t index) {
  TRY(auto entry, cursor.entry(directory + index * tables_.entry_bytes()));
  if (entry == 0) return 0;
  auto bytes = tables_.entries * tables_.entry_bytes();
  std::uint64_t start = 0;
  bool good = true;
  if (tables_.dialect == Tables::Dialect::sesparse) {
    // The high half says that there is a table, the low one is its number.
    auto number = entry & 0xffffffff;
    start = tables_.tables_start + number * bytes;
    good = entry >> 32 == 0x10000000 && inside(start, bytes, tables_.tables_end);
  } else {
    start = entry * sector_bytes;
    good = inside(start, bytes, file_->size()) && !tables_.in_metadata(start, bytes);
  }
  if (!good) {
    return fail(Code::corrupt, "{}: grain directory: entry {} is {:#x}, where no table can be",
                file_->name(), index, entry);
  }
  return start;
}

Result<Grain> SparseStore::sesparse_grain(std::uint64_t number, std::uint64_t entry) const {
  // The four highest bits: 0 not there, 1 unmapped by the guest, 2 zero, 3 there. The number of the
  // grain: its lower 12 bits are bits 48 to 59, the others are bits 0 to 47.
  auto kind = entry >> 60;
  if (entry == 0) return Grain{};
  if (kind == 1 || kind == 2) return Grain{State::zero};
  auto index = (entry >> 48 & 0xfff) | (entry & 0xffffffffffff) << 12;
  auto room = (tables_.grains_end - tables_.grains_start) / tables_.grain;
  if (kind != 3 || index >= room) {
    return fail(Code::corrupt, "{}: grain {}: the entry {:#x} is not inside the file",
                file_->name(), number, entry);
  }
  return Grain{State::stored, tables_.grains_start + index * tables_.grain};
}

Result<Grain> SparseStore::grain(std::uint64_t number, std::uint64_t entry) const {
  if (tables_.dialect == Tables::Dialect::sesparse) return sesparse_grain(number, entry);
  if (entry == 0) return Grain{};
  if (entry == zeroed_entry && tables_.zeroed) return Grain{State::zero};
  auto start = entry * sector_bytes;
  auto length = tables_.compressed ? grain_marker_bytes : grain_length(number);
  if (!inside(start, length, file_->size()) || tables_.in_metadata(start, length)) {
    return fail(Code::corrupt,
                "{}: grain {}: it is said to be at sector {}, which is {} of the file of {} bytes",
                file_->name(), number, entry,
                inside(start, length, file_->size()) ? "in the tables" : "beyond the end",
                file_->size());
  }
  return Grain{tables_.compressed ? State::compressed : State::stored, start};
}

/// A walk over entries that ends where the next grain does not continue the piece.
struct SparseStore::Scan {
  std::uint64_t at = 0;  ///< how far the piece reaches
  Grain first;           ///< what it began with, at `start`
  std::uint64_t start = 0;
  bool begun = false;
  Cursor directory, entries;

  /// Takes a grain that reaches to `end`; false when it is not one piece with what was before.
  bool take(const Grain& next, std::uint64_t next_start, std::uint64_t end) {
    if (!begun) {
      begun = true;
      first = next;
      start = next_start;
    } else if (next.state != first.state ||
               (next.state == State::stored && next.offset - first.offset != next_start - start)) {
      return false;
    }
    at = end;
    return true;
  }
};

Result<bool> SparseStore::scan_table(Scan& scan, std::uint64_t table_at, std::uint64_t end) {
  while (scan.at < end) {
    auto number = scan.at / tables_.grain;
    auto index = number % tables_.entries;
    auto entry_at = table_at + index * tables_.entry_bytes();
    auto last = index + divide_up(end - number * tables_.grain, tables_.grain);
    auto last_at = table_at + last * tables_.entry_bytes();
    bool absent = scan.begun && scan.first.state == State::absent;
    if (absent) {
      TRY(bool hole, scan.entries.in_hole(entry_at, last_at));
      if (hole) return scan.take({}, scan.at, end);
    }
    TRY(auto entry, scan.entries.entry(entry_at));
    if (entry == 0 && (absent || !scan.begun) && scan.entries.nothing_until(entry_at, last_at))
      return scan.take({}, scan.at, end);
    TRY(auto next, grain(number, entry));
    auto start = number * tables_.grain;
    if (!scan.take(next, start, std::min(end, start + tables_.grain))) return false;
  }
  return true;
}

Result<Piece> SparseStore::find(std::uint64_t offset, std::uint64_t length) {
  TRUCE_ASSERT(length != 0 && inside(offset, length, tables_.size), "a range beyond the extent");
  Scan scan{.at = offset, .directory = Cursor(*this), .entries = Cursor(*this)};
  auto end = offset + length;
  if (auto next = pending_.lower_bound(offset / tables_.grain); next != pending_.end()) {
    auto start = next->first * tables_.grain;
    if (start <= offset) {
      length = std::min(length, start + tables_.grain - offset);
      return Piece{State::stored, length, file_.get(), next->second + (offset - start)};
    }
    end = std::min(end, start);
  }
  // At most one page of the directory and about one of tables are read.
  while (scan.at < end && scan.directory.pages() <= 1 && scan.entries.pages() <= 1) {
    auto index = scan.at / tables_.span();
    auto table_end = std::min(end, (index + 1) * tables_.span());
    TRY(auto table_at, table(scan.directory, tables_.directory, index));
    if (table_at == 0) {
      if (!scan.take({}, scan.at, table_end)) break;
      continue;
    }
    TRY(bool whole, scan_table(scan, table_at, table_end));
    if (!whole) break;
  }
  Piece piece{scan.first.state, scan.at - offset};
  if (piece.state == State::stored) {
    piece.file = file_.get();
    piece.offset = scan.first.offset + (offset - scan.start);
  }
  return piece;
}

Result<std::vector<std::byte>> SparseStore::inflate(std::uint64_t number, std::uint64_t offset) {
  std::array<std::byte, grain_marker_bytes> marker;
  TRY_VOID(file_->read(offset, marker));
  auto where = le<std::uint64_t>(marker, 0);
  std::uint64_t length = le<std::uint32_t>(marker, 8);
  auto bad = [&](std::string_view what) {
    return fail(Code::corrupt, "{}: grain {} at byte {}: {}", file_->name(), number, offset, what);
  };
  if (where != number * (tables_.grain / sector_bytes))
    return bad(fmt::format("its marker says that it belongs to sector {}", where));
  // zlib adds at most 5 bytes to 16 KiB that it cannot make smaller; twice is beyond any writer.
  if (length == 0 || length > 2 * tables_.grain ||
      !inside(offset + grain_marker_bytes, length, file_->size()))
    return bad(fmt::format("{} compressed bytes cannot be there", length));
  std::vector<std::byte> packed(length), content(tables_.grain);
  TRY_VOID(file_->read(offset + grain_marker_bytes, packed));
  std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) return fail(Code::limit, "no memory to decompress");
  std::size_t used = 0, got = 0;
  auto ended = libdeflate_zlib_decompress_ex(decompressor.get(), packed.data(), packed.size(),
                                             content.data(), content.size(), &used, &got);
  if (ended != LIBDEFLATE_SUCCESS) return bad("it cannot be decompressed");
  // The last grain of a disk may be short: VMware writes it so, others fill it up.
  if (got < grain_length(number)) return bad(fmt::format("it has only {} bytes", got));
  return content;
}

Result<std::shared_ptr<std::vector<std::byte>>> SparseStore::decoded(std::uint64_t number) {
  {
    std::lock_guard lock(mutex_);
    if (last_number_ == number) return last_grain_;
  }
  Cursor directory(*this), entries(*this);
  TRY(auto table_at, table(directory, tables_.directory, number / tables_.entries));
  if (table_at == 0) return fail(Code::internal, "a grain without a table is decoded");
  TRY(auto entry, entries.entry(table_at + number % tables_.entries * tables_.entry_bytes()));
  TRY(auto found, grain(number, entry));
  if (found.state != State::compressed)
    return fail(Code::internal, "a grain is decoded that is not compressed");
  TRY(auto content, inflate(number, found.offset));
  auto shared = std::make_shared<std::vector<std::byte>>(std::move(content));
  std::lock_guard lock(mutex_);
  last_number_ = number;
  last_grain_ = shared;
  return shared;
}

Result<void> SparseStore::decode(std::uint64_t offset, Span into) {
  while (!into.empty()) {
    auto number = offset / tables_.grain;
    auto from = offset % tables_.grain;
    auto part = std::min<std::uint64_t>(into.size(), tables_.grain - from);
    TRY(auto content, decoded(number));
    std::ranges::copy(View(*content).subspan(from, part), into.begin());
    into = into.subspan(part);
    offset += part;
  }
  return {};
}

}  // namespace truce::image::vmdk
