// The block allocation table and the sector bitmaps: where each part of the disk stands.
// [MS-VHDX] 2.5
#pragma once

#include "table_cache.h"
#include "vhdx/metadata.h"
#include "vhdx/overlay.h"

namespace truce::image::vhdx {

/// [MS-VHDX] 2.5.1.1; of a bitmap only the first and `present` are legal: 2.5.1.2
enum class State : std::uint8_t {
  not_present = 0,
  undefined = 1,
  zero = 2,
  unmapped = 3,
  present = 6,
  partial = 7,  ///< some sectors are here, by the bitmap; the others in the parent
};

struct Entry {
  State state = State::not_present;
  std::uint64_t offset = 0;  ///< in the file, where the state has one
  [[nodiscard]] bool placed() const { return state == State::present || state == State::partial; }
};

constexpr std::uint64_t state_mask = 7, offset_mask = ~(mebibyte - 1);  // [MS-VHDX] 2.5.1
std::uint64_t encode(const Entry& entry);

/// Blocks and sectors that follow one another with one state; where they are placed, one after
/// another in the file, too.
struct Blocks {
  Entry entry;
  std::uint64_t count = 0;
};
struct Sectors {
  bool here = false;
  std::uint64_t count = 0;
};

/// Where the entries stand. All by the number of the payload block.
struct Shape {
  std::uint64_t block_size = 0, disk_size = 0, sector_size = 0;
  bool has_parent = false;

  /// Payload blocks for each block of the sector bitmap. [MS-VHDX] 2.4.2
  [[nodiscard]] std::uint64_t chunk_ratio() const { return (sector_size << 23) / block_size; }
  [[nodiscard]] std::uint64_t blocks() const;
  /// Of the table, bitmaps included. [MS-VHDX] 2.5
  [[nodiscard]] std::uint64_t entries() const;
  [[nodiscard]] std::uint64_t index(std::uint64_t block) const {
    return block + block / chunk_ratio();
  }
  [[nodiscard]] std::uint64_t bitmap_index(std::uint64_t block) const {
    return block / chunk_ratio() * (chunk_ratio() + 1) + chunk_ratio();
  }
  /// The first payload block at or behind the table's entry `index`.
  [[nodiscard]] std::uint64_t block_from(std::uint64_t index) const {
    auto entries = chunk_ratio() + 1;
    return index / entries * chunk_ratio() + std::min(index % entries, chunk_ratio());
  }
  /// How much of a block the guest sees: less for the last one.
  [[nodiscard]] std::uint64_t visible(std::uint64_t block) const;
};

/// Reads entries and checks each before it is used: legal state, and a place that is in the file
/// and over no table.
class Tables {
 public:
  /// Code::corrupt when the table is too small for the disk.
  static Result<std::unique_ptr<Tables>> make(std::shared_ptr<Overlay> view, Regions regions,
                                              const Metadata& metadata);
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] const Regions& regions() const { return regions_; }

  Result<Entry> payload(std::uint64_t block);
  /// From `block` on, at most `most`; placed ones no further than a page of the table.
  Result<Blocks> run(std::uint64_t block, std::uint64_t most);
  /// How many blocks from `block` on, at most `most`, have the same bits in the table as it has,
  /// the entries of bitmaps between them included. Holes of the file are passed over at once.
  Result<std::uint64_t> alike(std::uint64_t block, std::uint64_t most);
  /// Of a block that is partly here, from its sector `first` on.
  Result<Sectors> sectors(std::uint64_t block, std::uint64_t first, std::uint64_t most);
  /// The bitmap block that `block` belongs to.
  Result<Entry> bitmap(std::uint64_t block);
  /// The entry as it stands, unchecked, by its place in the table.
  Result<std::uint64_t> raw(std::uint64_t index);
  /// Where in the file the bits of a block stand, in its bitmap at `bitmap`.
  [[nodiscard]] Range bits(std::uint64_t block, std::uint64_t bitmap) const;
  Result<Entry> checked(std::uint64_t block, std::uint64_t raw) const;
  Result<Entry> checked_bitmap(std::uint64_t block, std::uint64_t raw) const;

  // For a writer: the changes go to the view.
  Result<void> set(std::uint64_t index, const Entry& entry);
  Result<void> put(std::uint64_t offset, View bytes) { return cache_.put(*view_, offset, bytes); }
  void resize(std::uint64_t disk_size) { shape_.disk_size = disk_size; }
  void move(Regions regions) { regions_ = std::move(regions); }
  /// Whether the table has room for a disk of that size.
  [[nodiscard]] bool holds(std::uint64_t disk_size) const;

 private:
  Tables(std::shared_ptr<Overlay> view, Regions regions, const Shape& shape)
      : view_(std::move(view)), regions_(std::move(regions)), shape_(shape), cache_(*view_) {}
  [[nodiscard]] std::uint64_t entry_at(std::uint64_t index) const {
    return regions_.bat.offset + index * sizeof(std::uint64_t);
  }
  [[nodiscard]] bool place_is_legal(const Range& place, std::uint64_t used) const;

  std::shared_ptr<Overlay> view_;
  Regions regions_;
  Shape shape_;
  TableCache cache_;
};

}  // namespace truce::image::vhdx
