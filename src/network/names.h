// The names that a network's parts carry on the host: all follow from the network's name or the
// MAC, so that remove() finds them after any crash.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace truce::network {

/// invalid unless `name` is 1 to 12 of `a-z 0-9 -` without '-' at either end.
Result<void> check_network_name(std::string_view name);
/// invalid unless `name` is a DNS label in lower case.
Result<void> check_vm_name(std::string_view name);
/// invalid unless `domain` is DNS labels joined by dots, at most 200 characters.
Result<void> check_domain(std::string_view domain);

/// The MAC in lower case with colons; invalid for what is not the address of one NIC.
Result<std::string> canonical_mac(std::string_view text);

/// The first label of a host name in lower case; `configured`, or the system's when that is empty.
std::string host_label(std::string_view configured);

std::string bridge_name(std::string_view network);
std::string table_name(std::string_view network);
/// At most 15 characters, as Linux demands, from a canonical MAC.
std::string tap_name(std::string_view mac);
/// The same at each start, different from host to host, in the locally administered range.
std::string bridge_mac(std::string_view host_name, std::string_view network);
/// The port that leads to the network's other hosts.
std::string overlay_port_name(std::string_view network);
/// The bytes of a canonical MAC, and back.
std::array<std::uint8_t, 6> mac_bytes(std::string_view mac);
std::string mac_text(std::string_view bytes);
/// The MAC without colons: the name of a reservation's files.
std::string file_name(std::string_view mac);

}  // namespace truce::network
