// The folder of a template while it is made. All of these block.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "storage/pool.h"

namespace truce::storage {

/// Looks at what was made: every file that the manifest names is there, the disk stands alone, and
/// all else is removed. Checksums are not computed.
Result<TemplateContent> examine_template(const std::filesystem::path& folder);

/// Writes the manifest and makes all of it read-only for everybody, and durable.
Result<void> seal_template(const std::filesystem::path& folder, const TemplateContent& content);

/// Lets the folder be the template's, unless there is one already.
Result<void> place_template(const std::filesystem::path& made, const std::filesystem::path& place);

}  // namespace truce::storage
