#pragma once

#include <filesystem>

#include "base/result.h"
#include "watched.h"

namespace truce::storage {

/// Copies a regular file into a new one, as it is; their blocks are shared where the file system
/// can. No link is followed (Code::forbidden where it is no regular file). Not synced; blocks.
Result<void> copy_blocks(const std::filesystem::path& from, const std::filesystem::path& to,
                         Watch& watch);

}  // namespace truce::storage
