// A guest that tries to be somebody else: raw frames into its tap, and who hears them.
#include "host_lab.h"

namespace truce::network {
namespace {

class GuardTest : public PairTest {
 protected:
  // Whether the frame reaches db, which hears its own port first or last.
  bool arrives(Frame frame) {
    web_->send_frame(frame);
    return db_->hears([&](const Frame& heard) { return heard == frame; }, silence);
  }
  void change(SpoofFilter filter) {
    auto done = run(host().reserve(
        "lab", {.vm_name = "web01", .mac = web_mac_text, .settings = {.spoof_filter = filter}}));
    ASSERT_TRUE(done) << done.error().message;
  }
  [[nodiscard]] Frame frame_of(std::uint64_t type, const Mac& to = db_mac) const {
    Frame frame;
    put(frame, to);
    put(frame, web_mac);
    put(frame, type, 2);
    frame.resize(60, 0x42);
    return frame;
  }
};

TEST_F(GuardTest, a_guest_sends_from_its_own_address_and_no_other) {
  EXPECT_TRUE(datagram_arrives(web_address_));
  EXPECT_FALSE(datagram_arrives({web_address_.value + 1}));
  EXPECT_FALSE(datagram_arrives(gateway));
  EXPECT_FALSE(datagram_arrives(*parse_address("192.0.2.7")));
  EXPECT_FALSE(datagram_arrives({0}));
  EXPECT_TRUE(datagram_arrives(web_address_));
}

TEST_F(GuardTest, a_guest_sends_from_its_own_mac_and_no_other) {
  web_->set_mac({2, 0, 0, 0, 0, 0x77});
  EXPECT_FALSE(datagram_arrives(web_address_));
  web_->set_mac(db_mac);
  EXPECT_FALSE(datagram_arrives(web_address_));
  web_->set_mac(web_mac);
  EXPECT_TRUE(datagram_arrives(web_address_));
}

TEST_F(GuardTest, a_guest_cannot_take_another_guests_address_by_arp) {
  // As the victim's address is asked for, only its owner answers.
  auto asker_mac = Mac{2, 0, 0, 0, 0, 0x13};
  reserve("asker", "02:00:00:00:00:13");
  auto asker = plug(asker_mac, "02:00:00:00:00:13");
  auto offer = asker.dhcp(patience);
  ASSERT_TRUE(offer);
  auto claimed = [&](const Frame& frame) {
    return get(frame, 12, 2) == 0x0806 && get(frame, 28, 4) == db_->address().value;
  };
  web_->set_address(db_->address());
  web_->send_arp(2, asker_mac, offer->address);
  web_->send_arp(1, everybody, db_->address());
  EXPECT_FALSE(asker.hears(claimed, silence));
  web_->set_address(web_address_);
  // Its own ARP with another's MAC inside.
  Frame lie = frame_of(0x0806, asker_mac);
  lie.resize(14);
  put(lie, 0x0001'0800'0604'0002, 8);
  put(lie, db_mac);
  put(lie, web_address_.value, 4);
  put(lie, asker_mac);
  put(lie, offer->address.value, 4);
  web_->send_frame(lie);
  EXPECT_FALSE(asker.hears([&](const Frame& frame) { return frame == lie; }, silence));
  web_->send_arp(2, asker_mac, offer->address);
  EXPECT_TRUE(asker.hears(
      [&](const Frame& frame) { return get(frame, 28, 4) == web_address_.value; }, patience));
}

TEST_F(GuardTest, a_guest_answers_no_dhcp_and_advertises_no_router) {
  EXPECT_FALSE(datagram_arrives(web_address_, 67, 68));
  Frame advert = frame_of(0x86dd);
  advert.resize(14);
  put(advert, 0x6000'0000'0010'3aff, 8);  // 16 bytes of ICMPv6, hop limit 255
  put(advert, 0xfe80'0000'0000'0000, 8);
  put(advert, 0x0000'00ff'fe00'0011, 8);
  put(advert, 0xff02'0000'0000'0000, 8);
  put(advert, 1, 8);
  put(advert, 0x8600'0000'4000'0708, 8);
  put(advert, 0, 8);
  EXPECT_FALSE(arrives(advert));
}

TEST_F(GuardTest, what_is_neither_arp_nor_ipv4_does_not_pass_so_no_tag_hides_a_lie) {
  EXPECT_FALSE(arrives(frame_of(0x86dd)));
  EXPECT_FALSE(arrives(frame_of(0x8100)));  // with a VLAN tag
  EXPECT_FALSE(arrives(frame_of(0x88a8)));
  EXPECT_FALSE(arrives(frame_of(0x88b5)));
}

TEST_F(GuardTest, the_filter_of_one_nic_is_switched_off_and_on_while_it_is_plugged) {
  Address other{web_address_.value + 1};
  ASSERT_FALSE(datagram_arrives(other));
  change(SpoofFilter::off);
  EXPECT_TRUE(datagram_arrives(other));
  EXPECT_TRUE(arrives(frame_of(0x88b5)));
  EXPECT_FALSE(datagram_arrives(gateway)) << "it still cannot pose as the host";
  EXPECT_FALSE(datagram_arrives(other, 67, 68));
  change(SpoofFilter::on);
  EXPECT_FALSE(datagram_arrives(other));
}

TEST_F(GuardTest, the_filter_of_a_network_is_switched_off_and_on_while_nics_are_plugged) {
  Address other{web_address_.value + 1};
  auto open = lab;
  open.spoof_filter = SpoofFilter::off;
  ensure(open);
  EXPECT_TRUE(datagram_arrives(other));
  EXPECT_FALSE(datagram_arrives(gateway));
  ensure(lab);
  EXPECT_FALSE(datagram_arrives(other));
}

TEST_F(GuardTest, what_a_nic_may_send_is_known_again_after_a_restart_of_the_daemon) {
  change(SpoofFilter::off);
  output({"nft", "flush", "ruleset"});
  HostNetwork later(subject_.loop().get_executor(), subject_.folder() / "run",
                    subject_.folder() / "state", {.host_name = host_label_of_tests});
  ASSERT_TRUE(run(later.ensure(lab)));
  EXPECT_TRUE(datagram_arrives({web_address_.value + 1}));
  db_->send_ip(web_mac, {web_address_, web_address_, 1, 5000, {'x'}});
  EXPECT_FALSE(web_->receive_udp(5000, silence)) << "db's filter is on";
}

TEST_F(GuardTest, a_change_of_one_nic_mends_a_table_that_somebody_flushed) {
  output({"nft", "flush", "ruleset"});
  reserve("db2", db_mac_text);
  EXPECT_FALSE(datagram_arrives({web_address_.value + 1}));
  EXPECT_TRUE(datagram_arrives(web_address_));
}

TEST_F(GuardTest, a_released_nic_leaves_the_table) {
  auto before = output({"nft", "list", "table", "bridge", "truce-lab"});
  EXPECT_TRUE(before.contains(tap_name(web_mac_text)));
  ASSERT_TRUE(run(host().release("lab", web_mac_text)));
  auto after = output({"nft", "list", "table", "bridge", "truce-lab"});
  EXPECT_FALSE(after.contains(tap_name(web_mac_text)));
  EXPECT_TRUE(after.contains(tap_name(db_mac_text)));
}

}  // namespace
}  // namespace truce::network
