// Follows all tables of a sparse extent.
#include <algorithm>
#include <array>
#include <unordered_map>

#include "byte_order.h"
#include "vmdk/sparse.h"

namespace truce::image::vmdk {
namespace {

/// Numbers that were seen; memory follows how many there are and how far apart, not what a header
/// claims.
class Seen {
 public:
  /// False when it was there already.
  bool add(std::uint64_t number) {
    auto& word = words_of(number)[number % chunk_numbers / 64];
    auto bit = std::uint64_t{1} << number % 64;
    if ((word & bit) != 0) return false;
    word |= bit;
    ++count_;
    return true;
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  static constexpr std::uint64_t chunk_numbers = 32768;
  using Words = std::array<std::uint64_t, chunk_numbers / 64>;
  Words& words_of(std::uint64_t number) {
    auto& chunk = chunks_[number / chunk_numbers];
    if (!chunk) chunk = std::make_unique<Words>();
    return *chunk;
  }
  std::unordered_map<std::uint64_t, std::unique_ptr<Words>> chunks_;
  std::uint64_t count_ = 0;
};

}  // namespace

class SparseCheck {
 public:
  SparseCheck(SparseStore& store, Store::Depth depth, CheckReport& report)
      : store_(store),
        depth_(depth),
        tables_(store.tables_),
        report_(report),
        directory_(store),
        second_(store),
        entries_(store),
        other_entries_(store) {}

  Result<void> run() {
    note_metadata(tables_.directory, tables_.count() * 4);
    note_metadata(tables_.redundant_directory, tables_.count() * 4);
    for (std::uint64_t index = 0; index < tables_.count(); ++index) {
      auto table_at = store_.table(directory_, tables_.directory, index);
      std::uint64_t other_at = 0;
      if (tables_.redundant_directory != 0) {
        TRY(other_at, redundant(index));
      }
      if (!table_at) {
        TRY_VOID(note(table_at.error()));
        continue;
      }
      if (*table_at == 0) continue;
      for (auto at : {*table_at, other_at}) note_metadata(at, tables_.entries * 4);
      // Not followed again: the work stays within the size of the file.
      if (!table_starts_.add(*table_at / sector_bytes)) {
        report_.corruption(fmt::format(
            "{}: two entries of the grain directory have the table at byte {}", name(), *table_at));
        continue;
      }
      TRY_VOID(table(index, *table_at, other_at));
    }
    count_leaks();
    return {};
  }

 private:
  [[nodiscard]] std::string name() const { return store_.file_->name(); }

  /// Directories and tables that lie among the grains: a disk that was made larger has them there.
  void note_metadata(std::uint64_t at, std::uint64_t bytes) {
    if (at < tables_.overhead || bytes == 0) return;
    auto last = (at + bytes - 1 - tables_.overhead) / tables_.grain;
    for (auto unit = (at - tables_.overhead) / tables_.grain; unit <= last; ++unit)
      metadata_.add(unit);
  }

  /// A damage is listed; anything else ends the check.
  Result<void> note(const Error& error) {
    if (error.code != Code::corrupt) return std::unexpected(error);
    report_.corruption(error.message);
    return {};
  }

  /// The redundant table `index`, 0 when there is none that can be read.
  Result<std::uint64_t> redundant(std::uint64_t index) {
    auto found = store_.table(second_, tables_.redundant_directory, index);
    if (!found) {
      TRY_VOID(note(std::move(found).error().within("redundant")));
      return 0;
    }
    return *found;
  }

  Result<void> table(std::uint64_t index, std::uint64_t table_at, std::uint64_t other_at) {
    auto first = index * tables_.entries;
    auto count = std::min(tables_.entries, divide_up(tables_.size, tables_.grain) - first);
    bool differs = other_at == 0 && tables_.redundant_directory != 0;
    if (other_at == table_at) other_at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      TRY(auto entry, entries_.entry(table_at + i * tables_.entry_bytes()));
      if (other_at != 0) {
        TRY(auto other, other_entries_.entry(other_at + i * tables_.entry_bytes()));
        differs = differs || other != entry;
      }
      if (entry == 0) continue;
      TRY_VOID(grain(first + i, entry));
    }
    if (!differs) return {};
    auto what =
        fmt::format("{}: grain table {}: the redundant copy is not the same", name(), index);
    // After a crash that is no damage: the next writer mends it.
    if (tables_.unclean) {
      report_.leak(std::move(what));
    } else {
      report_.corruption(std::move(what));
    }
    return {};
  }

  Result<void> grain(std::uint64_t number, std::uint64_t entry) {
    auto found = store_.grain(number, entry);
    if (!found) return note(found.error());
    if (found->state == Piece::State::compressed) {
      if (depth_ == Store::Depth::tables) return {};
      // That two grains share one place shows in the marker, which names one sector.
      auto content = store_.inflate(number, found->offset);
      return content ? Result<void>{} : note(content.error());
    }
    if (found->state != Piece::State::stored) return {};
    if (found->offset < tables_.overhead)
      report_.corruption(fmt::format("{}: grain {} at byte {} is among the tables", name(), number,
                                     found->offset));
    // Where grains lie on a grid of their size, each fills one unit of it.
    if (places_.count() == 0) grid_ = found->offset % tables_.grain;
    auto shifted = found->offset + tables_.grain - grid_;
    bool free = places_.add(shifted / tables_.grain);
    if (shifted % tables_.grain != 0 && free) free = places_.add(shifted / tables_.grain + 1);
    if (!free) {
      report_.corruption(fmt::format("{}: grain {}: another one is at byte {}, too", name(), number,
                                     found->offset));
    }
    return {};
  }

  void count_leaks() {
    if (tables_.dialect != Tables::Dialect::hosted || tables_.compressed) return;
    auto size = store_.file_->size();
    auto room = size > tables_.overhead ? (size - tables_.overhead) / tables_.grain : 0;
    auto used = places_.count() + metadata_.count();
    if (room <= used || grid_ != tables_.overhead % tables_.grain) return;
    report_.leak(fmt::format("{}: {} grains are used by nothing", name(), room - used));
    report_.leaks += room - used - 1;
  }

  SparseStore& store_;
  Store::Depth depth_;
  const Tables& tables_;
  CheckReport& report_;
  SparseStore::Cursor directory_, second_, entries_, other_entries_;
  Seen places_, table_starts_, metadata_;
  std::uint64_t grid_ = 0;
};

Result<void> SparseStore::check(Depth depth, CheckReport& report) {
  return SparseCheck(*this, depth, report).run();
}

}  // namespace truce::image::vmdk
