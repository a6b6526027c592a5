// What each Provider must do about other hosts and mirrored cards.
#pragma once

#include "conformance.h"

namespace truce::network {

template <class Subject>
class OverlayConformance : public ProviderConformance<Subject> {};

TYPED_TEST_SUITE_P(OverlayConformance);

TYPED_TEST_P(OverlayConformance, an_overlay_has_addresses_of_its_own_and_a_lower_mtu) {
  Config config{"o", Mode::isolated, "10.99.96.0/24", "truce.internal"};
  config.vni = 0xffffff;
  auto done = this->run(this->provider().ensure(config));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(this->plug("o", "02:00:00:00:00:01")->mtu, 1430U);
  ASSERT_TRUE(this->ensure("a"));
  EXPECT_EQ(this->plug("a", "02:00:00:00:00:02")->mtu, 0U);
  auto refused = [this](Config bad) {
    auto answer = this->run(this->provider().ensure(std::move(bad)));
    return !answer && answer.error().code == Code::invalid;
  };
  config.vni = 0x1000000;
  EXPECT_TRUE(refused(config));
  config.vni = 0;
  config.vlan = 20;
  EXPECT_TRUE(refused(config)) << "only a bridged one has a VLAN";
  Config wire{.name = "w", .mode = Mode::bridged};
  wire.bridge = "br0";
  wire.vni = 1000;
  EXPECT_TRUE(refused(wire));
}

TYPED_TEST_P(OverlayConformance, takes_only_peers_that_are_well_formed) {
  auto code = [this](Peers peers) {
    auto done = this->run(this->provider().set_peers(std::move(peers)));
    return done ? Code::internal : done.error().code;
  };
  Neighbour web{"a", "web", "02:00:00:00:00:01", "192.0.2.2", "10.99.90.5"};
  EXPECT_EQ(code({"192.0.2.1", {"192.0.2.2"}, {web}}), Code::internal);
  EXPECT_EQ(code({}), Code::internal);
  EXPECT_EQ(code({"host7", {}}), Code::invalid);
  EXPECT_EQ(code({"", {"192.0.2.2 } accept"}}), Code::invalid);
  web.vm_name = "a b";
  EXPECT_EQ(code({"", {}, {web}}), Code::invalid);
}

TYPED_TEST_P(OverlayConformance, a_card_is_mirrored_to_a_mac_only) {
  ASSERT_TRUE(this->ensure("a"));
  auto reserve = [this](std::string target) {
    NicSettings settings;
    settings.mirror_to = std::move(target);
    auto done = this->run(this->provider().reserve(
        "a", {.vm_name = "web", .mac = "02:00:00:00:00:01", .settings = settings}));
    return done ? Code::internal : done.error().code;
  };
  EXPECT_EQ(reserve("02:00:00:00:00:02"), Code::internal);
  EXPECT_EQ(reserve("lo\"; drop"), Code::invalid);
  EXPECT_EQ(reserve("02:00:00:00:00:0A"), Code::invalid) << "in its one form";
}

REGISTER_TYPED_TEST_SUITE_P(OverlayConformance, an_overlay_has_addresses_of_its_own_and_a_lower_mtu,
                            takes_only_peers_that_are_well_formed,
                            a_card_is_mirrored_to_a_mac_only);

}  // namespace truce::network
