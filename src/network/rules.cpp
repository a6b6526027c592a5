#include "rules.h"

#include <boost/json.hpp>

#include "names.h"

namespace truce::network {
namespace {

namespace json = boost::json;

constexpr std::string_view table_template = R"(table {family} {table} {{}}
delete table {family} {table}
table {family} {table} {{
  chain input {{
    type filter hook input priority filter; policy accept;
    iifname "{bridge}" {family} saddr != {{ {local}, {subnet} }} drop
    iifname "{bridge}" {family} saddr {gateway} drop
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    iifname "{bridge}" {beyond}{family} saddr != {neighbours} drop
    iifname "{bridge}" oifname "{bridge}" accept
{forward}  }}
{translation}}}
)";

constexpr std::string_view masquerade = R"(  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    {family} saddr {subnet} {family} daddr != {subnet} {family} daddr != {multicast} oifname != "{bridge}" masquerade
  }}
)";

// What the rules of one family are made of.
struct Family {
  std::string_view name;
  std::string_view local;  // what a guest without an address sends from
  std::string_view multicast;
  std::string_view loopback;
  std::string subnet, gateway;
  std::string neighbours;  // whom the bridge carries between guests
};

// Who may begin to talk with whom beyond the bridge.
std::string forward_lines(Mode mode, std::string_view bridge) {
  if (mode == Mode::routed) return {};
  if (mode == Mode::isolated) {
    return fmt::format("    iifname \"{0}\" drop\n    oifname \"{0}\" drop\n", bridge);
  }
  return fmt::format(
      "    oifname \"{0}\" ct state established,related accept\n"
      "    oifname \"{0}\" ct status dnat accept\n"
      "    oifname \"{0}\" drop\n",
      bridge);
}

// Where a guest's port is in this family; empty: nowhere.
std::string target_of(const Family& family, const Reservation& reservation) {
  if (family.name == "ip") return to_string(reservation.address);
  return reservation.address6 ? "[" + to_string(*reservation.address6) + "]" : std::string();
}

// Ports of the host that lead to guests: for those who come from outside, and for the host itself.
std::string forwards_text(const Family& family, const Reservations& reservations,
                          std::string_view bridge) {
  std::string rules;
  for (const auto& [mac, reservation] : reservations) {
    auto guest = target_of(family, reservation);
    for (const auto& forward : reservation.settings.forwards) {
      bool elsewhere = !forward.address.empty() && family.name != "ip";  // it names one of IPv4
      if (guest.empty() || elsewhere) continue;
      auto target = forward.address.empty() ? fmt::format("fib daddr type local {} daddr != {}",
                                                          family.name, family.loopback)
                                            : "ip daddr " + forward.address;
      rules += fmt::format("    {} {} dport {} dnat to {}:{}\n", target, forward.protocol,
                           forward.host_port, guest, forward.guest_port);
    }
  }
  if (rules.empty()) return {};
  return fmt::format(
      "  chain forwards {{\n{}  }}\n"
      "  chain prerouting {{\n    type nat hook prerouting priority dstnat; policy accept;\n"
      "    iifname != \"{}\" jump forwards\n  }}\n"
      "  chain output {{\n    type nat hook output priority -100; policy accept;\n"
      "    jump forwards\n  }}\n",
      rules, bridge);
}

std::string table_text(const Config& config, const Family& family,
                       const Reservations& reservations) {
  auto bridge = bridge_name(config.name);
  std::string translation;
  if (config.mode == Mode::nat) {
    translation =
        fmt::format(masquerade, fmt::arg("family", family.name), fmt::arg("subnet", family.subnet),
                    fmt::arg("bridge", bridge), fmt::arg("multicast", family.multicast)) +
        forwards_text(family, reservations, bridge);
  }
  // Between its ports an overlay carries what another host has routed; the guard sees to the rest.
  auto beyond = config.vni > 0 && config.mode == Mode::routed
                    ? fmt::format("oifname != \"{}\" ", bridge)
                    : std::string();
  return fmt::format(table_template, fmt::arg("family", family.name),
                     fmt::arg("table", table_name(config.name)), fmt::arg("bridge", bridge),
                     fmt::arg("local", family.local), fmt::arg("subnet", family.subnet),
                     fmt::arg("gateway", family.gateway), fmt::arg("neighbours", family.neighbours),
                     fmt::arg("beyond", beyond),
                     fmt::arg("forward", forward_lines(config.mode, bridge)),
                     fmt::arg("translation", translation));
}

std::string removal(std::string_view family, std::string_view network) {
  return fmt::format("table {0} {1} {{}}\ndelete table {0} {1}\n", family, table_name(network));
}

