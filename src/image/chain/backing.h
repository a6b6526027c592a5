// What stands under an image that keeps only what was written since.
#pragma once

#include <memory>

#include "image/builder.h"
#include "image/image.h"

namespace truce::image {

/// The backing file of one image: absent, named but not open (External::ignore), or open. It may be
/// shorter than the disk, which reads as zeros beyond its end.
class Backing {
 public:
  /// By the policy of `options`; Code::forbidden when that refuses it.
  Result<void> stand_on(const Reference& reference, const OpenOptions& options);
  Result<void> read(std::uint64_t offset, Span into) const;
  [[nodiscard]] Result<Extent> extent(std::uint64_t offset, std::uint64_t length) const;

 private:
  /// How much of a range it covers, from its beginning on.
  [[nodiscard]] Result<std::uint64_t> reach(std::uint64_t offset, std::uint64_t length) const;

  bool named_ = false;
  std::shared_ptr<Image> image_;
};

/// Code::invalid unless the parent's disk has `size` bytes, for formats in which it must.
Result<void> expect_size_of_parent(const Parent& parent, std::uint64_t size);

}  // namespace truce::image
