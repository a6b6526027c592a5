// Networks with IPv6: what guests are given, what they may send, and where it leads.
#include "guest6.h"
#include "host_lab.h"
#include "rules.h"

namespace truce::network {
namespace {

const Address6 host_address = *parse_address6("fd00:98::1");
const Address6 host_local = link_local_of(bridge_mac(host_label_of_tests, "lab"));
const Address6 outside = *parse_address6("2001:db8:9::9");

Config with_ipv6(Mode mode = Mode::nat) {
  auto config = lab;
  config.mode = mode;
  config.subnet6 = "fd00:98::/64";
  return config;
}

class Ipv6Test : public HostNetworkTest {
 protected:
  void begin(const Config& config = with_ipv6()) {
    ensure(config);
    reserve("web01", web_mac_text);
    guest_.emplace(plug_web());
    six_.emplace(*guest_, web_mac);
  }
  std::string setting(const std::string& name) {
    return read_file("/proc/sys/net/ipv6/conf/" + name).value_or("?");
  }

  std::optional<Guest> guest_;
  std::optional<Guest6> six_;
};

TEST_F(Ipv6Test, a_guest_learns_its_router_and_range_and_is_given_its_reserved_address) {
  begin();
  auto advert = six_->router(patience);
  ASSERT_TRUE(advert);
  EXPECT_TRUE(advert->managed);
  EXPECT_GT(advert->lifetime, 0U);
  EXPECT_EQ(to_string(advert->range), "fd00:98::/64");
  EXPECT_TRUE(advert->on_link);
  EXPECT_FALSE(advert->autonomous) << "guests make up no addresses";
  auto offer = six_->dhcp(patience);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->name_server, host_address);
  auto text = read("state/networks/lab/020000000011.json");
  EXPECT_TRUE(text.contains('"' + to_string(offer->address) + '"')) << text;
  ASSERT_TRUE(guest_->dhcp(patience));
  auto leases = run(host().leases("lab"));
  ASSERT_TRUE(leases);
  ASSERT_EQ(leases->size(), 2U);
  EXPECT_EQ(leases->at(1).mac, web_mac_text);
  EXPECT_EQ(leases->at(1).address, to_string(offer->address));
  EXPECT_TRUE(six_->ping(host_address, offer->address, host_address, patience));
  EXPECT_EQ(six_->resolve(host_address, "web01.truce.internal", patience), offer->address);
  EXPECT_EQ(six_->resolve(host_address, "gateway.truce.internal", patience), host_address);
  EXPECT_EQ(guest_->resolve(gateway, "web01.truce.internal", patience), guest_->address());
}

TEST_F(Ipv6Test, a_nic_without_a_reservation_is_given_no_address) {
  begin();
  auto stranger = plug(db_mac, db_mac_text);
  Guest6 six(stranger, db_mac);
  EXPECT_TRUE(six.router(patience));
  EXPECT_FALSE(six.dhcp(silence));
}

TEST_F(Ipv6Test, each_network_has_its_own_server) {
  begin();
  auto other = with_ipv6();
  other.name = "other";
  other.subnet = "10.98.8.0/24";
  other.subnet6 = "fd00:99::/64";
  ensure(other);
  ASSERT_TRUE(run(host().reserve("other", {"db", db_mac_text})));
  auto plugged = run(host().plug("other", "db", db_mac_text));
  ASSERT_TRUE(plugged);
  Guest db(std::move(plugged->tap), db_mac);
  Guest6 db_six(db, db_mac);
  auto theirs = db_six.dhcp(patience), ours = six_->dhcp(patience);
  ASSERT_TRUE(theirs && ours);
  EXPECT_TRUE(parse_subnet6("fd00:99::/64")->contains(theirs->address));
  EXPECT_TRUE(parse_subnet6("fd00:98::/64")->contains(ours->address));
  ASSERT_TRUE(run(host().remove("other")));
}

TEST_F(Ipv6Test, comes_and_goes_while_guests_are_plugged_in) {
  begin(lab);
  EXPECT_FALSE(six_->router(silence));
  ASSERT_TRUE(guest_->dhcp(patience));
  ensure(with_ipv6());
  auto offer = six_->dhcp(patience);
  ASSERT_TRUE(offer);
  EXPECT_TRUE(six_->ping(host_address, offer->address, host_address, patience));
  HostNetwork later(subject_.loop().get_executor(), subject_.folder() / "run",
                    subject_.folder() / "state", {.host_name = host_label_of_tests});
  ASSERT_TRUE(run(later.ensure(with_ipv6())));
  auto again = six_->dhcp(patience);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->address, offer->address);
  EXPECT_TRUE(output({"nft", "list", "tables"}).contains("ip6 truce-lab"));
  ensure(lab);
  EXPECT_FALSE(output({"nft", "list", "tables"}).contains("ip6 truce-lab"));
  EXPECT_EQ(setting("tr-lab/disable_ipv6"), "1\n");
  guest_->hears([](const Frame&) { return false; }, silence);  // what was sent before
  EXPECT_FALSE(six_->router(silence));
  ASSERT_TRUE(guest_->dhcp(patience));
}

