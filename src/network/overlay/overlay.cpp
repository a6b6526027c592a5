#include "overlay/overlay.h"

#include <fmt/ranges.h>

#include "names.h"

namespace truce::network {
namespace {

bool is_ipv4(const Endpoint& endpoint) {
  return std::holds_alternative<Address>(endpoint);
}

Result<Others::Card> read_neighbour(const Neighbour& given) {
  Others::Card card;
  TRY_VOID(check_network_name(given.network));
  TRY_VOID(check_vm_name(given.vm_name));
  card.network = given.network;
  card.vm_name = given.vm_name;
  TRY(card.mac, canonical_mac(given.mac));
  TRY(card.host, parse_endpoint(given.host));
  if (!given.address.empty()) {
    TRY(card.address, parse_address(given.address));
  }
  if (!given.address6.empty()) {
    TRY(card.address6, parse_address6(given.address6));
  }
  for (const auto& group : given.groups) {
    TRY_VOID(check_vm_name(group));
  }
  card.groups = given.groups;
  return card;
}

}  // namespace

std::map<std::string, Endpoint> Others::places(std::string_view network) const {
  std::map<std::string, Endpoint> found;
  for (const auto& card : cards) {
    if (card.network == network) found.emplace(card.mac, card.host);
  }
  return found;
}

Known Others::addresses(std::string_view network) const {
  Known found;
  for (const auto& card : cards) {
    if (card.network != network) continue;
    if (card.address != Address{}) found.emplace(card.address, card.mac);
    if (card.address6) found.emplace(*card.address6, card.mac);
  }
  return found;
}

std::map<std::string, std::string> Others::host_files(std::string_view network) const {
  Reservations named;
  for (const auto& card : cards) {
    if (card.network != network || card.address == Address{}) continue;
    named[card.mac] = {card.mac, card.vm_name, card.address, {}, card.address6};
  }
  return network::host_files(named, {}, {});
}

std::vector<Member> Others::members() const {
  std::vector<Member> found;
  for (const auto& card : cards) {
    bool known = card.address != Address{} || card.address6;
    if (card.groups.empty() || !known) continue;
    found.push_back({card.address, card.groups, card.address6, Member::Where::elsewhere});
  }
  return found;
}

Result<Others> read_peers(const Peers& peers) {
  Others others;
  if (!peers.self.empty()) {
    TRY(others.self, parse_endpoint(peers.self));
  }
  for (const auto& host : peers.hosts) {
    TRY(auto endpoint, parse_endpoint(host));
    others.hosts.insert(endpoint);
  }
  for (const auto& neighbour : peers.neighbours) {
    TRY(auto card, read_neighbour(neighbour));
    others.cards.push_back(std::move(card));
  }
  return others;
}

// The number lies behind UDP's 8 bytes and 4 of flags ([RFC 7348] 5). Other programs' overlays may
// use the same port: only ours is looked at.
std::string overlay_rules(std::string_view network, std::uint32_t vni, const Endpoint& local,
                          const std::set<Endpoint>& hosts) {
  bool four = is_ipv4(local);
  std::vector<std::string> known;
  for (const auto& host : hosts) {
    if (is_ipv4(host) == four) known.push_back(to_string(host));
  }
  auto elements =
      known.empty() ? "" : fmt::format("    elements = {{ {} }}\n", fmt::join(known, ", "));
  return fmt::format(
      R"(table inet {table} {{}}
delete table inet {table}
table inet {table} {{
  set hosts {{
    type {type};
{elements}  }}
  chain input {{
    type filter hook input priority filter; policy accept;
    udp dport {port} @th,96,24 {vni} jump overlay
  }}
  chain overlay {{
    {family} saddr @hosts accept
    drop
  }}
}}
)",
      fmt::arg("table", table_name(network)), fmt::arg("type", four ? "ipv4_addr" : "ipv6_addr"),
      fmt::arg("elements", elements), fmt::arg("port", vxlan_port), fmt::arg("vni", vni),
      fmt::arg("family", four ? "ip" : "ip6"));
}

PlaceChanges place_changes(const std::vector<Place>& known,
                           const std::map<std::string, Endpoint>& told,
                           const std::map<std::string, Endpoint>& wanted,
                           const std::set<Endpoint>& hosts) {
  PlaceChanges changes;
  std::set<Endpoint> flooded;
  std::map<std::string, Endpoint> there;
  for (const auto& place : known) {
    if (place.mac == everybody_else) {
      flooded.insert(place.host);
      if (!hosts.contains(place.host)) changes.gone.push_back(place);
      continue;
    }
    there.emplace(place.mac, place.host);
    bool withdrawn = told.contains(place.mac) && !wanted.contains(place.mac);
    if (withdrawn || !hosts.contains(place.host)) changes.gone.push_back(place);
  }
  for (const auto& host : hosts) {
    if (!flooded.contains(host)) changes.fresh.push_back({std::string(everybody_else), host});
  }
  for (const auto& [mac, host] : wanted) {
    if (!hosts.contains(host)) continue;
    auto before = told.find(mac);
    auto now = there.find(mac);
    bool news = before == told.end() || before->second != host;
    bool lost = now == there.end() || !hosts.contains(now->second);
    if (lost || (news && now->second != host)) changes.fresh.push_back({mac, host});
  }
  return changes;
}

}  // namespace truce::network
