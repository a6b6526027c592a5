#include "model/nic_moves.h"

#include <gtest/gtest.h>

namespace truce::model {
namespace {

TEST(NicMoves, a_card_keeps_its_connections_only_where_its_network_is_the_same_on_both_hosts) {
  VmNic nic;
  nic.number = 2;
  auto lost = [&](NetworkMode mode, std::int64_t vni) {
    Network network;
    network.name = "lab";
    network.mode = mode;
    network.vni = vni;
    return lost_by_move(nic, network);
  };
  for (auto mode : {NetworkMode::nat, NetworkMode::routed, NetworkMode::isolated}) {
    EXPECT_EQ(lost(mode, 1000), "");
    auto why = lost(mode, 0);
    EXPECT_TRUE(why.starts_with("network card 2 is on 'lab', of which each host has one")) << why;
    EXPECT_TRUE(why.contains("--overlay")) << why;
  }
  EXPECT_EQ(lost(NetworkMode::bridged, 0), "");
  EXPECT_TRUE(lost(NetworkMode::user, 0).contains("mode user"));
}

}  // namespace
}  // namespace truce::model
