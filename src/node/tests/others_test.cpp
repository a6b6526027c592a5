// What a node's networks are told of other hosts, and cards that are mirrored to cards here.
#include "stage.h"

namespace truce::node {
namespace {

using model::Wanted;

template <class Condition>
Async<void> becomes(Condition condition) {
  for (int i = 0; i < 500 && !condition(); ++i) co_await sleep_for(10ms);
  EXPECT_TRUE(condition());
}

TEST(Others, are_told_to_the_networks_when_the_manager_tells_of_them) {
  on_stage([](Stage& stage) -> Async<void> {
    model::Assignment change;
    model::Host own, other;
    own.name = "h1";
    own.address = "192.0.2.1:7443";
    other.name = "h2";
    other.address = "192.0.2.2:7443";
    change.hosts = std::vector<model::Host>{own, other};
    model::Neighbour card;
    card.network = "lan";
    card.vm = "db";
    card.mac = "52:54:00:00:00:07";
    card.host = "h2";
    change.neighbours = std::vector<model::Neighbour>{card};
    co_await stage.send(change);
    co_await becomes([&] { return stage.network.peers().self == "192.0.2.1"; });
    EXPECT_EQ(stage.network.peers().hosts, std::vector<std::string>{"192.0.2.2"});
    EXPECT_EQ(stage.network.peers().neighbours.size(), 1U);
    model::Assignment fewer;
    fewer.neighbours.emplace();
    co_await stage.send(fewer);
    co_await becomes([&] { return stage.network.peers().neighbours.empty(); });
    EXPECT_EQ(stage.network.peers().self, "192.0.2.1") << "absent: as before";
    model::Network lan{.name = "lan"};
    lan.subnet = "10.9.0.0/24";
    lan.domain = "truce.internal";
    lan.vni = 1004;
    model::Assignment networks;
    networks.networks = {lan};
    co_await stage.send(networks);
    co_await becomes([&] { return stage.network.config("lan").has_value(); });
    EXPECT_EQ(stage.network.config("lan")->vni, 1004U);
  });
}

TEST(Mirrors, lead_to_the_card_that_has_the_name_here_now_and_nowhere_while_none_has) {
  on_stage([](Stage& stage) -> Async<void> {
    stage.vm.nics.push_back({.network = "default", .mac = "52:54:00:00:00:01"});
    stage.vm.nics[0].mirror_to = "ids/2";
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    auto target = [&] {
      auto nic = stage.network.reserved("default", "52:54:00:00:00:01");
      return nic ? nic->settings.mirror_to : "none";
    };
    EXPECT_EQ(target(), "");
    auto ids = stage.vm;
    ids.uuid = "22222222-2222-4333-8444-555555555555";
    ids.name = "ids";
    ids.number = 2;
    ids.nics[0] = {.network = "default", .mac = "52:54:00:00:00:09", .number = 2};
    ids.wanted = Wanted::off;
    model::Assignment change;
    change.vms.emplace_back().vm = ids;
    co_await stage.send(change);
    co_await becomes([&] { return target() == "52:54:00:00:00:09"; });
    model::Assignment gone;
    gone.gone_vms = {ids.uuid};
    co_await stage.send(gone);
    co_await becomes([&] { return target().empty(); });
  });
}

}  // namespace
}  // namespace truce::node
