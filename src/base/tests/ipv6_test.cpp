#include "base/ipv6.h"

#include <gtest/gtest.h>

namespace truce {
namespace {

TEST(Ipv6, addresses_are_written_in_one_form) {
  const std::pair<const char*, const char*> rows[] = {
      {"::", "::"},
      {"::1", "::1"},
      {"FD00:0088:0:0:0:0:0:7", "fd00:88::7"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"fe80::ff:fe00:11", "fe80::ff:fe00:11"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  };
  for (auto [text, written] : rows) {
    auto address = parse_address6(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), written);
    EXPECT_EQ(*parse_address6(written), *address);
  }
}

TEST(Ipv6, what_is_no_address_is_refused) {
  for (auto text :
       {"", ":", ":::", "1", "fd00::1::2", "fd00::12345", "fd00::g", "fd00::1%eth0", "fd00::1/64",
        " fd00::1", "fd00::1 ", "10.0.0.1", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", "[fd00::1]"}) {
    EXPECT_FALSE(parse_address6(text)) << text;
  }
  EXPECT_FALSE(parse_address6(std::string_view("fd00::1\0", 8)));
}

TEST(Ipv6, ranges_have_nothing_behind_their_prefix) {
  EXPECT_EQ(to_string(*parse_range6("FD00::/8")), "fd00::/8");
  EXPECT_EQ(to_string(*parse_range6("::/0")), "::/0");
  EXPECT_EQ(to_string(*parse_range6("fd00::5")), "fd00::5/128");
  for (auto text : {"fd00::/", "fd00::/129", "fd00::/-1", "fd00::/08", "fd00::/8x", "/8",
                    "fd00::1/64", "10.0.0.0/8"}) {
    EXPECT_FALSE(parse_range6(text)) << text;
  }
  EXPECT_TRUE(parse_range6("fd00::1/64").error().message.ends_with("the range is fd00::/64"));
}

TEST(Ipv6, subnets_are_such_as_guests_can_have) {
  for (auto text : {"fd00:88::/64", "2001:db8::/120", "fd00:0:0:0:8000::/65"}) {
    EXPECT_TRUE(parse_subnet6(text)) << text;
  }
  for (auto text : {"fd00:88::/63", "fd00:88::/121", "fd00:88::", "::/64", "::1:0/112", "ff02::/64",
                    "fe80::/64", "fe81::/64", "febf::/64", "fd00:88::1/64"}) {
    EXPECT_FALSE(parse_subnet6(text)) << text;
  }
}

TEST(Ipv6, subnets_say_who_belongs_to_them) {
  auto wide = *parse_subnet6("fd00:88::/64"), narrow = *parse_subnet6("fd00:88::ff00/120");
  EXPECT_EQ(to_string(wide.gateway()), "fd00:88::1");
  EXPECT_EQ(to_string(wide.last()), "fd00:88::ffff:ffff:ffff:ffff");
  EXPECT_EQ(to_string(narrow.last()), "fd00:88::ffff");
  EXPECT_EQ(wide.guests(), 65'534U);
  EXPECT_EQ(narrow.guests(), 254U);
  EXPECT_EQ(to_string(narrow.guest(0)), "fd00:88::ff02");
  EXPECT_EQ(to_string(narrow.guest(253)), "fd00:88::ffff");
  EXPECT_FALSE(wide.is_guest(wide.network));
  EXPECT_FALSE(wide.is_guest(wide.gateway()));
  EXPECT_TRUE(wide.is_guest(wide.last()));
  EXPECT_FALSE(wide.is_guest(*parse_address6("fd00:88:0:1::5")));
  EXPECT_TRUE(wide.overlaps(narrow));
  EXPECT_TRUE(narrow.overlaps(wide));
  EXPECT_TRUE(parse_range6("::/0")->overlaps(wide));
  EXPECT_FALSE(wide.overlaps(*parse_subnet6("fd00:89::/64")));
  EXPECT_FALSE(narrow.overlaps(*parse_subnet6("fd00:88::fe00/120")));
}

TEST(Ipv6, a_link_local_address_follows_from_the_mac) {
  EXPECT_EQ(to_string(link_local_of("02:00:00:00:00:11")), "fe80::ff:fe00:11");
  EXPECT_EQ(to_string(link_local_of("52:54:00:28:b7:e0")), "fe80::5054:ff:fe28:b7e0");
}

}  // namespace
}  // namespace truce
