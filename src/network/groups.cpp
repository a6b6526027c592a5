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
struct Range {
  std::uint64_t first = 0, last = 0;
  auto operator<=>(const Range&) const = default;
};
using Ranges = std::vector<Range>;  // sorted, none touches another

// nft refuses overlapping elements where sets are joined; so they are merged here.
Ranges merged(Ranges ranges) {
  std::ranges::sort(ranges);
  Ranges result;
  for (const auto& range : ranges) {
    if (!result.empty() && range.first <= result.back().last + 1) {
      result.back().last = std::max(result.back().last, range.last);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

Result<Range> addresses_in(std::string_view cidr) {
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
  return Range{address.value, address.value | ~subnet.mask().value};
}

std::string joined(const Ranges& ranges, std::string (*text)(std::uint64_t)) {
  std::string all;
  for (const auto& [first, last] : ranges) {
    all += (all.empty() ? "" : ", ") + text(first);
    if (last != first) all += "-" + text(last);
  }
  return all;
}
std::string address_text(std::uint64_t value) {
  return to_string(Address{static_cast<std::uint32_t>(value)});
}
std::string port_text(std::uint64_t value) {
  return std::to_string(value);
}

constexpr Range everybody{0, 0xffff'ffff};
constexpr Range every_port{0, 0xffff};

// A rule's peer: addresses, or a group when `group` is not empty.
struct Peer {
  std::string group;
  Range range = everybody;
  auto operator<=>(const Peer&) const = default;
};

// The rules of one group, direction and protocol, as few as can be: peers with the same ports share
// one, and each peer's ports are merged before. A thousand rules usually are one or two.
std::vector<std::string> rule_lines(const std::vector<const Rule*>& rules,
                                    const std::string& protocol, std::string_view side) {
  std::map<Peer, Ranges> ports_of;
  for (const auto* rule : rules) {
    Peer peer{rule->peer_group, everybody};
    if (!rule->peer.empty()) peer.range = addresses_in(rule->peer).value_or(Range{});
    auto& ports = ports_of[peer];
    if (rule->ports.empty()) ports.push_back(every_port);
    for (const auto& [first, last] : rule->ports) ports.push_back({first, last});
  }
  std::map<std::pair<std::string, Ranges>, Ranges> peers_of;
  for (auto& [peer, ports] : ports_of) {
    peers_of[{peer.group, merged(std::move(ports))}].push_back(peer.range);
  }
  std::vector<std::string> lines;
  for (auto& [key, ranges] : peers_of) {
    const auto& [group, ports] = key;
    auto peers = merged(std::move(ranges));
    std::string line;
    if (!group.empty()) line += fmt::format("ip {} @members-{} ", side, group);
    if (group.empty() && peers != Ranges{everybody}) {
      line += fmt::format("ip {} {{ {} }} ", side, joined(peers, address_text));
    }
    bool some_ports = ports != Ranges{every_port};
    if (some_ports) {
      line += fmt::format("{} dport {{ {} }} ", protocol, joined(ports, port_text));
    } else if (protocol != "any") {
      line += fmt::format("meta l4proto {} ", protocol);
    }
    lines.push_back(line + "accept");
  }
  return lines;
}

// What a group allows in one direction, in order.
std::vector<std::string> allowed(const Group& group, Rule::Direction direction) {
  std::map<std::string, std::vector<const Rule*>> by_protocol;
  for (const auto& rule : group.rules) {
    if (rule.direction == direction) by_protocol[rule.protocol].push_back(&rule);
  }
  auto side = direction == Rule::Direction::ingress ? "saddr" : "daddr";
  std::vector<std::string> lines;
  for (const auto& [protocol, rules] : by_protocol) {
    std::ranges::move(rule_lines(rules, protocol, side), std::back_inserter(lines));
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
    entries_.push_back(fmt::format("{} : jump {}", to_string(member.address), chain));
    if (!chains_.try_emplace(chain).second) return;
    for (const auto& group : member.groups) {
      if (known_.contains(group)) chains_[chain].push_back(fmt::format("jump {}-{}", way_, group));
    }
    chains_[chain].push_back("drop");
  }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& [chain, rules] : chains_) all += chain_text(chain, rules);
    return all + fmt::format("  map {}-nics {{\n    type ipv4_addr : verdict;\n{}  }}\n", way_,
                             elements(entries_));
  }

 private:
  std::string_view way_;
  std::set<std::string> known_;
  std::map<std::string, std::vector<std::string>> chains_;
  std::vector<std::string> entries_;
};

// A packet between two guests passes both: an accept ends only the chain that it is in.
constexpr std::string_view base_chains = R"(  chain forward-out {
    type filter hook forward priority -2; policy accept;
    ct state related accept
    ct direction reply ct state established accept
    ip saddr vmap @out-nics
  }
  chain forward-in {
    type filter hook forward priority -1; policy accept;
    ct state related accept
    ct direction reply ct state established accept
    ip daddr vmap @in-nics
  }
  chain input {
    type filter hook input priority -1; policy accept;
    ct direction reply ct state established accept
    meta l4proto { tcp, udp } th dport 53 accept
    udp dport 67 accept
    ip saddr vmap @out-nics
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
    if (!rule.peer.empty()) {
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
  if (members.empty()) return text;
  text += fmt::format("table inet {} {{\n", table);
  std::map<std::string, std::vector<std::string>> addresses;
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
    in.add(member);
    for (const auto& group : member.groups) addresses[group].push_back(to_string(member.address));
    auto restricts = [&](const auto& group) { return restricted.contains(group); };
    if (std::ranges::any_of(member.groups, restricts)) out.add(member);
  }
  for (const auto& [group, items] : addresses) {
    text +=
        fmt::format("  set members-{} {{\n    type ipv4_addr;\n{}  }}\n", group, elements(items));
  }
  for (const auto& group : groups) {
    text += chain_text("in-" + group.name, allowed(group, Rule::Direction::ingress));
    text += chain_text("out-" + group.name, allowed(group, Rule::Direction::egress));
  }
  return text + in.text() + out.text() + std::string(base_chains);
}

}  // namespace truce::network
