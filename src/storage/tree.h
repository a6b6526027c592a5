// Walks over the folders of a pool. All of these block.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/pool.h"

namespace truce::storage {

/// Whether a path is below a folder, by its words alone.
bool is_inside(const std::filesystem::path& path, const std::filesystem::path& folder);

/// Makes sure that a file's content, or a folder's entries, are on the disk.
Result<void> sync_path(const std::filesystem::path& path);

/// Removes the entries of `folder` whose names begin with `.new-` or `.seed-`.
Result<void> remove_unfinished(const std::filesystem::path& folder);

/// Names of what is made in a pool that hosts share begin with this; no host is called so that it
/// is another's.
std::string made_prefix(const std::string& host);

/// Names of what was taken out of sight, to be removed, begin with this.
inline constexpr std::string_view gone_prefix = ".new-gone-";

/// The file that a program locks while it uses a pool: of its host, where hosts share it.
std::string lock_name(const std::string& host);

/// remove_tree() of a folder that was made read-only.
Result<void> remove_sealed(const std::filesystem::path& folder);

/// The first image of another machine that has a file in `folder` as its backing:
/// `UUID/disk0.qcow2`.
Result<std::optional<std::string>> find_user(const std::filesystem::path& vms,
                                             const std::filesystem::path& folder);

/// `used` and `allocated` of a pool. `plain`: folders whose files are promised to nobody.
Result<Capacity> measure(const std::vector<std::filesystem::path>& plain,
                         const std::filesystem::path& vms);

}  // namespace truce::storage
