#include "stream/units.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image {

Result<std::vector<bool>> held_units(Image& from, std::uint64_t unit) {
  std::vector<bool> held(divide_up(from.size(), unit));
  for (std::uint64_t at = 0; at < from.size();) {
    TRY(auto extent, from.extent(at, from.size() - at));
    auto end = at + extent.length;
    if (extent.kind == Kind::data || extent.kind == Kind::compressed)
      for (auto i = at / unit; i < divide_up(end, unit); ++i) held[i] = true;
    at = end;
  }
  return held;
}

Result<std::vector<std::byte>> UnitsInOrder::encode(std::uint64_t, View content) const {
  return std::vector<std::byte>(content.begin(), content.end());
}

Result<void> UnitsInOrder::append(std::uint64_t block, View content) {
  TRY_VOID(begin());
  auto first = block * at_once_;
  pass(first);
  for (auto i = first; !content.empty(); ++i) {
    auto bytes = content.first(std::min<std::uint64_t>(unit_, content.size()));
    content = content.subspan(bytes.size());
    TRY_VOID(put(i, bytes));
  }
  return {};
}

Result<void> UnitsInOrder::finish(Durability) {
  TRY_VOID(begin());
  pass(held_.size());
  return send_hole();
}

Result<void> UnitsInOrder::begin() {
  return std::exchange(begun_, true) ? Result<void>() : write_head(to_);
}

// Units that have a place and hold zeros after all.
void UnitsInOrder::pass(std::uint64_t end) {
  for (; next_ < end; ++next_)
    if (held_[next_]) hole_ += unit_;
}

Result<void> UnitsInOrder::put(std::uint64_t index, View bytes) {
  next_ = index + 1;
  bool zero = all_zero(bytes);
  if (!held_[index]) {
    if (zero) return {};
    return fail(Code::conflict, "the disk was written while it was copied");
  }
  if (zero) {
    hole_ += unit_;
    return {};
  }
  TRY_VOID(send_hole());
  TRY_VOID(to_.write(bytes));
  hole_ = unit_ - bytes.size();  // the disk may end within its last unit
  return {};
}

Result<void> UnitsInOrder::send_hole() {
  auto length = std::exchange(hole_, 0);
  return length == 0 ? Result<void>() : to_.hole(length);
}

}  // namespace truce::image
