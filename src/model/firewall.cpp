#include "model/firewall.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/ipv6.h"
#include "formats.h"

namespace truce::model {
namespace {

constexpr std::string_view usage =
    "write for example 'ingress tcp 80,8000-8100 from 10.0.0.0/8', 'ingress any from group:web' or "
    "'egress udp 53'";

std::string_view next_word(std::string_view& text) {
  constexpr std::string_view blanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  auto word = text.substr(0, text.find_first_of(blanks));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

Result<std::vector<PortRange>> read_ports(std::string_view text) {
  std::vector<PortRange> ports;
  while (true) {
    auto part = text.substr(0, text.find(','));
    auto dash = part.find('-');
    auto first = read_port(part.substr(0, dash));
    auto last = dash == part.npos ? first : read_port(part.substr(dash + 1));
    if (!first || !last || *first > *last) {
      return fail(Code::invalid, "'{}' is not a port of 1 to 65535 or a range such as 8000-8100",
                  part);
    }
    ports.push_back({*first, *last});
    if (part.size() == text.size()) return ports;
    text.remove_prefix(part.size() + 1);
  }
}

// A range whose bits behind the prefix are zero; one address is a range of /32 or /128.
Result<std::string> read_range(std::string_view text) {
  if (text.contains(':')) {
    TRY(auto range, parse_range6(text));
    return to_string(range);
  }
  auto slash = text.find('/');
  auto address = read_ipv4(text.substr(0, slash));
  std::uint32_t prefix = 32;
  bool good = address.has_value();
  if (slash != text.npos) {
    auto bits = text.substr(slash + 1);
    auto [end, ec] = std::from_chars(bits.data(), bits.data() + bits.size(), prefix);
    good = good && ec == std::errc() && end == bits.data() + bits.size() && prefix <= 32;
  }
  if (!good) return fail(Code::invalid, "'{}' is no range such as 10.0.0.0/8 or fd00::/8", text);
  auto behind = prefix == 0 ? ~0U : prefix == 32 ? 0U : ~0U >> prefix;
  if ((*address & behind) != 0) {
    return fail(Code::invalid, "'{}' has bits behind its prefix: they must be zero", text);
  }
  return fmt::format("{}/{}", text.substr(0, slash), prefix);
}

Result<void> read_peer(std::string_view word, FirewallRule& rule) {
  constexpr std::string_view group = "group:";
  if (!word.starts_with(group)) {
    TRY(rule.peer, read_range(word));
    return {};
  }
  rule.peer_group = word.substr(group.size());
  auto problem = format_problem(Format::name, rule.peer_group);
  if (!problem.empty()) return fail(Code::invalid, "group '{}': {}", rule.peer_group, problem);
  return {};
}

// The first and the last number of a checked CIDR.
struct Range {
  std::uint32_t first = 0, last = 0;
};
std::optional<Range> read_subnet(std::string_view subnet) {
  auto slash = subnet.find('/');
  auto first = read_ipv4(subnet.substr(0, slash));
  unsigned prefix = 0;
  if (slash != subnet.npos) {
    std::from_chars(subnet.data() + slash + 1, subnet.data() + subnet.size(), prefix);
  }
  if (!first || prefix < 1 || prefix > 30) return std::nullopt;
  return Range{*first, *first | ~0U >> prefix};
}

}  // namespace

Result<FirewallRule> parse_firewall_rule(std::string_view text) {
  FirewallRule rule;
  auto rest = text;
  auto direction = next_word(rest);
  if (direction != "ingress" && direction != "egress") {
    return fail(Code::invalid, "'{}' is neither ingress nor egress: {}", direction, usage);
  }
  rule.ingress = direction == "ingress";
  rule.protocol = next_word(rest);
  bool has_ports = rule.protocol == "tcp" || rule.protocol == "udp";
  if (!has_ports && rule.protocol != "any" && rule.protocol != "icmp") {
    return fail(Code::invalid, "'{}' is none of any, tcp, udp, icmp: {}", rule.protocol, usage);
  }
  auto word = next_word(rest);
  std::string_view preposition = rule.ingress ? "from" : "to";
  if (!word.empty() && word != preposition && has_ports) {
    TRY(rule.ports, read_ports(word));
    word = next_word(rest);
  }
  if (word == preposition) {
    TRY_VOID(read_peer(next_word(rest), rule));
    word = next_word(rest);
  }
  if (!word.empty()) return fail(Code::invalid, "'{}' is not expected here: {}", word, usage);
  return rule;
}

std::string to_string(const FirewallRule& rule) {
  auto text = fmt::format("{} {}", rule.ingress ? "ingress" : "egress", rule.protocol);
  for (std::size_t i = 0; i < rule.ports.size(); ++i) {
    text += fmt::format("{}{}", i == 0 ? " " : ",", rule.ports[i].first);
    if (rule.ports[i].last != rule.ports[i].first) text += fmt::format("-{}", rule.ports[i].last);
  }
  auto peer = rule.peer_group.empty() ? rule.peer : "group:" + rule.peer_group;
  if (!peer.empty()) text += fmt::format(" {} {}", rule.ingress ? "from" : "to", peer);
  return text;
}

PortForward parse_forward(std::string_view text) {
  PortForward forward{.protocol = "tcp"};
  if (text.ends_with("/udp") || text.ends_with("/tcp")) {
    forward.protocol = text.substr(text.size() - 3);
    text.remove_suffix(4);
  }
  auto colon = std::min(text.rfind(':'), text.size());
  auto host = text.substr(0, colon);
  auto inner = host.rfind(':');
  if (inner != host.npos) {
    forward.address = host.substr(0, inner);
    host.remove_prefix(inner + 1);
  }
  forward.host_port = read_port(host).value_or(0);
  forward.guest_port = read_port(text.substr(std::min(colon + 1, text.size()))).value_or(0);
  return forward;
}

Result<void> check_guest_address(std::string_view address, std::string_view subnet) {
  auto wanted = read_ipv4(address);
  if (!wanted) return fail(Code::invalid, "'{}' is not an IPv4 address", address);
  auto range = read_subnet(subnet);
  if (!range) return fail(Code::invalid, "the network has no subnet that addresses could be in");
  if (*wanted > range->first + 1 && *wanted < range->last) return {};
  return fail(Code::invalid, "'{}' is not an address that a guest can have in {}", address, subnet);
}

std::uint32_t guest_addresses(std::string_view subnet) {
  auto range = read_subnet(subnet);
  return range ? range->last - range->first - 2 : 0;
}

std::string guest_address(std::string_view subnet, std::uint32_t number) {
  auto range = read_subnet(subnet);
  auto address = range ? range->first + 2 + number : 0;
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255,
                     address & 255);
}

Result<void> check_guest_address6(std::string_view address, std::string_view subnet) {
  TRY(auto wanted, parse_address6(address));
  if (subnet.empty()) {
    return fail(Code::invalid, "the network has no IPv6 that addresses could be in");
  }
  TRY(auto network, parse_subnet6(subnet));
  if (network.is_guest(wanted)) return {};
  return fail(Code::invalid, "'{}' is not an address that a guest can have in {}", address, subnet);
}

}  // namespace truce::model
