// Words.
#pragma once

#include <string>
#include <string_view>

namespace truce {

/// With small letters instead of ASCII's capitals; all else stays, whatever the locale.
std::string lower_case(std::string_view text);

}  // namespace truce
