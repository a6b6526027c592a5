#include "groups.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "names.h"

namespace truce::network {
namespace {

constexpr std::string_view table = "truce-security-groups";

// Numbers of one kind from first to last.
template <class Number>
struct Interval {
  Number first = {}, last = {};
  auto operator<=>(const Interval&) const = default;
};
template <class Number>
using Intervals = std::vector<Interval<Number>>;  // sorted, none touches another
using Port = std::uint32_t;

Port next(Port number) {
  return number + 1;
}
Address next(Address address) {
  return {address.value + 1};
}
Address6 next(Address6 address) {
  return {address.high + (address.low == ~std::uint64_t{0} ? 1 : 0), address.low + 1};
}

// nft refuses overlapping elements where sets are joined; so they are merged here.
template <class Number>
Intervals<Number> merged(Intervals<Number> ranges) {
  std::ranges::sort(ranges);
  Intervals<Number> result;
  for (const auto& range : ranges) {
    bool touches = !result.empty() &&
                   (range.first <= result.back().last || range.first == next(result.back().last));
    if (touches) {
      result.back().last = std::max(result.back().last, range.last);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

Result<Interval<Address>> addresses_in(std::string_view cidr) {
  auto slash = std::min(cidr.find('/'), cidr.size());
  TRY(auto address, parse_address(cidr.substr(0, slash)));
  auto prefix = 32U;
  if (slash < cidr.size()) {
    TRY(auto bits, parse_address(fmt::format("0.0.0.{}", cidr.substr(slash + 1))));
    prefix = bits.value;
  }
  if (prefix > 32) return fail(Code::invalid, "'{}' is not an IPv4 range", cidr);
  Subnet subnet{address, prefix};
  if (!subnet.contains(address)) {
    return fail(Code::invalid, "'{}' has bits behind its prefix", cidr);
  }
  return Interval<Address>{address, {address.value | ~subnet.mask().value}};
}

Result<Interval<Address6>> addresses6_in(std::string_view cidr) {
  TRY(auto subnet, parse_range6(cidr));
  return Interval<Address6>{subnet.network, subnet.last()};
}

std::string number_text(Port port) {
  return std::to_string(port);
}
template <class Address>
std::string number_text(Address address) {
  return to_string(address);
}

template <class Number>
std::string joined(const Intervals<Number>& ranges) {
  std::string all;
  for (const auto& [first, last] : ranges) {
    all += (all.empty() ? "" : ", ") + number_text(first);
    if (last != first) all += "-" + number_text(last);
  }
  return all;
}

const Intervals<Port> every_port{{0, 0xffff}};

// One of IPv4 and IPv6, as rules name them.
template <class Number>
struct Family;
template <>
struct Family<Address> {
  static constexpr std::string_view name = "ip", icmp = "icmp";
  static Result<Interval<Address>> read(std::string_view cidr) { return addresses_in(cidr); }
};
template <>
struct Family<Address6> {
  static constexpr std::string_view name = "ip6", icmp = "icmpv6";
  static Result<Interval<Address6>> read(std::string_view cidr) { return addresses6_in(cidr); }
};

bool is_ipv6(std::string_view cidr) {
  return cidr.contains(':');
}

std::string match_text(std::string_view protocol, std::string_view icmp,
                       const Intervals<Port>& ports) {
  if (ports != every_port) return fmt::format("{} dport {{ {} }} ", protocol, joined(ports));
  if (protocol == "any") return {};
  return fmt::format("meta l4proto {} ", protocol == "icmp" ? icmp : protocol);
}

using Rules = std::vector<const Rule*>;

Intervals<Port> ports_of(const Rule& rule) {
  if (rule.ports.empty()) return every_port;
  Intervals<Port> ports;
  for (const auto& [first, last] : rule.ports) ports.push_back({first, last});
  return ports;
}

// The ports that rules with the same peer let through, together.
template <class Peer>
std::map<Intervals<Port>, std::vector<Peer>> by_ports(
    std::map<Peer, Intervals<Port>> ports_of_peer) {
  std::map<Intervals<Port>, std::vector<Peer>> peers;
  for (auto& [peer, ports] : ports_of_peer) peers[merged(std::move(ports))].push_back(peer);
  return peers;
}

// Rules of one protocol, as few as can be: peers with the same ports share one, and each peer's
// ports are merged before. A thousand rules usually are one or two.
template <class Number>
void add_range_lines(const Rules& rules, std::string_view protocol, std::string_view side,
                     std::vector<std::string>& lines) {
  using Its = Family<Number>;
  std::map<Interval<Number>, Intervals<Port>> ports;
  for (const auto* rule : rules) {
    bool of_family = is_ipv6(rule->peer) == std::is_same_v<Number, Address6>;
    if (rule->peer.empty() || !of_family) continue;
    std::ranges::copy(
        ports_of(*rule),
        std::back_inserter(ports[Its::read(rule->peer).value_or(Interval<Number>{})]));
  }
  for (auto& [its_ports, ranges] : by_ports(std::move(ports))) {
    lines.push_back(fmt::format("{} {} {{ {} }} {}accept", Its::name, side, joined(merged(ranges)),
                                match_text(protocol, Its::icmp, its_ports)));
  }
}

void add_group_lines(const Rules& rules, std::string_view protocol, std::string_view side,
                     std::vector<std::string>& lines) {
  std::map<std::string, Intervals<Port>> ports;
  for (const auto* rule : rules) {
    if (rule->peer_group.empty()) continue;
    std::ranges::copy(ports_of(*rule), std::back_inserter(ports[rule->peer_group]));
  }
  for (auto& [its_ports, groups] : by_ports(std::move(ports))) {
    for (const auto& group : groups) {
      lines.push_back(fmt::format("ip {} @members-{} {}accept", side, group,
                                  match_text(protocol, "icmp", its_ports)));
      lines.push_back(fmt::format("ip6 {} @members6-{} {}accept", side, group,
                                  match_text(protocol, "icmpv6", its_ports)));
    }
  }
}

void add_common_lines(const Rules& rules, std::string_view protocol,
                      std::vector<std::string>& lines) {
  Intervals<Port> ports;
  for (const auto* rule : rules) {
    if (rule->peer.empty() && rule->peer_group.empty()) {
      std::ranges::copy(ports_of(*rule), std::back_inserter(ports));
    }
  }
  if (ports.empty()) return;
  lines.push_back(match_text(protocol, "{ icmp, icmpv6 }", merged(std::move(ports))) + "accept");
}

// What a group allows in one direction, in order.
std::vector<std::string> allowed(const Group& group, Rule::Direction direction) {
  std::map<std::string, Rules> by_protocol;
  for (const auto& rule : group.rules) {
    if (rule.direction == direction) by_protocol[rule.protocol].push_back(&rule);
  }
  auto side = direction == Rule::Direction::ingress ? "saddr" : "daddr";
  std::vector<std::string> lines;
  for (const auto& [protocol, rules] : by_protocol) {
    add_common_lines(rules, protocol, lines);
    add_range_lines<Address>(rules, protocol, side, lines);
    add_range_lines<Address6>(rules, protocol, side, lines);
    add_group_lines(rules, protocol, side, lines);
  }
  return lines;
}

std::string chain_text(const std::string& name, const std::vector<std::string>& rules) {
  auto text = fmt::format("  chain {} {{\n", name);
  for (const auto& rule : rules) text += fmt::format("    {}\n", rule);
  return text + "  }\n";
}

std::string elements(const std::vector<std::string>& items) {
  return items.empty() ? std::string()
                       : fmt::format("    elements = {{ {} }}\n", fmt::join(items, ", "));
}

// Which chains a NIC's packets go through, by the groups that it names. No group's name has '_'.
class Dispatch {
 public:
  Dispatch(std::string_view way, std::set<std::string> known)
      : way_(way), known_(std::move(known)) {}

  void add(const Member& member) {
    auto chain =
        fmt::format("{}_nic_{}", way_,
                    sha256_hex(fmt::format("{}", fmt::join(member.groups, ","))).substr(0, 12));
    auto entry = [&](const auto& address) {
      return fmt::format("{} : jump {}", to_string(address), chain);
    };
    if (member.address != Address{}) entries_.push_back(entry(member.address));
    if (member.address6) entries6_.push_back(entry(*member.address6));
    if (!chains_.try_emplace(chain).second) return;
    for (const auto& group : member.groups) {
      if (known_.contains(group)) chains_[chain].push_back(fmt::format("jump {}-{}", way_, group));
    }
    chains_[chain].push_back("drop");
  }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& [chain, rules] : chains_) all += chain_text(chain, rules);
    return all +
           fmt::format("  map {}-nics {{\n    type ipv4_addr : verdict;\n{}  }}\n", way_,
                       elements(entries_)) +
           fmt::format("  map {}-nics6 {{\n    type ipv6_addr : verdict;\n{}  }}\n", way_,
                       elements(entries6_));
  }

 private:
  std::string_view way_;
  std::set<std::string> known_;
  std::map<std::string, std::vector<std::string>> chains_;
  std::vector<std::string> entries_, entries6_;
};

// A packet between two guests passes both: an accept ends only the chain that it is in. The kernel
// tracks no neighbour discovery.
constexpr std::string_view base_chains = R"(  chain neighbours {
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    icmpv6 type { nd-router-solicit, nd-router-advert } accept
    icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } accept
  }
  chain forward-out {
    type filter hook forward priority -2; policy accept;
    ct state related accept
    ct direction reply ct state established accept
    jump neighbours
    ip saddr vmap @out-nics
    ip6 saddr vmap @out-nics6
  }
  chain forward-in {
    type filter hook forward priority -1; policy accept;
    ct state related accept
    ct direction reply ct state established accept
    jump neighbours
    ip daddr vmap @in-nics
    ip6 daddr vmap @in-nics6
  }
  chain input {
    type filter hook input priority -1; policy accept;
    ct direction reply ct state established accept
    jump neighbours
    meta l4proto { tcp, udp } th dport 53 accept
    udp dport { 67, 547 } accept
    ip saddr vmap @out-nics
    ip6 saddr vmap @out-nics6
  }
}
)";

}  // namespace

