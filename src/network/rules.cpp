#include "rules.h"

#include <boost/json.hpp>

#include "names.h"

namespace truce::network {
namespace {

namespace json = boost::json;

constexpr std::string_view table_template = R"(table ip {table} {{}}
delete table ip {table}
table ip {table} {{
  chain input {{
    type filter hook input priority filter; policy accept;
    iifname "{bridge}" ip saddr != {{ 0.0.0.0, {subnet} }} drop
    iifname "{bridge}" ip saddr {gateway} drop
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    iifname "{bridge}" ip saddr != {subnet} drop
    iifname "{bridge}" oifname "{bridge}" accept
{forward}  }}
{translation}}}
)";

constexpr std::string_view masquerade = R"(  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {subnet} ip daddr != {subnet} ip daddr != 224.0.0.0/4 oifname != "{bridge}" masquerade
  }}
)";

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

// Ports of the host that lead to guests: for those who come from outside, and for the host itself.
std::string forwards_text(const Reservations& reservations, std::string_view bridge) {
  std::string rules;
  for (const auto& [mac, reservation] : reservations) {
    for (const auto& forward : reservation.settings.forwards) {
      auto target = forward.address.empty()
                        ? std::string("fib daddr type local ip daddr != 127.0.0.0/8")
                        : "ip daddr " + forward.address;
      rules += fmt::format("    {} {} dport {} dnat to {}:{}\n", target, forward.protocol,
                           forward.host_port, to_string(reservation.address), forward.guest_port);
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
std::vector<std::string> openings(std::string_view network, const Chain& chain) {
  auto bridge = bridge_name(network);
  std::vector<std::string> matches;
  if (chain.hook == "input") {
    for (auto port : {"udp dport 67", "udp dport 53", "tcp dport 53"}) {
      matches.push_back(fmt::format("iifname \"{}\" {}", bridge, port));
    }
  } else {
    matches = {fmt::format("iifname \"{}\"", bridge), fmt::format("oifname \"{}\"", bridge)};
  }
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
  auto bridge = bridge_name(config.name);
  std::string translation;
  if (config.mode == Mode::nat) {
    translation =
        fmt::format(masquerade, fmt::arg("subnet", to_string(subnet)), fmt::arg("bridge", bridge)) +
        forwards_text(reservations, bridge);
  }
  return fmt::format(table_template, fmt::arg("table", table_name(config.name)),
                     fmt::arg("bridge", bridge), fmt::arg("subnet", to_string(subnet)),
                     fmt::arg("gateway", to_string(subnet.gateway())),
                     fmt::arg("forward", forward_lines(config.mode, bridge)),
                     fmt::arg("translation", translation));
}

std::string remove_rules(std::string_view network) {
  auto table = table_name(network);
  return fmt::format("table ip {0} {{}}\ndelete table ip {0}\n", table);
}

Result<std::vector<Chain>> foreign_chains(std::string_view text) {
  TRY(auto objects, items(text, "chain"));
  std::vector<Chain> found;
  for (const auto& object : objects) {
    Chain chain{text_of(object, "family"), text_of(object, "table"), text_of(object, "name"),
                text_of(object, "hook"), text_of(object, "policy") == "drop"};
    bool meets_us = (chain.family == "ip" || chain.family == "inet") &&
                    (chain.hook == "input" || chain.hook == "forward");
    if (meets_us && plain(chain.table) && plain(chain.name) && !chain.table.starts_with("truce-")) {
      found.push_back(std::move(chain));
    }
  }
  return found;
}

Result<std::string> open_commands(std::string_view network, const Chain& chain,
                                  std::string_view text) {
  TRY(auto rules, items(text, "rule"));
  auto comment = table_name(network);
  auto wanted = openings(network, chain);
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
