// What is written for nft and dnsmasq, and what is read from them.
#include <gtest/gtest.h>

#include "dnsmasq.h"
#include "network/traffic.h"
#include "rules.h"

namespace truce::network {
namespace {

const Subnet subnet = *parse_subnet("10.1.2.0/24");

std::string list_of(const std::string& items) {
  return R"({"nftables": [{"metainfo": {"version": "1.0.6"}})" + items + "]}";
}

TEST(ForeignChains, are_the_filters_of_others) {
  auto chains = foreign_chains(list_of(
      R"(,{"chain": {"family": "ip", "table": "truce-lab", "name": "input", "hook": "input", "policy": "accept"}})"
      R"(,{"chain": {"family": "inet", "table": "filter", "name": "input", "hook": "input", "policy": "drop"}})"
      R"(,{"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "accept"}})"
      R"(,{"chain": {"family": "ip6", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop"}})"
      R"(,{"chain": {"family": "bridge", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop"}})"
      R"(,{"chain": {"family": "inet", "table": "f;flush ruleset", "name": "x", "hook": "input", "policy": "drop"}})"
      R"(,{"chain": {"family": "ip", "table": "filter", "name": "DOCKER"}})"));
  ASSERT_TRUE(chains);
  ASSERT_EQ(chains->size(), 3U);
  EXPECT_EQ(chains->at(0).name, "input");
  EXPECT_TRUE(chains->at(0).policy_drops);
  EXPECT_EQ(chains->at(1).name, "FORWARD");
  EXPECT_FALSE(chains->at(1).policy_drops);
  EXPECT_EQ(chains->at(2).family, "ip6");
}

TEST(ForeignChains, other_text_than_nfts_is_corrupt) {
  for (auto text : {"", "{", "[]", "{}", R"({"nftables": 1})"}) {
    EXPECT_EQ(foreign_chains(text).error().code, Code::corrupt) << text;
  }
}

const Chain dropping{"inet", "filter", "input", "input", true};
const Chain accepting{"inet", "filter", "input", "input", false};

TEST(Openings, go_into_chains_that_drop_and_only_there) {
  auto commands = open_commands("lab", Ipv6::absent, dropping, list_of(""));
  EXPECT_EQ(
      *commands,
      "insert rule inet filter input iifname \"tr-lab\" udp dport 67 accept comment \"truce-lab\"\n"
      "insert rule inet filter input iifname \"tr-lab\" udp dport 53 accept comment \"truce-lab\"\n"
      "insert rule inet filter input iifname \"tr-lab\" tcp dport 53 accept comment "
      "\"truce-lab\"\n");
  EXPECT_EQ(*open_commands("lab", Ipv6::absent, accepting, list_of("")), "");
  auto rejecting =
      list_of(R"(,{"rule": {"handle": 4, "expr": [{"counter": {}}, {"reject": null}]}})");
  EXPECT_EQ(*open_commands("lab", Ipv6::absent, accepting, rejecting), *commands);
  auto choosy = list_of(R"(,{"rule": {"handle": 4, "expr": [{"match": {}}, {"drop": null}]}})");
  EXPECT_EQ(*open_commands("lab", Ipv6::absent, accepting, choosy), "");
}

TEST(Openings, of_ipv6_are_for_networks_that_have_it) {
  const Chain six{"ip6", "filter", "input", "input", true};
  EXPECT_EQ(*open_commands("lab", Ipv6::absent, six, list_of("")), "");
  auto commands = *open_commands("lab", Ipv6::present, six, list_of(""));
  EXPECT_TRUE(commands.contains("iifname \"tr-lab\" udp dport 547 accept")) << commands;
  EXPECT_TRUE(commands.contains("iifname \"tr-lab\" meta l4proto ipv6-icmp accept")) << commands;
  EXPECT_FALSE(commands.contains("dport 67")) << commands;
  EXPECT_TRUE(open_commands("lab", Ipv6::present, dropping, list_of(""))->contains("dport 547"));
}

