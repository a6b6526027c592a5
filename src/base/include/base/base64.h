#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace truce {

/// RFC 4648 section 4, with padding.
std::string base64_encode(std::string_view data);
/// Code::invalid when it is not base64 (white space is not accepted either).
Result<std::string> base64_decode(std::string_view text);

}  // namespace truce
