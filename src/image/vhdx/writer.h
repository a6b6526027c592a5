// Writing into a VHDX that exists.
#pragma once

#include <vector>

#include "vhdx/disk.h"
#include "vhdx/journal.h"

namespace truce::image::vhdx {

/// Data goes to its place at once. What the tables shall say is kept in memory and committed by
/// flush(), or when much of it has come together: two flushes of the file for all of it.
class Writer final : public Writable {
 public:
  Writer(Disk& disk, Journal journal, Identity identity)
      : disk_(disk), journal_(std::move(journal)), identity_(identity) {}
  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override { return commit(); }
  Result<void> close() override;
  /// No block has a place any more: each shows the parent's.
  Result<void> forget();
  /// No block is partly here any more, and none has a sector bitmap: as it must be without a
  /// parent.
  Result<void> complete();
  [[nodiscard]] Journal& journal() { return journal_; }

 private:
  [[nodiscard]] Tables& tables() const { return *disk_.tables_; }
  [[nodiscard]] const Shape& shape() const { return disk_.tables_->shape(); }
  Result<void> begin(std::uint64_t offset, std::uint64_t length);
  /// Once, before the first change: what is damaged is not written to.
  Result<void> look();
  Result<void> commit();
  /// Commits when enough has come together.
  Result<void> settle();
  Result<void> set(std::uint64_t block, const Entry& entry) {
    return tables().set(shape().index(block), entry);
  }

  Result<void> find_end();
  /// Room of `length` bytes at the file's end; reads as zeros.
  Result<std::uint64_t> append(std::uint64_t length);
  /// A place for a block that reads as zeros.
  Result<std::uint64_t> allocate();
  /// The place may be used again when it is certain that no table on disk names it.
  void release(const Entry& entry);

  Result<void> write_block(std::uint64_t block, std::uint64_t within, View from);
  Result<void> write_partial(std::uint64_t block, std::uint64_t within, View from);
  Result<void> put_sectors(std::uint64_t block, std::uint64_t first, View from);
  Result<void> forget_bitmaps();
  Result<void> fill_block(std::uint64_t block, const Entry& entry);
  Result<void> make_partial(std::uint64_t block);
  Result<void> set_bits(std::uint64_t block, std::uint64_t first, std::uint64_t count);
  Result<void> zero_blocks(const Blocks& blocks, std::uint64_t block, std::uint64_t within,
                           std::uint64_t length);
  Result<void> zero_in_block(std::uint64_t block, std::uint64_t within, std::uint64_t length);

  Result<void> shrink(std::uint64_t size);
  Result<void> grow(std::uint64_t size);
  Result<void> clear_tail();
  Result<void> move_table(std::uint64_t entries);
  Result<void> put_size(std::uint64_t size);

  Disk& disk_;
  Journal journal_;
  Identity identity_;
  bool looked_ = false;
  std::uint64_t end_ = 0;  ///< of all that is placed; 0: not looked for yet
  std::vector<std::uint64_t> released_, reusable_;  ///< places of blocks
};

}  // namespace truce::image::vhdx
