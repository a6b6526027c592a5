#include <gtest/gtest.h>

#include "networks/show.h"

namespace truce::cli {
namespace {
namespace json = boost::json;

const json::object lab = json::parse(R"({"name":"lab","mode":"nat","subnet":"10.88.0.0/24",
    "domain":"truce.internal","spoof_filter":true,"problem":"","private_to":"shop"})")
                             .as_object();

const json::array machines = json::parse(R"([
    {"name":"web01","observed":"running","addresses":["10.1.0.4","10.88.0.9"],"nics":[
        {"network":"other","mac":"52:54:00:00:00:01"},
        {"network":"lab","mac":"52:54:00:00:00:02","security_groups":["web","ssh"],
         "send_mbit":100,"receive_mbit":0,"spoof_filter":true,"address":""}]},
    {"name":"router","observed":"off","addresses":[],"nics":[
        {"network":"lab","mac":"52:54:00:00:00:03","address":"10.88.0.77","spoof_filter":false,
         "forwards":["8080:80"]}]},
    {"name":"elsewhere","observed":"off","addresses":[],"nics":[]}])")
                                 .as_array();

TEST(NetworkTree, shows_the_network_and_each_card_in_it) {
  EXPECT_EQ(network_tree(with_guests(lab, machines)),
            "lab (nat 10.88.0.0/24)\n"
            "├─ bridge tr-lab, the host is 10.88.0.1\n"
            "├─ names end in truce.internal\n"
            "├─ only for machines of the project shop\n"
            "├─ web01   running  nic 1  52:54:00:00:00:02  10.88.0.9   groups web, ssh, sends at "
            "most 100 Mbit/s\n"
            "└─ router  off      nic 0  52:54:00:00:00:03  10.88.0.77  ports 8080:80, spoof filter "
            "off\n");
}

TEST(NetworkTree, shows_both_families) {
  auto six = lab;
  six["subnet6"] = "fd00:88::/64";
  auto guests = machines;
  guests[0].as_object()["addresses"].as_array().emplace_back("fe80::1");
  guests[0].as_object()["addresses"].as_array().emplace_back("fd00:88::9");
  auto tree = network_tree(with_guests(six, guests));
  EXPECT_TRUE(
      tree.starts_with("lab (nat 10.88.0.0/24 fd00:88::/64)\n"
                       "├─ bridge tr-lab, the host is 10.88.0.1 and fd00:88::1\n"))
      << tree;
  EXPECT_TRUE(tree.contains("  10.88.0.9 fd00:88::9  ")) << tree;
}

TEST(NetworkTree, of_an_empty_bridged_network_says_so) {
  auto wire = json::parse(R"({"name":"wire","mode":"bridged","subnet":"","bridge":"br0",
      "domain":"truce.internal","spoof_filter":true,"problem":"this host has no bridge 'br0'"})")
                  .as_object();
  EXPECT_EQ(network_tree(with_guests(wire, machines)),
            "wire (bridged)\n├─ bridge br0 of the host\n├─ problem: this host has no bridge 'br0'\n"
            "└─ no machines\n");
}

TEST(NetworkTree, of_an_overlay_says_where_each_guest_is_and_whom_it_is_mirrored_to) {
  auto wide = lab;
  wide["vni"] = 1003;
  auto guests = machines;
  guests[1].as_object()["host"] = "h2";
  guests[1].as_object()["nics"].as_array()[0].as_object()["number"] = 3;
  guests[1].as_object()["nics"].as_array()[0].as_object()["mirror_to"] = "ids/0";
  auto tree = network_tree(with_guests(wide, guests));
  EXPECT_TRUE(tree.contains("├─ one network over all hosts, each with that bridge (VXLAN 1003)\n"))
      << tree;
  EXPECT_TRUE(tree.contains("  nic 3  ")) << tree;
  EXPECT_TRUE(tree.contains("spoof filter off, mirrored to ids/0, on h2\n")) << tree;
  auto wire = json::parse(R"({"name":"w","mode":"bridged","bridge":"br0","vlan":20})").as_object();
  EXPECT_TRUE(network_tree(with_guests(wire, {})).contains("bridge br0 of the host, VLAN 20\n"));
}

TEST(NetworkTree, is_an_object_for_programs) {
  auto whole = with_guests(lab, machines);
  ASSERT_EQ(whole.at("guests").as_array().size(), 2U);
  const auto& guest = whole.at("guests").at(0).as_object();
  EXPECT_EQ(guest.at("machine"), "web01");
  EXPECT_EQ(guest.at("nic"), 1);
  EXPECT_EQ(guest.at("address"), "10.88.0.9");
  EXPECT_EQ(guest.at("security_groups").as_array().size(), 2U);
  EXPECT_FALSE(guest.contains("network"));
}

TEST(NetworkTree, of_odd_answers_is_no_harm) {
  auto odd = json::parse(R"([1,{"nics":[1,{"network":"lab"}]},{"nics":{}}])").as_array();
  EXPECT_TRUE(network_tree(with_guests(lab, odd)).contains("nic 1"));
  EXPECT_TRUE(network_tree({}).ends_with("no machines\n"));
}

}  // namespace
}  // namespace truce::cli
