#include "guard.h"

#include <algorithm>
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
  map closed {{
    type ifname : verdict;
  }}
  map limited {{
    type ifname : verdict;
  }}
  chain free {{
{free}    udp sport 67 udp dport 68 drop
    icmpv6 type nd-router-advert drop
  }}
  chain prerouting {{
    type filter hook prerouting priority -210; policy accept;
    iifname vmap @guests
    iifname "tt-*" jump free
  }}
  chain forward {{
    type filter hook forward priority -210; policy accept;
    oifname vmap @closed
  }}
  chain postrouting {{
    type filter hook postrouting priority 0; policy accept;
    oifname vmap @limited
  }}
}}
)";

using Lines = std::vector<std::string>;

// Room for a segmented packet of 64 KiB and for a tenth of a second.
std::string rate_rule(std::uint32_t mbit) {
  auto bytes = std::uint64_t{mbit} * 125'000;
  return fmt::format("limit rate over {} bytes/second burst {} bytes drop", bytes,
                     std::max<std::uint64_t>(bytes / 10, 256 * 1024));
}

// A chain ends with the verdict on all that no rule before has decided.
Lines sender_rules(const GuardedNetwork& network, const Reservation& reservation) {
  Lines rules;
  const auto& settings = reservation.settings;
  if (settings.send_mbit > 0) rules.push_back(rate_rule(settings.send_mbit));
  if (network.spoof_filter == SpoofFilter::off || settings.spoof_filter == SpoofFilter::off) {
    rules.insert(rules.end(), {"jump free", "accept"});
    return rules;
  }
  rules.push_back(fmt::format("ether saddr != {} drop", reservation.mac));
  rules.push_back(fmt::format("arp saddr ether != {} drop", reservation.mac));
  if (reservation.address != Address{}) {
    auto address = to_string(reservation.address);
    // Without an address it may ask whether somebody has one ([RFC 5227] 2.1.1).
    rules.push_back(fmt::format("arp saddr ip != {{ {}, 0.0.0.0 }} drop", address));
    rules.push_back("ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept");
    rules.push_back(fmt::format("ip saddr != {} drop", address));
  }
  rules.push_back("udp sport 67 udp dport 68 drop");
  if (network.mode == Mode::bridged) {
    rules.insert(rules.end(), {"icmpv6 type nd-router-advert drop",
                               "ether type { 0x8100, 0x88a8 } drop", "accept"});
  } else {
    rules.insert(rules.end(), {"ether type { arp, ip } accept", "drop"});
  }
  return rules;
}

// A port's chain and its entry in a map of ports, as commands that need neither to exist.
std::string chain_commands(const std::string& table, std::string_view map, const std::string& port,
                           const std::string& chain, const Lines& rules) {
  auto commands =
      fmt::format("add chain bridge {0} {1}\nflush chain bridge {0} {1}\n", table, chain);
  for (const auto& rule : rules) {
    commands += fmt::format("add rule bridge {} {} {}\n", table, chain, rule);
  }
  commands +=
      fmt::format("add element bridge {} {} {{ \"{}\" : goto {} }}\n", table, map, port, chain);
  if (!rules.empty()) return commands;
  return commands + fmt::format(
                        "delete element bridge {0} {1} {{ \"{2}\" }}\n"
                        "delete chain bridge {0} {3}\n",
                        table, map, port, chain);
}

std::string port_commands(const GuardedNetwork& network, const Reservation& reservation) {
  auto table = table_name(network.name);
  auto port = tap_name(reservation.mac);
  Lines closed, limited;
  if (!reservation.settings.groups.empty()) {
    closed = {fmt::format("ip daddr != {} drop", to_string(reservation.address)),
              "ether type ip6 drop"};
  }
  if (reservation.settings.receive_mbit > 0) {
    limited = {rate_rule(reservation.settings.receive_mbit)};
  }
  return chain_commands(table, "guests", port, port, sender_rules(network, reservation)) +
         chain_commands(table, "closed", port, port + "-closed", closed) +
         chain_commands(table, "limited", port, port + "-limited", limited);
}

// What no guest says but one that poses as the host.
std::string host_lines(const GuardedNetwork& network) {
  if (network.mode == Mode::bridged) return {};
  return fmt::format("    ether saddr {0} drop\n    arp saddr ip {1} drop\n    ip saddr {1} drop\n",
                     network.host_mac, to_string(network.subnet.gateway()));
}

}  // namespace

std::string guard_rules(const GuardedNetwork& network, const Reservations& reservations) {
  auto commands = fmt::format(table_template, fmt::arg("table", table_name(network.name)),
                              fmt::arg("free", host_lines(network)));
  for (const auto& [mac, reservation] : reservations)
    commands += port_commands(network, reservation);
  return commands;
}

std::string guard_port(const GuardedNetwork& network, const Reservation& reservation) {
  return port_commands(network, reservation);
}

std::string unguard_port(std::string_view network, std::string_view mac) {
  auto table = table_name(network);
  auto port = tap_name(mac);
  return chain_commands(table, "guests", port, port, {}) +
         chain_commands(table, "closed", port, port + "-closed", {}) +
         chain_commands(table, "limited", port, port + "-limited", {});
}

}  // namespace truce::network
