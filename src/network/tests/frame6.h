// Frames with IPv6 as bytes, with the offsets of their RFCs.
#pragma once

#include "base/ipv6.h"
#include "frame.h"

namespace truce::network {

inline Mac multicast(Address6 group) {
  Mac mac{0x33, 0x33};
  for (std::size_t i = 0; i < 4; ++i)
    mac[2 + i] = static_cast<std::uint8_t>(group.low >> (24 - 8 * i));
  return mac;
}
/// The type of an ICMPv6 message in a frame; 0 for others.
inline std::uint32_t kind_of(const Frame& frame) {
  return get(frame, 12, 2) == 0x86dd && get(frame, 20, 1) == 58 ? get(frame, 54, 1) : 0;
}
inline Address6 address_at(const Frame& frame, std::size_t at) {
  auto word = [&](std::size_t place) { return std::uint64_t{get(frame, place, 4)}; };
  return {word(at) << 32 | word(at + 4), word(at + 8) << 32 | word(at + 12)};
}
inline void put_address(Frame& frame, Address6 address) {
  put(frame, address.high, 8);
  put(frame, address.low, 8);
}
inline constexpr Address6 all_nodes{0xff02'0000'0000'0000, 1};

/// UDP without its checksum.
inline Frame datagram(std::uint16_t from, std::uint16_t to, const Frame& payload) {
  Frame udp;
  put(udp, from, 2);
  put(udp, to, 2);
  put(udp, 8 + payload.size(), 2);
  put(udp, 0, 2);
  udp.insert(udp.end(), payload.begin(), payload.end());
  return udp;
}

/// Of two parts together ([RFC 1071]).
inline std::uint16_t checksum(Frame bytes, const Frame& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 2) sum += get(bytes, at, 2);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace truce::network