TEST(Openings, are_made_once_and_taken_out_again) {
  auto ours = [](int handle) {
    return fmt::format(R"(,{{"rule": {{"handle": {}, "comment": "truce-lab", "expr": []}}}})",
                       handle);
  };
  auto other = R"(,{"rule": {"handle": 9, "comment": "truce-laboratory", "expr": []}})";
  auto whole = list_of(ours(5) + ours(6) + ours(7) + other);
  EXPECT_EQ(*open_commands("lab", Ipv6::absent, dropping, whole), "");
  EXPECT_EQ(*close_commands("lab", dropping, whole),
            "delete rule inet filter input handle 5\ndelete rule inet filter input handle 6\n"
            "delete rule inet filter input handle 7\n");
  auto part = *open_commands("lab", Ipv6::absent, dropping, list_of(ours(5)));
  EXPECT_TRUE(part.starts_with("delete rule inet filter input handle 5\ninsert "));
}

TEST(NatRules, drop_foreign_sources_before_anything_is_accepted) {
  auto rules = address_rules({"lab", Mode::nat, "10.1.2.0/24", "truce.internal"}, subnet, {});
  auto foreign = rules.find("iifname \"tr-lab\" ip saddr != 10.1.2.0/24 drop");
  ASSERT_NE(foreign, std::string::npos);
  EXPECT_LT(foreign, rules.find("accept\n    oifname"));
  EXPECT_TRUE(rules.starts_with("table ip truce-lab {}\ndelete table ip truce-lab\n"));
}

TEST(NatRules, of_ipv6_are_a_table_of_its_own) {
  Config config{"lab", Mode::nat, "10.1.2.0/24", "truce.internal"};
  Reservation web{"02:00:00:00:00:01", "web", subnet.guest(5)};
  web.address6 = parse_address6("fd00:1::7").value();
  web.settings.forwards = {{"tcp", "", 8080, 80}, {"udp", "192.0.2.1", 53, 53}};
  auto rules = address_rules6(config, *parse_subnet6("fd00:1::/64"), {{web.mac, web}});
  EXPECT_EQ(rules, R"(table ip6 truce-lab {}
delete table ip6 truce-lab
table ip6 truce-lab {
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "tr-lab" ip6 saddr != { ::, fe80::/10, fd00:1::/64 } drop
    iifname "tr-lab" ip6 saddr fd00:1::1 drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "tr-lab" ip6 saddr != { ::, fe80::/10, fd00:1::/64 } drop
    iifname "tr-lab" oifname "tr-lab" accept
    oifname "tr-lab" ct state established,related accept
    oifname "tr-lab" ct status dnat accept
    oifname "tr-lab" drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fd00:1::/64 ip6 daddr != fd00:1::/64 ip6 daddr != ff00::/8 oifname != "tr-lab" masquerade
  }
  chain forwards {
    fib daddr type local ip6 daddr != ::1 tcp dport 8080 dnat to [fd00:1::7]:80
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname != "tr-lab" jump forwards
  }
  chain output {
    type nat hook output priority -100; policy accept;
    jump forwards
  }
}
)");
  EXPECT_EQ(address_rules6(config, {}, {}), "table ip6 truce-lab {}\ndelete table ip6 truce-lab\n");
}

TEST(ServerFiles, have_both_families) {
  Reservation web{"02:00:00:00:00:01", "web", subnet.guest(5)};
  web.address6 = parse_address6("fd00:1::7").value();
  Reservations reservations{{web.mac, web}};
  auto hosts = host_files(reservations, {subnet.gateway(), parse_address6("fd00:1::1").value()},
                          {"gateway"});
  EXPECT_EQ(hosts, (std::map<std::string, std::string>{
                       {"020000000001", "10.1.2.7 web\nfd00:1::7 web\n"},
                       {"host", "10.1.2.1 gateway\nfd00:1::1 gateway\n"}}));
  EXPECT_EQ(dhcp_files(reservations),
            (std::map<std::string, std::string>{
                {"020000000001", "02:00:00:00:00:01,10.1.2.7,[fd00:1::7],web\n"}}));
}

TEST(ServerFiles, advertise_a_router_but_in_isolated_networks) {
  ServerConfig config{.network = "lab", .domain = "truce.internal", .subnet = subnet};
  EXPECT_FALSE(config_text(config).contains("enable-ra"));
  config.subnet6 = *parse_subnet6("fd00:1::/112");
  auto text = config_text(config);
  EXPECT_TRUE(
      text.contains("domain=truce.internal,fd00:1::/112\n"
                    "dhcp-range=fd00:1::,static,112,1h\nenable-ra\n"))
      << text;
  EXPECT_FALSE(text.contains("ra-param"));
  config.mode = Mode::isolated;
  EXPECT_TRUE(config_text(config).contains("ra-param=tr-lab,600,0\n"));
}

