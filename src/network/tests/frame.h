// Frames as bytes; fields are big-endian.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace truce::network {

using Mac = std::array<std::uint8_t, 6>;
using Frame = std::vector<std::uint8_t>;

inline constexpr std::size_t virtio_header = 10;
inline constexpr Mac everybody{255, 255, 255, 255, 255, 255};

inline void put(Frame& frame, std::uint64_t value, int bytes) {
  while (bytes-- > 0) frame.push_back(static_cast<std::uint8_t>(value >> (8 * bytes)));
}
inline void put(Frame& frame, const Mac& mac) {
  frame.insert(frame.end(), mac.begin(), mac.end());
}
inline std::uint32_t get(const Frame& frame, std::size_t at, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    value = value << 8 | (at < frame.size() ? frame[at] : 0);
    ++at;
  }
  return value;
}

}  // namespace truce::network
