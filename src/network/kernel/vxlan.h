// Ports of bridges that lead to other hosts (VXLAN, [RFC 7348]) or into a VLAN, by rtnetlink. As
// links.h: each call blocks for well under a millisecond.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "kernel/netlink.h"
#include "subnet.h"

namespace truce::network {

/// Where a host takes the packets of overlays.
using Endpoint = std::variant<Address, Address6>;
/// Reads an address of either family; invalid for anything else.
Result<Endpoint> parse_endpoint(std::string_view text);
std::string to_string(const Endpoint& endpoint);

/// [RFC 7348] 5.
inline constexpr std::uint16_t vxlan_port = 4789;

/// The host's end of an overlay.
struct Vxlan {
  std::string name;
  std::uint32_t number = 0;  ///< its VNI
  Endpoint local;
  unsigned mtu = 1500;
};
/// Makes it, unless it is there as it shall be; one that is otherwise is made anew. unsupported
/// where the kernel has no VXLAN.
Result<void> make_vxlan(const Vxlan& wanted);

/// Takes an interface away; absent is success.
Result<void> delete_link(const std::string& name);

/// Which host has a MAC. That of `everybody_else` gets what is for all, or for a MAC that nobody
/// knows; there may be several such entries.
struct Place {
  std::string mac;
  Endpoint host;
  bool operator==(const Place&) const = default;
};
inline constexpr std::string_view everybody_else = "00:00:00:00:00:00";
/// What a VXLAN port knows: what it was told, and what it has learnt from packets since.
Result<std::vector<Place>> places_in(const std::string& vxlan);
/// Tells it, in place of what it knew of the MAC. It learns another place from the MAC's own
/// packets, and forgets one that is not used for five minutes.
Result<void> add_place(const std::string& vxlan, const Place& place);
/// Unknown is success.
Result<void> delete_place(const std::string& vxlan, const Place& place);

/// Which MAC has an address behind an interface: what the host then does not ask the wire.
using Known = std::map<Endpoint, std::string>;
/// Those that somebody has told, and not those that the host has asked for.
Result<Known> known_neighbours(const std::string& interface);
Result<void> set_neighbour(const std::string& interface, const Endpoint& address,
                           const std::string& mac);
/// Unknown is success.
Result<void> delete_neighbour(const std::string& interface, const Endpoint& address);

/// Sets the MTU of an interface, if it has another one.
Result<void> set_mtu(const std::string& interface, unsigned mtu);

/// Whether a bridge keeps VLANs apart (vlan_filtering). False where the kernel cannot.
Result<bool> filters_vlans(const std::string& bridge);
/// Puts a port of such a bridge into one VLAN: what comes from it untagged is of that VLAN, and
/// only that VLAN gets out, untagged.
Result<void> set_port_vlan(const std::string& port, std::uint16_t vlan);
/// The messages of set_port_vlan(): the first puts it in, the second takes it out of the VLAN 1
/// that every port begins in.
NetlinkRequest join_vlan(int port, std::uint16_t vlan);
NetlinkRequest leave_vlan(int port, std::uint16_t vlan);

}  // namespace truce::network
