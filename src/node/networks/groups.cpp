#include "networks/groups.h"

#include "base/log.h"
#include "model/firewall.h"

namespace truce::node {

network::Group to_group(const model::SecurityGroup& given) {
  using Direction = network::Rule::Direction;
  network::Group group{given.name};
  for (const auto& text : given.rules) {
    auto rule = model::parse_firewall_rule(text);
    if (!rule) {  // allows nothing
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

}  // namespace truce::node