// Names come from other programs' tables: what would need quoting is left alone.
bool plain(std::string_view name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789_-.") == name.npos;
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// The objects called `kind` in nft's list (libnftables-json(5)).
Result<std::vector<json::object>> items(std::string_view text, std::string_view kind) {
  boost::system::error_code ec;
  auto parsed = json::parse(text, ec);
  const auto* root = ec ? nullptr : parsed.if_object();
  const auto* list = root != nullptr ? root->if_contains("nftables") : nullptr;
  if (list == nullptr || !list->is_array())
    return fail(Code::corrupt, "nft: its answer is not a list");
  std::vector<json::object> found;
  for (auto& entry : list->get_array()) {
    const auto* object = entry.if_object();
    const auto* item = object != nullptr ? object->if_contains(kind) : nullptr;
    if (item != nullptr && item->is_object()) found.push_back(item->get_object());
  }
  return found;
}

// Whether a rule drops or rejects whatever reaches it: counters and logging decide nothing.
bool drops_all(const json::object& rule) {
  const auto* expressions = rule.if_contains("expr");
  if (expressions == nullptr || !expressions->is_array()) return false;
  bool drops = false;
  for (const auto& expression : expressions->get_array()) {
    const auto* object = expression.if_object();
    if (object == nullptr || object->empty()) return false;
    auto verb = std::string_view(object->begin()->key());
    if (verb == "drop" || verb == "reject") {
      drops = true;
    } else if (verb != "counter" && verb != "log") {
      return false;
    }
  }
  return drops;
}

// Simple matches only: iptables-nft must still be able to show a chain of its own.
std::vector<std::string> openings(std::string_view network, Ipv6 ipv6, const Chain& chain) {
  auto bridge = bridge_name(network);
  if (chain.family == "ip6" && ipv6 == Ipv6::absent) return {};
  if (chain.hook != "input") {
    return {fmt::format("iifname \"{}\"", bridge), fmt::format("oifname \"{}\"", bridge)};
  }
  std::vector<std::string_view> services;
  if (chain.family != "ip6") services.emplace_back("udp dport 67");
  services.insert(services.end(), {"udp dport 53", "tcp dport 53"});
  if (chain.family != "ip" && ipv6 == Ipv6::present) {
    services.insert(services.end(), {"udp dport 547", "meta l4proto ipv6-icmp"});
  }
  std::vector<std::string> matches;
  for (auto service : services)
    matches.push_back(fmt::format("iifname \"{}\" {}", bridge, service));
  return matches;
}

std::string place(const Chain& chain) {
  return fmt::format("{} {} {}", chain.family, chain.table, chain.name);
}

std::string deletions(const Chain& chain, const std::vector<json::object>& rules,
                      std::string_view comment, std::size_t& count) {
  std::string commands;
  for (const auto& rule : rules) {
    const auto* handle = rule.if_contains("handle");
    if (text_of(rule, "comment") != comment || handle == nullptr || !handle->is_int64()) continue;
    commands += fmt::format("delete rule {} handle {}\n", place(chain), handle->get_int64());
    ++count;
  }
  return commands;
}

}  // namespace

std::string address_rules(const Config& config, const Subnet& subnet,
                          const Reservations& reservations) {
  Family family{"ip",
                "0.0.0.0",
                "224.0.0.0/4",
                "127.0.0.0/8",
                to_string(subnet),
                to_string(subnet.gateway()),
                to_string(subnet)};
  return table_text(config, family, reservations);
}

std::string address_rules6(const Config& config, const std::optional<Subnet6>& subnet,
                           const Reservations& reservations) {
  if (!subnet) return removal("ip6", config.name);
  auto text = to_string(*subnet);
  Family family{"ip6",
                "::, fe80::/10",
                "ff00::/8",
                "::1",
                text,
                to_string(subnet->gateway()),
                "{ ::, fe80::/10, " + text + " }"};
  return table_text(config, family, reservations);
}

std::string remove_rules(std::string_view network) {
  return removal("ip", network);
}

Result<std::vector<Chain>> foreign_chains(std::string_view text) {
  TRY(auto objects, items(text, "chain"));
  std::vector<Chain> found;
  for (const auto& object : objects) {
    Chain chain{text_of(object, "family"), text_of(object, "table"), text_of(object, "name"),
                text_of(object, "hook"), text_of(object, "policy") == "drop"};
    bool meets_us = (chain.family == "ip" || chain.family == "ip6" || chain.family == "inet") &&
                    (chain.hook == "input" || chain.hook == "forward");
    if (meets_us && plain(chain.table) && plain(chain.name) && !chain.table.starts_with("truce-")) {
      found.push_back(std::move(chain));
    }
  }
  return found;
}

Result<std::string> open_commands(std::string_view network, Ipv6 ipv6, const Chain& chain,
                                  std::string_view text) {
  TRY(auto rules, items(text, "rule"));
  auto comment = table_name(network);
  auto wanted = openings(network, ipv6, chain);
  bool drops = chain.policy_drops || (!rules.empty() && drops_all(rules.back()));
  if (!drops) wanted.clear();
  std::size_t present = 0;
  auto commands = deletions(chain, rules, comment, present);
  if (present == wanted.size()) return std::string();
  for (const auto& match : wanted) {
    commands +=
        fmt::format("insert rule {} {} accept comment \"{}\"\n", place(chain), match, comment);
  }
  return commands;
}

Result<std::string> close_commands(std::string_view network, const Chain& chain,
                                   std::string_view text) {
  TRY(auto rules, items(text, "rule"));
  std::size_t count = 0;
  return deletions(chain, rules, table_name(network), count);
}

}  // namespace truce::network
