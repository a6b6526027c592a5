// Windows' registry, as libguestfs has it (hivex).
#pragma once

#include "guest/files.h"
#include "library.h"

namespace truce::guest {

/// One at a time. `lib` and `handle` outlive it.
Result<std::unique_ptr<Hive>> open_registry(const Library& lib, guestfs_h* handle,
                                            const std::string& path);

}  // namespace truce::guest