Result<void> check_group(const Group& group) {
  TRY_VOID(check_vm_name(group.name));
  constexpr std::string_view protocols[] = {"any", "tcp", "udp", "icmp"};
  for (const auto& rule : group.rules) {
    if (std::ranges::count(protocols, rule.protocol) == 0) {
      return fail(Code::invalid, "'{}' is no protocol of a security group", rule.protocol);
    }
    bool ports_fit = rule.ports.empty() || rule.protocol == "tcp" || rule.protocol == "udp";
    for (const auto& [first, last] : rule.ports) ports_fit = ports_fit && first <= last;
    if (!ports_fit)
      return fail(Code::invalid, "group {}: a rule has ports that cannot be", group.name);
    if (is_ipv6(rule.peer)) {
      TRY_VOID(addresses6_in(rule.peer));
    } else if (!rule.peer.empty()) {
      TRY_VOID(addresses_in(rule.peer));
    }
    if (!rule.peer_group.empty()) {
      TRY_VOID(check_vm_name(rule.peer_group));
    }
  }
  return {};
}

std::string group_rules(const std::vector<Group>& groups, const std::vector<Member>& members) {
  auto text = fmt::format("table inet {0} {{\n}}\ndelete table inet {0}\n", table);
  auto is_here = [](const Member& member) { return member.where == Member::Where::here; };
  if (std::ranges::none_of(members, is_here)) return text;
  text += fmt::format("table inet {} {{\n", table);
  // One that is on its way to this host is told of as elsewhere, too.
  struct Addresses {
    std::vector<std::string> four, six;
    std::set<std::string> seen = {};
    void add(std::vector<std::string>& list, const std::string& address) {
      if (seen.insert(address).second) list.push_back(address);
    }
  };
  std::map<std::string, Addresses> addresses;
  std::set<std::string> known, restricted;
  for (const auto& group : groups) {
    known.insert(group.name);
    addresses[group.name];
    for (const auto& rule : group.rules) {
      if (!rule.peer_group.empty()) addresses[rule.peer_group];
      if (rule.direction == Rule::Direction::egress) restricted.insert(group.name);
    }
  }
  Dispatch in("in", known), out("out", known);
  for (const auto& member : members) {
    for (const auto& group : member.groups) {
      auto& its = addresses[group];
      if (member.address != Address{}) its.add(its.four, to_string(member.address));
      if (member.address6) its.add(its.six, to_string(*member.address6));
    }
    if (!is_here(member)) continue;
    in.add(member);
    auto restricts = [&](const auto& group) { return restricted.contains(group); };
    if (std::ranges::any_of(member.groups, restricts)) out.add(member);
  }
  for (const auto& [group, its] : addresses) {
    text += fmt::format("  set members-{} {{\n    type ipv4_addr;\n{}  }}\n", group,
                        elements(its.four));
    text += fmt::format("  set members6-{} {{\n    type ipv6_addr;\n{}  }}\n", group,
                        elements(its.six));
  }
  for (const auto& group : groups) {
    text += chain_text("in-" + group.name, allowed(group, Rule::Direction::ingress));
    text += chain_text("out-" + group.name, allowed(group, Rule::Direction::egress));
  }
  return text + in.text() + out.text() + std::string(base_chains);
}

}  // namespace truce::network
