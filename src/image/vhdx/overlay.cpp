#include "vhdx/overlay.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image::vhdx {
namespace {

/// What of `into`, which stands for the bytes from `offset`, is inside `range`.
Span part(Span into, std::uint64_t offset, const Range& range) {
  auto begin = std::max(offset, range.offset);
  auto end = std::min(offset + into.size(), range.end());
  return into.subspan(begin - offset, end - begin);
}

}  // namespace

Result<void> Overlay::read(std::uint64_t offset, Span into) const {
  auto file_size = below_->size();
  if (empty() && size_ <= file_size) return below_->read(offset, into);
  if (!inside(offset, into.size(), size()))
    return fail(Code::corrupt, "{}: the file ends before byte {}", name(), offset + into.size());
  auto stored = offset < file_size ? std::min<std::uint64_t>(into.size(), file_size - offset) : 0;
  TRY_VOID(below_->read(stored == 0 ? 0 : offset, into.first(stored)));
  std::ranges::fill(into.subspan(stored), std::byte{});
  auto end = offset + into.size();
  auto zero = zeros_.upper_bound(offset);
  if (zero != zeros_.begin() && std::prev(zero)->second > offset) --zero;
  for (; zero != zeros_.end() && zero->first < end; ++zero)
    std::ranges::fill(part(into, offset, {zero->first, zero->second - zero->first}), std::byte{});
  auto found = sectors_.lower_bound(offset & ~(sector - 1));
  for (; found != sectors_.end() && found->first < end; ++found) {
    auto to = part(into, offset, {found->first, sector});
    auto from = std::max(offset, found->first) - found->first;
    std::ranges::copy(View(*found->second).subspan(from, to.size()), to.begin());
  }
  return {};
}

Result<void> Overlay::write(std::uint64_t offset, View from) {
  while (!from.empty()) {
    auto start = offset & ~(sector - 1);
    auto length = std::min<std::uint64_t>(from.size(), start + sector - offset);
    auto found = sectors_.find(start);
    if (found == sectors_.end()) {
      if (sectors_.size() >= most_sectors)
        return fail(Code::limit, "{}: more than {} sectors are changed at once", name(),
                    most_sectors);
      auto content = std::make_unique<Sector>();
      auto end = std::min(start + sector, size());
      if (start < end && length != sector) TRY_VOID(read(start, Span(*content).first(end - start)));
      found = sectors_.emplace(start, std::move(content)).first;
    }
    std::ranges::copy(from.first(length),
                      found->second->begin() + static_cast<std::ptrdiff_t>(offset - start));
    size_ = std::max(size_, offset + length);
    from = from.subspan(length);
    offset += length;
  }
  return {};
}

Result<void> Overlay::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  TRUCE_ASSERT(offset % sector == 0 && length % sector == 0, "zeros are made by the sector");
  if (length == 0) return {};
  auto end = offset + length;
  sectors_.erase(sectors_.lower_bound(offset), sectors_.lower_bound(end));
  auto found = zeros_.upper_bound(offset);
  if (found != zeros_.begin() && std::prev(found)->second >= offset) --found;
  while (found != zeros_.end() && found->first <= end) {  // joins what it meets
    offset = std::min(offset, found->first);
    end = std::max(end, found->second);
    found = zeros_.erase(found);
  }
  if (zeros_.size() >= most_zero_ranges)
    return fail(Code::limit, "{}: more than {} ranges are zeroed at once", name(),
                most_zero_ranges);
  zeros_[offset] = end;
  return {};
}

Result<void> Overlay::resize(std::uint64_t size) {
  size_ = std::max(size_, size);
  return {};
}

bool Overlay::touches(const Range& range) const {
  if (range.end() > below_->size()) return true;
  auto sector_found = sectors_.lower_bound(range.offset & ~(sector - 1));
  if (sector_found != sectors_.end() && sector_found->first < range.end()) return true;
  auto zero = zeros_.lower_bound(range.end());
  return zero != zeros_.begin() && std::prev(zero)->second > range.offset;
}

const File& Overlay::holder(const Range& range) const {
  if (!empty() && touches(range)) return *this;
  return *below_;
}

Result<void> Overlay::apply() {
  if (below_->size() < size_) TRY_VOID(below_->resize(size_));
  for (const auto& [offset, end] : zeros_) {
    auto stored = std::min(end, below_->size());
    if (offset < stored) TRY_VOID(below_->write_zeroes(offset, stored - offset));
  }
  // Neighbours in one write.
  std::vector<std::byte> joined;
  for (auto at = sectors_.begin(); at != sectors_.end();) {
    auto start = at->first;
    joined.clear();
    for (; at != sectors_.end() && at->first == start + joined.size(); ++at)
      joined.insert(joined.end(), at->second->begin(), at->second->end());
    TRY_VOID(below_->write(start, joined));
  }
  sectors_.clear();
  zeros_.clear();
  size_ = 0;
  return {};
}

}  // namespace truce::image::vhdx
