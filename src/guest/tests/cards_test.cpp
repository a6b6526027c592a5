#include "cards.h"

#include <gtest/gtest.h>

namespace truce::guest {
namespace {

using Names = std::vector<std::string>;

TEST(Cards, are_those_that_settings_speak_of) {
  EXPECT_EQ(
      cards_in_interfaces("auto lo\niface lo inet loopback\nallow-hotplug ens192\n"
                          "iface ens192 inet static\n address 10.0.0.2/24\niface ens192 inet6 "
                          "auto\niface br0 inet dhcp\n\tiface eth10 inet dhcp"),
      (Names{"ens192", "eth10"}));
  EXPECT_EQ(
      cards_in_netplan("network:\n  version: 2\n  ethernets:\n    ens160:\n      dhcp4: true\n"
                       "    # one more\n    \"ens192\":\n      match:\n        macaddress: "
                       "00:50:56:00:00:01\n      dhcp4: true\n  bridges:\n    eth7:\n"
                       "      interfaces: [ens160]\n"),
      Names{"ens160"});
  EXPECT_EQ(cards_in_keyfile("[connection]\nid=a\ninterface-name=ens192\n"), Names{"ens192"});
  EXPECT_EQ(
      cards_in_keyfile("[connection]\ninterface-name=ens192\n[ethernet]\nmac-address=00:50\n"),
      Names{});
  EXPECT_EQ(cards_in_network("[Match]\nName = enp3s0\n[Network]\nDHCP=yes\n"), Names{"enp3s0"});
  EXPECT_EQ(cards_in_network("[Match]\nName=en*\n"), Names{});
  EXPECT_EQ(cards_in_ifcfg("TYPE=Ethernet\nDEVICE=\"eth0\"\nONBOOT=yes\n"), Names{"eth0"});
  EXPECT_EQ(cards_in_ifcfg("DEVICE=eth0\nHWADDR=00:50:56:00:00:01\n"), Names{});
}

TEST(Cards, have_names_that_udev_gives_and_an_order) {
  for (const auto* name : {"eth0", "ens192", "enp3s0f1", "enx005056000001"})
    EXPECT_TRUE(is_card_name(name)) << name;
  for (const auto* name : {"", "lo", "br0", "bond0", "eth", "en*", "eth0.100", "eth0:1", "wlan0",
                           "enx0050560000012345"})
    EXPECT_FALSE(is_card_name(name)) << name;
  EXPECT_TRUE(comes_before("eth2", "eth10"));
  EXPECT_TRUE(comes_before("ens192", "ens224"));
  EXPECT_FALSE(comes_before("ens192", "ens192"));
}

}  // namespace
}  // namespace truce::guest
