// What goes wrong between us and a pool, and what verbs do besides what all platforms promise.
#include "../../platform/tests/watched.h"
#include "peer.h"
#include "xapi/xapi.h"

namespace truce::xapi {
namespace {

using model::Observed;
using platform::Platform;
using platform::Snapshots;
using platform::Update;
using platform::Watcher;

class APool : public platform::WatchedPlatform {
 protected:
  [[nodiscard]] platform::Account account() const override { return peer_.account(); }
  std::unique_ptr<Platform> open(asio::any_io_executor loop, platform::Account account) override {
    return xapi::open(std::move(loop), std::move(account));
  }
  bool sent_password(const Peer& peer) {
    return const_cast<Peer&>(peer).calls("session.login_with_password") > 0;
  }

  Peer peer_;
};

TEST_F(APool, a_wrong_password_is_told_without_it) {
  auto account = peer_.account();
  account.password = std::make_shared<Secret>("secret-word");
  auto connected = connect(account);
  expect(connected, Code::unauthenticated, "root");
  EXPECT_FALSE(connected.error().message.contains("secret-word"));
}

TEST_F(APool, another_certificate_is_refused_with_both_fingerprints) {
  auto account = peer_.account();
  auto seen = account.trust.fingerprint;
  account.trust.fingerprint = std::string(64, 'a');
  expect(connect(account), Code::forbidden, seen);
  EXPECT_FALSE(sent_password(peer_));
}

TEST_F(APool, a_certificate_that_changes_is_refused_from_then_on) {
  with_watcher([&](Watcher& w) -> Async<void> {
    int before = peer_.calls("session.login_with_password");
    peer_.order({"certificate-changes"});
    std::optional<Error> told;
    for (int i = 0; i < 60 && !(told && told->code == Code::forbidden); ++i)
      if (auto update = co_await w.platform->next(1s); !update) told = update.error();
    CO_ASSERT(told);
    EXPECT_EQ(told->code, Code::forbidden) << told->message;
    EXPECT_EQ(peer_.calls("session.login_with_password"), before);
  });
}

TEST_F(APool, an_authority_is_believed_for_the_name_it_has_signed) {
  auto account = peer_.account();
  account.trust.fingerprint.clear();
  expect(connect(account), Code::forbidden);
  account.trust.authorities = peer_.order({"authority"});
  EXPECT_TRUE(connect(account));
}

TEST_F(APool, a_member_leads_to_who_leads_where_that_is_trusted_by_the_same_rules) {
  auto port = peer_.address().substr(peer_.address().find(':'));
  Peer leader("127.0.0.2" + port);
  peer_.order({"member-of", "127.0.0.2"});
  auto account = peer_.account();
  expect(connect(account), Code::forbidden, "xen://root@127.0.0.2");
  EXPECT_FALSE(sent_password(leader)) << "its certificate is not the pinned one";

  // Both are signed by somebody who is believed.
  store::TemporaryFolder folder;
  auto authorities = folder.path() / "authorities.pem";
  std::string pem;
  for (auto* one : {&peer_, &leader}) pem += *read_file(one->order({"authority"}), kib(64));
  ASSERT_TRUE(write_file_durably(authorities, pem));
  account.trust = {{}, authorities.string()};
  EXPECT_TRUE(connect(account));
  EXPECT_TRUE(sent_password(leader));

  // Who leads changes while we are there: the address that was given knows.
  asio::io_context loop;
  auto platform = xapi::open(loop.get_executor(), account);
  auto first = store::in_loop(loop, platform->next(1s));
  ASSERT_TRUE(first) << first.error().message;
  peer_.order({"member-of"});
  leader.order({"member-of", "127.0.0.1"});
  auto second = store::in_loop(loop, platform->next(1s));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->extent, Update::Extent::whole);
  EXPECT_NE(first->hosts.seen[0].id, second->hosts.seen[0].id);
  store::in_loop(loop, platform->close());
}

TEST_F(APool, members_that_name_each_other_or_nonsense_are_told) {
  peer_.order({"member-of", "127.0.0.1"});
  expect(connect(peer_.account()), Code::unavailable, "127.0.0.1");
  peer_.order({"member-of", "evil/..@x"});
  expect(connect(peer_.account()), Code::unavailable, "member");
}

TEST_F(APool, a_server_that_has_no_such_sign_in_is_told) {
  auto account = peer_.account();
  peer_.order({"fail", "session.login_with_password", "MESSAGE_METHOD_UNKNOWN", "x"});
  expect(connect(account), Code::unsupported);
}

TEST_F(APool, a_sign_in_that_comes_to_nothing_leaves_no_session) {
  peer_.order({"fail", "host.get_record", "HOST_STILL_BOOTING"});
  expect(connect(peer_.account()), Code::unavailable);
  EXPECT_EQ(peer_.count("session"), 0);
}

TEST_F(APool, a_server_that_says_nothing_can_be_left) {
  asio::io_context loop;
  auto platform = xapi::open(loop.get_executor(), peer_.account());
  peer_.order({"freeze"});
  auto tried = store::in_loop(loop, within(100ms, platform->connect(), "pool"));
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().code, Code::timeout) << tried.error().message;
  peer_.order({"thaw"});
  EXPECT_TRUE(store::in_loop(loop, platform->connect()));
  store::in_loop(loop, platform->close());
}

TEST_F(APool, a_verb_whose_connection_breaks_is_not_said_twice) {
  with_watcher([&](Watcher& w) -> Async<void> {
    peer_.order({"hang-up", "Async.VM.hard_reboot"});
    auto done = co_await w.platform->reset(id_of(w, "web01"));
    expect(done, Code::unavailable);
    EXPECT_EQ(peer_.calls("Async.VM.hard_reboot"), 1);
  });
}

