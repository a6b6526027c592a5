// A cluster through the API: who founds it, who is let in by what, and what becomes of hosts.
#include "played_membership.h"

namespace truce::manager {
namespace {

TEST(Cluster, a_single_host_shows_itself_and_takes_in_nobody) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    auto shown = co_await estate.call("GET", "/v1/cluster");
    EXPECT_EQ(shown.text("/name"), "");
    EXPECT_EQ(shown.text("/managers/0/name"), "h1");
    EXPECT_EQ(shown.number("/hosts"), 1);
    EXPECT_EQ((co_await estate.call("POST", "/v1/cluster/tokens", R"({"host":"h2"})")).status, 409);
    EXPECT_EQ((co_await estate.call("POST", "/v1/cluster/leave")).status, 409);
    EXPECT_EQ((co_await enroll(estate, request_of("h2", "x"))).status, 409);
    EXPECT_TRUE(estate.manager->seats().empty());
  });
}

TEST(Cluster, an_etcd_of_ones_own_is_told_and_any_manager_but_one_may_fail) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    membership.has_etcd = false;
    auto made = co_await estate.call(
        "POST", "/v1/cluster",
        R"({"name":"estate","etcd":["https://e1:2379,https://e2:2379"],"etcd_ca":"PEM of ca","etcd_key":"KEY"})");
    EXPECT_EQ(made.status, 202) << made.raw;
    EXPECT_EQ(membership.prefix, "/truce/estate/");
    std::string moved;
    for (const auto& write : membership.moved) {
      moved += write.value.value_or("");
      if (write.key == "clusters/estate")
        EXPECT_TRUE(co_await estate.store.commit({}, {{write.key, write.value}}));
    }
    EXPECT_NE(moved.find("https://e1:2379"), std::string::npos);
    EXPECT_EQ(moved.find("KEY"), std::string::npos);
    EXPECT_EQ(moved.find("PEM of ca"), std::string::npos);
    co_await until([&]() -> Async<bool> {
      co_return (co_await estate.call("GET", "/v1/cluster")).text("/name") == "estate";
    });
    membership.problem = "e1 does not answer";
    auto shown = co_await estate.call("GET", "/v1/cluster");
    EXPECT_EQ(shown.text("/etcd/0"), "https://e1:2379");
    EXPECT_EQ(shown.text("/etcd/1"), "https://e2:2379");
    EXPECT_EQ(shown.text("/etcd_prefix"), "/truce/estate/");
    EXPECT_EQ(shown.number("/managers_may_fail"), 0);
    EXPECT_NE(shown.text("/problem").find("e1 does not answer"), std::string::npos);
    // A manager needs no etcd on its host.
    auto token =
        co_await estate.call("POST", "/v1/cluster/tokens", R"({"host":"h2","role":"manager"})");
    auto invitation = read_token(token.text("/token"));
    auto in = co_await enroll(estate, request_of("h2", invitation->secret));
    EXPECT_EQ(in.status, 201) << in.raw;
    EXPECT_EQ(membership.admitted, std::vector<std::string>{"h2"});
    PlayedNode node(estate.loop);
    co_await node.introduce(connect_as(estate, "h2"), "h2");
    co_await until([&]() -> Async<bool> {
      co_return (co_await estate.call("GET", "/v1/cluster")).number("/managers_may_fail") == 1;
    });
    node.close();
    co_await until([&]() -> Async<bool> {
      auto lost = co_await estate.call("GET", "/v1/cluster");
      co_return lost.number("/managers_may_fail") == 0 &&
          lost.text("/managers/1/problem") == "it is offline";
    });
  });
}

TEST(Cluster, what_is_said_of_etcd_has_to_go_together) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
             {R"("store":"sqlite","etcd":["https://a:1"])", "/store"},
             {R"("store":"sqlite","etcd_client_port":12379)", "/store"},
             {R"("etcd_ca":"PEM")", "/etcd"},
             {R"("etcd_user":"truce")", "/etcd"},
             {R"("etcd":["https://a:1"],"etcd_peer_port":12380)", "/etcd_client_port"},
             {R"("etcd_client_port":2380)", "/etcd_peer_port"}}) {
      auto refused = co_await estate.call("POST", "/v1/cluster",
                                          fmt::format(R"({{"name":"estate",{}}})", body));
      EXPECT_EQ(refused.text("/field"), field) << body << refused.raw;
    }
    EXPECT_EQ(membership.founded, "");
  });
}

