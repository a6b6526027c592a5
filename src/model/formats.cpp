#include "formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace truce::model {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_mac(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : hex_digit(text[i]) < 0) return false;
  }
  return hex_digit(text[1]) % 2 == 0;  // the lowest bit of the first byte marks a group address
}

/// A decimal number without sign or leading zeros.
std::optional<std::uint32_t> number(std::string_view text, std::uint32_t maximum) {
  std::uint32_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = ec == std::errc() && end == text.data() + text.size();
  if (!whole || value > maximum || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  return value;
}

std::string_view cidr_problem(std::string_view text) {
  auto slash = text.find('/');
  auto address = read_ipv4(text.substr(0, slash));
  auto bits = slash == std::string_view::npos ? std::nullopt : number(text.substr(slash + 1), 32);
  if (!address || !bits) return "must be an IPv4 subnet such as 10.88.0.0/24";
  if (*bits < 16 || *bits > 29) return "must be a subnet of /16 to /29";
  if ((*address & (0xffffffffU >> *bits)) != 0) {
    return "must be the subnet's first address, such as 10.88.0.0/24";
  }
  auto first = *address >> 24;
  if (first == 0 || first == 127 || first >= 224) return "must be a subnet that hosts can have";
  return {};
}

bool is_port(std::string_view text) {
  return number(text, 65535).value_or(0) != 0;
}

bool is_forward(std::string_view text) {
  if (text.ends_with("/udp") || text.ends_with("/tcp")) text.remove_suffix(4);
  auto last = text.rfind(':');
  if (last == std::string_view::npos || !is_port(text.substr(last + 1))) return false;
  text = text.substr(0, last);
  auto colon = text.find(':');
  if (colon == std::string_view::npos) return is_port(text);
  return read_ipv4(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

/// Names of 1 to 63 letters, with dots between.
bool is_domain(std::string_view text) {
  while (true) {
    auto dot = text.find('.');
    if (!is_name(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

/// Letters to insert, remove, replace or swap with their neighbour to turn `a` into `b`.
std::size_t distance(std::string_view a, std::string_view b) {
  using Row = std::vector<std::size_t>;
  Row before, above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::optional<std::uint32_t> read_ipv4(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    auto dot = part < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    auto byte = number(text.substr(0, dot), 255);
    if (!byte) return std::nullopt;
    address = (address << 8) | *byte;
    text.remove_prefix(std::min(text.size(), dot + 1));
  }
  return address;
}

std::string_view format_problem(Format format, std::string_view text) {
  switch (format) {
    case Format::none:
      return {};
    case Format::name:
      if (is_name(text)) return {};
      return "must be 1 to 63 lower-case letters, digits and '-', with no '-' at either end";
    case Format::mac:
      return is_mac(text) ? "" : "must be a MAC address of one card, such as 52:54:00:12:34:56";
    case Format::cidr:
      return cidr_problem(text);
    case Format::domain:
      return is_domain(text) ? "" : "must be a DNS domain in lower case, such as truce.internal";
    case Format::forward:
      if (is_forward(text)) return {};
      return "must be [ADDRESS:]HOST_PORT:GUEST_PORT[/udp], such as 2222:22 or 127.0.0.1:2222:22";
  }
  return {};
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > 64) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (auto name : known) {
    auto d = distance(word, name);
    if (d < best_distance) {
      best_distance = d;
      best = name;
    }
  }
  return best;
}

std::string not_known(std::string_view word, std::span<const std::string_view> known) {
  auto guess = nearest(word, known);
  if (guess.empty()) return "is not known";
  return fmt::format("is not known; did you mean '{}'?", guess);
}

}  // namespace truce::model
