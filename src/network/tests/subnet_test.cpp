#include "subnet.h"

#include <gtest/gtest.h>

#include "kernel/links.h"
#include "names.h"

namespace truce::network {
namespace {

TEST(Subnet, reads_and_writes_addresses) {
  for (auto text : {"0.0.0.0", "10.77.0.1", "255.255.255.255"}) {
    auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), text);
  }
  for (auto text : {"", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.04", "1.2.3.-4", " 1.2.3.4",
                    "1.2.3.4 ", "1..2.3", "a.b.c.d"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(Subnet, counts_what_is_left_for_guests) {
  auto small = parse_subnet("10.1.2.8/29");
  ASSERT_TRUE(small);
  EXPECT_EQ(small->guests(), 5U);
  EXPECT_EQ(to_string(small->gateway()), "10.1.2.9");
  EXPECT_EQ(to_string(small->guest(0)), "10.1.2.10");
  EXPECT_EQ(to_string(small->guest(4)), "10.1.2.14");
  EXPECT_EQ(to_string(small->broadcast()), "10.1.2.15");
  EXPECT_TRUE(small->is_guest(small->guest(4)));
  EXPECT_FALSE(small->is_guest(small->gateway()));
  EXPECT_FALSE(small->is_guest(small->broadcast()));
  EXPECT_EQ(parse_subnet("10.1.0.0/16")->guests(), 65'533U);
}

TEST(Subnet, refuses_what_is_none_and_says_what_is_meant) {
  for (auto text : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/33", "10.0.0.0/15",
                    "10.0.0.0/30", "10.0.0/24", "10.0.0.0/-1", "10.0.0.0/24 "}) {
    EXPECT_FALSE(parse_subnet(text)) << text;
  }
  EXPECT_TRUE(parse_subnet("10.0.0.7/24").error().message.ends_with("10.0.0.0/24"));
}

TEST(Subnet, overlaps_in_both_directions) {
  auto a = *parse_subnet("10.1.2.0/24");
  EXPECT_TRUE(a.overlaps(*parse_subnet("10.1.0.0/16")));
  EXPECT_TRUE(parse_subnet("10.1.0.0/16")->overlaps(a));
  EXPECT_TRUE(a.overlaps(a));
  EXPECT_FALSE(a.overlaps(*parse_subnet("10.1.3.0/24")));
}

TEST(Routes, the_default_route_and_junk_are_skipped) {
  auto ranges = parse_routes(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n"
      "junk\nx\ty\tz\n");
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].interface, "eth0");
  EXPECT_EQ(to_string(ranges[0].subnet), "192.0.2.0/24");
  EXPECT_EQ(ranges[1].interface, "tun0");
  EXPECT_EQ(to_string(ranges[1].subnet), "10.0.0.0/8");
}

TEST(Routes, of_ipv6_are_those_that_not_every_host_has) {
  auto ranges = parse_routes6(
      "fd000088000000000000000000000000 40 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
      "fd000000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n"
      "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
      "ff000000000000000000000000000000 08 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
      "fd000088000000000000000000000005 80 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 00000000 00000001 00000000 80200001       lo\n"
      "junk 40 a b c d e f g h\n\nfd00 1\n");
  ASSERT_EQ(ranges.size(), 1U);
  EXPECT_EQ(ranges[0].interface, "eth0");
  EXPECT_EQ(to_string(ranges[0].subnet), "fd00:88::/64");
  auto addresses = parse_addresses6(
      "fd000088000000000000000000000001 03 40 00 82   tr-lab\n"
      "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n"
      "00000000000000000000000000000001 01 80 10 80       lo\nx\n");
  ASSERT_EQ(addresses.size(), 1U);
  EXPECT_EQ(to_string(addresses[0].subnet), "fd00:88::1/64");
}

TEST(Names, fit_into_what_linux_allows) {
  EXPECT_EQ(bridge_name("twelve-chars"), "tr-twelve-chars");
  EXPECT_EQ(tap_name("02:00:00:00:00:01").size(), 15U);
  EXPECT_NE(tap_name("02:00:00:00:00:01"), tap_name("02:00:00:00:00:02"));
  EXPECT_TRUE(canonical_mac(bridge_mac("h1", "lab")));
  EXPECT_NE(bridge_mac("h1", "lab"), bridge_mac("h2", "lab"));
  EXPECT_EQ(*canonical_mac("02:AB:cd:00:00:FF"), "02:ab:cd:00:00:ff");
  EXPECT_EQ(host_label("Node1.example.org"), "node1");
}

}  // namespace
}  // namespace truce::network