TEST(Cluster, founding_keeps_what_is_there_and_happens_once) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    auto vm = co_await estate.make_machine("web01");
    auto wrong = co_await estate.call("POST", "/v1/cluster",
                                      R"({"name":"estate","address":"nowhere","store":"sqlite"})");
    EXPECT_EQ(wrong.text("/field"), "/address");
    co_await found_cluster(estate);
    EXPECT_EQ(membership.founded, "estate");
    auto again = co_await estate.call("POST", "/v1/cluster", R"({"name":"other"})");
    EXPECT_EQ(again.status, 409);
    auto shown = co_await estate.call("GET", "/v1/cluster");
    EXPECT_EQ(shown.text("/name"), "estate");
    EXPECT_EQ(shown.text("/managers/0/address"), "192.0.2.1:7444");
    EXPECT_EQ(co_await state_of(estate, "h1", "/address"), "192.0.2.1:7444");
    EXPECT_EQ(co_await state_of(estate, "h1", "/role"), "manager");
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/web01")).text("/uuid"), vm.uuid);
    co_await estate.restart();
    EXPECT_EQ((co_await estate.call("GET", "/v1/cluster")).text("/name"), "estate");
    EXPECT_FALSE(estate.manager->seats().empty());
  });
}

TEST(Cluster, a_host_of_another_release_is_let_in_if_it_knows_the_format_of_the_state) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    auto invitation = co_await invite(estate, "h2");
    auto request = request_of("h2", invitation.secret);
    auto too_new = request;
    too_new.insert(1, R"("format":3,"oldest_format":2,)");
    auto refused = co_await enroll(estate, too_new);
    EXPECT_GE(refused.status, 400);
    EXPECT_NE(refused.raw.find("knows none before 2"), std::string::npos) << refused.raw;
    request.insert(1, R"("format":2,"a_field_of_the_future":true,)");
    auto taken = co_await enroll(estate, request);
    EXPECT_EQ(taken.status, 201) << taken.raw;
    EXPECT_EQ(co_await state_of(estate, "h2", "/format"), "2");
  });
}

TEST(Cluster, a_token_lets_its_host_in_once) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    co_await found_cluster(estate);
    auto invitation = co_await invite(estate, "h2");
    EXPECT_EQ(invitation.host, "h2");
    EXPECT_EQ(invitation.authority, std::string(64, 'f'));
    EXPECT_EQ(invitation.managers, (std::vector<Seat>{{"h1", "192.0.2.1:7444"}}));
    auto twice = co_await estate.call("POST", "/v1/cluster/tokens", R"({"host":"h2"})");
    EXPECT_EQ(twice.status, 409);
    auto listed = co_await estate.call("GET", "/v1/cluster/tokens");
    EXPECT_EQ(listed.text("/items/0/host"), "h2");
    EXPECT_FALSE(listed.raw.contains(invitation.secret));
    EXPECT_EQ((co_await enroll(estate, request_of("h2", "wrong"))).status, 401);
    EXPECT_EQ((co_await enroll(estate, request_of("h3", invitation.secret))).status, 401);
    EXPECT_EQ(membership.issued, 0);
    auto in = co_await enroll(estate, request_of("h2", invitation.secret));
    EXPECT_EQ(in.status, 201) << in.raw;
    EXPECT_EQ(in.text("/cluster"), "estate");
    EXPECT_EQ(in.text("/role"), "node");
    EXPECT_EQ(in.text("/certificate"), "certificate of h2");
    EXPECT_EQ((co_await enroll(estate, request_of("h2", invitation.secret))).status, 401);
    EXPECT_EQ(co_await state_of(estate, "h2"), "offline");
    EXPECT_EQ(co_await state_of(estate, "h2", "/address"), "192.0.2.2:7444");
    EXPECT_EQ((co_await estate.call("POST", "/v1/cluster/tokens", R"({"host":"h2"})")).status, 409);
    auto events = co_await estate.call("GET", "/v1/events?target=hosts/h2");
    EXPECT_TRUE(events.raw.contains("api.enroll_host"));
  });
}

TEST(Cluster, a_token_that_was_withdrawn_or_cannot_be_had_lets_nobody_in) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    auto invitation = co_await invite(estate, "h2");
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/cluster/tokens/h2")).status, 204);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/cluster/tokens/h2")).status, 404);
    EXPECT_EQ((co_await enroll(estate, request_of("h2", invitation.secret))).status, 401);
    auto manager =
        co_await estate.call("POST", "/v1/cluster/tokens", R"({"host":"h2","role":"manager"})");
    EXPECT_EQ(manager.text("/field"), "/role");
    auto own = co_await estate.call("POST", "/v1/cluster/tokens", R"({"host":"h1"})");
    EXPECT_EQ(own.text("/field"), "/host");
  });
}

