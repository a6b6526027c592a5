// The IPv6 part of links.h.
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "kernel/links.h"
#include "kernel/netlink.h"

namespace truce::network {
namespace {

// 32 hexadecimal digits without colons, as /proc writes them.
bool read_octets(std::string_view text, Address6& into) {
  if (text.size() != 32) return false;
  auto read = [](std::string_view half, std::uint64_t& value) {
    auto [end, error] = std::from_chars(half.data(), half.data() + half.size(), value, 16);
    return error == std::errc() && end == half.data() + half.size();
  };
  return read(text.substr(0, 16), into.high) && read(text.substr(16), into.low);
}

bool read_prefix(std::string_view text, unsigned& into) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, 16);
  return text.size() == 2 && error == std::errc() && end == text.data() + text.size() &&
         into <= 128;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty()) return words;
    words.push_back(line.substr(0, line.find_first_of(" \t")));
    line.remove_prefix(words.back().size());
  }
}

// Lines of so many words, of which one is the address, one its prefix and the last the interface.
std::vector<Range6> parse_lines(std::string_view text, std::size_t count, std::size_t prefix_at) {
  std::vector<Range6> found;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto words = words_of(line);
    Subnet6 subnet;
    if (words.size() != count || !read_octets(words[0], subnet.network)) continue;
    if (!read_prefix(words[prefix_at], subnet.prefix)) continue;
    auto first = subnet.network.high >> 54;  // ten bits
    bool everywhere = first == 0xfe80 >> 6 || first >> 2 == 0xff || words.back() == "lo";
    if (!everywhere) found.push_back({std::string(words.back()), subnet});
  }
  return found;
}

std::array<std::uint64_t, 2> in_network_order(Address6 address) {
  auto big = [](std::uint64_t value) {
    return std::endian::native == std::endian::big ? value : __builtin_bswap64(value);
  };
  return {big(address.high), big(address.low)};
}

Result<void> change_address(std::uint16_t type, std::uint16_t flags, const std::string& interface,
                            const Subnet6& address) {
  ifaddrmsg body{};
  body.ifa_family = AF_INET6;
  body.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix);
  body.ifa_flags = IFA_F_NODAD;
  body.ifa_index = ::if_nametoindex(interface.c_str());
  NetlinkRequest request(type, flags, body);
  request.put(IFA_LOCAL, in_network_order(address.network));
  return request.send(fmt::format("address {} of {}", to_string(address), interface));
}

// Absent where the kernel has no IPv6.
Result<std::string> read_if_there(const std::string& path) {
  auto text = read_file(path, mib(64));
  if (!text && text.error().code == Code::not_found) return std::string();
  return text;
}

}  // namespace

std::vector<Range6> parse_routes6(std::string_view text) {
  auto found = parse_lines(text, 10, 1);
  std::erase_if(found, [](const Range6& range) { return range.subnet.prefix == 0; });
  return found;
}

std::vector<Range6> parse_addresses6(std::string_view text) {
  return parse_lines(text, 6, 2);
}

Result<std::vector<Range6>> used_ranges6() {
  TRY(auto routes, read_if_there("/proc/thread-self/net/ipv6_route"));
  TRY(auto addresses, read_if_there("/proc/thread-self/net/if_inet6"));
  auto found = parse_addresses6(addresses);  // first: routes name them without their ranges
  for (auto& [interface, range] : found) {
    range.network = {range.network.high & range.mask().high, range.network.low & range.mask().low};
  }
  std::ranges::copy(parse_routes6(routes), std::back_inserter(found));
  return found;
}

Result<std::vector<Subnet6>> addresses6_of(const std::string& interface) {
  TRY(auto text, read_if_there("/proc/thread-self/net/if_inet6"));
  std::vector<Subnet6> found;
  for (const auto& [name, address] : parse_addresses6(text)) {
    if (name == interface) found.push_back(address);
  }
  return found;
}

Result<void> add_address(const std::string& interface, const Subnet6& address) {
  return change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, interface, address);
}

Result<void> delete_address(const std::string& interface, const Subnet6& address) {
  return change_address(RTM_DELADDR, 0, interface, address);
}

}  // namespace truce::network
