#include "network/host_network.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "conformance_overlay.h"
#include "host_lab.h"

namespace truce::network {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(Host, ProviderConformance, HostSubject);
INSTANTIATE_TYPED_TEST_SUITE_P(Host, OverlayConformance, HostSubject);

TEST_F(HostNetworkTest, a_guest_gets_its_reserved_address_and_its_own_name) {
  ensure();
  reserve("web01", web_mac_text);
  auto guest = plug_web();
  auto offer = guest.dhcp(patience);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->kind, 5U);
  EXPECT_EQ(offer->host_name, "web01");
  EXPECT_EQ(offer->domain, "truce.internal");
  EXPECT_EQ(offer->router, gateway);
  EXPECT_EQ(offer->name_server, gateway);
  EXPECT_EQ(to_string(offer->mask), "255.255.255.0");
  auto text = read("state/networks/lab/020000000011.json");
  EXPECT_TRUE(text.contains('"' + to_string(offer->address) + '"')) << text;
  auto leases = run(host().leases("lab"));
  ASSERT_TRUE(leases);
  ASSERT_EQ(leases->size(), 1U);
  EXPECT_EQ(leases->at(0).mac, web_mac_text);
  EXPECT_EQ(leases->at(0).address, to_string(offer->address));
  EXPECT_EQ(leases->at(0).host_name, "web01");
}

TEST_F(HostNetworkTest, a_nic_without_a_reservation_gets_no_address) {
  ensure();
  reserve("web01", web_mac_text);
  auto stranger = plug(db_mac, db_mac_text);
  EXPECT_FALSE(stranger.dhcp(silence));
}

TEST_F(HostNetworkTest, guests_resolve_each_other_and_the_host) {
  ensure();
  reserve("web01", web_mac_text);
  reserve("db", db_mac_text);
  auto web = plug_web();
  auto db = plug(db_mac, db_mac_text);
  ASSERT_TRUE(web.dhcp(patience));
  auto db_offer = db.dhcp(patience);
  ASSERT_TRUE(db_offer);
  EXPECT_EQ(web.resolve(gateway, "db.truce.internal", patience), db_offer->address);
  EXPECT_EQ(web.resolve(gateway, "db", patience), db_offer->address);
  EXPECT_EQ(web.resolve(gateway, "gateway.truce.internal", patience), gateway);
  EXPECT_EQ(web.resolve(gateway, "testhost.truce.internal", patience), gateway);
  EXPECT_FALSE(web.resolve(gateway, "nobody.truce.internal", patience));
  EXPECT_FALSE(web.resolve(gateway, "evil.truce.internal", patience));
}

TEST_F(HostNetworkTest, a_vm_called_like_the_host_wins_its_name) {
  ensure();
  reserve("testhost", web_mac_text);
  auto web = plug_web();
  auto offer = web.dhcp(patience);
  ASSERT_TRUE(offer);
  EXPECT_EQ(web.resolve(gateway, "testhost.truce.internal", patience), offer->address);
  EXPECT_EQ(web.resolve(gateway, "gateway.truce.internal", patience), gateway);
}

TEST_F(HostNetworkTest, a_renamed_vm_keeps_its_address_and_loses_its_old_name) {
  ensure();
  reserve("old", web_mac_text);
  auto web = plug_web();
  auto offer = web.dhcp(patience);
  ASSERT_TRUE(offer);
  reserve("new", web_mac_text);
  auto again = web.dhcp(patience);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->address, offer->address);
  EXPECT_EQ(again->host_name, "new");
  EXPECT_EQ(web.resolve(gateway, "new.truce.internal", patience), offer->address);
  EXPECT_FALSE(web.resolve(gateway, "old.truce.internal", patience));
}

TEST_F(HostNetworkTest, a_released_address_can_go_to_another_nic_at_once) {
  ensure({"lab", Mode::nat, "10.98.7.0/29", "truce.internal"});
  std::vector<std::string> macs;
  for (int i = 0; i < 5; ++i) {
    macs.push_back(fmt::format("02:00:00:00:01:0{}", i));
    reserve(fmt::format("vm{}", i), macs.back());
  }
  Guest first = plug({2, 0, 0, 0, 1, 0}, macs[0]);
  auto offer = first.dhcp(patience);
  ASSERT_TRUE(offer);
  ASSERT_TRUE(run(host().release("lab", macs[0])));
  reserve("web01", web_mac_text);
  auto web = plug_web();
  auto second = web.dhcp(patience);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->address, offer->address);
  EXPECT_FALSE(web.resolve(gateway, "vm0.truce.internal", patience));
}

