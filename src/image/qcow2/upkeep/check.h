// What `qemu-img check` does: refcounts are counted anew and compared.
#pragma once

#include "image/image.h"

namespace truce::image::qcow2 {

/// Follows every table of the image in `file`. Counts are held for 2 Mi clusters at a time (10
/// MiB); larger files take one pass over the tables for each such window, at most 1,024 (else
/// Code::limit). `data` is the file that clusters lie in, null when it was not opened.
Result<CheckReport> check(const File& file, const File* data);

}  // namespace truce::image::qcow2