TEST_F(Ipv6Test, another_range_takes_the_place_of_the_first) {
  begin();
  ASSERT_TRUE(six_->dhcp(patience));
  auto other = with_ipv6();
  other.subnet6 = "fd00:99::f000/116";
  ensure(other);
  auto offer = six_->dhcp(patience);
  ASSERT_TRUE(offer);
  EXPECT_TRUE(parse_subnet6(other.subnet6)->is_guest(offer->address)) << to_string(offer->address);
  auto addresses = output({"ip", "-6", "-o", "address", "show", "dev", "tr-lab"});
  EXPECT_TRUE(addresses.contains("fd00:99::f001/116")) << addresses;
  EXPECT_FALSE(addresses.contains("fd00:98")) << addresses;
}

TEST_F(Ipv6Test, a_fixed_address_goes_from_one_guest_to_another_at_once) {
  begin();
  auto fix = [&](std::string vm, std::string mac, std::string address) {
    auto done = run(host().reserve(
        "lab", {.vm_name = std::move(vm), .mac = std::move(mac), .address6 = std::move(address)}));
    ASSERT_TRUE(done) << done.error().message;
    guest_->hears([](const Frame&) { return false; }, silence);  // while dnsmasq reads its files
  };
  fix("web01", web_mac_text, "fd00:98::77");
  auto first = six_->dhcp(patience);
  ASSERT_TRUE(first);
  EXPECT_EQ(to_string(first->address), "fd00:98::77");
  fix("web01", web_mac_text, "fd00:98::78");
  fix("db", db_mac_text, "fd00:98::77");
  auto db = plug(db_mac, db_mac_text);
  Guest6 db_six(db, db_mac);
  auto second = db_six.dhcp(patience);
  ASSERT_TRUE(second);
  EXPECT_EQ(to_string(second->address), "fd00:98::77");
  auto third = six_->dhcp(patience);
  ASSERT_TRUE(third);
  EXPECT_EQ(to_string(third->address), "fd00:98::78");
}

