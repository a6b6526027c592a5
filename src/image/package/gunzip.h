// Files that are compressed as a whole.
#pragma once

#include <functional>

#include "image/file.h"

namespace truce::image::package {

/// Whether the file begins as gzip does.
Result<bool> is_gzip(const File& file);

/// Inflates the whole file (also of several gzip members) in pieces; Code::limit when it becomes
/// more than `most` bytes, Code::corrupt when it is damaged or cut.
Result<void> gunzip(const File& file, std::uint64_t most,
                    const std::function<Result<void>(View)>& piece);

}  // namespace truce::image::package