TEST(Cluster, a_token_that_has_expired_lets_nobody_in_and_goes) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    auto invitation = co_await invite(estate, "h2");
    auto stored = co_await estate.store.get("join-tokens/h2");
    auto token = model::from_text<model::JoinToken>((*stored)->value, model::Unknown::refuse);
    EXPECT_EQ(token->hash, sha256_hex(invitation.secret));
    token->expires = now() - 1s;
    EXPECT_TRUE(co_await estate.store.commit({}, {{"join-tokens/h2", model::to_text(*token)}}));
    EXPECT_EQ((co_await enroll(estate, request_of("h2", invitation.secret))).status, 401);
    co_await until([&]() -> Async<bool> {
      auto listed = co_await estate.call("GET", "/v1/cluster/tokens");
      co_return listed.text("/items") == "[]";
    });
  });
}

TEST(Cluster, a_host_is_let_in_by_its_newest_two_certificates_until_it_is_taken_out) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    const auto& manager = *estate.manager;
    EXPECT_TRUE(manager.admit("h2", "sha-1"));
    EXPECT_FALSE(manager.admit("h2", "sha-2"));
    EXPECT_FALSE(manager.admit("h3", "sha-1"));
    auto renewed = co_await enroll(estate, request_of("h2", ""), "h2");
    EXPECT_EQ(renewed.status, 201) << renewed.raw;
    EXPECT_TRUE(manager.admit("h2", "sha-1"));
    EXPECT_TRUE(manager.admit("h2", "sha-2"));
    EXPECT_EQ((co_await enroll(estate, request_of("h2", ""), "h2")).status, 201);
    EXPECT_FALSE(manager.admit("h2", "sha-1"));
    // Nobody renews for another.
    EXPECT_EQ((co_await enroll(estate, request_of("h1", ""), "h2")).status, 401);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/hosts/h2")).status, 204);
    EXPECT_FALSE(manager.admit("h2", "sha-3"));
    EXPECT_EQ(membership.refused, std::vector<std::string>{"h2"});
    EXPECT_EQ((co_await enroll(estate, request_of("h2", ""), "h2")).status, 403);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/hosts/h1")).status, 409);
  });
}

TEST(Cluster,
     a_host_that_is_passed_on_is_who_its_certificate_says_and_its_administrators_are_ours) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    estate.unix_user = std::nullopt;
    estate.address = "unix@h2";
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms")).status, 401);
    estate.administrator = "root";  // said by nobody who may
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms")).status, 401);
    estate.host = "h2";
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms")).status, 200);
    estate.host = "h3";
    auto gone = co_await estate.call("GET", "/v1/vms");
    EXPECT_EQ(gone.status, 403);
    EXPECT_EQ(gone.headers["X-Truce-Host"], "removed");
  });
}

TEST(Cluster, what_people_say_of_a_host_outlives_what_it_says_itself) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    auto set = co_await estate.call("PATCH", "/v1/hosts/h2",
                                    R"({"label":{"rack":"r1"},"fault_domain":"r1"})");
    EXPECT_EQ(set.status, 200) << set.raw;
    EXPECT_EQ((co_await estate.call("POST", "/v1/hosts/h2/drain", "{}")).status, 202);
    PlayedNode node(estate.loop);
    co_await node.introduce(connect_as(estate, "h2"), "h2");
    co_await until([&]() -> Async<bool> { co_return co_await state_of(estate, "h2") == "online"; });
    auto shown = co_await estate.call("GET", "/v1/hosts/h2");
    EXPECT_EQ(shown.text("/labels/rack"), "r1");
    EXPECT_EQ(shown.text("/fault_domain"), "r1");
    EXPECT_EQ(shown.text("/draining"), "true");
    EXPECT_EQ(shown.text("/role"), "node");
    EXPECT_EQ(shown.text("/address"), "192.0.2.2:7444");
    EXPECT_EQ(shown.text("/version"), "1.2.3");
    EXPECT_NE(shown.text("/certificate_expires"), "(none)");
    node.close();
  });
}

