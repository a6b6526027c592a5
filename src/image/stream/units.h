// What formats share that are written in order: their tables come first, so what of a disk has a
// place is asked for before.
#pragma once

#include <vector>

#include "image/in_order.h"

namespace truce::image {

/// For each part of so many bytes (a power of two) whether the disk holds something in it, by its
/// extents.
Result<std::vector<bool>> held_units(Image& from, std::uint64_t unit);

/// Writes what comes before the data, and then, one after another, the units that have a place: as
/// holes where they are zero after all. The last one is whole, too. Code::conflict: there is
/// something where the disk said that there was not.
class UnitsInOrder : public Builder, public Packing {
 public:
  /// `at_once` units, which follow one another, are a block.
  UnitsInOrder(InOrder& to, std::vector<bool> held, std::uint64_t unit, std::uint64_t at_once = 1)
      : to_(to), held_(std::move(held)), unit_(unit), at_once_(at_once) {}

  [[nodiscard]] std::uint64_t block_size() const final { return unit_ * at_once_; }
  Packing* packing() final { return this; }
  [[nodiscard]] Result<std::vector<std::byte>> encode(std::uint64_t block,
                                                      View content) const final;
  Result<void> append(std::uint64_t block, View content) final;
  // How durable it is is known to whoever takes it.
  Result<void> finish(Durability durability) final;

 protected:
  [[nodiscard]] const std::vector<bool>& held() const { return held_; }
  /// Once, at the beginning. All of it, zeros too: what was in the file before must not show.
  virtual Result<void> write_head(InOrder& to) = 0;

 private:
  Result<void> begin();
  void pass(std::uint64_t end);
  Result<void> put(std::uint64_t index, View bytes);
  Result<void> send_hole();

  InOrder& to_;
  std::vector<bool> held_;
  std::uint64_t unit_, at_once_;
  bool begun_ = false;
  std::uint64_t next_ = 0;  ///< unit of the disk
  std::uint64_t hole_ = 0;  ///< bytes that are still to be told
};

}  // namespace truce::image
