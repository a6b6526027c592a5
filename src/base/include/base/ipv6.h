// IPv6 arithmetic, without any I/O.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace truce {

/// An IPv6 address as a number in host byte order, so that it can be counted.
struct Address6 {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const Address6&) const = default;
};

/// Reads the text forms of [RFC 4291] 2.2, without a zone; invalid for anything else.
Result<Address6> parse_address6(std::string_view text);
/// The one form of [RFC 5952]: lower case, the longest run of zeros left out.
std::string to_string(Address6 address);

/// A range of addresses that share their first `prefix` bits (0-128).
struct Subnet6 {
  Address6 network;
  unsigned prefix = 128;
  bool operator==(const Subnet6&) const = default;

  [[nodiscard]] Address6 mask() const;
  [[nodiscard]] Address6 last() const;
  [[nodiscard]] bool contains(Address6 address) const;
  [[nodiscard]] bool overlaps(const Subnet6& other) const;
  /// The first address after the network's own, which is its routers' anycast address: the host's.
  [[nodiscard]] Address6 gateway() const { return {network.high, network.low + 1}; }
  /// Whether a guest can have the address: any but the network's own and the host's.
  [[nodiscard]] bool is_guest(Address6 address) const;
  /// How many guests can be given addresses that nobody chose: the lowest ones, which read best.
  [[nodiscard]] std::uint32_t guests() const;
  /// Guest address number `index`, below guests().
  [[nodiscard]] Address6 guest(std::uint32_t index) const;
};
std::string to_string(const Subnet6& subnet);

/// Reads a range of any size whose bits behind the prefix are zero; an address is a range of /128.
Result<Subnet6> parse_range6(std::string_view text);

/// Reads a guest network's `fd00:88::/64`: the prefix is 64 to 120, the bits behind it are zero,
/// and hosts can have such addresses.
Result<Subnet6> parse_subnet6(std::string_view text);

/// The link-local address that follows from a MAC in its form with colons ([RFC 4291] appendix A).
Address6 link_local_of(std::string_view mac);

}  // namespace truce
