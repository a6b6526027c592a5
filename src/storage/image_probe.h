// What a file from outside is, by its content: the first of several looks, and the only one in this
// process.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "image/file.h"

namespace truce::storage {

inline constexpr std::string_view iso_kind = "iso", package_kind = "package";

/// `iso_kind`, `package_kind` (an OVA or XVA) or the name of one of the image engine's formats.
/// Refuses an ISO and a raw disk that are visibly cut off (Code::corrupt), what is encrypted, and
/// what shows no sign of being a disk at all. All else is for him to judge who opens it.
Result<std::string> probe_image(const image::File& file);

}  // namespace truce::storage
