// What is written for nft and dnsmasq, and what is read from them.
#include <gtest/gtest.h>

#include "dnsmasq.h"
#include "rules.h"

namespace truce::network {
namespace {

const Subnet subnet = *parse_subnet("10.1.2.0/24");

std::string list_of(const std::string& items) {
  return R"({"nftables": [{"metainfo": {"version": "1.0.6"}})" + items + "]}";
}

TEST(ForeignChains, are_the_ipv4_filters_of_others) {
  auto chains = foreign_chains(list_of(
      R"(,{"chain": {"family": "ip", "table": "truce-lab", "name": "input", "hook": "input", "policy": "accept"}})"
      R"(,{"chain": {"family": "inet", "table": "filter", "name": "input", "hook": "input", "policy": "drop"}})"
      R"(,{"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "accept"}})"
      R"(,{"chain": {"family": "ip6", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop"}})"
      R"(,{"chain": {"family": "inet", "table": "f;flush ruleset", "name": "x", "hook": "input", "policy": "drop"}})"
      R"(,{"chain": {"family": "ip", "table": "filter", "name": "DOCKER"}})"));
  ASSERT_TRUE(chains);
  ASSERT_EQ(chains->size(), 2U);
  EXPECT_EQ(chains->at(0).name, "input");
  EXPECT_TRUE(chains->at(0).policy_drops);
  EXPECT_EQ(chains->at(1).name, "FORWARD");
  EXPECT_FALSE(chains->at(1).policy_drops);
}

TEST(ForeignChains, other_text_than_nfts_is_corrupt) {
  for (auto text : {"", "{", "[]", "{}", R"({"nftables": 1})"}) {
    EXPECT_EQ(foreign_chains(text).error().code, Code::corrupt) << text;
  }
}

const Chain dropping{"inet", "filter", "input", "input", true};
const Chain accepting{"inet", "filter", "input", "input", false};

TEST(Openings, go_into_chains_that_drop_and_only_there) {
  auto commands = open_commands("lab", dropping, list_of(""));
  EXPECT_EQ(
      *commands,
      "insert rule inet filter input iifname \"tr-lab\" udp dport 67 accept comment \"truce-lab\"\n"
      "insert rule inet filter input iifname \"tr-lab\" udp dport 53 accept comment \"truce-lab\"\n"
      "insert rule inet filter input iifname \"tr-lab\" tcp dport 53 accept comment "
      "\"truce-lab\"\n");
  EXPECT_EQ(*open_commands("lab", accepting, list_of("")), "");
  auto rejecting =
      list_of(R"(,{"rule": {"handle": 4, "expr": [{"counter": {}}, {"reject": null}]}})");
  EXPECT_EQ(*open_commands("lab", accepting, rejecting), *commands);
  auto choosy = list_of(R"(,{"rule": {"handle": 4, "expr": [{"match": {}}, {"drop": null}]}})");
  EXPECT_EQ(*open_commands("lab", accepting, choosy), "");
}

TEST(Openings, are_made_once_and_taken_out_again) {
  auto ours = [](int handle) {
    return fmt::format(R"(,{{"rule": {{"handle": {}, "comment": "truce-lab", "expr": []}}}})",
                       handle);
  };
  auto other = R"(,{"rule": {"handle": 9, "comment": "truce-laboratory", "expr": []}})";
  auto whole = list_of(ours(5) + ours(6) + ours(7) + other);
  EXPECT_EQ(*open_commands("lab", dropping, whole), "");
  EXPECT_EQ(*close_commands("lab", dropping, whole),
            "delete rule inet filter input handle 5\ndelete rule inet filter input handle 6\n"
            "delete rule inet filter input handle 7\n");
  auto part = *open_commands("lab", dropping, list_of(ours(5)));
  EXPECT_TRUE(part.starts_with("delete rule inet filter input handle 5\ninsert "));
}

TEST(NatRules, drop_foreign_sources_before_anything_is_accepted) {
  auto rules = address_rules({"lab", Mode::nat, "10.1.2.0/24", "truce.internal"}, subnet, {});
  auto foreign = rules.find("iifname \"tr-lab\" ip saddr != 10.1.2.0/24 drop");
  ASSERT_NE(foreign, std::string::npos);
  EXPECT_LT(foreign, rules.find("accept\n    oifname"));
  EXPECT_TRUE(rules.starts_with("table ip truce-lab {}\ndelete table ip truce-lab\n"));
}

TEST(ServerFiles, name_the_gateway_only_as_no_vm_is_called) {
  Reservations reservations{{"02:00:00:00:00:01", {"02:00:00:00:00:01", "node1", subnet.guest(5)}}};
  auto hosts = host_files(reservations, subnet.gateway(), {"gateway", "node1"});
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

TEST(Leases, are_bounded) {
  std::string text;
  for (int i = 0; i < 70'000; ++i) text += "0 02:00:00:00:00:06 10.9.0.6 * *\n";
  EXPECT_EQ(parse_leases(text).size(), 65'536U);
}

}  // namespace
}  // namespace truce::network