TEST(Cluster, it_is_set_how_the_load_is_balanced) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    auto shown = co_await estate.call("GET", "/v1/cluster");
    EXPECT_EQ(shown.text("/balance"), "off");
    auto set = co_await estate.call("PATCH", "/v1/cluster",
                                    R"({"balance":"propose","balance_minutes":7})");
    EXPECT_EQ(set.status, 200) << set.raw;
    EXPECT_EQ(set.text("/balance"), "propose");
    set = co_await estate.call("PATCH", "/v1/cluster", R"({"balance":"automatic"})");
    EXPECT_EQ(set.text("/balance"), "automatic");
    EXPECT_EQ(set.number("/balance_minutes"), 7);
    set = co_await estate.call("PATCH", "/v1/cluster", R"({"balance_minutes":0})");
    EXPECT_EQ(set.text("/field"), "/balance_minutes");
  });
}

TEST(Cluster, a_node_speaks_for_no_other_host) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    auto vm = co_await estate.make_machine("web01");
    PlayedNode liar(estate.loop);
    co_await liar.introduce(connect_as(estate, "h2"), "h1");
    EXPECT_FALSE(co_await within(5s, liar.frame(), "an end"));
    PlayedNode node(estate.loop);
    co_await node.introduce(connect_as(estate, "h2"), "h2");
    co_await node.report(model::VmReport{vm.uuid, model::Observed::running, 1});
    // What is reported after it is known, and so is what was before it: it was not believed.
    model::FromNode message;
    message.report.emplace();
    message.report->host = model::Host{.name = "h1", .cpus = 77};
    co_await node.send(message);
    co_await until(
        [&]() -> Async<bool> { co_return co_await state_of(estate, "h2", "/cpus") == "77"; });
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/web01")).text("/observed"), "off");
    EXPECT_EQ(co_await state_of(estate, "h1", "/cpus"), "4");
    node.close();
  });
}

TEST(Cluster, machines_go_where_no_host_is_being_emptied) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    PlayedNode node(estate.loop);
    co_await node.introduce(connect_as(estate, "h2"), "h2");
    co_await until([&]() -> Async<bool> { co_return co_await state_of(estate, "h2") == "online"; });
    EXPECT_EQ((co_await estate.call("POST", "/v1/hosts/h1/drain", "{}")).status, 202);
    auto made = co_await estate.call("POST", "/v1/vms", R"({"name":"a","disk":1048576})");
    EXPECT_EQ(made.status, 202) << made.raw;
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/a")).text("/host"), "h2");
    EXPECT_EQ((co_await node.machine("a", 1)).name, "a");
    EXPECT_EQ((co_await estate.call("POST", "/v1/hosts/h2/drain", "{}")).status, 202);
    made = co_await estate.call("POST", "/v1/vms", R"({"name":"b","disk":1048576})");
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/b")).text("/host"), "");
    EXPECT_EQ((co_await estate.call("POST", "/v1/hosts/h1/undrain")).status, 200);
    co_await until([&]() -> Async<bool> {
      co_return (co_await estate.call("GET", "/v1/vms/b")).text("/host") == "h1";
    });
    node.close();
  });
}

TEST(Cluster, machines_that_were_up_on_a_host_that_is_gone_are_unknown_until_it_is_back) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    auto off = co_await estate.make_machine("idle");
    auto up = co_await estate.make_machine("busy");
    co_await estate.call("POST", "/v1/vms/busy/start");
    co_await estate.node.machine("busy", 2);
    co_await estate.node.report(model::VmReport{up.uuid, model::Observed::running, 2});
    co_await until([&]() -> Async<bool> {
      co_return (co_await estate.call("GET", "/v1/vms/busy")).text("/observed") == "running";
    });
    auto started = (co_await estate.call("GET", "/v1/vms/busy")).text("/started");
    estate.node.close();
    co_await until([&]() -> Async<bool> {
      co_return (co_await estate.call("GET", "/v1/vms/busy")).text("/observed") == "unknown";
    });
    EXPECT_EQ(co_await state_of(estate, "h1"), "offline");
    auto gone = co_await estate.call("GET", "/v1/vms/busy");
    EXPECT_EQ(gone.text("/host"), "h1");
    EXPECT_EQ(gone.text("/wanted"), "running");
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/idle")).text("/observed"), "off");
    co_await estate.connect();
    co_await estate.node.report(model::VmReport{up.uuid, model::Observed::running, 2});
    co_await until([&]() -> Async<bool> {
      co_return (co_await estate.call("GET", "/v1/vms/busy")).text("/observed") == "running";
    });
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/busy")).text("/started"), started);
  });
}

