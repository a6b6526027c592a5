// The file that tells the folder of a pool from an empty place where it is to be mounted. Block.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace truce::storage {

inline constexpr std::string_view pool_mark = ".truce-pool";

/// What a folder says that it is.
struct PoolMark {
  std::string name;
  std::string id;  ///< what hosts that share it know it by; empty: it is one host's
};

/// `fast`, or `fast 0f3c5a7e9b2d4c68` where it is shared.
std::string format_mark(const PoolMark& mark);

/// The pool that a folder is; Code::unavailable where it is none: most likely the place where it is
/// to be mounted.
Result<PoolMark> read_pool_mark(const std::filesystem::path& root);

}  // namespace truce::storage
