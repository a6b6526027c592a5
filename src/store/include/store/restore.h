// Putting a backup of a store in the place of the store.
#pragma once

#include <filesystem>

#include "store/store.h"

namespace truce::store {

struct Restored {
  Revision revision = 0;      ///< of the backup
  std::size_t entries = 0;    ///< that it holds
  std::filesystem::path old;  ///< where the store that was there is now; empty: there was none
};

/// Checks all that `backup` holds and makes a copy of it the store `file`; what was there is kept
/// beside it under another name, `FILE.before-TIME`, with its log. Nothing has it open meanwhile.
/// Code::conflict: a daemon uses the store; Code::unsupported: a newer program made the backup;
/// Code::corrupt: the backup is damaged or no store. On an error the old store is as it was. A
/// crash leaves the old store or the new one, or a state that open() refuses until this is done
/// again.
Result<Restored> restore(const std::filesystem::path& backup, const std::filesystem::path& file);

}  // namespace truce::store