TEST(Cluster, a_host_with_machines_is_taken_out_only_when_it_is_gone_and_they_are_given_up) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    PlayedNode node(estate.loop);
    co_await node.introduce(connect_as(estate, "h2"), "h2");
    co_await until([&]() -> Async<bool> { co_return co_await state_of(estate, "h2") == "online"; });
    co_await estate.call("POST", "/v1/hosts/h1/drain", "{}");
    auto made = co_await estate.call("POST", "/v1/vms", R"({"name":"a","disk":1048576})");
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/hosts/h2?force")).status, 409);
    node.close();
    co_await until(
        [&]() -> Async<bool> { co_return co_await state_of(estate, "h2") == "offline"; });
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/hosts/h2")).status, 409);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/hosts/h2?force")).status, 204);
    EXPECT_EQ(co_await state_of(estate, "h2"), "404");
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/a")).status, 404);
    EXPECT_EQ(co_await estate.task_ends(made.text("/name")), "failed");
    EXPECT_EQ(membership.refused, std::vector<std::string>{"h2"});
    // A node that does not know it yet does not come back by what it tells.
    PlayedNode again(estate.loop);
    co_await again.introduce(connect_as(estate, "h2"), "h2");
    co_await again.next();  // it was heard
    EXPECT_EQ(co_await state_of(estate, "h2"), "404");
    again.close();
  });
}

TEST(Cluster, a_host_leaves_by_itself_when_it_is_empty) {
  with_host([](Estate& estate, PlayedMembership&) -> Async<void> {
    co_await found_cluster(estate);
    co_await let_in(estate, "h2");
    EXPECT_EQ((co_await estate.call("POST", "/v1/cluster/leave")).status, 409);  // the manager
    estate.host = "h2";
    estate.administrator = "root";
    estate.unix_user = std::nullopt;
    auto left = co_await estate.call("POST", "/v1/cluster/leave");
    EXPECT_EQ(left.status, 202) << left.raw;
    EXPECT_EQ(left.text("/state"), "succeeded");
    EXPECT_FALSE(estate.manager->admit("h2", "sha-1"));
  });
}

TEST(Cluster, a_host_joins_by_a_token_that_is_for_it_while_it_has_nothing_of_its_own) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    Invitation invitation{.cluster = "far",
                          .host = "h1",
                          .authority = std::string(64, 'a'),
                          .secret = std::string(64, 'b'),
                          .managers = {{"m", "192.0.2.9:7444"}}};
    auto join = [&](const std::string& token) {
      return estate.call("POST", "/v1/cluster/join", fmt::format(R"({{"token":"{}"}})", token));
    };
    EXPECT_EQ((co_await join("nonsense")).text("/field"), "/token");
    auto other = invitation;
    other.host = "h9";
    EXPECT_EQ((co_await join(token_of(other))).text("/field"), "/token");
    co_await estate.make_machine("mine");
    EXPECT_EQ((co_await join(token_of(invitation))).status, 409);
    EXPECT_FALSE(membership.invitation);
    auto deleted = co_await estate.call("DELETE", "/v1/vms/mine");
    auto vm = co_await estate.node.machine("mine", 2);
    co_await estate.node.report(model::VmReport{vm.uuid, model::Observed::absent, 2});
    co_await estate.task_ends(deleted.text("/name"));
    auto joined = co_await join(token_of(invitation));
    EXPECT_EQ(joined.status, 202) << joined.raw;
    EXPECT_EQ(joined.text("/state"), "succeeded");
    EXPECT_EQ(membership.invitation, invitation);
    EXPECT_FALSE(joined.raw.contains(invitation.secret));
  });
}

TEST(Cluster, certificates_are_kept_two_at_a_time) {
  EXPECT_EQ(with_certificate("", "a"), "a\n");
  EXPECT_EQ(with_certificate("a\n", "b"), "a\nb\n");
  EXPECT_EQ(with_certificate("a\nb\n", "c"), "b\nc\n");
  EXPECT_EQ(with_certificate("a\nb\n", "a"), "b\na\n");
}

// --- several managers ---------------------------------------------------------------------------

/// Puts a cluster whose state is in etcd into the store, as move_state() would have.
Async<void> move_to_etcd(Estate& estate, PlayedMembership& membership) {
  auto made = co_await estate.call("POST", "/v1/cluster", R"({"name":"estate"})");
  EXPECT_EQ(made.status, 202) << made.raw;
  EXPECT_TRUE(co_await estate.store.commit({}, std::exchange(membership.moved, {})));
  co_await until([&]() -> Async<bool> { co_return !estate.manager->seats().empty(); });
}

