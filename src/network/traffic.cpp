#include "network/traffic.h"

#include <charconv>
#include <vector>

namespace truce::network {
namespace {

// The numbers of a line, as far as they are some.
std::vector<std::uint64_t> numbers_in(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  while (true) {
    auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return numbers;
    text.remove_prefix(begin);
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return numbers;
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
}

}  // namespace

std::map<std::string, Traffic, std::less<>> parse_interfaces(std::string_view text) {
  constexpr std::size_t received_at = 0, sent_at = 8;
  std::map<std::string, Traffic, std::less<>> all;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto colon = line.rfind(':');  // a name may hold one
    auto begin = line.find_first_not_of(' ');
    if (colon == std::string_view::npos || begin >= colon) continue;
    auto numbers = numbers_in(line.substr(colon + 1));
    if (numbers.size() <= sent_at) continue;
    all[std::string(line.substr(begin, colon - begin))] = {numbers[received_at], numbers[sent_at]};
  }
  return all;
}

}  // namespace truce::network
