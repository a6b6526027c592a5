// Addresses of power controls as people write them.
#include <gtest/gtest.h>

#include "power/power.h"

namespace truce::power {
namespace {

TEST(Address, says_the_kind_and_its_parts) {
  auto wol = parse_address("wol:52:54:00:12:34:56@192.0.2.255");
  ASSERT_TRUE(wol) << wol.error().message;
  EXPECT_EQ(wol->mac, "52:54:00:12:34:56");
  EXPECT_EQ(wol->broadcast, "192.0.2.255");
  EXPECT_FALSE(wol->is_controller());

  auto redfish = parse_address("redfish://truce@bmc1.example:8443/redfish/v1/Systems/1");
  ASSERT_TRUE(redfish) << redfish.error().message;
  EXPECT_EQ(redfish->user, "truce");
  EXPECT_EQ(url_of(*redfish), "https://bmc1.example:8443");
  EXPECT_EQ(redfish->system, "/redfish/v1/Systems/1");
  EXPECT_TRUE(redfish->is_controller());

  auto ipmi = parse_address("ipmi://admin@[fd00::7]:1623");
  ASSERT_TRUE(ipmi) << ipmi.error().message;
  EXPECT_EQ(ipmi->host, "fd00::7");
  EXPECT_EQ(ipmi->port, 1623);
  for (const auto& address : {*wol, *redfish, *ipmi})
    EXPECT_EQ(*parse_address(to_string(address)), address);
  EXPECT_EQ(to_string(*parse_address("redfish://a@b/")), "redfish://a@b");
}

TEST(Address, what_is_no_address_is_refused_and_a_password_in_it_is_not_repeated) {
  for (std::string_view text :
       {"", "wol:", "wol:52:54:00", "wol:52:54:00:12:34:56@", "wol:52:54:00:12:34:56@everybody",
        "redfish://bmc1.example", "redfish://@bmc", "redfish://a@", "redfish://a@b:0",
        "redfish://a@b:70000", "redfish://a@b:1x", "redfish://a@[::1", "redfish://a@[bmc]",
        "redfish://a@b//elsewhere", "ipmi://a@b/system", "ipmi://a@-b", "https://a@b", "none",
        "ipmi://a b@c"}) {
    auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Code::invalid) << text;
  }
  for (std::string_view text : {"redfish://truce:hunter2@bmc1.example", "ipmi://truce:hunter2",
                                "https://truce:hunter2@bmc1.example"}) {
    auto told = parse_address(text);
    ASSERT_FALSE(told) << text;
    EXPECT_EQ(told.error().message.find("hunter2"), std::string::npos) << text;
  }
}

TEST(Address, a_control_is_made_of_it_with_what_its_kind_needs) {
  asio::io_context context;
  auto make = [&](std::string_view text, std::string fingerprint, SecretPtr password) {
    return make_control(context.get_executor(), *parse_address(text), fingerprint,
                        std::move(password));
  };
  auto password = std::make_shared<const Secret>("secret");
  EXPECT_TRUE(make("wol:52:54:00:12:34:56", "", nullptr));
  EXPECT_TRUE(make("redfish://a@b", std::string(64, 'a'), password));
  EXPECT_TRUE(make("ipmi://a@b", "", password));
  EXPECT_FALSE(make("redfish://a@b", "", password)) << "no certificate is pinned";
  EXPECT_FALSE(make("ipmi://a@b", "", nullptr));
}

}  // namespace
}  // namespace truce::power
