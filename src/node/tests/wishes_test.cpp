#include "networks/wishes.h"

#include <gtest/gtest.h>

namespace truce::node {
namespace {

TEST(Wishes, of_networks_name_other_hosts_and_their_cards_by_numbers) {
  auto host = [](std::string name, std::string address) {
    model::Host host;
    host.name = std::move(name);
    host.address = std::move(address);
    return host;
  };
  std::vector<model::Host> hosts{host("a", "192.0.2.1:7443"), host("b", "[fd00::2]:7443"),
                                 host("c", "c.example:7443"), host("d", "")};
  model::Neighbour web{.network = "lan", .vm = "web", .mac = "02:00:00:00:00:11", .host = "b"};
  web.address = "10.0.0.5";
  web.security_groups = {"front"};
  auto lost = web;
  lost.host = "c";
  auto own = web;
  own.host = "a";
  auto peers = peers_of("a", hosts, {web, lost, own});
  EXPECT_EQ(peers.self, "192.0.2.1");
  EXPECT_EQ(peers.hosts, (std::vector<std::string>{"fd00::2"}));
  ASSERT_EQ(peers.neighbours.size(), 1U);
  EXPECT_EQ(peers.neighbours[0].host, "fd00::2");
  EXPECT_EQ(peers.neighbours[0].vm_name, "web");
  EXPECT_EQ(peers.neighbours[0].address, "10.0.0.5");
  EXPECT_EQ(peers.neighbours[0].groups, (std::vector<std::string>{"front"}));
  EXPECT_EQ(peers_of("d", hosts, {}).self, "");
}

TEST(Wishes, of_networks_have_their_overlay_and_vlan) {
  model::Network network;
  network.name = "lan";
  network.mode = model::NetworkMode::routed;
  network.subnet = "10.9.0.0/24";
  network.vni = 1007;
  auto config = config_of(network);
  EXPECT_EQ(config.mode, network::Mode::routed);
  EXPECT_EQ(config.vni, 1007U);
  network.vni = 0;
  network.vlan = 20;
  network.mode = model::NetworkMode::bridged;
  EXPECT_EQ(config_of(network).vlan, 20);
}

}  // namespace
}  // namespace truce::node
