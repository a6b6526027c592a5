#include "qcow2/refcounts.h"

#include "byte_order.h"

namespace truce::image::qcow2 {

std::uint64_t refcount_in(View block, std::uint64_t index, std::uint32_t order) {
  switch (order) {
    case 3:
      return std::to_integer<std::uint64_t>(block[index]);
    case 4:
      return be<std::uint16_t>(block, index * 2);
    case 5:
      return be<std::uint32_t>(block, index * 4);
    case 6:
      return be<std::uint64_t>(block, index * 8);
    default: {
      auto bits = 1U << order;
      auto at = index * bits;
      return (std::to_integer<std::uint64_t>(block[at / 8]) >> (at % 8)) & ((1U << bits) - 1);
    }
  }
}

void put_refcount(Span block, std::uint64_t index, std::uint32_t order, std::uint64_t value) {
  switch (order) {
    case 3:
      block[index] = static_cast<std::byte>(value);
      return;
    case 4:
      put_be<std::uint16_t>(block, index * 2, static_cast<std::uint16_t>(value));
      return;
    case 5:
      put_be<std::uint32_t>(block, index * 4, static_cast<std::uint32_t>(value));
      return;
    case 6:
      put_be<std::uint64_t>(block, index * 8, value);
      return;
    default: {
      auto bits = 1U << order;
      auto at = index * bits;
      auto mask = static_cast<std::byte>(((1U << bits) - 1) << (at % 8));
      block[at / 8] = (block[at / 8] & ~mask) | (static_cast<std::byte>(value << (at % 8)) & mask);
    }
  }
}

Result<std::uint64_t> RefcountReader::block(std::uint64_t index) {
  if (index >= blocks()) return 0;
  TRY(auto value, cache_.be<std::uint64_t>(header_.refcount_table_offset + index * 8));
  auto size = header_.geometry.cluster_size();
  if (value == 0) return 0;
  if (!header_.geometry.aligned(value) || value < size || !inside(value, size, file_.size())) {
    return fail(
        Code::corrupt,
        "refcount block {} is said to lie at {}: not aligned or not in the file of {} bytes", index,
        value, file_.size());
  }
  return value;
}

Result<std::uint64_t> RefcountReader::at(std::uint64_t cluster) {
  auto entries = header_.refcount_block_entries();
  if (cluster / entries != block_index_) {
    auto found = block(cluster / entries);
    if (!found && found.error().code != Code::corrupt) return found;
    block_index_ = cluster / entries;
    block_offset_ = found ? *found : 0;
  }
  if (block_offset_ == 0) return 0;
  auto bit = cluster % entries * header_.refcount_bits();
  auto at = block_offset_ + bit / 64 * 8;  // whole numbers of 64 bits: no entry is cut
  if (!page_.holds(at, 8)) {
    TRY(page_, cache_.page(at));
  }
  return refcount_in(page_.from(at).first(8), bit % 64 / header_.refcount_bits(),
                     header_.refcount_order);
}

}  // namespace truce::image::qcow2
