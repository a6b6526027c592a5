// The IPv6 part of dnsmasq's lease file, and a lease that is given back.
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "dnsmasq.h"

namespace truce::network {
namespace {

constexpr std::size_t identity_limit = 130;  // [RFC 8415] 11.1

// Bytes as dnsmasq writes them: two hexadecimal digits each, with colons; empty when they are not.
std::string read_identity(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    std::uint8_t byte = 0;
    auto digits = text.substr(at, 2);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    bool whole = error == std::errc() && end == digits.data() + 2;
    if (!whole || (at + 2 < text.size() && text[at + 2] != ':')) return {};
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes.size() > identity_limit ? std::string() : bytes;
}

std::vector<std::string_view> words_in(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    auto end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    if (end == line.size()) return words;
    line.remove_prefix(end + 1);
  }
}

void append(std::string& message, std::uint64_t value, int bytes) {
  while (bytes-- > 0) message.push_back(static_cast<char>(value >> (8 * bytes)));
}

void append_option(std::string& message, std::uint16_t code, std::string_view content) {
  append(message, code, 2);
  append(message, content.size(), 2);
  message += content;
}

// [RFC 8415] 8, 21.2 to 21.6 and 21.9.
std::string release_message(std::string_view server, const Lease6& lease) {
  constexpr std::uint64_t release = 8;
  constexpr std::uint16_t client_id = 1, server_id = 2, association = 3, address = 5, elapsed = 8;
  std::string given;
  append(given, lease.address.high, 8);
  append(given, lease.address.low, 8);
  append(given, 0, 8);  // no lifetimes
  std::string content;
  append(content, lease.association, 4);
  append(content, 0, 8);  // no times
  append_option(content, address, given);
  std::string message;
  append(message, release << 24, 4);  // no answer is awaited: any transaction will do
  append_option(message, client_id, lease.client);
  append_option(message, server_id, server);
  append_option(message, elapsed, std::string_view("\0\0", 2));
  append_option(message, association, content);
  return message;
}

}  // namespace

Leases6 parse_leases6(std::string_view text) {
  Leases6 found;
  bool begun = false;
  while (!text.empty() && found.leases.size() < lease_limit) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto words = words_in(line);
    if (words.size() == 2 && words[0] == "duid") {
      found.server = read_identity(words[1]);
      begun = true;
    }
    if (!begun || words.size() != 5 || words[3].size() > 255) continue;
    Lease6 lease;
    auto address = parse_address6(words[2]);
    auto [end, error] =
        std::from_chars(words[1].data(), words[1].data() + words[1].size(), lease.association);
    lease.client = read_identity(words[4]);
    bool whole = error == std::errc() && end == words[1].data() + words[1].size();
    if (!address || !whole || lease.client.empty()) continue;
    lease.address = *address;
    if (words[3] != "*") lease.host_name = words[3];
    found.leases.push_back(std::move(lease));
  }
  return found;
}

Result<void> send_release(const std::string& bridge, std::string_view server, const Lease6& lease) {
  auto message = release_message(server, lease);
  Fd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail_errno(errno, "socket");
  sockaddr_in6 target{};
  target.sin6_family = AF_INET6;
  target.sin6_port = htons(547);
  target.sin6_scope_id = ::if_nametoindex(bridge.c_str());
  ::inet_pton(AF_INET6, "ff02::1:2", &target.sin6_addr);  // all servers of the link
  sockaddr_storage generic{};
  std::memcpy(&generic, &target, sizeof target);
  const auto* to = reinterpret_cast<const sockaddr*>(&generic);
  if (::sendto(socket.get(), message.data(), message.size(), 0, to, sizeof target) < 0) {
    return fail_errno(errno, "send the DHCPv6 release of " + to_string(lease.address));
  }
  return {};
}

}  // namespace truce::network
