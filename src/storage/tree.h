// Walks over the folders of a pool. All of these block.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "storage/pool.h"

namespace truce::storage {

/// Whether a path is below a folder, by its words alone.
bool is_inside(const std::filesystem::path& path, const std::filesystem::path& folder);

/// Makes sure that a file's content, or a folder's entries, are on the disk.
Result<void> sync_path(const std::filesystem::path& path);

/// Removes the entries of `folder` whose names begin with `.new-` or `.seed-`.
Result<void> remove_unfinished(const std::filesystem::path& folder);

/// remove_tree() of a folder that was made read-only.
Result<void> remove_sealed(const std::filesystem::path& folder);

/// The first image of another machine that has a file in `folder` as its backing:
/// `UUID/disk0.qcow2`.
Result<std::optional<std::string>> find_user(const std::filesystem::path& vms,
                                             const std::filesystem::path& folder);

/// `used` and `allocated` of a pool.
Result<Capacity> measure(const std::filesystem::path& templates, const std::filesystem::path& vms);

}  // namespace truce::storage
