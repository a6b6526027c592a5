// Refcounts of host clusters as they are stored ([qcow2] Host cluster management).
#pragma once

#include <cstdint>

#include "image/file.h"
#include "qcow2/header.h"
#include "table_cache.h"

namespace truce::image::qcow2 {

/// Entry `index` of a refcount block whose entries have 2^order bits.
std::uint64_t refcount_in(View block, std::uint64_t index, std::uint32_t order);
void put_refcount(Span block, std::uint64_t index, std::uint32_t order, std::uint64_t value);
/// The largest number that fits.
constexpr std::uint64_t largest_refcount(std::uint32_t order) {
  return order == 6 ? ~std::uint64_t{0} : (std::uint64_t{1} << (1U << order)) - 1;
}

/// The refcount table and its blocks, read as they are needed.
class RefcountReader {
 public:
  RefcountReader(const File& file, const Header& header)
      : file_(file), header_(header), cache_(file, 32) {}
  /// Where block `index` lies: 0 where there is none; Code::corrupt when it is misplaced.
  Result<std::uint64_t> block(std::uint64_t index);
  /// The refcount of a host cluster; 0 where its block is missing or misplaced.
  Result<std::uint64_t> at(std::uint64_t cluster);
  [[nodiscard]] std::uint64_t blocks() const { return header_.refcount_table_bytes() / 8; }

 private:
  const File& file_;
  const Header& header_;
  TableCache cache_;
  TableCache::Page page_;  // used last
  std::uint64_t block_index_ = ~std::uint64_t{0}, block_offset_ = 0;
};

}  // namespace truce::image::qcow2
