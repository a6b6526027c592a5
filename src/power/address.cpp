#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "magic_packet.h"
#include "power/power.h"
#include "redfish_answers.h"

namespace truce::power {
namespace {

constexpr std::size_t longest_address = 300;

// The text itself is not repeated: somebody may have written a password into it.
std::unexpected<Error> refuse(std::string_view why) {
  return fail(Code::invalid,
              "it {}: give wol:MAC[@BROADCAST], redfish://USER@HOST[:PORT] or "
              "ipmi://USER@HOST[:PORT]",
              why);
}

bool is_in_print(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_name_or_address(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

bool is_ipv6(std::string_view text) {
  return text.contains(':') && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') ||
                  c == ':' || c == '.';
         });
}

// HOST, HOST:PORT, or these with an address of IPv6 in brackets.
bool take_place(std::string_view text, Address& address) {
  std::string_view port;
  if (text.starts_with('[')) {
    auto end = text.find(']');
    if (end == text.npos) return false;
    address.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!is_ipv6(address.host)) return false;
  } else {
    auto colon = std::min(text.find(':'), text.size());
    address.host = text.substr(0, colon);
    port = text.substr(colon);
    if (!is_name_or_address(address.host)) return false;
  }
  if (port.empty()) return true;
  port.remove_prefix(1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  return error == std::errc() && end == port.data() + port.size() && address.port != 0 &&
         port.front() != '0';
}

Result<Address> parse_wol(std::string_view rest) {
  Address address;
  auto at = std::min(rest.find('@'), rest.size());
  address.mac = rest.substr(0, at);
  if (!parse_mac(address.mac)) return refuse("has no address of a network card");
  if (at == rest.size()) return address;
  address.broadcast = rest.substr(at + 1);
  boost::system::error_code ec;
  asio::ip::make_address(address.broadcast, ec);
  if (ec) return refuse("has no address behind '@'");
  return address;
}

Result<Address> parse_controller(std::string_view rest, Address::Kind kind) {
  Address address{.kind = kind};
  auto at = rest.rfind('@');
  if (at == rest.npos || at == 0) return refuse("names no user");
  address.user = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  if (address.user.contains(':'))
    return fail(Code::invalid,
                "a user has no ':' in it, and the password does not belong here: it is given by "
                "--power-password-file");
  if (address.user.contains('/')) return refuse("names no user");
  auto slash = std::min(rest.find('/'), rest.size());
  address.system = rest.substr(slash);
  if (address.system == "/") address.system.clear();
  bool has_system = !address.system.empty();
  if (has_system && (kind == Address::Kind::ipmi || !is_own_address(address.system)))
    return refuse("names no system behind the host");
  if (!take_place(rest.substr(0, slash), address)) return refuse("names no host");
  return address;
}

std::string place_of(const Address& address) {
  auto host = address.host.contains(':') ? "[" + address.host + "]" : address.host;
  return address.port == 0 ? host : fmt::format("{}:{}", host, address.port);
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  if (text.size() > longest_address || !is_in_print(text))
    return fail(Code::invalid, "it has at most {} printable characters without spaces",
                longest_address);
  constexpr std::string_view wol = "wol:", redfish = "redfish://", ipmi = "ipmi://";
  if (text.starts_with(wol)) return parse_wol(text.substr(wol.size()));
  if (text.starts_with(redfish))
    return parse_controller(text.substr(redfish.size()), Address::Kind::redfish);
  if (text.starts_with(ipmi))
    return parse_controller(text.substr(ipmi.size()), Address::Kind::ipmi);
  return refuse("is no power control");
}

std::string to_string(const Address& address) {
  if (address.kind == Address::Kind::wake_on_lan)
    return "wol:" + address.mac + (address.broadcast.empty() ? "" : "@" + address.broadcast);
  return fmt::format("{}://{}@{}{}", address.kind == Address::Kind::redfish ? "redfish" : "ipmi",
                     address.user, place_of(address), address.system);
}

std::string url_of(const Address& address) {
  return "https://" + place_of(address);
}

Result<std::unique_ptr<PowerControl>> make_control(asio::any_io_executor loop,
                                                   const Address& address,
                                                   const std::string& fingerprint,
                                                   SecretPtr password) {
  if (address.kind == Address::Kind::wake_on_lan) {
    WakeOnLan packet{.address = address.mac};
    if (!address.broadcast.empty()) packet.broadcast = address.broadcast;
    return make_control(std::move(loop), std::move(packet));
  }
  if (address.kind == Address::Kind::redfish)
    return make_control(std::move(loop), Redfish{.url = url_of(address),
                                                 .fingerprint = fingerprint,
                                                 .user = address.user,
                                                 .password = std::move(password),
                                                 .system = address.system});
  Ipmi controller{.host = address.host, .user = address.user, .password = std::move(password)};
  if (address.port != 0) controller.port = address.port;
  return make_control(std::move(loop), std::move(controller));
}

}  // namespace truce::power
