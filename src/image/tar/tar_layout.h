// The header of a tar member. [POSIX.1-2017 pax, ustar Interchange Format], [GNU tar manual, Basic
// Tar Format]
#pragma once

#include <cstddef>
#include <cstdint>

#include "image/file.h"

namespace truce::image::package::tar {

constexpr std::size_t block = 512;

struct Field {
  std::size_t at, size;
};
constexpr Field name{0, 100}, mode{100, 8}, uid{108, 8}, gid{116, 8}, size{124, 12},
    modified{136, 12}, checksum{148, 8}, magic{257, 8}, prefix{345, 155};
constexpr std::size_t type_at = 156;

/// Sum of all bytes of the header, those of the checksum taken as spaces. Some old programs summed
/// signed bytes.
struct Sums {
  std::uint32_t of_unsigned = 0;
  std::int32_t of_signed = 0;
};
inline Sums sums(View header) {
  Sums sums;
  for (std::size_t i = 0; i < block; ++i) {
    bool in_field = i >= checksum.at && i < checksum.at + checksum.size;
    auto byte = in_field ? std::uint8_t{' '} : std::to_integer<std::uint8_t>(header[i]);
    sums.of_unsigned += byte;
    sums.of_signed += static_cast<std::int8_t>(byte);
  }
  return sums;
}

}  // namespace truce::image::package::tar
