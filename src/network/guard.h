// What a guest may send into its network's bridge: nftables of the family bridge, a chain for each
// NIC. Text only, nothing is run here.
#pragma once

#include <string>
#include <string_view>

#include "network/network.h"
#include "reservations.h"

namespace truce::network {

/// What the guard of a network is made from.
struct GuardedNetwork {
  std::string name;
  Subnet subnet;
  std::string host_mac;  ///< of its bridge
  SpoofFilter spoof_filter = SpoofFilter::on;
  Mode mode = Mode::nat;
  std::optional<Subnet6> subnet6 = {};
  bool overlay = false;      ///< it extends over several hosts
  std::string own_mac = {};  ///< what this host, and no other, sends with in an overlay
};

/// The network's own table, with the ports of all its NICs; replaces an older one in one
/// transaction. A NIC sends from its own MAC and addresses only, ARP and neighbour discovery
/// included, answers no DHCP, advertises no router, and sends nothing but ARP, RARP about itself,
/// IPv4 and, where the network has it, IPv6 (in mode bridged: whatever has no VLAN tag, and an
/// address is only known where it is fixed). Its IPv6 addresses are the one it was given and a
/// link-local one: that of its MAC, or one that is of no MAC's form, as some systems make them up.
/// A NIC whose filter is off, and a port of no known NIC, still cannot pose as the host. A NIC of
/// security groups hears no other guest's multicasts, which no rule allows, but neighbour
/// discovery. What is beyond a NIC's rate is dropped. Over the port of an overlay nothing goes,
/// either way, that is from or for the host as a router and a server: each host is that for its own
/// guests. Only what a host of mode routed passes on from outside goes over, with its own MAC. A
/// kernel without nftables for bridges refuses it.
std::string guard_rules(const GuardedNetwork& network, const Reservations& reservations);

/// Makes one NIC's part of that table anew, in one transaction.
std::string guard_port(const GuardedNetwork& network, const Reservation& reservation);

/// Takes one NIC out of that table; it need not be in it.
std::string unguard_port(std::string_view network, std::string_view mac);

}  // namespace truce::network
