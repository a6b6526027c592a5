#include "base/ipv6.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace truce {
namespace {

using Octets = std::array<std::uint8_t, 16>;

Address6 from_octets(const Octets& octets) {
  Address6 address;
  for (std::size_t i = 0; i < 8; ++i) {
    address.high = address.high << 8 | octets[i];
    address.low = address.low << 8 | octets[i + 8];
  }
  return address;
}

Octets to_octets(Address6 address) {
  Octets octets{};
  for (std::size_t i = 0; i < 8; ++i) {
    octets[i] = static_cast<std::uint8_t>(address.high >> (56 - 8 * i));
    octets[i + 8] = static_cast<std::uint8_t>(address.low >> (56 - 8 * i));
  }
  return octets;
}

// The highest `bits` of 64.
std::uint64_t leading(unsigned bits) {
  return bits == 0 ? 0 : ~std::uint64_t{0} << (64 - bits);
}

}  // namespace

Result<Address6> parse_address6(std::string_view text) {
  Octets octets{};
  bool whole = text.find('\0') == std::string_view::npos;
  if (whole && ::inet_pton(AF_INET6, std::string(text).c_str(), octets.data()) == 1) {
    return from_octets(octets);
  }
  return fail(Code::invalid, "'{}' is not an IPv6 address", text);
}

std::string to_string(Address6 address) {
  auto octets = to_octets(address);
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, octets.data(), text.data(), text.size());
  return text.data();
}

Address6 Subnet6::mask() const {
  return {leading(std::min(prefix, 64U)), leading(prefix > 64 ? prefix - 64 : 0)};
}

Address6 Subnet6::last() const {
  return {network.high | ~mask().high, network.low | ~mask().low};
}

bool Subnet6::contains(Address6 address) const {
  return (address.high & mask().high) == network.high && (address.low & mask().low) == network.low;
}

bool Subnet6::overlaps(const Subnet6& other) const {
  const auto& wider = prefix < other.prefix ? *this : other;
  return wider.contains(prefix < other.prefix ? other.network : network);
}

bool Subnet6::is_guest(Address6 address) const {
  return contains(address) && address > gateway();
}

std::uint32_t Subnet6::guests() const {
  return (1U << std::min(128 - prefix, 16U)) - 2;
}

Address6 Subnet6::guest(std::uint32_t index) const {
  return {network.high, network.low + 2 + index};
}

std::string to_string(const Subnet6& subnet) {
  return fmt::format("{}/{}", to_string(subnet.network), subnet.prefix);
}

Result<Subnet6> parse_range6(std::string_view text) {
  auto slash = std::min(text.find('/'), text.size());
  Subnet6 range;
  auto address = parse_address6(text.substr(0, slash));
  bool good = address.has_value();
  if (slash < text.size()) {
    auto bits = text.substr(slash + 1);
    auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), range.prefix);
    good = good && error == std::errc() && end == bits.data() + bits.size() && range.prefix <= 128;
    good = good && (bits.size() == 1 || bits[0] != '0');
  }
  if (!good) return fail(Code::invalid, "'{}' is no IPv6 range such as fd00:88::/64", text);
  range.network = {address->high & range.mask().high, address->low & range.mask().low};
  if (range.network != *address) {
    return fail(Code::invalid, "'{}' has bits behind its prefix: the range is {}", text,
                to_string(range));
  }
  return range;
}

Result<Subnet6> parse_subnet6(std::string_view text) {
  TRY(auto subnet, parse_range6(text));
  if (subnet.prefix < 64 || subnet.prefix > 120) {
    return fail(Code::invalid, "{}: the prefix length of a network's IPv6 addresses is 64 to 120",
                text);
  }
  auto first = subnet.network.high >> 56;
  bool link_local = subnet.network.high >> 54 == 0xfe80 >> 6;
  if (first == 0 || first == 0xff || link_local) {
    return fail(Code::invalid,
                "{} holds no addresses that hosts can have: use such as fd00:88::/64", text);
  }
  return subnet;
}

Address6 link_local_of(std::string_view mac) {
  std::uint64_t bytes = 0;
  for (std::size_t at = 0; at + 2 <= mac.size(); at += 3) {
    std::uint8_t byte = 0;
    std::from_chars(mac.data() + at, mac.data() + at + 2, byte, 16);
    bytes = bytes << 8 | byte;
  }
  auto upper = (bytes >> 24 & 0xffffff) ^ 0x020000;  // its universal/local bit is inverted
  return {0xfe80'0000'0000'0000, upper << 40 | 0xff'fe00'0000 | (bytes & 0xffffff)};
}

}  // namespace truce
