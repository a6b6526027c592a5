#include "chain/backing.h"

#include <algorithm>

namespace truce::image {

Result<void> Backing::stand_on(const Reference& reference, const OpenOptions& options) {
  named_ = true;
  if (options.external == External::ignore) return {};
  TRY(image_, open_parent(reference, options));
  return {};
}

Result<std::uint64_t> Backing::reach(std::uint64_t offset, std::uint64_t length) const {
  if (!named_) return 0;
  if (!image_) {
    return fail(Code::forbidden, "the range at {} comes from the backing file, which is not open",
                offset);
  }
  return offset < image_->size() ? std::min(length, image_->size() - offset) : 0;
}

Result<void> Backing::read(std::uint64_t offset, Span into) const {
  TRY(auto there, reach(offset, into.size()));
  std::ranges::fill(into.subspan(there), std::byte{});
  if (there == 0) return {};
  return image_->read(offset, into.first(there));
}

Result<Extent> Backing::extent(std::uint64_t offset, std::uint64_t length) const {
  TRY(auto there, reach(offset, length));
  if (there == 0) return Extent{offset, length, Kind::hole};
  return image_->extent(offset, there);
}

Result<void> expect_size_of_parent(const Parent& parent, std::uint64_t size) {
  if (parent.description.size == size) return {};
  return fail(Code::invalid,
              "the parent '{}' has {} bytes, the disk {}: in this format they are the same; qcow2 "
              "can differ",
              parent.name, parent.description.size, size);
}

}  // namespace truce::image