TEST_F(HostNetworkTest, an_address_stays_over_a_restart_of_the_daemon_and_dnsmasq_is_adopted) {
  ensure();
  reserve("web01", web_mac_text);
  auto guest = plug_web();
  auto offer = guest.dhcp(patience);
  ASSERT_TRUE(offer);
  auto pid = server_pid();
  HostNetwork later(subject_.loop().get_executor(), subject_.folder() / "run",
                    subject_.folder() / "state", {.host_name = host_label_of_tests});
  EXPECT_EQ(later.present(), std::vector<std::string>{"lab"});
  ASSERT_TRUE(run(later.ensure(lab)));
  EXPECT_EQ(server_pid(), pid);
  ASSERT_TRUE(run(later.reserve("lab", {"web01", web_mac_text})));
  auto again = guest.dhcp(patience);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->address, offer->address);
}

TEST_F(HostNetworkTest, an_address_stays_when_a_reboot_empties_the_run_folder) {
  ensure();
  reserve("web01", web_mac_text);
  auto offer = plug_web().dhcp(patience);
  ASSERT_TRUE(offer);
  ::kill(server_pid(), SIGKILL);
  ASSERT_TRUE(truce::remove_tree(subject_.folder() / "run"));
  output({"ip", "link", "delete", "tr-lab"});
  output({"nft", "flush", "ruleset"});
  ensure();
  auto again = plug_web().dhcp(patience);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->address, offer->address);
}

TEST_F(HostNetworkTest, ensure_restarts_a_dnsmasq_that_was_killed) {
  ensure();
  reserve("web01", web_mac_text);
  auto pid = server_pid();
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  ensure();
  EXPECT_NE(server_pid(), pid);
  EXPECT_TRUE(plug_web().dhcp(patience));
}

TEST_F(HostNetworkTest, ensure_ends_a_dnsmasq_that_a_crash_left_without_a_record) {
  ensure();
  auto pid = server_pid();
  ASSERT_TRUE(truce::remove_tree(subject_.folder() / "run/networks/lab/process"));
  ensure();
  EXPECT_NE(server_pid(), pid);
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(HostNetworkTest, ensure_restores_flushed_rules) {
  ensure();
  auto before = output({"nft", "list", "ruleset"});
  EXPECT_TRUE(before.contains("masquerade"));
  output({"nft", "flush", "ruleset"});
  EXPECT_EQ(output({"nft", "list", "ruleset"}), "");
  ensure();
  EXPECT_EQ(output({"nft", "list", "ruleset"}), before);
  ensure();
  EXPECT_EQ(output({"nft", "list", "ruleset"}), before);
}

TEST_F(HostNetworkTest, ensure_makes_a_deleted_bridge_anew_with_the_taps_of_running_vms) {
  ensure();
  reserve("web01", web_mac_text);
  auto guest = plug_web();
  auto offer = guest.dhcp(patience);
  ASSERT_TRUE(offer);
  output({"ip", "link", "delete", "tr-lab"});
  ensure();
  auto again = guest.dhcp(patience);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->address, offer->address);
}

TEST_F(HostNetworkTest, a_tap_goes_with_its_descriptor) {
  ensure();
  auto guest = plug_web();
  EXPECT_TRUE(interface_exists(tap_name(web_mac_text)));
  guest.unplug();
  EXPECT_FALSE(interface_exists(tap_name(web_mac_text)));
}

TEST_F(HostNetworkTest, remove_leaves_nothing) {
  auto before = output({"ip", "-brief", "link"});
  output({"nft", "-f", "-"},
         "table inet filter { chain input { type filter hook input priority 0;"
         " policy drop; }\n }\n");
  auto rules = output({"nft", "list", "ruleset"});
  ensure();
  reserve("web01", web_mac_text);
  ASSERT_TRUE(plug_web().dhcp(patience));
  auto pid = server_pid();
  ASSERT_TRUE(run(host().remove("lab")));
  EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_EQ(output({"ip", "-brief", "link"}), before);
  EXPECT_EQ(output({"nft", "list", "ruleset"}), rules);
  EXPECT_TRUE(std::filesystem::is_empty(subject_.folder() / "run/networks"));
  EXPECT_TRUE(std::filesystem::is_empty(subject_.folder() / "state/networks"));
  output({"nft", "flush", "ruleset"});
}

