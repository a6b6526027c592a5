#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace truce::power {

using MacAddress = std::array<std::uint8_t, 6>;

/// Six pairs of hexadecimal digits with ':' or '-' between them, of one card (not of a group).
Result<MacAddress> parse_mac(std::string_view text);

/// Six bytes 0xff and the address sixteen times (AMD, Magic Packet Technology, publication 20213).
std::array<std::uint8_t, 102> magic_packet(const MacAddress& address);

}  // namespace truce::power
