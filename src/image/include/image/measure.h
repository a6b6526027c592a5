// How large a new image will be.
#pragma once

#include "image/formats.h"

namespace truce::image {

/// Bytes, of all files of the image together.
struct Needed {
  std::uint64_t required = 0;         ///< that the file system allocates, for what the disk holds
  std::uint64_t fully_allocated = 0;  ///< when all of the disk has been written
  std::uint64_t length = 0;  ///< of the files, holes and all: what a block device must have
  bool at_most = false;      ///< the target is compressed: these are upper bounds
};

/// What convert() of `source` to a new image of these options needs, or, with null, an empty disk.
/// The real builder is run over files that only count, so its layout is exact; of the source only
/// what is compressed is read. File systems are taken to allocate 4 KiB at a time. Memory follows
/// the number of runs of data, not the size.
Result<Needed> measure(const Format& format, BuildOptions options, Image* source);

}  // namespace truce::image