Async<Answer> let_in_manager(Estate& estate, std::string host) {
  auto made = co_await estate.call("POST", "/v1/cluster/tokens",
                                   fmt::format(R"({{"host":"{}","role":"manager"}})", host));
  EXPECT_EQ(made.status, 201) << made.raw;
  auto secret = read_token(made.text("/token"))->secret;
  auto body = request_of(host, secret);
  body.insert(body.size() - 1, R"(,"etcd_request":"another request")");
  co_return co_await enroll(estate, body);
}

TEST(Cluster, founded_on_etcd_it_is_told_of_in_etcd_alone) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    membership.has_etcd = false;
    auto refused = co_await estate.call("POST", "/v1/cluster", R"({"name":"estate"})");
    EXPECT_EQ(refused.text("/code"), "unsupported");
    membership.has_etcd = true;
    membership.move_problem = "too few members answer";
    refused = co_await estate.call("POST", "/v1/cluster", R"({"name":"estate"})");
    EXPECT_EQ(refused.status, 503) << refused.raw;
    EXPECT_TRUE(estate.manager->seats().empty());
    membership.founded.clear();
    membership.move_problem.clear();
    auto made = co_await estate.call("POST", "/v1/cluster", R"({"name":"estate"})");
    EXPECT_EQ(made.text("/state"), "succeeded") << made.raw;
    EXPECT_TRUE(estate.manager->seats().empty());
    std::set<std::string> keys;
    for (const auto& write : membership.moved)
      keys.insert(write.key.substr(0, write.key.find('/')));
    EXPECT_EQ(keys,
              (std::set<std::string>{"clusters", "events", "host-certificates", "hosts", "tasks"}));
  });
}

TEST(Cluster, a_host_that_joins_as_manager_gets_a_seat_and_gives_it_back) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    co_await move_to_etcd(estate, membership);
    membership.states = {{"h1", {}}, {"h2", {}}, {"h3", {.votes = true, .problem = "it is away"}}};
    auto answer = co_await let_in_manager(estate, "h2");
    EXPECT_EQ(answer.text("/role"), "manager") << answer.raw;
    EXPECT_EQ(answer.text("/manager/etcd_certificate"), "another request");
    EXPECT_EQ((co_await let_in_manager(estate, "h3")).status, 201);
    EXPECT_EQ(membership.admitted, (std::vector<std::string>{"h2", "h3"}));
    EXPECT_EQ(estate.manager->seats().size(), 3U);
    auto shown = co_await estate.call("GET", "/v1/cluster");
    EXPECT_EQ(shown.number("/managers_may_fail"), 0) << shown.raw;
    EXPECT_EQ(shown.text("/managers/0/leader"), "true");
    EXPECT_EQ(shown.text("/managers/2/problem"), "it is away");
    membership.states["h3"].problem.clear();
    shown = co_await estate.call("GET", "/v1/cluster");
    EXPECT_EQ(shown.number("/managers_may_fail"), 1) << shown.raw;

    membership.kept = "h2";
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/hosts/h2")).status, 409);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/hosts/h1")).status, 409);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/hosts/h3")).status, 204);
    EXPECT_EQ(membership.removed, std::vector<std::string>{"h3"});
    EXPECT_EQ(estate.manager->seats(),
              (std::vector<Seat>{{"h1", "192.0.2.1:7444"}, {"h2", "192.0.2.2:7444"}}));
  });
}

TEST(Cluster, a_manager_without_etcd_is_not_let_in_and_its_token_stays_good) {
  with_host([](Estate& estate, PlayedMembership& membership) -> Async<void> {
    co_await move_to_etcd(estate, membership);
    auto made =
        co_await estate.call("POST", "/v1/cluster/tokens", R"({"host":"h2","role":"manager"})");
    auto secret = read_token(made.text("/token"))->secret;
    auto refused = co_await enroll(estate, request_of("h2", secret));
    EXPECT_EQ(refused.text("/code"), "precondition") << refused.raw;
    EXPECT_NE(refused.text("/detail").find("apt install"), std::string::npos);
    EXPECT_EQ((co_await estate.call("GET", "/v1/cluster/tokens")).text("/items/0/name"), "h2");
  });
}

}  // namespace
}  // namespace truce::manager
