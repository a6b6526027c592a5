// Against a server that is not ours: what every platform promises, and what another client sees.
#include "vcsim.h"

#include <boost/json.hpp>

#include "../../platform/tests/conformance.h"
#include "platform/feed.h"
#include "vsphere/vsphere.h"

namespace truce::vsphere {
namespace {

using platform::Inventory;
using platform::Platform;
using platform::Update;

class VcsimLab final : public platform::ConformanceLab {
 public:
  explicit VcsimLab(Vcsim::Kind kind) : vcsim_(kind) {}
  std::string why_not() override { return vcsim_.why_not(); }
  std::unique_ptr<Platform> open(asio::any_io_executor loop) override {
    return vsphere::open(std::move(loop), vcsim_.account());
  }
  bool refuses_taken_names() override { return false; }  // vCenter does, vcsim takes any
  void restart_with_fewer() override {
    vcsim_.stop();
    vcsim_.start(1, "pass");
  }

 private:
  Vcsim vcsim_;
};

}  // namespace
}  // namespace truce::vsphere

namespace truce::platform {
INSTANTIATE_TEST_SUITE_P(
    Vcsim, PlatformConformance,
    testing::Values(
        MakeLab([] { return std::make_unique<vsphere::VcsimLab>(vsphere::Vcsim::Kind::center); }),
        MakeLab([] { return std::make_unique<vsphere::VcsimLab>(vsphere::Vcsim::Kind::host); })),
    [](const auto& info) { return info.index == 0 ? "center" : "host"; });
}  // namespace truce::platform

namespace truce::vsphere {
namespace {

/// A feed of a vcsim, on a loop that runs until what a test waits for is so.
class FeedOfVcsim : public testing::Test {
 protected:
  void SetUp() override {
    if (!vcsim_.why_not().empty()) GTEST_SKIP() << "skipped, because " << vcsim_.why_not();
    if (!Vcsim::has_other()) GTEST_SKIP() << "skipped, because there is no python3-pyvmomi here";
    platform_ = vsphere::open(loop_.get_executor(), vcsim_.account());
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
  [[nodiscard]] const platform::Machine& machine(const std::string& id) const {
    return all().machines().at(id);
  }

  Vcsim vcsim_{Vcsim::Kind::center};
  asio::io_context loop_;
  std::unique_ptr<Platform> platform_;
  std::optional<platform::Feed> feed_;
  Scope scope_{loop_.get_executor()};
};

TEST_F(FeedOfVcsim, another_client_sees_the_same_machines) {
  std::size_t count = 0;
  std::stringstream lines(vcsim_.other("list"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    auto theirs = boost::json::parse(line).as_object();
    auto ours = all().machines().find(std::string(theirs["id"].as_string()));
    ASSERT_NE(ours, all().machines().end()) << line;
    EXPECT_EQ(ours->second.name, std::string(theirs["name"].as_string()));
    EXPECT_EQ(ours->second.uuid, std::string(theirs["uuid"].as_string()));
    EXPECT_EQ(ours->second.state == model::Observed::running, theirs["on"].as_bool());
    EXPECT_EQ(ours->second.memory, mib(static_cast<std::uint64_t>(theirs["memory_mb"].as_int64())));
    ++count;
  }
  EXPECT_GT(count, 0U);
  EXPECT_EQ(all().machines().size(), count);
}

TEST_F(FeedOfVcsim, what_another_client_does_is_seen) {
  auto first = all().machines().begin();
  auto id = first->first, name = first->second.name, gone = std::next(first)->first;
  auto gone_name = std::next(first)->second.name;
  vcsim_.other("stop", name);
  until([&] { return machine(id).state == model::Observed::off; });
  vcsim_.other("start", name);
  until([&] { return machine(id).state == model::Observed::running; });
  vcsim_.other("snapshot", name);
  until([&] { return machine(id).snapshots.size() == 1; });
  EXPECT_EQ(machine(id).snapshots[0].name, "by another");
  vcsim_.other("rename", name);
  until([&] { return machine(id).name == "renamed/by another"; });
  vcsim_.other("stop", gone_name);
  vcsim_.other("remove", gone_name);
  until([&] { return !all().machines().contains(gone); });
}

TEST_F(FeedOfVcsim, a_session_that_another_client_ends_is_begun_anew) {
  auto id = all().machines().begin()->first;
  vcsim_.other("end-sessions");
  vcsim_.other("stop", machine(id).name);
  until([&] { return machine(id).state == model::Observed::off; });
}

TEST_F(FeedOfVcsim, a_server_that_comes_again_with_another_password_is_told) {
  vcsim_.stop();
  until([&] { return feed_->trouble().has_value(); });
  auto known = all().machines().size();
  vcsim_.start(1, "another");
  until([&] { return feed_->trouble() && feed_->trouble()->code == Code::unauthenticated; });
  EXPECT_EQ(all().machines().size(), known) << "what was known stays meanwhile";
  vcsim_.stop();
  vcsim_.start(1, "pass");
  until([&] { return !feed_->trouble(); });
  EXPECT_LT(all().machines().size(), known) << "and what is gone is gone";
}

}  // namespace
}  // namespace truce::vsphere
