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
    udp sport 547 udp dport 546 drop
    icmpv6 type {{ nd-router-advert, nd-redirect }} drop
  }}
  chain link-local {{
    icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert }} accept
    icmpv6 type {{ mld-listener-report, mld-listener-done, mld2-listener-report }} accept
    ip6 daddr {{ {servers} }} udp dport {{ 53, 547 }} accept
    drop
  }}
{overlay}  chain prerouting {{
    type filter hook prerouting priority -210; policy accept;
{from_overlay}    iifname vmap @guests
    iifname "tt-*" jump free
  }}
  chain forward {{
    type filter hook forward priority -210; policy accept;
    oifname vmap @closed
  }}
  chain postrouting {{
    type filter hook postrouting priority 0; policy accept;
{routed}{to_overlay}    oifname vmap @limited
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

// An address as the number that nft compares with payload that it has no name for.
std::string number_of(Address6 address) {
  return fmt::format("0x{:016x}{:016x}", address.high, address.low);
}

bool knows_ipv6(const Reservation& reservation) {
  return reservation.address6.has_value();
}

// For whom neighbour discovery may speak: the target lies 8 bytes into the message ([RFC 4861]
// 4.3, 4.4). An address that is made from a MAC has ff:fe in its middle, and is that card's only.
Lines claim_rules(const Reservation& reservation) {
  if (!knows_ipv6(reservation)) return {};
  return {fmt::format("@th,64,128 {} return", number_of(*reservation.address6)),
          fmt::format("@th,64,128 {} return", number_of(link_local_of(reservation.mac))),
          "@th,64,64 0xfe80000000000000 @th,152,16 != 0xfffe return", "drop"};
}

// What a NIC may send of IPv6. Fragments, in which messages could hide, are not for neighbours:
// their discovery has none ([RFC 6980]).
Lines sender_rules6(const Reservation& reservation, const std::string& claims) {
  if (!knows_ipv6(reservation)) return {};
  Lines rules{"icmpv6 type { nd-router-advert, nd-redirect } drop",
              "udp sport 547 udp dport 546 drop",
              "ip6 daddr { fe80::/10, ff00::/8 } exthdr frag exists drop",
              "icmpv6 type nd-neighbor-advert jump " + claims,
              // Without an address it may ask whether somebody has one ([RFC 4862] 5.4.2).
              "ip6 saddr :: icmpv6 type nd-neighbor-solicit jump " + claims,
              "ip6 saddr :: icmpv6 type { nd-neighbor-solicit, nd-router-solicit, "
              "mld-listener-report, mld2-listener-report } accept",
              fmt::format("ip6 saddr {} accept", to_string(*reservation.address6))};
  // A security group knows a card by its address: from another one it says the least.
  std::string_view verdict = reservation.settings.groups.empty() ? "accept" : "goto link-local";
  rules.push_back(
      fmt::format("ip6 saddr {} {}", to_string(link_local_of(reservation.mac)), verdict));
  rules.push_back(fmt::format("ip6 saddr fe80::/64 @nh,152,16 != 0xfffe {}", verdict));
  rules.emplace_back("drop");
  return rules;
}

// A chain ends with the verdict on all that no rule before has decided.
Lines sender_rules(const GuardedNetwork& network, const Reservation& reservation,
                   const std::string& six) {
  Lines rules;
  const auto& settings = reservation.settings;
  if (settings.send_mbit > 0) rules.push_back(rate_rule(settings.send_mbit));
  if (network.spoof_filter == SpoofFilter::off || settings.spoof_filter == SpoofFilter::off) {
    rules.insert(rules.end(), {"jump free", "accept"});
    return rules;
  }
  rules.push_back(fmt::format("ether saddr != {} drop", reservation.mac));
  rules.push_back(fmt::format("arp saddr ether != {} drop", reservation.mac));
  if (knows_ipv6(reservation)) rules.push_back("ether type ip6 goto " + six);
  if (reservation.address != Address{}) {
    auto address = to_string(reservation.address);
    // Without an address it may ask whether somebody has one ([RFC 5227] 2.1.1).
    rules.push_back(fmt::format("arp saddr ip != {{ {}, 0.0.0.0 }} drop", address));
    rules.push_back("ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept");
    rules.push_back(fmt::format("ip saddr != {} drop", address));
  }
  rules.push_back("udp sport 67 udp dport 68 drop");
  if (network.mode == Mode::bridged) {
    rules.insert(rules.end(), {"udp sport 547 udp dport 546 drop",
                               "icmpv6 type { nd-router-advert, nd-redirect } drop",
                               "ether type { 0x8100, 0x88a8 } drop", "accept"});
  } else {
    // With a RARP about itself a machine that has moved shows bridges where it is now; sender and
    // target lie at their places of [RFC 826].
    rules.push_back(fmt::format("ether type 0x8035 @nh,64,48 0x{0} @nh,144,48 0x{0} accept",
                                file_name(reservation.mac)));
    rules.insert(rules.end(), {"ether type { arp, ip } accept", "drop"});
  }
  return rules;
}

// What a NIC of security groups hears of other guests; the groups decide on the rest of it.
Lines closed_rules(const Reservation& reservation) {
  if (reservation.settings.groups.empty()) return {};
  Lines rules{fmt::format("ip daddr != {} drop", to_string(reservation.address))};
  if (knows_ipv6(reservation)) {
    rules.insert(
        rules.end(),
        {"icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept",
         fmt::format("ip6 daddr != {} drop", to_string(*reservation.address6))});
  } else {
    rules.emplace_back("ether type ip6 drop");
  }
  return rules;
}

// A chain of one port; the map of ports that leads there, if it is not called by another chain.
struct PortChain {
  std::string name;
  std::string_view map;
  Lines rules;
};

// Chains of a port and their entries in maps, as commands that need none of them to exist. One
// without rules goes.
std::string chain_commands(const std::string& table, const std::string& port,
                           const std::vector<PortChain>& chains) {
  std::string fresh, filled, gone;
  for (const auto& [name, map, rules] : chains) {
    fresh += fmt::format("add chain bridge {0} {1}\nflush chain bridge {0} {1}\n", table, name);
    for (const auto& rule : rules) {
      filled += fmt::format("add rule bridge {} {} {}\n", table, name, rule);
    }
    if (!map.empty()) {
      filled +=
          fmt::format("add element bridge {} {} {{ \"{}\" : goto {} }}\n", table, map, port, name);
    }
    if (!rules.empty()) continue;
    if (!map.empty()) {
      gone += fmt::format("delete element bridge {} {} {{ \"{}\" }}\n", table, map, port);
    }
    gone += fmt::format("delete chain bridge {} {}\n", table, name);
  }
  return fresh + filled + gone;
}

std::string port_commands(const GuardedNetwork& network, const Reservation& reservation) {
  auto port = tap_name(reservation.mac);
  auto six = port + "-6", claims = port + "-claims";
  Lines limited;
  if (reservation.settings.receive_mbit > 0) {
    limited = {rate_rule(reservation.settings.receive_mbit)};
  }
  return chain_commands(table_name(network.name), port,
                        {{port, "guests", sender_rules(network, reservation, six)},
                         {six, "", sender_rules6(reservation, claims)},
                         {claims, "", claim_rules(reservation)},
                         {port + "-closed", "closed", closed_rules(reservation)},
                         {port + "-limited", "limited", limited}});
}

// What no guest says but one that poses as the host.
std::string host_lines(const GuardedNetwork& network) {
  if (network.mode == Mode::bridged) return {};
  auto lines =
      fmt::format("    ether saddr {0} drop\n    arp saddr ip {1} drop\n    ip saddr {1} drop\n",
                  network.host_mac, to_string(network.subnet.gateway()));
  if (!network.subnet6) return lines;
  for (auto address : {network.subnet6->gateway(), link_local_of(network.host_mac)}) {
    lines += fmt::format(
        "    ip6 saddr {} drop\n    icmpv6 type nd-neighbor-advert @th,64,128 {} drop\n",
        to_string(address), number_of(address));
  }
  return lines;
}

// All hosts have the same MAC and addresses in an overlay: what one says with them would be taken
// for the word of another. Tags could hide the rest.
std::string overlay_chain(const GuardedNetwork& network) {
  if (!network.overlay) return {};
  auto gateway = to_string(network.subnet.gateway());
  Lines rules{fmt::format("ether saddr {} drop", network.host_mac),
              fmt::format("ether daddr {} drop", network.host_mac),
              fmt::format("arp saddr ip {} drop", gateway),
              fmt::format("arp daddr ip {} drop", gateway),
              fmt::format("ip saddr {} drop", gateway),
              "udp dport { 67, 68, 546, 547 } drop",
              "icmpv6 type { nd-router-solicit, nd-router-advert, nd-redirect } drop",
              "ether type { 0x8100, 0x88a8 } drop"};
  if (network.subnet6) {
    for (auto address : {network.subnet6->gateway(), link_local_of(network.host_mac)}) {
      rules.push_back(fmt::format("ip6 saddr {} drop", to_string(address)));
      rules.push_back(fmt::format(
          "icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} @th,64,128 {} drop",
          number_of(address)));
    }
  }
  std::string chain = "  chain overlay {\n";
  for (const auto& rule : rules) chain += fmt::format("    {}\n", rule);
  return chain + "  }\n";
}

// What a router passes on to guests of other hosts. It has not the MAC that all have: the other
// bridge knows that one as its own.
std::string routed_lines(const GuardedNetwork& network) {
  if (!network.overlay || network.mode != Mode::routed) return {};
  auto line = [&](std::string_view family, const std::string& gateway) {
    return fmt::format(
        "    oifname \"{}\" ether saddr {} {} saddr != {{ {}, {} }} ether saddr set {} accept\n",
        overlay_port_name(network.name), network.host_mac, family, gateway,
        family == "ip" ? "0.0.0.0" : "fe80::/10", network.own_mac);
  };
  auto lines = line("ip", to_string(network.subnet.gateway()));
  if (network.subnet6) lines += line("ip6", to_string(network.subnet6->gateway()));
  return lines;
}

// A jump to that chain for what comes through its port, or leaves through it.
std::string overlay_jump(const GuardedNetwork& network, std::string_view direction) {
  if (!network.overlay) return {};
  return fmt::format("    {} \"{}\" jump overlay\n", direction, overlay_port_name(network.name));
}

// Whom a guest asks about addresses and names from its link-local address.
std::string servers_of(const GuardedNetwork& network) {
  std::string_view all = "ff02::1:2";
  if (network.mode == Mode::bridged) return std::string(all);
  return fmt::format("{}, {}", all, to_string(link_local_of(network.host_mac)));
}

}  // namespace

std::string guard_rules(const GuardedNetwork& network, const Reservations& reservations) {
  auto commands =
      fmt::format(table_template, fmt::arg("table", table_name(network.name)),
                  fmt::arg("free", host_lines(network)), fmt::arg("servers", servers_of(network)),
                  fmt::arg("overlay", overlay_chain(network)),
                  fmt::arg("from_overlay", overlay_jump(network, "iifname")),
                  fmt::arg("routed", routed_lines(network)),
                  fmt::arg("to_overlay", overlay_jump(network, "oifname")));
  for (const auto& [mac, reservation] : reservations)
    commands += port_commands(network, reservation);
  return commands;
}

std::string guard_port(const GuardedNetwork& network, const Reservation& reservation) {
  return port_commands(network, reservation);
}

std::string unguard_port(std::string_view network, std::string_view mac) {
  auto port = tap_name(mac);
  return chain_commands(table_name(network), port,
                        {{port, "guests", {}},
                         {port + "-6", "", {}},
                         {port + "-claims", "", {}},
                         {port + "-closed", "closed", {}},
                         {port + "-limited", "limited", {}}});
}

}  // namespace truce::network
