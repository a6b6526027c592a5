#pragma once

#include <span>
#include <string_view>

namespace truce::model {

/// The nearest of `known` when it is near enough to be meant by `word`, else empty.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace truce::model
