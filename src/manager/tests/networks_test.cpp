// Networks and network cards through the API: what changes, and what is refused.
#include "estate.h"

namespace truce::manager {
namespace {

Async<std::map<std::string, std::string>> as(Estate& estate, std::string token) {
  auto created = co_await estate.call("POST", "/v1/tokens", std::move(token));
  EXPECT_EQ(created.status, 201);
  co_return std::map<std::string, std::string>{
      {"authorization", "Bearer " + created.text("/token")}};
}

TEST(Networks, a_changed_network_is_sent_to_its_hosts) {
  with_estate([](Estate& estate) -> Async<void> {
    auto changed =
        co_await estate.call("PATCH", "/v1/networks/default", R"({"spoof_filter":false})");
    EXPECT_EQ(changed.status, 200);
    EXPECT_EQ(changed.text("/spoof_filter"), "false");
    co_await estate.node.assignment([](const model::Assignment& assignment) {
      return !assignment.networks.empty() && !assignment.networks[0].spoof_filter;
    });
    EXPECT_EQ((co_await estate.call("PATCH", "/v1/networks/none", "{}")).status, 404);
  });
}

TEST(Networks, a_changed_nic_is_sent_to_its_host_and_a_card_that_is_not_there_is_refused) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    auto changed = co_await estate.call("PATCH", "/v1/vms/web01/nics", R"({"spoof_filter":false})");
    EXPECT_EQ(changed.status, 200) << boost::json::serialize(changed.body);
    auto vm = co_await estate.node.machine("web01", 2);
    EXPECT_EQ(vm.nics.size(), 1U);
    EXPECT_FALSE(vm.nics.at(0).spoof_filter);
    auto refused = co_await estate.call("PATCH", "/v1/vms/web01/nics", R"({"nic":1})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.text("/field"), "/nic");
  });
}

TEST(Networks, only_an_admin_of_everything_switches_a_spoof_filter_off) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    auto worker = co_await as(estate, R"({"name":"o","role":"operator"})");
    auto limited = co_await as(estate, R"({"name":"l","role":"admin","projects":["default"]})");
    estate.unix_user.reset();
    for (const auto& headers : {worker, limited}) {
      auto off =
          co_await estate.call("PATCH", "/v1/vms/web01/nics", R"({"spoof_filter":false})", headers);
      EXPECT_EQ(off.status, 403);
      auto born = co_await estate.call(
          "POST", "/v1/vms", R"({"name":"b","disk":1048576,"spoof_filter":false})", headers);
      EXPECT_EQ(born.status, 403);
      auto on =
          co_await estate.call("PATCH", "/v1/vms/web01/nics", R"({"spoof_filter":true})", headers);
      EXPECT_EQ(on.status, 200);
    }
  });
}

Async<Answer> ask(Estate& estate, std::string method, std::string target, std::string body,
                  int status, std::string field = "(none)") {
  auto answer = co_await estate.call(method, target, body);
  EXPECT_EQ(answer.status, status) << target << " " << body << ": " << answer.text("/detail");
  EXPECT_EQ(answer.text("/field"), field) << target << " " << body;
  co_return answer;
}

TEST(Networks, of_each_mode_have_what_belongs_to_it) {
  with_estate([](Estate& estate) -> Async<void> {
    auto create = [&](std::string body, int status, std::string field = "(none)") {
      return ask(estate, "POST", "/v1/networks", std::move(body), status, std::move(field));
    };
    auto routed = co_await create(R"({"name":"r","mode":"routed"})", 201);
    EXPECT_EQ(routed.text("/subnet"), "10.77.1.0/24");
    co_await create(R"({"name":"i","mode":"isolated","subnet":"10.9.0.0/24"})", 201);
    auto wire = co_await create(R"({"name":"b","mode":"bridged","bridge":"br0"})", 201);
    EXPECT_EQ(wire.text("/subnet"), "");
    co_await create(R"({"name":"x","mode":"bridged"})", 400, "/bridge");
    co_await create(R"({"name":"x","bridge":"br0"})", 400, "/bridge");
    co_await create(R"({"name":"x","mode":"bridged","bridge":"br0","subnet":"10.8.0.0/24"})", 400,
                    "/subnet");
    co_await create(R"({"name":"x","mode":"user","subnet":"10.8.0.0/24"})", 400, "/subnet");
    co_await create(R"({"name":"x","private_to":"No Project"})", 400, "/private_to");
    auto six = co_await create(R"({"name":"six","subnet6":"FD00:0:88::/64"})", 201);
    EXPECT_EQ(six.text("/subnet6"), "fd00:0:88::/64");
    co_await create(R"({"name":"x","subnet6":"fd00:0:88::8000/113"})", 409, "/subnet6");
    for (auto bad : {"fd00::/63", "fe80::/64", "10.9.9.0/24", "fd00::1/64", "x"}) {
      co_await create(fmt::format(R"({{"name":"x","subnet6":"{}"}})", bad), 400, "/subnet6");
    }
    co_await create(R"({"name":"x","mode":"bridged","bridge":"br0","subnet6":"fd00:1::/64"})", 400,
                    "/subnet6");
  });
}

