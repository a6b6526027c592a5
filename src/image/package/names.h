// Names of files that packages become, and files without one.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "image/file.h"

namespace truce::image::package {

/// The last part of a package's name for a file, if that can be a file's name; Code::forbidden
/// else.
Result<std::string> file_name(std::string_view given);
/// A machine's name as part of a file's name: at most 64 bytes, nothing but letters, digits, `.`,
/// `-`, `_` and what is not ASCII.
std::string safe_name(std::string_view machine);
/// With ASCII's capitals as small letters.
std::string small_letters(std::string_view text);
/// A new file in the folder that no name leads to and that is gone when it is closed.
Result<std::shared_ptr<DiskFile>> nameless_file(const std::filesystem::path& folder);

}  // namespace truce::image::package
