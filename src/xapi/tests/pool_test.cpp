// Against the model of a pool: what every platform promises, and what another client sees and does.
#include <boost/json.hpp>

#include "../../platform/tests/conformance.h"
#include "peer.h"
#include "platform/feed.h"
#include "xapi/xapi.h"

namespace truce::xapi {
namespace {

using platform::Inventory;
using platform::Platform;
using platform::Update;

class PoolLab final : public platform::ConformanceLab {
 public:
  std::unique_ptr<Platform> open(asio::any_io_executor loop) override {
    return xapi::open(std::move(loop), peer_.account());
  }
  void restart_with_fewer() override {
    peer_.order({"remove", "web02"});
    peer_.order({"restart"});
  }

 private:
  Peer peer_;
};

}  // namespace
}  // namespace truce::xapi

namespace truce::platform {
INSTANTIATE_TEST_SUITE_P(Xapi, PlatformConformance,
                         testing::Values(MakeLab([] { return std::make_unique<xapi::PoolLab>(); })),
                         [](const auto&) { return "pool"; });
}  // namespace truce::platform

namespace truce::xapi {
namespace {

/// A feed of a pool, on a loop that runs until what a test waits for is so.
class FeedOfAPool : public testing::Test {
 protected:
  void SetUp() override {
    if (!Peer::has_other()) GTEST_SKIP() << "skipped, because there is no XenAPI.py here";
    platform_ = xapi::open(loop_.get_executor(), peer_.account());
    feed_.emplace(
        *platform_, [](const Update&) {},
        platform::Pace{.patience = 2s, .first_pause = 50ms, .longest_pause = 200ms});
    scope_.spawn(feed_->run());
    until([&] { return feed_->inventory().known(); });
  }
  void TearDown() override {
    scope_.cancel();
    asio::co_spawn(loop_, scope_.join(), [](const std::exception_ptr&) {});
    loop_.restart();
    loop_.run();
  }
  void until(std::function<bool()> so) {
    while (!so()) ASSERT_GT(loop_.run_one(), 0U);
  }
  [[nodiscard]] const Inventory& all() const { return feed_->inventory(); }
  [[nodiscard]] std::string id_of(const std::string& name) const {
    for (const auto& [id, machine] : all().machines())
      if (machine.name == name) return id;
    return {};
  }
  [[nodiscard]] const platform::Machine& machine(const std::string& id) const {
    return all().machines().at(id);
  }

  Peer peer_;
  asio::io_context loop_;
  std::unique_ptr<Platform> platform_;
  std::optional<platform::Feed> feed_;
  Scope scope_{loop_.get_executor()};
};

TEST_F(FeedOfAPool, another_client_sees_the_same_machines) {
  std::size_t count = 0;
  std::stringstream lines(peer_.other({"list"}));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    auto theirs = boost::json::parse(line).as_object();
    auto ours = all().machines().find(std::string(theirs["id"].as_string()));
    ASSERT_NE(ours, all().machines().end()) << line;
    EXPECT_EQ(ours->second.name, std::string(theirs["name"].as_string()));
    EXPECT_EQ(ours->second.state == model::Observed::running,
              theirs["state"].as_string() == "Running");
    EXPECT_EQ(ours->second.memory.count, static_cast<std::uint64_t>(theirs["memory"].as_int64()));
    EXPECT_EQ(ours->second.cpus, theirs["cpus"].as_int64());
    ++count;
  }
  EXPECT_EQ(count, 2U);
  EXPECT_EQ(all().machines().size(), count) << "no template, snapshot or domain of a host";
}

TEST_F(FeedOfAPool, what_another_client_does_is_seen) {
  auto id = id_of("web02");
  peer_.other({"start", "web02"});
  until([&] { return machine(id).state == model::Observed::running; });
  EXPECT_EQ(machine(id).tools, platform::Tools::running);
  EXPECT_EQ(machine(id).addresses, (std::vector<std::string>{"192.0.2.17", "2001:db8::17"}));
  EXPECT_GT(machine(id).use.memory.count, 0U);
  auto host = machine(id).host;
  peer_.other({"migrate", "web02", "xen2"});
  until([&] { return machine(id).host != host; });
  EXPECT_EQ(all().hosts().at(machine(id).host).name, "xen2");
  peer_.other({"pause", "web02"});
  until([&] { return machine(id).state == model::Observed::paused; });
  peer_.other({"snapshot", "web02", "by another"});
  until([&] { return machine(id).snapshots.size() == 1; });
  EXPECT_EQ(machine(id).snapshots[0].name, "by another");
  EXPECT_EQ(machine(id).snapshot, machine(id).snapshots[0].id);
  peer_.other({"rename", "web02", "renamed/by another"});
  until([&] { return machine(id).name == "renamed/by another"; });
  peer_.other({"stop", "web01"});
  peer_.order({"remove", "web01"});
  until([&] { return id_of("web01").empty(); });
  peer_.order({"machines", "3"});
  until([&] { return all().machines().size() == 4; });
}

TEST_F(FeedOfAPool, places_that_change_are_seen) {
  auto state = [&] {
    for (const auto& [id, host] : all().hosts())
      if (host.name == "xen2") return host.state;
    return platform::HostState::disconnected;
  };
  EXPECT_EQ(all().pools().size(), 2U) << "no store of CDs";
  EXPECT_EQ(state(), platform::HostState::connected);
  peer_.order({"set", "host", "xen2", "enabled", "false"});
  until([&] { return state() == platform::HostState::maintenance; });
  peer_.order({"set", "network", "Pool-wide network 0", "name_label", "\"office\""});
  until([&] { return all().networks().begin()->second.name == "office"; });
  peer_.order({"set", "VM", "web02", "is_a_template", "true"});
  until([&] { return id_of("web02").empty(); });
}

TEST_F(FeedOfAPool, sessions_that_end_are_begun_anew) {
  auto id = id_of("web01");
  peer_.order({"end-sessions"});
  peer_.other({"stop", "web01"});
  until([&] { return machine(id).state == model::Observed::off; });
  peer_.order({"restart"});
  peer_.other({"start", "web01"});
  until([&] { return machine(id).state == model::Observed::running; });
}

TEST_F(FeedOfAPool, events_that_are_lost_are_made_up_for) {
  auto id = id_of("web01");
  peer_.order({"lose-events"});
  peer_.other({"stop", "web01"});
  until([&] { return machine(id).state == model::Observed::off; });
  peer_.order({"forget", "web01"});
  peer_.order({"set", "VM", "web02", "name_description", "\"changed\""});
  until([&] { return !all().machines().contains(id); });
}

TEST_F(FeedOfAPool, a_password_that_changes_is_told_and_what_was_known_stays) {
  peer_.order({"password", "another"});
  peer_.order({"restart"});
  until([&] { return feed_->trouble() && feed_->trouble()->code == Code::unauthenticated; });
  EXPECT_EQ(all().machines().size(), 2U);
  EXPECT_FALSE(feed_->trouble()->message.contains("pass:")) << feed_->trouble()->message;
  peer_.order({"password", "pass"});
  until([&] { return !feed_->trouble(); });
}

}  // namespace
}  // namespace truce::xapi
