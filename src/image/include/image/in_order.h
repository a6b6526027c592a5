// New images that are written from their first byte to their last, with the holes that they have.
#pragma once

#include <memory>

#include "image/formats.h"

namespace truce::image {

/// Takes a file byte after byte. What it fails with ends the writing.
class InOrder {
 public:
  virtual ~InOrder() = default;
  virtual Result<void> write(View bytes) = 0;
  /// So many bytes that read as zeros. The last ones of a file may be such.
  virtual Result<void> hole(std::uint64_t length) = 0;
};

/// A new raw or qcow2 image with the content of `from`, for convert() of the same. What `from` has
/// as holes has no place in a qcow2: it is asked for all its extents here, and must not change
/// before the image is finished (Code::conflict where it is seen to). Memory: a bit for each 64 KiB
/// of the disk. Code::unsupported: another format; Code::invalid: a size that qcow2 cannot have.
Result<std::unique_ptr<Builder>> build_in_order(const Format& format, InOrder& to, Image& from);

}  // namespace truce::image
