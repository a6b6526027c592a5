// Names become paths here, so nothing else gets in.
#pragma once

#include <string_view>

#include "base/result.h"

namespace truce::storage {

/// `6f9d…`: letters, digits, `-` and `_`.
Result<void> check_vm_uuid(std::string_view text);
/// `<vm uuid>/disk0`
Result<void> check_disk_id(std::string_view text);
/// `debian-12@3`; the version is optional.
Result<void> check_template_name(std::string_view text);

/// `0f3c5a7e9b2d4c68`: lower-case hexadecimal, 16 to 64 digits.
Result<void> check_upload_name(std::string_view text);

/// `fast`: as the API names pools.
Result<void> check_pool_name(std::string_view text);

}  // namespace truce::storage