TEST_F(APool, a_task_goes_on_over_the_end_of_the_session_and_is_taken_away) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    peer_.order({"hold-tasks"});
    Scope scope(co_await asio::this_coro::executor);
    std::optional<Result<void>> outcome;
    scope.spawn([](Platform& on, std::string machine, auto& into) -> Async<void> {
      into = co_await on.start(machine);
    }(*w.platform, id, outcome));
    while (peer_.calls("Async.VM.start") == 0) co_await sleep_for(5ms);
    peer_.order({"end-sessions"});
    peer_.order({"release-tasks"});
    while (!outcome) co_await sleep_for(5ms);
    CO_ASSERT_OK(*outcome);
    EXPECT_EQ(peer_.calls("Async.VM.start"), 1);
    EXPECT_EQ(peer_.count("task"), 0);
    co_await scope.join();
  });
}

TEST_F(APool, a_task_that_a_restart_has_lost_is_told) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    peer_.order({"hold-tasks"});
    Scope scope(co_await asio::this_coro::executor);
    std::optional<Result<void>> outcome;
    scope.spawn([](Platform& on, std::string machine, auto& into) -> Async<void> {
      into = co_await on.start(machine);
    }(*w.platform, id, outcome));
    while (peer_.calls("Async.VM.start") == 0) co_await sleep_for(5ms);
    peer_.order({"restart"});
    peer_.order({"release-tasks"});
    while (!outcome) co_await sleep_for(5ms);
    expect(*outcome, Code::unavailable);
    co_await scope.join();
  });
}

TEST_F(APool, what_the_pool_refuses_is_told_in_its_words) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    peer_.order({"fail", "task:VM.start", "NO_HOSTS_AVAILABLE"});
    expect(co_await w.platform->start(id), Code::limit, "NO_HOSTS_AVAILABLE");
    peer_.order({"set", "VM", "web02", "blocked_operations", R"({"start":"for a reason"})"});
    expect(co_await w.platform->start(id), Code::precondition, "for a reason");
    peer_.order({"fail", "VM.get_by_uuid", "RBAC_PERMISSION_DENIED", "VM.get_by_uuid", "no"});
    expect(co_await w.platform->kill(id), Code::forbidden);
    EXPECT_EQ(peer_.count("task"), 0);
  });
}

TEST_F(APool, a_guest_without_tools_cannot_be_asked) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web01");
    peer_.order({"set", "VM", "web01", "allowed_operations", R"(["hard_shutdown"])"});
    expect(co_await w.platform->request_stop(id), Code::precondition, "tools");
    EXPECT_EQ(peer_.calls("Async.VM.clean_shutdown"), 0);
    peer_.order({"set", "VM", "web01", "allowed_operations", R"(["clean_shutdown"])"});
    CO_ASSERT_OK(co_await w.platform->request_stop(id));
    EXPECT_TRUE(co_await w.sees_state(id, Observed::off));
  });
}

TEST_F(APool, a_snapshot_with_memory_is_gone_back_to_running_and_leaves_no_disk) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web01"), other = id_of(w, "web02");
    int disks = peer_.count("VDI");
    auto* snapshots = w.platform->snapshots();
    auto taken =
        co_await snapshots->create(id, {.name = "live", .description = "d", .memory = true});
    CO_ASSERT_OK(taken);
    EXPECT_TRUE(co_await w.sees([&](const auto& all) {
      const auto& tree = all.machines().at(id).snapshots;
      return tree.size() == 1 && tree[0].description == "d" && tree[0].state == Observed::running;
    }));
    CO_ASSERT_OK(co_await w.platform->kill(id));
    CO_ASSERT_OK(co_await snapshots->restore(id, *taken));
    EXPECT_TRUE(co_await w.sees_state(id, Observed::running));
    expect(co_await snapshots->restore(other, *taken), Code::not_found);
    CO_ASSERT_OK(co_await snapshots->remove(id, *taken, Snapshots::Extent::alone));
    EXPECT_EQ(peer_.count("VDI"), disks) << "neither disks nor memory of it are left";
    auto quiet = co_await snapshots->create(id, {.name = "quiet", .quiesce = true});
    EXPECT_TRUE(!quiet && quiet.error().code == Code::unsupported);
  });
}

TEST_F(APool, a_machine_goes_with_its_snapshots_and_disks_and_no_others) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    CO_ASSERT_OK(co_await w.platform->snapshots()->create(id, {.name = "one"}));
    CO_ASSERT_OK(co_await w.platform->snapshots()->create(id, {.name = "two"}));
    EXPECT_EQ(peer_.count("VDI"), 4);
    CO_ASSERT_OK(co_await w.platform->making()->remove(id));
    EXPECT_EQ(peer_.count("VDI"), 1) << "web01's";
    EXPECT_TRUE(co_await w.sees([](const auto& all) { return all.machines().size() == 1; }));
  });
}

TEST_F(APool, sizes_are_what_a_machine_can_have) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    auto* making = w.platform->making();
    peer_.order({"set", "VM", "web02", "platform", R"({"cores-per-socket":"2"})"});
    expect(co_await making->resize(id, 3, {}), Code::invalid, "2 cores");
    CO_ASSERT_OK(co_await making->resize(id, 4, mib(32)));
    CO_ASSERT_OK(co_await making->resize(id, 2, {}));
    EXPECT_TRUE(co_await w.sees([&](const auto& all) {
      return all.machines().at(id).cpus == 2 && all.machines().at(id).memory == mib(32);
    }));
    expect(co_await making->resize(id_of(w, "web01"), 2, {}), Code::precondition, "not off");
  });
}

}  // namespace
}  // namespace truce::xapi
