// What hosts ask of the store about their lives, and what they are told.
#include "estate.h"

namespace truce::manager {
namespace {

using model::LifeAct;
using model::LifeOutcome;

/// Asks as the node that is played, and answers what the manager says.
Async<model::HeartbeatAnswer> ask(PlayedNode& node, model::Heartbeat beat) {
  static std::int64_t last = 0;
  beat.id = ++last;
  model::FromNode message;
  message.beat = beat;
  co_await node.send(message);
  for (int i = 0; i < 50; ++i) {
    auto told = co_await node.next();
    if (told.beat && told.beat->id == beat.id) co_return *told.beat;
  }
  ADD_FAILURE() << "no answer came";
  co_return model::HeartbeatAnswer{};
}

model::Heartbeat beat_of(LifeAct act, std::int64_t incarnation, std::int64_t claimed) {
  model::Heartbeat beat{};
  beat.act = act;
  beat.incarnation = incarnation;
  beat.claimed = claimed;
  beat.sent = 1;
  return beat;
}

/// A cluster whose machines are started elsewhere when their host dies.
Async<void> switch_on(Estate& estate) {
  model::Cluster cluster{.name = "estate", .store = model::StoreKind::sqlite};
  cluster.availability = true;
  std::vector<store::Write> founded{{"clusters/estate", model::to_text(cluster)}};
  EXPECT_TRUE(co_await estate.store.commit({}, std::move(founded)));
}

TEST(Lives, a_host_reads_its_life_claims_the_next_one_and_renews_it) {
  with_estate([](Estate& estate) -> Async<void> {
    auto& node = estate.node;
    auto none = co_await ask(node, beat_of(LifeAct::read, 0, 0));
    EXPECT_EQ(none.outcome, LifeOutcome::done);
    EXPECT_FALSE(none.life);
    auto first = co_await ask(node, beat_of(LifeAct::claim, 0, 0));
    EXPECT_EQ(first.outcome, LifeOutcome::done);
    EXPECT_EQ((co_await ask(node, beat_of(LifeAct::claim, 0, 0))).outcome, LifeOutcome::conflict);
    EXPECT_EQ((co_await ask(node, beat_of(LifeAct::beat, 1, first.revision))).outcome,
              LifeOutcome::done);
    auto read = co_await ask(node, beat_of(LifeAct::read, 0, 0));
    EXPECT_TRUE(read.life);
    if (!read.life) co_return;
    EXPECT_EQ(read.life->incarnation, 1);
    EXPECT_EQ(read.life->revision, first.revision);
    auto second = co_await ask(node, beat_of(LifeAct::claim, 1, first.revision));
    EXPECT_EQ(second.outcome, LifeOutcome::done);
    EXPECT_EQ((co_await ask(node, beat_of(LifeAct::beat, 1, first.revision))).outcome,
              LifeOutcome::conflict);
  });
}

TEST(Lives, a_host_gets_nothing_of_a_machine_that_is_not_its_own) {
  with_estate([](Estate& estate) -> Async<void> {
    PlayedNode other(estate.loop);
    co_await other.connect((estate.folder / "node.sock").string(), "h2");
    co_await switch_on(estate);
    auto first = co_await ask(estate.node, beat_of(LifeAct::claim, 0, 0));
    auto second = co_await ask(other, beat_of(LifeAct::claim, 0, 0));
    auto vm = co_await estate.make_machine("web");
    EXPECT_EQ(vm.host, "h1");
    EXPECT_EQ((co_await estate.call("POST", "/v1/vms/web/start")).status, 202);
    std::optional<model::VmTenancy> tenancy;
    co_await estate.node.assignment([&](const model::Assignment& told) {
      if (told.tenancies && !told.tenancies->vms.empty()) tenancy = told.tenancies->vms.front();
      return tenancy.has_value();
    });
    EXPECT_TRUE(tenancy);
    if (!tenancy) co_return;
    EXPECT_EQ(tenancy->state, model::TenancyState::starting);
    EXPECT_EQ(tenancy->owner, "h1");
    auto accept = beat_of(LifeAct::accept, 1, second.revision);
    accept.vm = vm.uuid;
    accept.record = tenancy->revision;
    EXPECT_EQ((co_await ask(other, accept)).outcome, LifeOutcome::conflict);
    accept.act = LifeAct::release;
    EXPECT_EQ((co_await ask(other, accept)).outcome, LifeOutcome::conflict);
    accept.act = LifeAct::accept;
    accept.claimed = first.revision;
    EXPECT_EQ((co_await ask(estate.node, accept)).outcome, LifeOutcome::done);
    EXPECT_EQ((co_await ask(estate.node, accept)).outcome, LifeOutcome::conflict);
    other.close();
  });
}

TEST(Lives, where_availability_is_off_a_host_is_told_nothing_of_lives) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web");
    EXPECT_EQ((co_await estate.call("POST", "/v1/vms/web/start")).status, 202);
    auto told = co_await estate.node.assignment([](const auto& a) { return !a.vms.empty(); });
    EXPECT_FALSE(told.tenancies);
  });
}

}  // namespace
}  // namespace truce::manager
