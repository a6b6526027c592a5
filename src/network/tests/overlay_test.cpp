// Networks over several hosts: who meets whom, what stays on its host, and machines that move.
#include "overlay/overlay.h"

#include "guest6.h"
#include "hosts.h"

namespace truce::network {
namespace {

Config overlay_config(Mode mode = Mode::nat) {
  Config config{"lan", mode, "10.98.7.0/24", "truce.internal"};
  config.vni = 1000;
  return config;
}

// A machine of the tests: its card, and on which host it is.
struct Machine {
  std::string name;
  Mac mac;
  std::string address;
  int host = 0;
  std::vector<std::string> groups = {};
  [[nodiscard]] std::string mac_as_text() const {
    return mac_text({reinterpret_cast<const char*>(mac.data()), mac.size()});
  }
};

class OverlayTest : public HostsTest {
 protected:
  void SetUp() override {
    HostsTest::SetUp();
    if (IsSkipped()) return;
    for (auto& host : hosts_) host.ensure(config_);
    if (!host(1).output({"nft", "list", "tables"}).contains("table bridge truce-lan"))
      GTEST_SKIP() << "skipped, because this kernel has no nftables for bridges";
    tell();
  }
  void TearDown() override {
    guests_.clear();
    HostsTest::TearDown();
  }

  // What a manager says to each host: the others, and the machines there.
  void tell() {
    for (int number = 1; number <= 3; ++number) tell(number);
  }
  void tell(int number) {
    Peers peers;
    peers.self = host(number).address();
    for (int other = 1; other <= 3; ++other) {
      if (other != number && !gone_.contains(other)) peers.hosts.push_back(host(other).address());
    }
    for (const auto& [name, machine] : machines_) {
      if (machine.host == number || machine.host == 0 || gone_.contains(machine.host)) continue;
      peers.neighbours.push_back({"lan", name, machine.mac_as_text(), host(machine.host).address(),
                                  machine.address, "", machine.groups});
    }
    host(number).set_peers(peers);
  }

  Guest& start(Machine machine) {
    auto name = machine.name;
    auto nic = Nic{.vm_name = name, .mac = machine.mac_as_text(), .address = machine.address};
    nic.settings.groups = machine.groups;
    auto& place = host(machine.host);
    place.reserve("lan", nic);
    auto plug = place.plug("lan", nic.mac);
    EXPECT_EQ(plug.mtu, overlay_mtu);
    auto& guest =
        guests_.insert_or_assign(name, Guest(std::move(plug.tap), machine.mac)).first->second;
    guest.set_address(*parse_address(machine.address));
    machines_[name] = std::move(machine);
    return guest;
  }
  // As a live migration does: there before it is gone here.
  Guest& move(const std::string& name, int to) {
    auto machine = machines_.at(name);
    auto from = std::exchange(machine.host, to);
    auto old = std::move(guests_.at(name));
    auto& guest = start(machine);
    old.unplug();
    host(from).release("lan", machine.mac_as_text());
    return guest;
  }
  Guest& guest(const std::string& name) { return guests_.at(name); }
  Mac mac(const std::string& name) { return machines_.at(name).mac; }

