// Networks that lead elsewhere than a NAT does, and what reaches a guest from outside.
#include "host_lab.h"

namespace truce::network {
namespace {

class ModesTest : public NatTest {
 protected:
  void become(Mode mode) {
    auto changed = lab;
    changed.mode = mode;
    ensure(changed);
    // A network of another mode is made anew, as is the guest's place in it.
    guest_.reset();
    reserve("web01", web_mac_text);
    guest_.emplace(plug_web());
    auto offer = guest_->dhcp(patience);
    ASSERT_TRUE(offer);
    inside_ = offer->address;
    router_ = offer->router;
  }
  bool leaves() {
    guest_->send_udp(gateway, {inside_, outside_, 4000, 5000, {'x'}});
    auto seen = world_->receive_udp(5000, silence);
    from_ = seen ? seen->from : Address{};
    return seen.has_value();
  }
  bool enters() {
    world_->send_udp(host_outside_, {outside_, inside_, 5000, 4000, {'x'}});
    return guest_->receive_udp(4000, silence).has_value();
  }
  std::string ip_forward() { return read_file("/proc/sys/net/ipv4/ip_forward").value_or("?"); }

  Address from_, router_;
};

TEST_F(ModesTest, a_routed_guest_is_seen_by_its_own_address_and_reached_by_it) {
  become(Mode::routed);
  EXPECT_TRUE(leaves());
  EXPECT_EQ(from_, inside_);
  EXPECT_TRUE(enters());
}

TEST_F(ModesTest, an_isolated_guest_reaches_its_host_and_nothing_beyond) {
  become(Mode::isolated);
  EXPECT_EQ(router_, Address{});
  EXPECT_FALSE(leaves());
  EXPECT_FALSE(enters());
  EXPECT_EQ(guest_->resolve(gateway, "web01.truce.internal", patience), inside_);
}

TEST_F(ModesTest, the_host_stops_routing_with_its_last_network_if_it_did_not_before) {
  ASSERT_TRUE(run(host().remove("lab")));
  output({"sysctl", "-qw", "net.ipv4.ip_forward=0"});
  ensure();
  auto other = lab;
  other.name = "other";
  other.subnet = "10.98.8.0/24";
  ensure(other);
  EXPECT_EQ(ip_forward(), "1\n");
  ASSERT_TRUE(run(host().remove("lab")));
  EXPECT_EQ(ip_forward(), "1\n");
  ASSERT_TRUE(run(host().remove("other")));
  EXPECT_EQ(ip_forward(), "0\n");
  output({"sysctl", "-qw", "net.ipv4.ip_forward=1"});
  ensure();
  ASSERT_TRUE(run(host().remove("lab")));
  EXPECT_EQ(ip_forward(), "1\n");
}

TEST_F(ModesTest, an_isolated_network_needs_no_routing_host) {
  ASSERT_TRUE(run(host().remove("lab")));
  output({"sysctl", "-qw", "net.ipv4.ip_forward=0"});
  auto isolated = lab;
  isolated.mode = Mode::isolated;
  ensure(isolated);
  EXPECT_EQ(ip_forward(), "0\n");
}

TEST_F(ModesTest, a_port_of_the_host_leads_to_a_guest_until_it_is_taken_away) {
  auto forward = [&](std::vector<Forward> forwards) {
    auto done = run(host().reserve(
        "lab",
        {.vm_name = "web01", .mac = web_mac_text, .settings = {.forwards = std::move(forwards)}}));
    ASSERT_TRUE(done) << done.error().message;
  };
  // From a new port each time: connections that are there go on as they began.
  std::uint16_t from = 6000;
  auto reaches = [&](std::uint16_t host_port, std::uint16_t guest_port) {
    world_->send_udp(host_outside_, {outside_, host_outside_, ++from, host_port, {'x'}});
    auto heard = guest_->receive_udp(guest_port, silence);
    return heard && heard->from == outside_;
  };
  EXPECT_FALSE(reaches(5353, 53));
  forward(
      {{"udp", "", 5353, 53}, {"udp", "192.0.2.1", 5454, 54}, {"udp", "198.51.100.1", 5555, 55}});
  EXPECT_TRUE(reaches(5353, 53));
  guest_->send_udp(gateway, {inside_, outside_, 53, from, {'!'}});
  auto answer = world_->receive_udp(from, patience);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->from, host_outside_);
  EXPECT_EQ(answer->from_port, 5353);
  EXPECT_TRUE(reaches(5454, 54));
  EXPECT_FALSE(reaches(5555, 55)) << "the host has another address";
  forward({});
  EXPECT_FALSE(reaches(5454, 54));
}

TEST_F(ModesTest, a_fixed_address_is_given_by_dhcp_also_after_a_change) {
  auto fix = [&](std::string address) {
    auto done =
        run(host().reserve("lab", {.vm_name = "web01", .mac = web_mac_text, .address = address}));
    ASSERT_TRUE(done) << done.error().message;
    auto offer = guest_->dhcp(patience);
    ASSERT_TRUE(offer);
    EXPECT_EQ(to_string(offer->address), address);
  };
  fix("10.98.7.77");
  fix("10.98.7.78");
}

TEST_F(HostNetworkTest, a_bridged_network_is_a_bridge_of_the_host_that_stays) {
  Config config{.name = "wire", .mode = Mode::bridged};
  config.bridge = "br0";
  auto missing = run(host().ensure(config));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "network wire: this host has no bridge 'br0'");
  auto tap = make_tap("/dev/net/tun", "plain0");
  ASSERT_TRUE(tap);
  config.bridge = "plain0";
  auto plain = run(host().ensure(config));
  ASSERT_FALSE(plain);
  EXPECT_TRUE(plain.error().message.contains("no bridge")) << plain.error().message;
  output({"ip", "link", "add", "br0", "type", "bridge"});
  output({"ip", "link", "set", "br0", "up"});
  config.bridge = "br0";
  ensure(config);
  auto reserve_in = [&](Nic nic) {
    auto done = run(host().reserve("wire", std::move(nic)));
    EXPECT_TRUE(done) << done.error().message;
  };
  reserve_in({"web01", web_mac_text});
  reserve_in({.vm_name = "db", .mac = db_mac_text, .address = "192.0.2.7"});
  auto web_plug = run(host().plug("wire", "web01", web_mac_text));
  auto db_plug = run(host().plug("wire", "db", db_mac_text));
  ASSERT_TRUE(web_plug && db_plug);
  Guest web(std::move(web_plug->tap), web_mac), db(std::move(db_plug->tap), db_mac);
  web.set_address(*parse_address("192.0.2.8"));
  db.set_address(*parse_address("192.0.2.7"));
  auto passes = [](Guest& from, Guest& to, const Mac& to_mac, Address sender) {
    from.send_ip(to_mac, {sender, to.address(), 1, 2, {'x'}});
    return to.receive_udp(2, silence).has_value();
  };
  EXPECT_TRUE(passes(web, db, db_mac, *parse_address("192.0.2.8")));
  EXPECT_TRUE(passes(web, db, db_mac, *parse_address("192.0.2.9")))
      << "its address is its own affair";
  EXPECT_TRUE(passes(db, web, web_mac, *parse_address("192.0.2.7")));
  EXPECT_FALSE(passes(db, web, web_mac, *parse_address("192.0.2.9"))) << "its address is fixed";
  web.set_mac(db_mac);
  EXPECT_FALSE(passes(web, db, db_mac, *parse_address("192.0.2.8")));
  ASSERT_TRUE(run(host().remove("wire")));
  EXPECT_TRUE(interface_exists("br0"));
  EXPECT_FALSE(output({"nft", "list", "tables"}).contains("truce"));
  output({"ip", "link", "delete", "br0"});
}

