// Reading SQLite's write-ahead log before SQLite does. Format:
// sqlite.org/fileformat2.html#walformat.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace truce::store {

/// The page size of the database files that we make; logs have the same.
inline constexpr std::uint32_t page_size = 8'192;

/// How many frames SQLite will replay from the log: those up to its last sound commit. An absent or
/// empty log has none. What follows is a torn tail, which a crash leaves, unless it proves that the
/// first unsound frame had been synced: a later transaction was begun after it. Then SQLite would
/// drop answered commits without a word, and this says Code::corrupt.
Result<std::uint64_t> count_wal_frames(const std::filesystem::path& log);

}  // namespace truce::store
