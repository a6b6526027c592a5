#include "platform/feed.h"

#include <gtest/gtest.h>

#include "platform/fake.h"

namespace truce::platform {
namespace {

/// A feed of a fake estate, on a loop that runs until what a test waits for is so.
class FeedTest : public testing::Test {
 protected:
  ~FeedTest() override {
    scope_.cancel();
    asio::co_spawn(loop_, scope_.join(), [](const std::exception_ptr&) {});
    loop_.run();
  }
  void follow() { scope_.spawn(feed_.run()); }
  void until(std::function<bool()> so) {
    while (!so()) ASSERT_GT(loop_.run_one(), 0U);
  }

  asio::io_context loop_;
  std::shared_ptr<FakeEstate> estate_ = std::make_shared<FakeEstate>();
  FakePlatform platform_{loop_.get_executor(), estate_};
  std::vector<Update> heard_;
  Feed feed_{platform_, [this](const Update& changed) { heard_.push_back(changed); },
             Pace{.patience = 10s, .first_pause = 1ms, .longest_pause = 5ms}};
  Scope scope_{loop_.get_executor()};
};

TEST_F(FeedTest, tells_all_and_then_what_changes) {
  follow();
  until([&] { return heard_.size() == 1; });
  EXPECT_EQ(feed_.inventory().machines().size(), 1U);
  auto id = estate_->add_machine("web02");
  until([&] { return heard_.size() == 2; });
  ASSERT_EQ(heard_[1].machines.seen.size(), 1U);
  EXPECT_EQ(heard_[1].machines.seen[0].id, id);
}

TEST_F(FeedTest, what_went_while_the_connection_was_cut_is_told_and_what_stayed_is_not) {
  estate_->add_machine("web02");
  follow();
  until([&] { return heard_.size() == 1; });
  estate_->fail("next", {Code::unavailable, "nobody answers", {}}, 3);
  estate_->cut();
  Update update;
  update.machines.gone = {estate_->inventory().machines().begin()->first};
  estate_->change(update);
  until([&] { return feed_.trouble().has_value(); });
  EXPECT_EQ(feed_.inventory().machines().size(), 2U) << "what was known stays meanwhile";
  until([&] { return heard_.size() == 2; });
  EXPECT_FALSE(feed_.trouble());
  EXPECT_EQ(heard_[1].machines.gone, update.machines.gone);
  EXPECT_TRUE(heard_[1].machines.seen.empty());
  EXPECT_TRUE(heard_[1].hosts.empty());
}

TEST_F(FeedTest, goes_on_from_what_an_earlier_one_has_heard) {
  Inventory known;
  Update before;
  before.extent = Update::Extent::whole;
  before.at = Time(5s);
  const auto& all = estate_->inventory();
  for (const auto& [id, one] : all.machines()) before.machines.seen.push_back(one);
  auto gone = before.machines.seen[0];
  gone.id = "vm-gone";
  before.machines.seen.push_back(gone);
  known.apply(before);
  Feed feed(
      platform_, [this](const Update& changed) { heard_.push_back(changed); },
      Pace{.patience = 10s}, known);
  EXPECT_EQ(feed.inventory().told(), Time(5s));
  EXPECT_EQ(feed.inventory().machines().size(), 2U) << "before anything is heard";
  scope_.spawn(feed.run());
  until([&] { return heard_.size() == 1; });
  EXPECT_EQ(heard_[0].machines.gone, std::vector<std::string>{"vm-gone"});
  EXPECT_TRUE(heard_[0].machines.seen.empty());
  scope_.cancel();
  asio::co_spawn(loop_, scope_.join(), [](const std::exception_ptr&) {});
  loop_.restart();
  loop_.run();
  loop_.restart();
}

TEST_F(FeedTest, goes_on_when_the_account_is_right_again) {
  estate_->fail("connect", {Code::unauthenticated, "wrong password", {}}, 2);
  follow();
  until([&] { return feed_.trouble().has_value(); });
  EXPECT_EQ(feed_.trouble()->code, Code::unauthenticated);
  EXPECT_FALSE(feed_.inventory().known());
  until([&] { return heard_.size() == 1; });
  EXPECT_FALSE(feed_.trouble());
}

}  // namespace
}  // namespace truce::platform
