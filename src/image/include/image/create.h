// New disks that hold nothing yet, and what they may stand on.
#pragma once

#include <filesystem>
#include <string_view>

#include "image/formats.h"
#include "image/place.h"

namespace truce::image {

/// The image at `parent`, for a new one at `child` to stand on. A relative `parent` (to the working
/// folder) is named relative to the child's folder, so that both can be moved together; an absolute
/// one by its absolute path. `format`: empty when its content tells; the child will name it either
/// way. Nothing but the one file is opened. Code::conflict when somebody writes to it, or it is the
/// child itself.
Result<Parent> parent_for(const std::filesystem::path& child, const std::filesystem::path& parent,
                          std::string_view format = {});

/// Makes an empty disk, or with `options.parent` one that reads as its parent does. The file
/// appears whole and synced, or not at all. A size of 0 is that of the parent.
///
///   TRY(auto base, parent_for(disk, "/pool/base.qcow2", "qcow2"));
///   TRY_VOID(create_disk(disk, *find_format("qcow2"), {.parent = std::move(base)}));
Result<void> create_disk(const std::filesystem::path& path, const Format& format,
                         BuildOptions options,
                         Target::Existing existing = Target::Existing::refuse);

}  // namespace truce::image