TEST(Networks, that_are_private_to_a_project_are_for_its_machines_and_people_only) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await ask(estate, "POST", "/v1/networks", R"({"name":"own","private_to":"shop"})", 201);
    auto body = [](std::string project) {
      return fmt::format(R"({{"name":"m","disk":1048576,"network":"own","project":"{}"}})",
                         project);
    };
    co_await ask(estate, "POST", "/v1/vms", body("default"), 400, "/network");
    co_await ask(estate, "POST", "/v1/vms", body("shop"), 202);
    auto shop = co_await as(estate, R"({"name":"s","role":"viewer","projects":["shop"]})");
    auto other = co_await as(estate, R"({"name":"o","role":"viewer","projects":["bank"]})");
    estate.unix_user.reset();
    EXPECT_EQ((co_await estate.call("GET", "/v1/networks/own", "", shop)).status, 200);
    EXPECT_EQ((co_await estate.call("GET", "/v1/networks/own", "", other)).status, 404);
    EXPECT_EQ((co_await estate.call("GET", "/v1/networks/default", "", other)).status, 200);
    auto listed = co_await estate.call("GET", "/v1/networks", "", other);
    EXPECT_EQ(listed.body.at("items").as_array().size(), 1U);
  });
}

TEST(Nics, are_refused_what_their_network_cannot_give) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    co_await ask(estate, "POST", "/v1/networks", R"({"name":"u","mode":"user"})", 201);
    co_await ask(estate, "POST", "/v1/networks", R"({"name":"r","mode":"routed"})", 201);
    co_await ask(estate, "POST", "/v1/networks", R"({"name":"six","subnet6":"fd00:88::/64"})", 201);
    co_await ask(estate, "POST", "/v1/networks", R"({"name":"w","mode":"bridged","bridge":"br0"})",
                 201);
    co_await ask(estate, "POST", "/v1/security-groups", R"({"name":"web"})", 201);
    co_await ask(estate, "POST", "/v1/security-groups", R"({"name":"bank","project":"bank"})", 201);
    struct Row {
      const char *network, *more, *field;
    };
    const Row rows[] = {
        {"default", R"("address":"10.77.0.1")", "/address"},
        {"default", R"("address":"10.78.0.5")", "/address"},
        {"default", R"("address":"x")", "/address"},
        {"default", R"("address6":"fd00:88::5")", "/address6"},
        {"u", R"("address6":"fec0::15")", "/address6"},
        {"six", R"("address6":"fd00:88::1")", "/address6"},
        {"six", R"("address6":"fd00:89::5")", "/address6"},
        {"six", R"("address6":"10.77.0.5")", "/address6"},
        {"w", R"("address6":"x")", "/address6"},
        {"u", R"("address":"10.0.2.15")", "/address"},
        {"u", R"("security_group":["web"])", "/security_group"},
        {"u", R"("send_mbit":1)", "/send_mbit"},
        {"default", R"("security_group":["none"])", "/security_group"},
        {"default", R"("security_group":["bank"])", "/security_group"},
        {"default", R"("security_group":["web"],"spoof_filter":false)", "/security_group"},
        {"w", R"("security_group":["web"])", "/security_group"},
        {"w", R"("address":"x")", "/address"},
        {"r", R"("forward":["80:80"])", "/forward"},
        {"default", R"("receive_mbit":-1)", "/receive_mbit"},
    };
    for (const auto& row : rows) {
      auto body =
          fmt::format(R"({{"name":"a","disk":1048576,"network":"{}",{}}})", row.network, row.more);
      co_await ask(estate, "POST", "/v1/vms", body, 400, row.field);
    }
    co_await ask(
        estate, "POST", "/v1/vms",
        R"({"name":"a","disk":1048576,"network":"w","address":"192.0.2.7","security_group":["web"]})",
        202);
  });
}

