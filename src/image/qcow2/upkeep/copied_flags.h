// The flags that say that a cluster is nobody else's.
#pragma once

#include <functional>

#include "qcow2/header.h"

namespace truce::image::qcow2 {

/// The refcount of the host cluster at an offset of the file.
using RefcountAt = std::function<Result<std::uint64_t>(std::uint64_t)>;

/// Sets the copied flags of the disk's own tables where a refcount is one, and nowhere else; tells
/// how many were changed. [qcow2] Cluster mapping.
Result<std::uint64_t> mend_copied_flags(File& file, const Header& header,
                                        const RefcountAt& refcount);

}  // namespace truce::image::qcow2
