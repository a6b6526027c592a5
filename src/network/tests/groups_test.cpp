// Security groups: what the text for nft is, and what passes between guests that have them.
#include "groups.h"

#include "host_lab.h"

namespace truce::network {
namespace {

using Direction = Rule::Direction;

Rule ingress(std::string protocol, std::vector<PortRange> ports, std::string peer = {}) {
  return {Direction::ingress, std::move(protocol), std::move(ports), std::move(peer), {}};
}

const Member member{{0x0a010205}, {"web"}};

TEST(GroupRules, of_one_port_are_one_rule_with_a_set_however_many_they_are) {
  Group group{"web", {}};
  for (int i = 0; i < 1000; ++i) {
    group.rules.push_back(
        ingress("tcp", {{80, 80}}, fmt::format("10.{}.{}.0/24", i / 250, i % 250 + 1)));
  }
  auto text = group_rules({group}, {member});
  std::size_t accepts = 0;
  for (auto at = text.find(" dport "); at != text.npos; at = text.find(" dport ", at + 1))
    ++accepts;
  EXPECT_EQ(accepts, 3U) << "one for the group, one for DNS, one for DHCP";
  EXPECT_TRUE(text.contains("10.3.0.0-10.3.250.255 } tcp dport { 80 } accept") ||
              text.contains("10.3.1.0-10.3.250.255 } tcp dport { 80 } accept"))
      << "neighbours are merged";
}

TEST(GroupRules, of_one_peer_are_one_rule_with_a_set_of_ports) {
  Group group{"web", {}};
  for (std::uint16_t i = 0; i < 1000; ++i) {
    auto port = static_cast<std::uint16_t>(2 * i + 1);
    group.rules.push_back(ingress("udp", {{port, port}}, "10.0.0.0/8"));
  }
  group.rules.push_back(ingress("udp", {{1, 500}}, "10.0.0.0/8"));
  auto text = group_rules({group}, {member});
  EXPECT_TRUE(text.contains("ip saddr { 10.0.0.0-10.255.255.255 } udp dport { 1-501, 503, 505,"))
      << text;
}

TEST(GroupRules, without_members_there_is_no_table) {
  auto text = group_rules({{"web", {ingress("any", {})}}}, {});
  EXPECT_TRUE(text.ends_with("delete table inet truce-security-groups\n")) << text;
}

class GroupsTest : public PairTest {
 protected:
  void join(const std::string& vm, const std::string& mac, std::vector<std::string> groups) {
    auto done = run(host().reserve(
        "lab", {.vm_name = vm, .mac = mac, .settings = {.groups = std::move(groups)}}));
    ASSERT_TRUE(done) << done.error().message;
  }
  void db_joins(std::vector<std::string> groups) { join("db", db_mac_text, std::move(groups)); }
  void web_joins(std::vector<std::string> groups) {
    join("web01", web_mac_text, std::move(groups));
  }
  void set(std::vector<Group> groups) {
    auto done = run(host().set_groups(std::move(groups)));
    ASSERT_TRUE(done) << done.error().message;
  }
  bool arrives(std::uint16_t to_port, std::uint16_t from_port = 4000) {
    return datagram_arrives(web_address_, from_port, to_port);
  }
  bool has_table() {
    return output({"nft", "list", "tables"}).contains("inet truce-security-groups");
  }
};

TEST_F(GroupsTest, a_nic_with_a_group_accepts_what_a_rule_allows_and_nothing_else) {
  EXPECT_TRUE(arrives(5000));
  set({{"db", {ingress("udp", {{5000, 5010}}), ingress("tcp", {{80, 80}})}}});
  EXPECT_TRUE(arrives(5999)) << "a group without members changes nothing";
  EXPECT_FALSE(has_table());
  db_joins({"db"});
  EXPECT_TRUE(arrives(5000));
  EXPECT_TRUE(arrives(5010));
  EXPECT_FALSE(arrives(5011));
  EXPECT_FALSE(arrives(80));
  db_joins({});
  EXPECT_TRUE(arrives(80));
  EXPECT_FALSE(has_table());
}

TEST_F(GroupsTest, rules_of_all_groups_add_up_and_an_unknown_group_allows_nothing) {
  set({{"a", {ingress("udp", {{1, 1}})}}, {"b", {ingress("udp", {{2, 2}})}}});
  db_joins({"a", "b", "not-there"});
  EXPECT_TRUE(arrives(1));
  EXPECT_TRUE(arrives(2));
  EXPECT_FALSE(arrives(3));
  db_joins({"not-there"});
  EXPECT_FALSE(arrives(1));
}

TEST_F(GroupsTest, a_rule_is_for_the_addresses_that_it_names) {
  auto mine = to_string(web_address_);
  set({{"db", {ingress("udp", {{1, 1}}, mine + "/32"), ingress("udp", {{2, 2}}, "192.0.2.0/24")}}});
  db_joins({"db"});
  EXPECT_TRUE(arrives(1));
  EXPECT_FALSE(arrives(2));
}

TEST_F(GroupsTest, a_rule_for_a_group_follows_who_is_in_it) {
  Rule from_web{Direction::ingress, "udp", {}, {}, "web"};
  set({{"db", {from_web}}, {"web", {ingress("any", {})}}});
  db_joins({"db"});
  EXPECT_FALSE(arrives(5000));
  web_joins({"web"});
  EXPECT_TRUE(arrives(5000));
  web_joins({});
  EXPECT_FALSE(arrives(5001));
}

TEST_F(GroupsTest, answers_come_back_and_only_they) {
  set({{"db", {}}});
  db_joins({"db"});
  db_->send_ip(web_mac, {db_->address(), web_address_, 4000, 5000, {'?'}});
  ASSERT_TRUE(web_->receive_udp(5000, patience));
  web_->send_ip(db_mac, {web_address_, db_->address(), 5000, 4000, {'!'}});
  EXPECT_TRUE(db_->receive_udp(4000, silence));
  EXPECT_FALSE(arrives(4001, 5000));
}

TEST_F(GroupsTest, a_rule_that_goes_cuts_its_connections_and_keeps_the_others) {
  set({{"db", {ingress("udp", {{1, 1}}), ingress("udp", {{2, 2}})}}});
  db_joins({"db"});
  for (std::uint16_t port : {1, 2}) {
    ASSERT_TRUE(arrives(port));
    db_->send_ip(web_mac, {db_->address(), web_address_, port, 4000, {'!'}});
    ASSERT_TRUE(web_->receive_udp(4000, patience)) << "now the connection is established";
  }
  set({{"db", {ingress("udp", {{2, 2}})}}});
  EXPECT_FALSE(arrives(1));
  EXPECT_TRUE(arrives(2));
}

TEST_F(GroupsTest, egress_rules_close_all_else_but_the_hosts_dhcp_and_dns) {
  Rule out{Direction::egress, "udp", {{5000, 5000}}, {}, {}};
  set({{"web", {out}}});
  web_joins({"web"});
  EXPECT_TRUE(arrives(5000));
  EXPECT_FALSE(arrives(5001));
  EXPECT_EQ(web_->resolve(gateway, "gateway.truce.internal", patience), gateway);
  EXPECT_TRUE(web_->dhcp(patience));
}

TEST_F(GroupsTest, both_sides_must_allow_what_passes_between_two_guests) {
  Rule out{Direction::egress, "udp", {{1, 2}}, {}, {}};
  set({{"web", {out}}, {"db", {ingress("udp", {{2, 3}})}}});
  web_joins({"web"});
  db_joins({"db"});
  EXPECT_FALSE(arrives(1));
  EXPECT_TRUE(arrives(2));
  EXPECT_FALSE(arrives(3));
}

TEST_F(GroupsTest, multicasts_of_other_guests_are_not_heard) {
  auto group = *parse_address("224.0.0.251");
  auto hears = [&] {
    web_->send_ip(everybody, {web_address_, group, 5353, 5353, {'m'}});
    return db_->receive_udp(5353, silence).has_value();
  };
  EXPECT_TRUE(hears());
  set({{"db", {ingress("any", {}, "192.0.2.0/24")}}});
  db_joins({"db"});
  EXPECT_FALSE(hears());
}

TEST_F(GroupsTest, a_thousand_rules_hold_and_are_replaced_in_one_step) {
  Group group{"db", {}};
  for (std::uint16_t i = 0; i < 1000; ++i) {
    auto port = static_cast<std::uint16_t>(1000 + i);
    group.rules.push_back(ingress("udp", {{port, port}}, fmt::format("10.98.{}.0/24", i % 10)));
  }
  set({group});
  db_joins({"db"});
  EXPECT_TRUE(arrives(1007)) << "from 10.98.7.0/24";
  EXPECT_FALSE(arrives(1008));
  for (auto& rule : group.rules) rule.peer = "10.98.7.0/24";
  set({group});
  EXPECT_TRUE(arrives(1008));
  EXPECT_FALSE(arrives(2001));
}

TEST_F(GroupsTest, what_nft_refuses_leaves_what_was_there) {
  set({{"db", {ingress("udp", {{1, 1}})}}});
  db_joins({"db"});
  auto refused = run(host().set_groups({{"db", {ingress("udp", {{9, 1}})}}}));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(arrives(1));
  EXPECT_FALSE(arrives(2));
}

TEST_F(GroupsTest, groups_hold_while_the_daemon_restarts_and_when_somebody_flushed_them) {
  set({{"db", {ingress("udp", {{1, 1}})}}});
  db_joins({"db"});
  HostNetwork later(subject_.loop().get_executor(), subject_.folder() / "run",
                    subject_.folder() / "state", {.host_name = host_label_of_tests});
  ASSERT_TRUE(run(later.ensure(lab)));
  EXPECT_FALSE(arrives(2)) << "before it is told of any group";
  ASSERT_TRUE(run(later.set_groups({{"db", {ingress("udp", {{1, 1}, {2, 2}})}}})));
  EXPECT_TRUE(arrives(2));
  output({"nft", "flush", "ruleset"});
  ASSERT_TRUE(run(later.ensure(lab)));
  EXPECT_TRUE(arrives(2));
  EXPECT_FALSE(arrives(3));
}

}  // namespace
}  // namespace truce::network
