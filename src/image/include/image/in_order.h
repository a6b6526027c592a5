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

/// A new raw, qcow2 or VHDX image with the content of `from`, for convert() of the same. What
/// `from` has as holes has no place in the latter two: it is asked for all its extents here, and
/// must not change before the image is finished (Code::conflict where it is seen to). Memory: a bit
/// for each 64 KiB of the disk; of a VHDX 8 bytes for each MiB, at most 16 MiB, and some of its
/// blocks, which are of 1 MiB up to 2 TiB and larger beyond. Code::unsupported: another format;
/// Code::invalid: a size that the format cannot have.
Result<std::unique_ptr<Builder>> build_in_order(const Format& format, InOrder& to, Image& from);

}  // namespace truce::image