TEST(Nics, share_neither_a_fixed_address_nor_a_port_of_the_host) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    co_await ask(estate, "PATCH", "/v1/vms/web01/nics",
                 R"({"address":"10.77.0.50","forward":["8080:80","192.0.2.1:53:53/udp"]})", 200);
    co_await ask(estate, "PATCH", "/v1/vms/web01/nics", R"({"address":"10.77.0.50"})", 200);
    auto create = [&](std::string more, int status, std::string field = "(none)") {
      auto body = fmt::format(R"({{"name":"b","disk":1048576,{}}})", more);
      return ask(estate, "POST", "/v1/vms", body, status, std::move(field));
    };
    co_await create(R"("address":"10.77.0.50")", 409, "/address");
    co_await create(R"("forward":["8080:81"])", 409, "/forward");
    co_await create(R"("forward":["192.0.2.9:8080:81"])", 409, "/forward");
    co_await create(R"("forward":["53:53/udp"])", 409, "/forward");
    co_await create(R"("forward":["8080:81/udp","192.0.2.2:53:53/udp"],"address":"10.77.0.51")",
                    202);
  });
}

TEST(Nics, have_an_address_of_ipv6_in_its_one_form_and_share_it_with_nobody) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await ask(estate, "POST", "/v1/networks", R"({"name":"six","subnet6":"fd00:88::/64"})", 201);
    co_await ask(estate, "POST", "/v1/vms",
                 R"({"name":"a","disk":1048576,"network":"six","address6":"FD00:88:0::0:7"})", 202);
    auto shown = co_await ask(estate, "GET", "/v1/vms/a", "", 200);
    EXPECT_EQ(shown.text("/nics/0/address6"), "fd00:88::7");
    co_await ask(estate, "POST", "/v1/vms",
                 R"({"name":"b","disk":1048576,"network":"six","address6":"fd00:88::7"})", 409,
                 "/address6");
    auto set = [&](std::string body, int status, std::string field = "(none)") {
      return ask(estate, "PATCH", "/v1/networks/six", std::move(body), status, std::move(field));
    };
    co_await set(R"({"subnet6":"fd00:89::/64"})", 409);
    co_await set(R"({"subnet6":""})", 409);
    co_await set(R"({"subnet6":"fd00:88::/80"})", 200);
    co_await set(R"({"subnet6":"fd00:88::/32"})", 400, "/subnet6");
    auto changed = co_await ask(estate, "PATCH", "/v1/vms/a/nics", R"({"address6":""})", 200);
    EXPECT_EQ(changed.text("/nics/0/address6"), "");
    EXPECT_EQ((co_await set(R"({"subnet6":""})", 200)).text("/subnet6"), "");
    co_await set(R"({"spoof_filter":true})", 200);
  });
}

TEST(SecurityGroups, are_written_in_one_form_changed_and_sent_to_hosts) {
  with_estate([](Estate& estate) -> Async<void> {
    auto made = co_await ask(
        estate, "POST", "/v1/security-groups",
        R"({"name":"web","rule":["ingress  tcp 80","ingress tcp 80"],"rules_file":["egress any"]})",
        201);
    EXPECT_EQ(made.text("/rules"), R"(["ingress tcp 80","egress any"])");
    auto changed = co_await ask(
        estate, "PATCH", "/v1/security-groups/web",
        R"({"remove_rule":["egress  any"],"add_rule":["ingress icmp from group:web"]})", 200);
    EXPECT_EQ(changed.text("/rules"), R"(["ingress tcp 80","ingress icmp from group:web"])");
    co_await estate.node.assignment([](const model::Assignment& assignment) {
      return assignment.security_groups && assignment.security_groups->size() == 1 &&
             assignment.security_groups->at(0).rules.size() == 2;
    });
    changed = co_await ask(estate, "PATCH", "/v1/security-groups/web", R"({"rules_file":[]})", 200);
    EXPECT_EQ(changed.text("/rules"), "[]");
    co_await ask(estate, "DELETE", "/v1/security-groups/web", "", 204);
    co_await estate.node.assignment([](const model::Assignment& assignment) {
      return assignment.security_groups && assignment.security_groups->empty();
    });
  });
}

