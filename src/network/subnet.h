// IPv4 arithmetic, without any I/O.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ipv6.h"
#include "base/result.h"

namespace truce::network {

/// An IPv4 address as a number in host byte order, so that it can be counted.
struct Address {
  std::uint32_t value = 0;
  auto operator<=>(const Address&) const = default;
};

/// Reads four decimal numbers joined by dots; invalid for anything else.
Result<Address> parse_address(std::string_view text);
std::string to_string(Address address);

/// A range of addresses that share their first `prefix` bits (0-32).
struct Subnet {
  Address network;
  unsigned prefix = 32;
  bool operator==(const Subnet&) const = default;

  [[nodiscard]] Address mask() const;
  /// The first address after the network's own: the host's.
  [[nodiscard]] Address gateway() const { return {network.value + 1}; }
  [[nodiscard]] Address broadcast() const { return {network.value | ~mask().value}; }
  /// How many addresses guests can have: all but the network's, the host's and the broadcast's.
  [[nodiscard]] std::uint32_t guests() const { return broadcast().value - network.value - 2; }
  /// Guest address number `index`, below guests().
  [[nodiscard]] Address guest(std::uint32_t index) const { return {network.value + 2 + index}; }
  [[nodiscard]] bool is_guest(Address address) const;
  [[nodiscard]] bool contains(Address address) const;
  [[nodiscard]] bool overlaps(const Subnet& other) const;
};
std::string to_string(const Subnet& subnet);

/// Reads a guest network's `10.77.0.0/24`: the prefix is 16 to 29, and the part of the address
/// that numbers hosts is zero.
Result<Subnet> parse_subnet(std::string_view text);

}  // namespace truce::network