TEST_F(HostNetworkTest, remove_works_without_an_ensure_before) {
  ensure();
  HostNetwork later(subject_.loop().get_executor(), subject_.folder() / "run",
                    subject_.folder() / "state", {});
  auto pid = server_pid();
  ASSERT_TRUE(run(later.remove("lab")));
  EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_FALSE(interface_exists("tr-lab"));
}

TEST_F(HostNetworkTest, a_firewall_that_drops_by_default_lets_dhcp_and_dns_pass) {
  output({"nft", "-f", "-"},
         "table inet filter { chain input { type filter hook input priority 10;"
         " policy drop; }\n }\n");
  ensure();
  reserve("web01", web_mac_text);
  auto guest = plug_web();
  EXPECT_TRUE(guest.dhcp(patience));
  EXPECT_EQ(guest.resolve(gateway, "gateway.truce.internal", patience), gateway);
  output({"nft", "flush", "ruleset"});
}

TEST_F(HostNetworkTest,
       a_subnet_that_the_host_already_reaches_is_refused_by_name_of_the_interface) {
  output({"ip", "link", "add", "up0", "type", "bridge"});
  output({"ip", "address", "add", "10.98.0.1/16", "dev", "up0"});
  auto refused = run(host().ensure(lab));
  output({"ip", "link", "delete", "up0"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_TRUE(refused.error().message.contains("10.98.0.0/16")) << refused.error().message;
  EXPECT_TRUE(refused.error().message.contains("up0")) << refused.error().message;
  EXPECT_FALSE(interface_exists("tr-lab"));
}

TEST_F(HostNetworkTest, a_folder_that_dnsmasq_cannot_enter_is_named) {
  std::filesystem::permissions(subject_.folder(), std::filesystem::perms::owner_all);
  auto refused = run(host().ensure(lab));
  std::filesystem::permissions(subject_.folder(), std::filesystem::perms(0755));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains(subject_.folder().string()));
  EXPECT_TRUE(run(host().remove("lab")));
}

TEST_F(NatTest, a_guest_talks_to_the_world_from_the_hosts_address) {
  guest_->send_udp(gateway, {inside_, outside_, 4000, 5000, {'h', 'i'}});
  auto seen = world_->receive_udp(5000, patience);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->from, host_outside_);
  world_->send_udp(host_outside_, {outside_, seen->from, 5000, seen->from_port, {'y', 'o'}});
  auto answer = guest_->receive_udp(4000, patience);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->from, outside_);
  EXPECT_EQ(answer->payload, (Frame{'y', 'o'}));
}

TEST_F(NatTest, a_connection_survives_flushed_rules_and_ensure) {
  guest_->send_udp(gateway, {inside_, outside_, 4000, 5000, {'1'}});
  auto first = world_->receive_udp(5000, patience);
  ASSERT_TRUE(first);
  output({"nft", "flush", "ruleset"});
  ensure();
  ensure();
  guest_->send_udp(gateway, {inside_, outside_, 4000, 5000, {'2'}});
  auto second = world_->receive_udp(5000, patience);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->from, host_outside_);
  EXPECT_EQ(second->from_port, first->from_port);
}

TEST_F(NatTest, packets_with_a_foreign_source_do_not_leave) {
  auto stranger = *parse_address("10.66.0.5");
  guest_->send_udp(gateway, {stranger, outside_, 4000, 5000, {'x'}});
  guest_->send_udp(gateway, {gateway, outside_, 4000, 5000, {'x'}});
  EXPECT_FALSE(world_->receive_udp(5000, silence));
}

TEST_F(NatTest, nothing_comes_in_that_was_not_asked_for) {
  world_->send_udp(host_outside_, {outside_, inside_, 5000, 4000, {'x'}});
  EXPECT_FALSE(guest_->receive_udp(4000, silence));
}

TEST_F(NatTest, a_guest_cannot_pose_as_the_host_to_another_guest) {
  if (output({"nft", "list", "tables"}).find("table bridge truce-lab") == std::string::npos) {
    GTEST_SKIP() << "skipped, because this kernel has no nftables for bridges";
  }
  auto db = plug(db_mac, db_mac_text);
  db.set_address(*parse_address("10.98.7.200"));
  guest_->set_address(gateway);
  guest_->send_arp(2, db_mac, *parse_address("10.98.7.200"));
  // db's own question is answered by the host and by the impostor: only the host's gets through.
  auto answer = db.arp(gateway, patience);
  ASSERT_TRUE(answer);
  EXPECT_NE(*answer, web_mac);
}

}  // namespace
}  // namespace truce::network
