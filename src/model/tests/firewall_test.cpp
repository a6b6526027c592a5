#include "model/firewall.h"

#include <gtest/gtest.h>

namespace truce::model {
namespace {

TEST(FirewallRule, is_read_and_written_in_one_form) {
  const std::pair<const char*, const char*> rows[] = {
      {"ingress icmp", "ingress icmp"},
      {"  ingress   tcp\t80 ", "ingress tcp 80"},
      {"ingress tcp 80,8000-8100 from 10.0.0.0/8", "ingress tcp 80,8000-8100 from 10.0.0.0/8"},
      {"ingress udp from 10.1.2.3", "ingress udp from 10.1.2.3/32"},
      {"ingress any from group:web", "ingress any from group:web"},
      {"ingress any from 0.0.0.0/0", "ingress any from 0.0.0.0/0"},
      {"egress udp 53 to 10.0.0.1/32", "egress udp 53 to 10.0.0.1/32"},
      {"egress any", "egress any"},
      {"ingress tcp 80 from FD00:0::/8", "ingress tcp 80 from fd00::/8"},
      {"ingress any from ::/0", "ingress any from ::/0"},
      {"egress udp 53 to 2001:db8::35", "egress udp 53 to 2001:db8::35/128"},
  };
  for (auto [text, written] : rows) {
    auto rule = parse_firewall_rule(text);
    ASSERT_TRUE(rule) << text << ": " << rule.error().message;
    EXPECT_EQ(to_string(*rule), written);
    EXPECT_EQ(*parse_firewall_rule(written), *rule);
  }
}

TEST(FirewallRule, says_what_is_wrong_with_it) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "neither ingress nor egress"},
      {"allow tcp 80", "neither ingress nor egress"},
      {"ingress", "none of any, tcp, udp, icmp"},
      {"ingress sctp 1", "none of any, tcp, udp, icmp"},
      {"ingress icmp 8", "not expected"},
      {"ingress any 80", "not expected"},
      {"ingress tcp 0", "not a port"},
      {"ingress tcp 65536", "not a port"},
      {"ingress tcp 90-80", "not a port"},
      {"ingress tcp 80,", "not a port"},
      {"ingress tcp -80", "not a port"},
      {"ingress tcp 80 to 10.0.0.0/8", "not expected"},
      {"egress tcp 80 from 10.0.0.0/8", "not expected"},
      {"ingress tcp 80 from", "no range"},
      {"ingress tcp 80 from 10.0.0.0/33", "no range"},
      {"ingress tcp 80 from fd00::/129", "no IPv6 range"},
      {"ingress tcp 80 from fd00::1%eth0", "no IPv6 range"},
      {"ingress tcp 80 from fd00::1/8", "the range is fd00::/8"},
      {"ingress tcp 80 from 10.0.0.1/8", "must be zero"},
      {"ingress tcp 80 from group:", "group ''"},
      {"ingress tcp 80 from group:a}drop", "group 'a}drop'"},
      {"ingress tcp 80 from 10.0.0.0/8 accept", "not expected"},
  };
  for (auto [text, why] : rows) {
    auto rule = parse_firewall_rule(text);
    ASSERT_FALSE(rule) << text;
    EXPECT_EQ(rule.error().code, Code::invalid);
    EXPECT_TRUE(rule.error().message.contains(why)) << text << ": " << rule.error().message;
  }
}

TEST(PortForward, is_read) {
  auto plain = parse_forward("2222:22");
  EXPECT_EQ(plain.protocol, "tcp");
  EXPECT_EQ(plain.address, "");
  EXPECT_EQ(plain.host_port, 2222);
  EXPECT_EQ(plain.guest_port, 22);
  auto whole = parse_forward("192.0.2.1:53:5353/udp");
  EXPECT_EQ(whole.protocol, "udp");
  EXPECT_EQ(whole.address, "192.0.2.1");
  EXPECT_EQ(whole.host_port, 53);
  EXPECT_EQ(whole.guest_port, 5353);
}

TEST(GuestAddress, lies_in_the_subnet_and_is_neither_the_hosts_nor_all_guests) {
  EXPECT_TRUE(check_guest_address("10.1.2.2", "10.1.2.0/24"));
  EXPECT_TRUE(check_guest_address("10.1.2.254", "10.1.2.0/24"));
  for (auto text : {"10.1.2.0", "10.1.2.1", "10.1.2.255", "10.1.3.5", "10.1.2", "x", ""}) {
    EXPECT_FALSE(check_guest_address(text, "10.1.2.0/24")) << text;
  }
  EXPECT_FALSE(check_guest_address("10.1.2.2", ""));
}

TEST(GuestAddress, of_ipv6_lies_in_the_subnet_and_is_not_the_hosts) {
  EXPECT_TRUE(check_guest_address6("fd00:1::2", "fd00:1::/64"));
  for (auto text : {"fd00:1::", "fd00:1::1", "fd00:2::5", "10.1.2.5", "x", ""}) {
    EXPECT_FALSE(check_guest_address6(text, "fd00:1::/64")) << text;
  }
  EXPECT_FALSE(check_guest_address6("fd00:1::2", ""));
}

TEST(GuestAddresses, are_counted_from_the_first_that_is_not_the_hosts) {
  EXPECT_EQ(guest_addresses("10.77.0.0/24"), 253U);
  EXPECT_EQ(guest_address("10.77.0.0/24", 0), "10.77.0.2");
  EXPECT_EQ(guest_address("10.77.0.0/24", 252), "10.77.0.254");
  EXPECT_EQ(guest_addresses("10.77.0.8/29"), 5U);
  EXPECT_EQ(guest_address("10.77.0.8/29", 4), "10.77.0.14");
  EXPECT_EQ(guest_addresses(""), 0U);
}

}  // namespace
}  // namespace truce::model
