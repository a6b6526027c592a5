#include "guard.h"

#include <vector>

#include "names.h"

namespace truce::network {
namespace {

// Before br_netfilter (priority 0) shows the frame to IPv4's chains. The family bridge has no
// portable way to name the bridge, but what `free` drops is never right from any guest.
constexpr std::string_view table_template = R"(table bridge {table} {{}}
delete table bridge {table}
table bridge {table} {{
  map guests {{
    type ifname : verdict;
  }}
  chain free {{
    ether saddr {mac} drop
    arp saddr ip {gateway} drop
    ip saddr {gateway} drop
    udp sport 67 udp dport 68 drop
    icmpv6 type nd-router-advert drop
  }}
  chain prerouting {{
    type filter hook prerouting priority -210; policy accept;
    iifname vmap @guests
    iifname "tt-*" jump free
  }}
}}
)";

using Lines = std::vector<std::string>;

// A chain ends with the verdict on all that no rule before has decided.
Lines port_rules(const GuardedNetwork& network, const Reservation& reservation) {
  if (network.spoof_filter == SpoofFilter::off || reservation.spoof_filter == SpoofFilter::off) {
    return {"jump free", "accept"};
  }
  auto address = to_string(reservation.address);
  return {
      fmt::format("ether saddr != {} drop", reservation.mac),
      fmt::format("arp saddr ether != {} drop", reservation.mac),
      // Without an address it may ask whether somebody has one ([RFC 5227] 2.1.1).
      fmt::format("arp saddr ip != {{ {}, 0.0.0.0 }} drop", address),
      "ether type arp accept",
      "ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept",
      fmt::format("ip saddr != {} drop", address),
      "udp sport 67 udp dport 68 drop",
      "ether type ip accept",
      "drop",
  };
}

// The port's chain and its entry in the map of ports, as commands that need neither to exist.
std::string port_commands(const GuardedNetwork& network, const Reservation& reservation) {
  auto table = table_name(network.name);
  auto port = tap_name(reservation.mac);
  auto commands =
      fmt::format("add chain bridge {0} {1}\nflush chain bridge {0} {1}\n", table, port);
  for (const auto& rule : port_rules(network, reservation)) {
    commands += fmt::format("add rule bridge {} {} {}\n", table, port, rule);
  }
  return commands +
         fmt::format("add element bridge {} guests {{ \"{}\" : goto {} }}\n", table, port, port);
}

}  // namespace

std::string guard_rules(const GuardedNetwork& network, const Reservations& reservations) {
  auto commands = fmt::format(table_template, fmt::arg("table", table_name(network.name)),
                              fmt::arg("mac", network.host_mac),
                              fmt::arg("gateway", to_string(network.subnet.gateway())));
  for (const auto& [mac, reservation] : reservations)
    commands += port_commands(network, reservation);
  return commands;
}

std::string guard_port(const GuardedNetwork& network, const Reservation& reservation) {
  return port_commands(network, reservation);
}

std::string unguard_port(std::string_view network, std::string_view mac) {
  return fmt::format(
      "add chain bridge {0} {1}\n"
      "add element bridge {0} guests {{ \"{1}\" : goto {1} }}\n"
      "delete element bridge {0} guests {{ \"{1}\" }}\n"
      "delete chain bridge {0} {1}\n",
      table_name(network), tap_name(mac));
}

}  // namespace truce::network
