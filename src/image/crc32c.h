// CRC-32C (Castagnoli), the checksum of every structure of a VHDX.
#pragma once

#include <cstdint>

#include "image/file.h"

namespace truce::image {

/// The checksum of `bytes`, or of what `before` is the checksum of and then `bytes`.
std::uint32_t crc32c(View bytes, std::uint32_t before = 0);
/// The same, with the four bytes at `field` taken as zeros: where the checksum itself stands.
std::uint32_t crc32c_without(View bytes, std::size_t field);

}  // namespace truce::image