  // From a new port each time. Asks nobody where the other one is.
  bool reaches(const std::string& from, const std::string& to, Duration limit = patience) {
    auto& sender = guest(from);
    auto& receiver = guest(to);
    auto port = ++port_;
    sender.send_ip(mac(to), {sender.address(), receiver.address(), port, port, {'x'}});
    auto heard = receiver.receive_udp(port, limit);
    return heard && heard->from == sender.address();
  }
  // As QEMU does once a machine runs on another host ([RFC 903], announce-self).
  void announce(const std::string& name) {
    Frame frame;
    put(frame, everybody);
    put(frame, mac(name));
    put(frame, 0x8035'0001'0800'0604, 8);
    put(frame, 3, 2);
    put(frame, mac(name));
    put(frame, 0, 4);
    put(frame, mac(name));
    put(frame, 0, 4);
    frame.resize(60);
    guest(name).send_frame(frame);
  }
  // Whether the second one hears a frame that fits, after the first has done something.
  template <class Do, class Fits>
  bool hears(const std::string& name, Do act, Fits fits) {
    act();
    return guest(name).hears(fits, silence);
  }

  Config config_ = overlay_config();
  std::map<std::string, Machine> machines_;
  std::map<std::string, Guest> guests_;
  std::set<int> gone_;  ///< hosts that have left the cluster
  std::uint16_t port_ = 6000;
};

const Machine web{"web", {2, 0, 0, 0, 0, 0x11}, "10.98.7.11", 1};
const Machine db{"db", {2, 0, 0, 0, 0, 0x12}, "10.98.7.12", 2};
const Machine mail{"mail", {2, 0, 0, 0, 0, 0x13}, "10.98.7.13", 3};

TEST_F(OverlayTest, guests_on_different_hosts_meet_and_know_each_others_names) {
  start(web);
  start(db);
  start(mail);
  tell();
  guest("web").send_arp(1, everybody, guest("db").address());
  guest("db").receive_udp(1, silence);  // it answers meanwhile
  EXPECT_TRUE(guest("web").hears(
      [](const Frame& frame) {
        return get(frame, 12, 2) == 0x0806 && get(frame, 20, 2) == 2 &&
               std::equal(db.mac.begin(), db.mac.end(), frame.begin() + 22);
      },
      patience));
  for (auto from : {"web", "db", "mail"}) {
    for (auto to : {"web", "db", "mail"}) {
      if (from != std::string(to)) EXPECT_TRUE(reaches(from, to)) << from << " " << to;
    }
    for (const auto& [name, machine] : machines_) {
      EXPECT_EQ(guest(from).resolve(gateway, name + ".truce.internal", patience),
                *parse_address(machine.address))
          << from << " " << name;
    }
  }
  machines_["db"].host = 0;
  tell();
  EXPECT_FALSE(guest("web").resolve(gateway, "db.truce.internal", silence));
}

TEST_F(OverlayTest, each_host_is_the_router_of_its_own_guests_and_of_no_others) {
  start(web);
  start(db);
  tell();
  auto here = guest("web").arp(gateway, patience);
  ASSERT_TRUE(here);
  EXPECT_EQ(guest("db").arp(gateway, patience), here) << "the same MAC everywhere";
  auto about_gateway = [](const Frame& frame) {
    return get(frame, 12, 2) == 0x0806 &&
           (get(frame, 38, 4) == gateway.value || get(frame, 28, 4) == gateway.value);
  };
  auto ask = [&] { guest("web").send_arp(1, everybody, gateway); };
  EXPECT_FALSE(hears("db", ask, about_gateway));
  auto claim = [&] { host(1).output({"arping", "-U", "-c", "1", "-I", "tr-lan", "10.98.7.1"}); };
  if (!host(1).output({"sh", "-c", "command -v arping || true"}).empty())
    EXPECT_FALSE(hears("db", claim, about_gateway));
  auto another = [&] { guest("web").send_arp(1, everybody, guest("db").address()); };
  EXPECT_TRUE(hears("db", another, [](const Frame& f) { return get(f, 12, 2) == 0x0806; }));
}

TEST_F(OverlayTest, dhcp_is_answered_by_the_own_host_and_stays_there) {
  start(web);
  start(db);
  tell();
  auto is_dhcp = [](const Frame& frame) {
    return get(frame, 12, 2) == 0x0800 && frame.at(23) == 17 &&
           (get(frame, 36, 2) == 67 || get(frame, 36, 2) == 68);
  };
  bool crossed = false;
  guest("db").on_frame([&](const Frame& frame) { crossed = crossed || is_dhcp(frame); });
  auto offer = guest("web").dhcp(patience);
  ASSERT_TRUE(offer);
  EXPECT_EQ(to_string(offer->address), "10.98.7.11");
  EXPECT_EQ(offer->router, gateway);
  guest("db").receive_udp(1, silence);
  EXPECT_FALSE(crossed);
  offer = guest("db").dhcp(patience);
  ASSERT_TRUE(offer);
  EXPECT_EQ(to_string(offer->address), "10.98.7.12");
}

TEST_F(OverlayTest, of_ipv6_has_its_router_on_each_host_too_and_nobody_elses) {
  config_.subnet6 = "fd00:98::/64";
  for (auto& host : hosts_) host.ensure(config_);
  start(web);
  start(db);
  tell();
  auto gateway6 = *parse_address6("fd00:98::1");
  auto heard_by_db = [&](unsigned kind, std::optional<Address6> target = {}) {
    return guest("db").hears(
        [&](const Frame& frame) {
          return kind_of(frame) == kind && (!target || address_at(frame, 62) == *target);
        },
        silence);
  };
  Guest6 here(guest("web"), web.mac);
  auto advert = here.router(patience);
  ASSERT_TRUE(advert);
  EXPECT_EQ(to_string(advert->range), "fd00:98::/64");
  EXPECT_FALSE(heard_by_db(133)) << "its question did not cross";
  auto router = here.neighbour(gateway6, patience);
  ASSERT_TRUE(router);
  EXPECT_FALSE(heard_by_db(135, gateway6));
  auto offer = here.dhcp(patience);
  ASSERT_TRUE(offer);
  here.neighbour(*parse_address6("fd00:98::77"), 1ms);
  EXPECT_TRUE(heard_by_db(135)) << "questions about others do";
  Guest6 there(guest("db"), db.mac);
  EXPECT_TRUE(there.router(patience));
  EXPECT_EQ(there.neighbour(gateway6, patience), router);
  EXPECT_TRUE(there.dhcp(patience));
}

TEST_F(OverlayTest, a_machine_that_moves_keeps_its_address_and_is_found_by_its_announcement) {
  start(web);
  start(db);
  tell();
  ASSERT_TRUE(reaches("web", "db"));
  ASSERT_TRUE(reaches("db", "web"));
  move("db", 3);
  announce("db");
  // The manager has not told host 1 yet, which still was told that it is on host 2.
  EXPECT_TRUE(reaches("web", "db"));
  host(1).ensure(config_);
  tell(1);
  EXPECT_TRUE(reaches("web", "db"));
  auto offer = guest("db").dhcp(patience);
  ASSERT_TRUE(offer);
  EXPECT_EQ(to_string(offer->address), "10.98.7.12");
  EXPECT_EQ(offer->router, gateway);
  move("db", 1);
  announce("db");
  EXPECT_TRUE(reaches("web", "db")) << "to the host where the other one is";
}

TEST_F(OverlayTest, a_machine_that_moves_in_silence_is_found_once_the_hosts_are_told) {
  start(web);
  start(db);
  tell();
  ASSERT_TRUE(reaches("web", "db"));
  move("db", 3);
  EXPECT_FALSE(reaches("web", "db", silence)) << "nobody knows it yet";
  tell();
  EXPECT_TRUE(reaches("web", "db"));
  host(1).ensure(config_);
  EXPECT_TRUE(reaches("web", "db"));
}

TEST_F(OverlayTest, what_strangers_send_into_an_overlay_is_dropped) {
  start(web);
  tell();
  host(2).output({"ip", "address", "add", "192.0.2.66/24", "dev", "uplink"});
  auto arrives = [&](const std::string& from) {
    auto inner = guest("web").ip_frame(
        web.mac, {*parse_address("10.98.7.99"), guest("web").address(), 1, 4444, {'x'}});
    std::copy_n(mail.mac.begin(), 6, inner.begin() + 6);
    Frame packet;
    put(packet, 0x08000000, 4);
    put(packet, 1000ULL << 8, 4);
    packet.insert(packet.end(), inner.begin(), inner.end());
    Inside inside(host(2).space());
    Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto bound = [](const std::string& address, std::uint16_t port) {
      sockaddr_in name{};
      name.sin_family = AF_INET;
      name.sin_port = htons(port);
      name.sin_addr.s_addr = htonl(parse_address(address)->value);
      return name;
    };
    auto own = bound(from, 0), target = bound(host(1).address(), vxlan_port);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    EXPECT_GT(::sendto(socket.get(), packet.data(), packet.size(), 0,
                       reinterpret_cast<sockaddr*>(&target), sizeof target),
              0);
    return guest("web").receive_udp(4444, silence).has_value();
  };
  EXPECT_TRUE(arrives("192.0.2.2"));
  EXPECT_FALSE(arrives("192.0.2.66"));
  gone_.insert(2);
  tell(1);
  EXPECT_FALSE(arrives("192.0.2.2")) << "it has left the cluster";
}

TEST_F(OverlayTest, security_groups_hold_for_members_on_other_hosts) {
  using Direction = Rule::Direction;
  Group front{"front", {}}, store{"store", {}};
  store.rules.push_back({Direction::ingress, "udp", {}, "", "front"});
  for (auto& host : hosts_) {
    host.must(host.call([&](Provider& provider) { return provider.set_groups({front, store}); }));
  }
  auto member = web;
  member.groups = {"front"};
  auto guarded = db;
  guarded.groups = {"store"};
  start(member);
  start(guarded);
  start(mail);
  tell();
  EXPECT_TRUE(reaches("web", "db"));
  EXPECT_FALSE(reaches("mail", "db", silence));
  machines_["web"].groups.clear();
  tell(2);
  EXPECT_FALSE(reaches("web", "db", silence)) << "its host was told that it has left the group";
}

TEST_F(OverlayTest, a_routed_machine_is_reached_through_any_host_also_by_members_of_groups_only) {
  config_ = overlay_config(Mode::routed);
  for (auto& host : hosts_) host.ensure(config_);
  Group open{"open", {}};
  open.rules.push_back({Rule::Direction::ingress, "udp", {}, "198.51.100.0/24", ""});
  for (auto& host : hosts_) {
    host.must(host.call([&](Provider& provider) { return provider.set_groups({open}); }));
  }
  auto member = db;
  member.groups = {"open"};
  start(web);
  start(member);
  tell();
  // The world is a tap on host 1, which has no route to it but through this host.
  std::optional<Guest> world;
  {
    Inside inside(host(1).space());
    auto tap = make_tap("/dev/net/tun", "world0");
    ASSERT_TRUE(tap);
    world.emplace(std::move(*tap), Mac{2, 0, 0, 0, 9, 9});
  }
  host(1).output({"ip", "address", "add", "198.51.100.1/24", "dev", "world0"});
  host(1).output({"ip", "link", "set", "world0", "up"});
  auto outside = *parse_address("198.51.100.9"), border = *parse_address("198.51.100.1");
  world->set_address(outside);
  auto enters = [&](const std::string& name) {
    auto port = ++port_;
    world->send_udp(border, {outside, guest(name).address(), port, port, {'x'}});
    auto heard = guest(name).receive_udp(port, patience);
    return heard && heard->from == outside;
  };
  EXPECT_TRUE(enters("web"));
  EXPECT_TRUE(enters("db"));
  EXPECT_EQ(guest("db").arp(gateway, patience), guest("web").arp(gateway, patience));
  move("db", 3);
  tell();
  EXPECT_TRUE(enters("db"));
  move("db", 1);
  tell();
  EXPECT_TRUE(enters("db"));
}

TEST_F(OverlayTest, hosts_come_and_go_and_a_removed_network_leaves_nothing) {
  start(web);
  start(db);
  start(mail);
  tell();
  ASSERT_TRUE(reaches("web", "mail"));
  auto leads_to = [&](int other) {
    return host(1)
        .output({"bridge", "fdb", "show", "dev", "tv-lan"})
        .contains(host(other).address());
  };
  EXPECT_TRUE(leads_to(2));
  EXPECT_TRUE(leads_to(3));
  gone_.insert(3);
  tell();
  EXPECT_TRUE(leads_to(2));
  EXPECT_FALSE(leads_to(3));
  EXPECT_FALSE(reaches("web", "mail", silence));
  gone_.clear();
  tell();
  EXPECT_TRUE(reaches("web", "mail"));
  guests_.clear();
  auto removed = host(1).call([](Provider& provider) { return provider.remove("lan"); });
  EXPECT_TRUE(removed);
  EXPECT_FALSE(host(1).output({"nft", "list", "tables"}).contains("truce"));
  auto links = host(1).output({"ip", "link"});
  EXPECT_FALSE(links.contains("tv-lan") || links.contains("tr-lan")) << links;
}

TEST_F(OverlayTest, what_others_broke_is_mended_and_a_new_daemon_goes_on) {
  start(web);
  start(db);
  tell();
  host(1).output({"ip", "link", "delete", "tv-lan"});
  host(1).output({"nft", "flush", "ruleset"});
  host(1).ensure(config_);
  EXPECT_TRUE(reaches("web", "db"));
  EXPECT_TRUE(host(1).output({"nft", "list", "tables"}).contains("inet truce-lan"));
}

TEST_F(OverlayTest, an_address_goes_to_another_card_though_its_old_one_left_without_a_word) {
  start(web);
  guests_.clear();
  auto heir = db;
  heir.host = 1;
  heir.address = web.address;
  start(heir);
  auto offer = guest("db").dhcp(patience);
  ASSERT_TRUE(offer);
  EXPECT_EQ(to_string(offer->address), web.address);
}

TEST_F(OverlayTest, without_an_address_in_a_cluster_it_is_a_network_of_this_host) {
  start(web);
  host(1).set_peers({});
  EXPECT_FALSE(host(1).output({"ip", "link"}).contains("tv-lan"));
  EXPECT_TRUE(guest("web").dhcp(patience));
}

const Endpoint a = *parse_endpoint("192.0.2.1"), b = *parse_endpoint("192.0.2.2");
const std::string everyone(everybody_else);

TEST(PlaceChanges, tell_what_is_missing_and_take_back_what_leads_nowhere) {
  auto changes = place_changes({}, {}, {{"m1", a}}, {a, b});
  EXPECT_EQ(changes.fresh, (std::vector<Place>{{everyone, a}, {everyone, b}, {"m1", a}}));
  EXPECT_TRUE(changes.gone.empty());
  changes = place_changes({{everyone, a}, {"m1", a}, {"m2", a}}, {}, {{"m1", a}}, {b});
  EXPECT_EQ(changes.gone, (std::vector<Place>{{everyone, a}, {"m1", a}, {"m2", a}}));
  EXPECT_EQ(changes.fresh, (std::vector<Place>{{everyone, b}}));
}

TEST(PlaceChanges, leave_what_was_learnt_until_there_is_news) {
  std::vector<Place> known{{everyone, a}, {everyone, b}, {"m1", b}};
  auto repeated = place_changes(known, {{"m1", a}}, {{"m1", a}}, {a, b});
  EXPECT_TRUE(repeated.fresh.empty() && repeated.gone.empty());
  auto news = place_changes(known, {}, {{"m1", a}}, {a, b});
  EXPECT_EQ(news.fresh, (std::vector<Place>{{"m1", a}}));
  auto withdrawn = place_changes(known, {{"m1", b}}, {}, {a, b});
  EXPECT_EQ(withdrawn.gone, (std::vector<Place>{{"m1", b}}));
  auto only_learnt = place_changes(known, {}, {}, {a, b});
  EXPECT_TRUE(only_learnt.gone.empty());
}

TEST(Peers, that_are_not_well_formed_are_refused) {
  auto refused = [](Peers peers) {
    auto read = read_peers(peers);
    return !read && read.error().code == Code::invalid;
  };
  EXPECT_TRUE(refused({"host7", {}, {}}));
  EXPECT_TRUE(refused({"", {"192.0.2.1 } accept"}, {}}));
  Neighbour good{"lan", "web", "02:00:00:00:00:11", "192.0.2.1", "10.0.0.5", "fd00::5", {"front"}};
  EXPECT_FALSE(refused({"fd00::1", {"192.0.2.1"}, {good}}));
  auto with = [&](auto change) {
    auto bad = good;
    change(bad);
    return refused({"", {}, {bad}});
  };
  EXPECT_TRUE(with([](Neighbour& n) { n.vm_name = "a\nb"; }));
  EXPECT_TRUE(with([](Neighbour& n) { n.mac = "x"; }));
  EXPECT_TRUE(with([](Neighbour& n) { n.host = ""; }));
  EXPECT_TRUE(with([](Neighbour& n) { n.address = "10.0.0"; }));
  EXPECT_TRUE(with([](Neighbour& n) { n.groups = {"a b"}; }));
}

TEST(OverlayRules, let_only_the_known_hosts_packets_of_its_number_in) {
  auto text = overlay_rules("lan", 1000, a, {b, *parse_endpoint("fd00::2")});
  EXPECT_TRUE(text.contains("udp dport 4789 @th,96,24 1000 jump overlay")) << text;
  EXPECT_TRUE(text.contains("elements = { 192.0.2.2 }")) << text;
  EXPECT_TRUE(text.contains("ip saddr @hosts accept\n    drop\n")) << text;
  auto six = overlay_rules("lan", 1000, *parse_endpoint("fd00::1"), {});
  EXPECT_TRUE(six.contains("type ipv6_addr")) << six;
  EXPECT_FALSE(six.contains("elements")) << six;
}

}  // namespace
}  // namespace truce::network
