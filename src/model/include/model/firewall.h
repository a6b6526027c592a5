// The small languages of networks: rules of security groups, port forwards, fixed addresses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace truce::model {

struct PortRange {
  std::uint16_t first = 0, last = 0;
  bool operator==(const PortRange&) const = default;
};

/// One rule of a security group.
struct FirewallRule {
  bool ingress = true;           ///< else egress
  std::string protocol;          ///< any, tcp, udp or icmp
  std::vector<PortRange> ports;  ///< of tcp and udp; empty: all
  std::string peer;              ///< a range `10.0.0.0/8` or `fd00::/8`; empty: anybody
  std::string peer_group;        ///< a security group instead of a range
  bool operator==(const FirewallRule&) const = default;
};

/// Reads `ingress tcp 22,8000-8100 from 10.0.0.0/8`, `egress any to group:db`, `ingress icmp`.
/// Code::invalid says what is wrong with it and how it is written.
Result<FirewallRule> parse_firewall_rule(std::string_view text);
/// The same with one space between words and all in its usual form.
std::string to_string(const FirewallRule& rule);

/// A port of the host that leads to one of a guest.
struct PortForward {
  std::string protocol;  ///< tcp or udp
  std::string address;   ///< of the host; empty: the mode's usual
  std::uint16_t host_port = 0, guest_port = 0;
};
/// Reads `[ADDRESS:]HOST_PORT:GUEST_PORT[/udp]`, as the format `forward` has checked it.
PortForward parse_forward(std::string_view text);

/// Code::invalid unless `address` is one that a guest can have in `subnet` (a checked CIDR): not
/// the first, which is the host's, nor the network's own or its broadcast address.
Result<void> check_guest_address(std::string_view address, std::string_view subnet);

/// How many addresses guests can have in `subnet` (a checked CIDR), and the one with a number below
/// that.
std::uint32_t guest_addresses(std::string_view subnet);
std::string guest_address(std::string_view subnet, std::uint32_t number);

/// As check_guest_address(), for IPv6.
Result<void> check_guest_address6(std::string_view address, std::string_view subnet);

}  // namespace truce::model
