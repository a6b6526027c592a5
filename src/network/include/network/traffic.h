// What network interfaces have carried.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace truce::network {

/// Bytes since the interface was made, or the machine plugged in.
struct Traffic {
  std::uint64_t received = 0, sent = 0;
};

/// The kernel's `/proc/net/dev` (proc_net_dev(5)), by name of the interface. Lines that are none
/// are left out.
std::map<std::string, Traffic, std::less<>> parse_interfaces(std::string_view text);

}  // namespace truce::network
