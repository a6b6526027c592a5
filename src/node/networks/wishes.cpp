#include "networks/wishes.h"

#include <arpa/inet.h>

#include <map>
#include <utility>

#include "base/log.h"
#include "model/firewall.h"

namespace truce::node {
namespace {

constexpr std::pair<network::Mode, model::NetworkMode> network_modes[] = {
    {network::Mode::nat, model::NetworkMode::nat},
    {network::Mode::user, model::NetworkMode::user},
    {network::Mode::routed, model::NetworkMode::routed},
    {network::Mode::isolated, model::NetworkMode::isolated},
    {network::Mode::bridged, model::NetworkMode::bridged}};

// `192.0.2.1:7443` and `[fd00::1]:7443` without the port; empty when it is no such.
std::string number_in(const std::string& address) {
  auto host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  in6_addr bytes{};
  for (auto family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, host.c_str(), &bytes) == 1) return host;
  }
  return {};
}

}  // namespace

network::Config config_of(const model::Network& network) {
  network::Config config{network.name, network::Mode::nat, network.subnet, network.domain};
  for (auto [mode, name] : network_modes) {
    if (name == network.mode) config.mode = mode;
  }
  config.bridge = network.bridge;
  config.subnet6 = network.subnet6;
  config.vni = static_cast<std::uint32_t>(network.vni);
  config.vlan = static_cast<std::uint16_t>(network.vlan);
  if (!network.spoof_filter) config.spoof_filter = network::SpoofFilter::off;
  return config;
}

model::NetworkMode as_model(network::Mode given) {
  for (auto [mode, name] : network_modes) {
    if (mode == given) return name;
  }
  return model::NetworkMode::nat;
}

network::Group group_of(const model::SecurityGroup& given) {
  using Direction = network::Rule::Direction;
  network::Group group{given.name};
  for (const auto& text : given.rules) {
    auto rule = model::parse_firewall_rule(text);
    if (!rule) {
      spdlog::error("security group {}: {}", given.name, rule.error().message);
      continue;
    }
    network::Rule& put = group.rules.emplace_back();
    put.direction = rule->ingress ? Direction::ingress : Direction::egress;
    put.protocol = rule->protocol;
    for (auto [first, last] : rule->ports) put.ports.push_back({first, last});
    put.peer = rule->peer;
    put.peer_group = rule->peer_group;
  }
  return group;
}

network::Peers peers_of(const std::string& self, const std::vector<model::Host>& hosts,
                        const std::vector<model::Neighbour>& neighbours) {
  network::Peers peers;
  std::map<std::string, std::string, std::less<>> addresses;
  for (const auto& host : hosts) {
    auto number = number_in(host.address);
    if (number.empty()) continue;
    addresses[host.name] = number;
    if (host.name == self) {
      peers.self = number;
    } else {
      peers.hosts.push_back(number);
    }
  }
  for (const auto& card : neighbours) {
    auto host = addresses.find(card.host);
    if (host == addresses.end() || card.host == self) continue;
    peers.neighbours.push_back({card.network, card.vm, card.mac, host->second, card.address,
                                card.address6, card.security_groups});
  }
  return peers;
}

}  // namespace truce::node
