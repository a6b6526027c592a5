#include "store/past.h"

#include <gtest/gtest.h>

#include "in_loop.h"

namespace truce::store {

namespace {

class PastWithGaps : public testing::Test {
 protected:
  void add(Revision revision, const std::string& key) {
    past_->add({.revision = revision, .changes = {{.key = key, .entry = {}}}});
  }
  /// The revision of the next batch; 0 when there is none now, -1 when its place is forgotten.
  Revision next(Watch& watch) {
    auto batch = in_loop(loop_, within(1ms, watch.next(), "watch"));
    if (batch) return batch->revision;
    return batch.error().code == Code::limit ? -1 : 0;
  }

  asio::io_context loop_;
  std::shared_ptr<Past> past_ = std::make_shared<Past>(loop_.get_executor(), 10);
};

}  // namespace

TEST_F(PastWithGaps, a_watch_begins_within_a_gap_and_passes_over_others) {
  auto early = past_->watch("/a", 11);
  add(13, "/a");
  add(17, "/b");
  add(20, "/a");
  auto between = past_->watch("/a", 15);
  auto future = past_->watch("/a", 23);
  EXPECT_EQ(next(*early), 13);
  EXPECT_EQ(next(*early), 20);
  EXPECT_EQ(next(*early), 0);
  EXPECT_EQ(next(*between), 20);
  add(22, "/a");
  add(29, "/a");
  EXPECT_EQ(next(*future), 29);
  EXPECT_EQ(next(*between), 22);
  EXPECT_EQ(past_->newest(), 29);
}

TEST_F(PastWithGaps, what_came_before_it_was_made_is_forgotten) {
  auto old = past_->watch("", 10);
  EXPECT_EQ(next(*old), -1);
}

TEST_F(PastWithGaps, what_is_lost_is_told_to_those_who_wait_for_it_and_to_nobody_else) {
  add(12, "/a");
  auto behind = past_->watch("", 12);
  auto caught_up = past_->watch("", 13);
  auto ahead = past_->watch("", 31);
  past_->lose(30);
  EXPECT_EQ(next(*behind), -1);
  EXPECT_EQ(next(*caught_up), -1);
  EXPECT_EQ(next(*ahead), 0);
  add(33, "/a");
  EXPECT_EQ(next(*ahead), 33);
  EXPECT_EQ(next(*behind), -1);
}

TEST_F(PastWithGaps, progress_without_a_commit_keeps_a_quiet_watch_from_being_lost) {
  auto quiet = past_->watch("/quiet", 11);
  past_->skip_to(40);
  past_->skip_to(35);
  EXPECT_EQ(past_->newest(), 40);
  past_->lose(40);
  EXPECT_EQ(next(*quiet), 0);
  add(41, "/quiet");
  EXPECT_EQ(next(*quiet), 41);
}

}  // namespace truce::store
