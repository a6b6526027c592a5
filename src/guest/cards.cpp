#include "cards.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "words.h"

namespace truce::guest {

namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r";
  auto begin = text.find_first_not_of(space);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

void add(std::vector<std::string>& to, std::string_view name) {
  bool new_one = std::ranges::find(to, name) == to.end();
  if (is_card_name(name) && new_one) to.emplace_back(name);
}

/// The value of `KEY=VALUE` in any line, without quotes; empty: there is none.
std::string_view value_of(std::string_view text, std::string_view key) {
  std::string_view found;
  each_line(text, [&](std::string_view line) {
    line = trim(line);
    auto equals = line.find('=');
    if (equals == line.npos || trim(line.substr(0, equals)) != key) return;
    found = trim(line.substr(equals + 1));
    bool quoted = found.size() > 1 && (found[0] == '"' || found[0] == '\'');
    if (quoted && found.back() == found[0]) found = found.substr(1, found.size() - 2);
  });
  return found;
}

/// The card that a file is about, unless that is known by its address.
std::vector<std::string> named_by(std::string_view text, std::string_view name,
                                  std::string_view address) {
  std::vector<std::string> found;
  if (value_of(text, address).empty()) add(found, value_of(text, name));
  return found;
}

std::size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

}  // namespace

bool is_card_name(std::string_view name) {
  constexpr std::size_t longest = 15;  // IFNAMSIZ
  bool wired = name.starts_with("en") || name.starts_with("eth");
  auto plain = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); };
  return wired && name.size() <= longest && std::ranges::all_of(name, plain) &&
         std::ranges::any_of(name, is_digit);
}

bool comes_before(std::string_view one, std::string_view other) {
  auto split = [](std::string_view name) {
    auto digits = name.size();
    while (digits > 0 && is_digit(name[digits - 1])) --digits;
    long number = 0;
    std::from_chars(name.data() + digits, name.data() + name.size(), number);
    return std::pair(name.substr(0, digits), number);
  };
  return split(one) < split(other);
}

std::vector<std::string> cards_in_interfaces(std::string_view text) {
  std::vector<std::string> found;
  each_line(text, [&](std::string_view line) {
    line = trim(line);
    if (!line.starts_with("iface ")) return;
    line = trim(line.substr(6));
    add(found, line.substr(0, line.find_first_of(" \t")));
  });
  return found;
}

// The keys of `ethernets:`, which are names unless the card is known by a `match:`.
std::vector<std::string> cards_in_netplan(std::string_view text) {
  std::vector<std::string> found;
  bool inside = false;
  std::size_t section = 0, entry = 0;
  std::string card;
  each_line(text, [&](std::string_view line) {
    auto word = trim(line);
    if (word.empty() || word.starts_with('#')) return;
    auto indent = indent_of(line);
    if (inside && indent <= section) inside = false;
    if (word == "ethernets:") {
      inside = true;
      section = indent;
      entry = 0;
      return;
    }
    if (!inside) return;
    if (entry == 0) entry = indent;
    if (indent == entry) {
      card = word.ends_with(':') ? word.substr(0, word.size() - 1) : std::string_view();
      if (card.size() > 1 && (card[0] == '"' || card[0] == '\''))
        card = card.substr(1, card.size() - 2);
      add(found, card);
    } else if (word == "match:") {
      std::erase(found, card);
    }
  });
  return found;
}

std::vector<std::string> cards_in_keyfile(std::string_view text) {
  return named_by(text, "interface-name", "mac-address");
}

std::vector<std::string> cards_in_network(std::string_view text) {
  return named_by(text, "Name", "MACAddress");
}

std::vector<std::string> cards_in_ifcfg(std::string_view text) {
  return named_by(text, "DEVICE", "HWADDR");
}

std::string link_file(std::string_view mac, std::string_view name) {
  return fmt::format(
      "# Written by Truce when this machine was moved: the card keeps the name that it had.\n"
      "[Match]\nMACAddress={}\n\n[Link]\nName={}\n",
      mac, name);
}

}  // namespace truce::guest
