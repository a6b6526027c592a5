#include "vmdk/shelf.h"

#include <algorithm>

namespace truce::image::vmdk {

Result<void> Shelf::read(std::uint64_t offset, Span into) const {
  const auto& file = *files_[offset / place_bytes];
  auto at = offset % place_bytes;
  auto there = at < file.size() ? std::min<std::uint64_t>(into.size(), file.size() - at) : 0;
  std::ranges::fill(into.subspan(there), std::byte{});
  return there == 0 ? Result<void>{} : file.read(at, into.first(there));
}

Result<void> Shelf::write(std::uint64_t offset, View from) {
  return files_[offset / place_bytes]->write(offset % place_bytes, from);
}

}  // namespace truce::image::vmdk
