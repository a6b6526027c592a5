// Where the blocks of a VDI lie.
#pragma once

#include <map>

#include "image/image.h"
#include "table_cache.h"
#include "vdi/layout.h"

namespace truce::image::vdi {

/// A range of the guest's disk that is of one kind.
struct Piece {
  std::uint64_t length = 0;
  Kind kind = Kind::hole;    ///< hole: the entry is free; zero; data
  std::uint64_t offset = 0;  ///< of data, in the file
};

/// The map of blocks: [VDI] "the image block map". Every entry is checked before it is used.
/// Entries that are pending count as written.
class BlockMap {
 public:
  BlockMap(const File& file, const Header& header) : file_(file), cache_(file), header_(header) {}

  /// The piece that begins at `offset`, at most `length` long.
  Result<Piece> piece(std::uint64_t offset, std::uint64_t length);
  Result<std::uint32_t> entry(std::uint64_t block);
  /// Where the block with that entry, which is neither free nor zero, lies in the file.
  Result<std::uint64_t> locate(std::uint64_t block, std::uint32_t entry) const;
  /// What is wrong in the map and in the header's count.
  Result<CheckReport> check();

  [[nodiscard]] const Header& header() const { return header_; }
  Header& header() { return header_; }
  [[nodiscard]] std::uint64_t used_blocks() const;  ///< of the disk's size
  [[nodiscard]] std::uint64_t entry_offset(std::uint64_t block) const {
    return header_.map_offset + block * 4;
  }
  TableCache& cache() { return cache_; }
  std::map<std::uint64_t, std::uint32_t>& pending() { return pending_; }

 private:
  const File& file_;
  TableCache cache_;
  Header header_;
  std::map<std::uint64_t, std::uint32_t> pending_;
};

}  // namespace truce::image::vdi