class RatesTest : public PairTest {
 protected:
  // Of 400 datagrams of 1,400 bytes in one go.
  int heard() {
    Frame payload(1400, 0x55);
    int count = 0;
    for (int i = 0; i < 400; ++i) {
      web_->send_ip(db_mac, {web_address_, db_->address(), 1, 2, payload});
      if (db_->receive_udp(2, 2ms)) ++count;
    }
    while (db_->receive_udp(2, silence)) ++count;
    return count;
  }
  void limit(const std::string& vm, const std::string& mac, NicSettings settings) {
    auto done = run(host().reserve("lab", {.vm_name = vm, .mac = mac, .settings = settings}));
    ASSERT_TRUE(done) << done.error().message;
  }
};

TEST_F(RatesTest, what_is_beyond_a_nics_rate_is_dropped_in_the_direction_that_is_limited) {
  EXPECT_EQ(heard(), 400);
  limit("web01", web_mac_text, {.send_mbit = 1});
  EXPECT_LT(heard(), 390);
  limit("web01", web_mac_text, {.receive_mbit = 1});
  EXPECT_EQ(heard(), 400);
  limit("web01", web_mac_text, {});
  limit("db", db_mac_text, {.receive_mbit = 1});
  EXPECT_LT(heard(), 390);
  limit("db", db_mac_text, {.send_mbit = 1});
  EXPECT_EQ(heard(), 400);
}

}  // namespace
}  // namespace truce::network
