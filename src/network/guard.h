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
};

/// The network's own table, with the ports of all its NICs; replaces an older one in one
/// transaction. A NIC sends from its own MAC and address only, ARP included, answers no DHCP,
/// advertises no router, and sends nothing but ARP and IPv4 (in mode bridged: whatever has no VLAN
/// tag, and the address is only known where it is fixed). One whose filter is off, and a port of no
/// known NIC, still cannot pose as the host. A NIC of security groups hears no other guest's
/// multicasts, which no rule allows. What is beyond a NIC's rate is dropped. A kernel without
/// nftables for bridges refuses it.
std::string guard_rules(const GuardedNetwork& network, const Reservations& reservations);

/// Makes one NIC's part of that table anew, in one transaction.
std::string guard_port(const GuardedNetwork& network, const Reservation& reservation);

/// Takes one NIC out of that table; it need not be in it.
std::string unguard_port(std::string_view network, std::string_view mac);

}  // namespace truce::network