TEST(SecurityGroups, with_bad_rules_are_refused_with_the_place) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await ask(estate, "POST", "/v1/security-groups", R"({"name":"web"})", 201);
    auto target = "/v1/security-groups";
    co_await ask(estate, "POST", target, R"({"name":"web"})", 409, "/name");
    co_await ask(estate, "POST", target, R"({"name":"b","rule":["ingress tcp 80","allow"]})", 400,
                 "/rule/1");
    co_await ask(estate, "POST", target, R"({"name":"b","rules_file":["ingress tcp 0"]})", 400,
                 "/rules_file/0");
    co_await ask(estate, "POST", target, R"({"name":"b","rule":["ingress any from group:none"]})",
                 400, "/rule/0");
    co_await ask(estate, "POST", target,
                 R"({"name":"b","project":"bank","rule":["ingress any from group:web"]})", 400,
                 "/rule/0");
    co_await ask(estate, "PATCH", "/v1/security-groups/web", R"({"remove_rule":["ingress icmp"]})",
                 400, "/remove_rule/0");
    co_await ask(estate, "GET", "/v1/security-groups/none", "", 404);
  });
}

TEST(SecurityGroups, that_are_used_are_not_deleted_and_keep_the_spoof_filter_on) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    co_await ask(estate, "POST", "/v1/security-groups", R"({"name":"web"})", 201);
    co_await ask(estate, "POST", "/v1/security-groups",
                 R"({"name":"db","rule":["ingress any from group:web"]})", 201);
    co_await ask(estate, "DELETE", "/v1/security-groups/web", "", 409);
    co_await ask(estate, "DELETE", "/v1/security-groups/db", "", 204);
    co_await ask(estate, "PATCH", "/v1/vms/web01/nics", R"({"security_group":["web"]})", 200);
    co_await ask(estate, "DELETE", "/v1/security-groups/web", "", 409);
    co_await ask(estate, "PATCH", "/v1/networks/default", R"({"spoof_filter":false})", 409);
    co_await ask(estate, "PATCH", "/v1/vms/web01/nics", R"({"spoof_filter":false})", 400,
                 "/security_group");
    co_await ask(estate, "PATCH", "/v1/vms/web01/nics", R"({"security_group":[]})", 200);
    co_await ask(estate, "DELETE", "/v1/security-groups/web", "", 204);
  });
}

TEST(SecurityGroups, of_a_project_are_its_own_peoples) {
  with_estate([](Estate& estate) -> Async<void> {
    auto shop = co_await as(estate, R"({"name":"s","role":"operator","projects":["shop"]})");
    auto bank = co_await as(estate, R"({"name":"b","role":"operator","projects":["bank"]})");
    estate.unix_user.reset();
    auto call = [&](std::string method, std::string target, std::string body, auto headers) {
      return estate.call(std::move(method), std::move(target), std::move(body), headers);
    };
    auto body = R"({"name":"web","project":"shop"})";
    EXPECT_EQ((co_await call("POST", "/v1/security-groups", body, bank)).status, 403);
    EXPECT_EQ((co_await call("POST", "/v1/security-groups", body, shop)).status, 201);
    EXPECT_EQ((co_await call("GET", "/v1/security-groups/web", "", bank)).status, 404);
    EXPECT_EQ((co_await call("PATCH", "/v1/security-groups/web", "{}", bank)).status, 404);
    EXPECT_EQ((co_await call("DELETE", "/v1/security-groups/web", "", bank)).status, 404);
    EXPECT_EQ((co_await call("DELETE", "/v1/security-groups/web", "", shop)).status, 204);
  });
}

}  // namespace
}  // namespace truce::manager