TEST_F(Ipv6Test, a_range_that_the_host_reaches_already_is_refused_by_name_of_the_interface) {
  output({"ip", "link", "add", "up0", "type", "bridge"});
  output({"ip", "-6", "address", "add", "fd00:98::5/48", "dev", "up0", "nodad"});
  auto refused = run(host().ensure(with_ipv6()));
  output({"ip", "link", "delete", "up0"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_TRUE(refused.error().message.contains("fd00:98::/48")) << refused.error().message;
  EXPECT_TRUE(refused.error().message.contains("up0")) << refused.error().message;
}

TEST_F(Ipv6Test, a_host_that_begins_to_forward_still_listens_to_its_routers_and_ends_as_it_was) {
  output({"ip", "link", "add", "up0", "type", "bridge"});
  output({"ip", "link", "add", "down0", "type", "bridge"});
  output({"sysctl", "-qw", "net.ipv6.conf.up0.accept_ra=1"});
  output({"sysctl", "-qw", "net.ipv6.conf.down0.accept_ra=0"});
  output({"sysctl", "-qw", "net.ipv6.conf.all.forwarding=0"});
  ensure(with_ipv6(Mode::isolated));
  EXPECT_EQ(setting("all/forwarding"), "0\n") << "an isolated network needs no routing host";
  ensure(with_ipv6());
  EXPECT_EQ(setting("all/forwarding"), "1\n");
  EXPECT_EQ(setting("up0/accept_ra"), "2\n");
  EXPECT_EQ(setting("down0/accept_ra"), "0\n");
  EXPECT_EQ(setting("tr-lab/accept_ra"), "0\n");
  ensure(lab);
  EXPECT_EQ(setting("all/forwarding"), "0\n");
  EXPECT_EQ(setting("up0/accept_ra"), "1\n");
  output({"ip", "link", "delete", "up0"});
  output({"ip", "link", "delete", "down0"});
}

TEST_F(Ipv6Test, a_firewall_that_drops_by_default_lets_dhcp_and_discovery_pass) {
  output(
      {"nft", "-f", "-"},
      "table ip6 filter { chain input { type filter hook input priority 10; policy drop; }\n }\n");
  begin();
  EXPECT_TRUE(six_->router(patience));
  EXPECT_TRUE(six_->dhcp(patience));
  EXPECT_EQ(six_->resolve(host_address, "gateway.truce.internal", patience), host_address);
  ASSERT_TRUE(run(host().remove("lab")));
  EXPECT_FALSE(output({"nft", "list", "ruleset"}).contains("truce"));
  output({"nft", "flush", "ruleset"});
}

// Two guests with addresses; what `web` sends, `db` may hear.
class Pair6Test : public PairTest {
 protected:
  void SetUp() override {
    PairTest::SetUp();
    if (IsSkipped()) return;
    ensure(with_ipv6());
    web6_.emplace(*web_, web_mac);
    db6_.emplace(*db_, db_mac);
    ASSERT_TRUE(web6_->dhcp(patience));
    ASSERT_TRUE(db6_->dhcp(patience));
    own_ = web6_->address();
  }
  bool arrives(const Frame& frame) {
    web_->send_frame(frame);
    return db_->hears([&](const Frame& heard) { return heard == frame; }, silence);
  }
  // To db's own address.
  bool passes(Address6 from, unsigned next, Frame payload) {
    return arrives(web6_->frame_of(db_mac, from, db6_->address(), next, std::move(payload)));
  }
  bool passes_udp(Address6 from, std::uint16_t from_port = 4000, std::uint16_t to_port = 5000) {
    return passes(from, 17, datagram(from_port, to_port, {'x'}));
  }
  bool claims(Address6 target) { return passes(own_, 58, web6_->claim(target)); }
  Frame echo() {
    Frame message;
    put(message, 0x8000'0000'0000'0001, 8);
    return message;
  }

  Address6 own_;
  std::optional<Guest6> web6_, db6_;
};

using Guard6Test = Pair6Test;

TEST_F(Guard6Test, a_guest_sends_from_its_own_addresses_and_no_other) {
  EXPECT_TRUE(passes_udp(own_));
  EXPECT_TRUE(passes_udp(web6_->link_local()));
  EXPECT_TRUE(passes_udp(*parse_address6("fe80::1234:5678:9abc:def0")))
      << "some systems make up their link-local address";
  for (auto lie : {Address6{own_.high, own_.low + 1}, db6_->address(), db6_->link_local(),
                   host_address, host_local, outside, Address6{}}) {
    EXPECT_FALSE(passes_udp(lie)) << to_string(lie);
  }
}

TEST_F(Guard6Test, a_guest_claims_its_own_addresses_and_no_other) {
  EXPECT_TRUE(claims(own_));
  EXPECT_TRUE(claims(web6_->link_local()));
  for (auto lie : {db6_->address(), db6_->link_local(), host_address, host_local}) {
    EXPECT_FALSE(claims(lie)) << to_string(lie);
  }
  // What looks like the probe of somebody who begins to use an address.
  auto probes = [&](Address6 target) {
    Frame probe;
    put(probe, 0x8700'0000'0000'0000, 8);
    put_address(probe, target);
    return passes(Address6{}, 58, probe);
  };
  EXPECT_TRUE(probes(own_));
  EXPECT_FALSE(probes(db6_->address()));
}

TEST_F(Guard6Test, a_guest_advertises_no_router_redirects_nobody_and_answers_no_dhcp) {
  for (std::uint64_t kind : {134, 137}) {
    Frame message;
    put(message, kind << 56, 8);
    put(message, 0, 8);
    EXPECT_FALSE(passes(web6_->link_local(), 58, message)) << kind;
    EXPECT_FALSE(passes(own_, 58, message)) << kind;
  }
  EXPECT_FALSE(passes_udp(own_, 547, 546));
  EXPECT_FALSE(passes_udp(web6_->link_local(), 547, 546));
  // The same in a fragment, behind which its kind could hide.
  Frame fragment;
  put(fragment, 0x3a00'0001'0000'0001, 8);
  put(fragment, std::uint64_t{134} << 56, 8);
  EXPECT_FALSE(
      arrives(web6_->frame_of(multicast(all_nodes), web6_->link_local(), all_nodes, 44, fragment)));
}

TEST_F(Guard6Test, a_guest_without_the_filter_still_cannot_pose_as_the_host) {
  ASSERT_TRUE(run(host().reserve(
      "lab",
      {.vm_name = "web01", .mac = web_mac_text, .settings = {.spoof_filter = SpoofFilter::off}})));
  EXPECT_TRUE(passes_udp({own_.high, own_.low + 1}));
  EXPECT_TRUE(claims(*parse_address6("fd00:98::abcd")));
  EXPECT_FALSE(claims(host_address));
  EXPECT_FALSE(claims(host_local));
  EXPECT_FALSE(passes_udp(host_address));
  EXPECT_FALSE(passes_udp(host_local));
  EXPECT_FALSE(passes_udp(outside, 547, 546));
}

TEST_F(Guard6Test, without_ipv6_of_the_network_nothing_of_it_passes) {
  ensure(lab);
  EXPECT_FALSE(passes_udp(own_));
  EXPECT_FALSE(passes_udp(web6_->link_local()));
}

class Groups6Test : public Pair6Test {
 protected:
  void join(const std::string& vm, const std::string& mac, std::vector<std::string> groups) {
    auto done = run(host().reserve(
        "lab", {.vm_name = vm, .mac = mac, .settings = {.groups = std::move(groups)}}));
    ASSERT_TRUE(done) << done.error().message;
  }
  void set(std::vector<Group> groups) {
    auto done = run(host().set_groups(std::move(groups)));
    ASSERT_TRUE(done) << done.error().message;
  }
  using Direction = Rule::Direction;
};

TEST_F(Groups6Test, rules_hold_for_both_families) {
  set({{"db",
        {{Direction::ingress, "udp", {{1, 1}}, "fd00:98::/64"},
         {Direction::ingress, "udp", {{2, 2}}, "10.98.7.0/24"},
         {Direction::ingress, "udp", {{3, 3}}},
         {Direction::ingress, "udp", {{4, 4}}, "", "web"},
         {Direction::ingress, "udp", {{5, 5}}, "2001:db8::/32"}}}});
  join("db", db_mac_text, {"db"});
  auto six = [&](std::uint16_t port) { return passes_udp(own_, 4000, port); };
  auto four = [&](std::uint16_t port) { return datagram_arrives(web_address_, 4000, port); };
  EXPECT_TRUE(six(1));
  EXPECT_FALSE(four(1));
  EXPECT_FALSE(six(2));
  EXPECT_TRUE(four(2));
  EXPECT_TRUE(six(3));
  EXPECT_TRUE(four(3));
  EXPECT_FALSE(six(4));
  EXPECT_FALSE(four(4));
  EXPECT_FALSE(six(5));
  join("web01", web_mac_text, {"web"});
  EXPECT_TRUE(six(4));
  EXPECT_TRUE(four(4));
}

TEST_F(Groups6Test, icmp_is_that_of_both_families_and_discovery_always_passes) {
  set({{"db", {}}, {"ping", {{Direction::ingress, "icmp"}}}});
  join("db", db_mac_text, {"db"});
  EXPECT_FALSE(passes(own_, 58, echo()));
  EXPECT_TRUE(claims(own_));
  EXPECT_EQ(web6_->neighbour(db6_->address(), patience), std::nullopt)
      << "db answers only while it listens";
  join("db", db_mac_text, {"ping"});
  EXPECT_TRUE(passes(own_, 58, echo()));
  EXPECT_FALSE(passes_udp(own_));
}

TEST_F(Groups6Test, no_way_leads_around_them_by_link_local_addresses) {
  set({{"db", {{Direction::ingress, "any", {}, "192.0.2.0/24"}}},
       {"web", {{Direction::egress, "udp", {{1, 1}}}}}});
  join("db", db_mac_text, {"db"});
  auto to_local = [&](Address6 from) {
    return arrives(
        web6_->frame_of(db_mac, from, db6_->link_local(), 17, datagram(4000, 5000, {'x'})));
  };
  EXPECT_FALSE(to_local(own_));
  EXPECT_FALSE(to_local(web6_->link_local()));
  join("db", db_mac_text, {});
  EXPECT_TRUE(to_local(web6_->link_local()));
  join("web01", web_mac_text, {"web"});
  EXPECT_FALSE(to_local(web6_->link_local()));
  EXPECT_FALSE(passes_udp(own_));
  EXPECT_TRUE(passes_udp(own_, 4000, 1));
  EXPECT_TRUE(web6_->dhcp(patience)) << "the host's DHCP and DNS can always be asked";
  EXPECT_EQ(web6_->resolve(host_address, "gateway.truce.internal", patience), host_address);
}

// A tap `wan0` with 2001:db8:9::1/64 stands for the way to the world; the test is the world.
class World6Test : public Ipv6Test {
 protected:
  void SetUp() override {
    HostNetworkTest::SetUp();
    if (IsSkipped()) return;
    auto tap = make_tap("/dev/net/tun", "wan0");
    ASSERT_TRUE(tap);
    output({"sysctl", "-qw", "net.ipv6.conf.wan0.accept_dad=0"});
    output({"ip", "-6", "address", "add", "2001:db8:9::1/64", "dev", "wan0"});
    output({"ip", "link", "set", "wan0", "up"});
    world_.emplace(std::move(*tap), world_mac_);
    world6_.emplace(*world_, world_mac_);
    world6_->add(outside);
  }
  void become(Mode mode) {
    begin(with_ipv6(mode));
    ASSERT_TRUE(six_->dhcp(patience));
    router_ = six_->neighbour(host_address, patience).value_or(Mac{});
  }
  // Who the world says has sent a datagram; nobody when none comes.
  std::optional<Address6> seen_as() {
    six_->send(router_, six_->address(), outside, 17, datagram(4000, 5000, {'x'}));
    std::optional<Address6> seen;
    world_->hears(
        [&](const Frame& f) {
          bool ours = get(f, 12, 2) == 0x86dd && get(f, 20, 1) == 17 && get(f, 56, 2) == 5000;
          if (ours) seen = address_at(f, 22);
          return ours;
        },
        silence + 1s);  // the host asks once a second who it is
    return seen;
  }
  bool enters(Address6 to, std::uint16_t port, std::uint16_t guest_port) {
    auto mac = world6_->neighbour(world_gateway_, patience);
    if (!mac) return false;
    world6_->send(*mac, outside, to, 17, datagram(++from_, port, {'x'}));
    return guest_->hears(
        [&](const Frame& f) {
          return get(f, 12, 2) == 0x86dd && get(f, 20, 1) == 17 && get(f, 56, 2) == guest_port;
        },
        silence);
  }

  const Mac world_mac_{2, 0, 0, 0, 9, 9};
  const Address6 world_gateway_ = *parse_address6("2001:db8:9::1");
  std::uint16_t from_ = 6000;
  Mac router_{};
  std::optional<Guest> world_;
  std::optional<Guest6> world6_;
};

TEST_F(World6Test, a_nat_guest_is_seen_by_the_hosts_address_and_not_reached) {
  become(Mode::nat);
  EXPECT_EQ(seen_as(), world_gateway_);
  EXPECT_FALSE(enters(six_->address(), 4000, 4000));
}

TEST_F(World6Test, a_routed_guest_is_seen_by_its_own_address_and_reached_by_it) {
  become(Mode::routed);
  EXPECT_EQ(seen_as(), six_->address());
  EXPECT_TRUE(enters(six_->address(), 4000, 4000));
}

TEST_F(World6Test, an_isolated_guest_has_no_router_and_no_way_out) {
  become(Mode::isolated);
  auto advert = six_->router(patience);
  ASSERT_TRUE(advert);
  EXPECT_EQ(advert->lifetime, 0U);
  EXPECT_EQ(seen_as(), std::nullopt);
  EXPECT_FALSE(enters(six_->address(), 4000, 4000));
  EXPECT_EQ(six_->resolve(host_address, "web01.truce.internal", patience), six_->address());
}

TEST_F(World6Test, a_port_of_the_host_leads_to_a_guest_by_ipv6_too) {
  become(Mode::nat);
  auto forward = [&](std::vector<Forward> forwards) {
    auto done = run(host().reserve(
        "lab",
        {.vm_name = "web01", .mac = web_mac_text, .settings = {.forwards = std::move(forwards)}}));
    ASSERT_TRUE(done) << done.error().message;
  };
  forward({{"udp", "", 5353, 53}, {"udp", "192.0.2.1", 5454, 54}});
  EXPECT_TRUE(enters(world_gateway_, 5353, 53));
  EXPECT_FALSE(enters(world_gateway_, 5454, 54)) << "it names an address of IPv4";
  forward({});
  EXPECT_FALSE(enters(world_gateway_, 5353, 53));
}

}  // namespace
}  // namespace truce::network