TEST(ServerFiles, name_the_gateway_only_as_no_vm_is_called) {
  Reservations reservations{{"02:00:00:00:00:01", {"02:00:00:00:00:01", "node1", subnet.guest(5)}}};
  auto hosts = host_files(reservations, {subnet.gateway()}, {"gateway", "node1"});
  EXPECT_EQ(hosts, (std::map<std::string, std::string>{{"020000000001", "10.1.2.7 node1\n"},
                                                       {"host", "10.1.2.1 gateway\n"}}));
  EXPECT_EQ(
      dhcp_files(reservations),
      (std::map<std::string, std::string>{{"020000000001", "02:00:00:00:00:01,10.1.2.7,node1\n"}}));
}

TEST(Leases, are_read_and_junk_is_skipped) {
  auto leases = parse_leases(
      "1795351067 02:00:00:00:00:05 10.9.0.5 web01 01:02:00:00:00:00:05\n"
      "0 02:00:00:00:00:06 10.9.0.6 * *\n"
      "duid 00:01:00:01:2a\n"
      "1795351067 123456 fd00::5 web01 00:01\n"
      "1795351067 02:00:00:00:00:07 10.9.0.777 web01 *\n"
      "\n\n   \n1795351067 02:00:00:00:00:08 10.9.0.8");
  ASSERT_EQ(leases.size(), 3U);
  EXPECT_EQ(leases[0].mac, "02:00:00:00:00:05");
  EXPECT_EQ(leases[0].address, "10.9.0.5");
  EXPECT_EQ(leases[0].host_name, "web01");
  EXPECT_EQ(leases[1].host_name, "");
  EXPECT_EQ(leases[2].address, "10.9.0.8");
}

TEST(Leases, of_ipv6_come_after_the_servers_identity) {
  auto found = parse_leases6(
      "1795351067 02:00:00:00:00:05 10.9.0.5 web01 01:02:00:00:00:00:05\n"
      "1795351067 7 fd00::4 early 00:03\n"
      "duid 00:01:00:ff\n"
      "1795351067 7 fd00::5 web01 00:03:00:01:02:00:00:00:00:05\n"
      "0 4294967295 fd00::6 * 00:04\n"
      "0 T9 fd00::7 temporary 00:04\n"
      "0 4294967296 fd00::8 * 00:04\n"
      "0 1 fd00::9 * 0:04\n"
      "0 1 fd00::9 * zz\n"
      "0 1 10.0.0.1 * 00:04\n"
      "0 1 fd00::9 *\n\n  \n");
  EXPECT_EQ(found.server, std::string("\0\1\0\xff", 4));
  ASSERT_EQ(found.leases.size(), 2U);
  EXPECT_EQ(to_string(found.leases[0].address), "fd00::5");
  EXPECT_EQ(found.leases[0].association, 7U);
  EXPECT_EQ(found.leases[0].client, std::string("\0\3\0\1\2\0\0\0\0\5", 10));
  EXPECT_EQ(found.leases[0].host_name, "web01");
  EXPECT_EQ(found.leases[1].association, 4294967295U);
  EXPECT_EQ(found.leases[1].host_name, "");
}

TEST(Leases, are_bounded) {
  std::string text;
  for (int i = 0; i < 70'000; ++i) text += "0 02:00:00:00:00:06 10.9.0.6 * *\n";
  EXPECT_EQ(parse_leases(text).size(), 65'536U);
}

TEST(Interfaces, are_read_with_what_they_have_carried) {
  auto all = parse_interfaces(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n"
      "    lo: 89033181    6462    0    0    0     0          0         0 89033180    6462 0 0 0\n"
      "tt-0123456789ab:5 1 0 0 0 0 0 0 18446744073709551615 14276 0 0 0 0 0 0\n"
      "eth0:1: 1 2 3 4 5 6 7 8 9\n"
      "short: 1 2 3\n"
      "bad: x 2 3 4 5 6 7 8 9\n");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all["lo"].received, 89033181U);
  EXPECT_EQ(all["lo"].sent, 89033180U);
  EXPECT_EQ(all["tt-0123456789ab"].received, 5U);
  EXPECT_EQ(all["tt-0123456789ab"].sent, 18446744073709551615U);
  EXPECT_EQ(all["eth0:1"].sent, 9U);
}

}  // namespace
}  // namespace truce::network
