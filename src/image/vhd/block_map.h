// Where the blocks of a dynamic or differencing disk lie.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "image/image.h"
#include "table_cache.h"
#include "vhd/layout.h"

namespace truce::image::vhd {

/// A range of the guest's disk that is of one kind.
struct Piece {
  std::uint64_t length = 0;
  std::optional<std::uint64_t> offset;  ///< in the file; none: it is not stored here
};

/// A block that was changed and whose tables do not say so yet.
struct Pending {
  std::uint64_t offset = 0;  ///< of its bitmap, in the file
  bool fresh = false;        ///< the table has no entry for it yet
  std::vector<std::byte> bitmap;
};

/// The block allocation table and the bitmaps of blocks: [VHD] Block Allocation Table and Data
/// Blocks. Every entry is checked before it is used. What is pending counts as written.
class BlockMap {
 public:
  BlockMap(const File& file, const Footer& footer, const Header& header, std::uint64_t end)
      : file_(file), cache_(file), footer_(footer), header_(header), end_(end) {}

  /// The piece that begins at `offset`, at most `length` long.
  Result<Piece> piece(std::uint64_t offset, std::uint64_t length);
  /// Where the block begins in the file (its bitmap), none when it has no place.
  Result<std::optional<std::uint64_t>> place(std::uint64_t block);
  /// Checks that `entry` is a place where the block can be.
  Result<std::uint64_t> verify(std::uint64_t block, std::uint32_t entry) const;

  [[nodiscard]] std::uint64_t blocks() const;
  [[nodiscard]] std::uint64_t block_bytes() const { return header_.block_bytes; }
  [[nodiscard]] std::uint64_t bitmap_bytes() const { return vhd::bitmap_bytes(block_bytes()); }
  /// Bytes that a block has with its bitmap.
  [[nodiscard]] std::uint64_t whole_bytes() const { return bitmap_bytes() + block_bytes(); }
  [[nodiscard]] std::uint64_t entry_offset(std::uint64_t block) const {
    return header_.table_offset + block * 4;
  }
  [[nodiscard]] std::uint64_t end() const { return end_; }
  void set_end(std::uint64_t end) { end_ = end; }
  void set_tables(const Footer& footer, const Header& header);
  TableCache& cache() { return cache_; }
  std::map<std::uint64_t, Pending>& pending() { return pending_; }

 private:
  Result<Piece> unplaced(std::uint64_t offset, std::uint64_t length);
  Result<Piece> placed(std::uint64_t offset, std::uint64_t length, std::uint64_t place,
                       const Pending* pending);

  const File& file_;
  TableCache cache_;
  Footer footer_;
  Header header_;
  std::uint64_t end_;
  std::map<std::uint64_t, Pending> pending_;
};

}  // namespace truce::image::vhd
