#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "field.h"
#include "model/nearest.h"

namespace truce::model {

/// Empty when `text` has the format, else what was expected (`must be ...`).
std::string_view format_problem(Format format, std::string_view text);

/// ` is not known; did you mean 'memory'?`, or without the guess.
std::string not_known(std::string_view word, std::span<const std::string_view> known);

/// Four decimal numbers joined by dots, as a number in host byte order.
std::optional<std::uint32_t> read_ipv4(std::string_view text);

}  // namespace truce::model
