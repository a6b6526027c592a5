#include "availability/observer.h"

#include "availability/epoch_guard.h"
#include "cases.h"

namespace truce::availability {
namespace {

LeaderTime at(double seconds) {
  return LeaderTime(std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6)));
}
NodeTime sent(int seconds) {
  return NodeTime(std::chrono::seconds(seconds));
}

// Reads every second from `from` until `to`, and gives the last answer.
std::vector<Transaction> watch(Observer& observer, const View& view, int from, int to) {
  std::vector<Transaction> fences;
  for (auto second = from; second <= to; ++second) fences = observer.saw(view, at(second));
  return fences;
}

TEST(Observer, fences_a_node_whose_heartbeat_stood_still) {
  Records records;
  records.join("a");
  Observer observer{Timing{}};
  EXPECT_TRUE(watch(observer, records.view, 100, 109).empty());
  EXPECT_EQ(observer.silence("a"), 9s);
  auto fences = observer.saw(records.view, at(110));
  ASSERT_EQ(fences.size(), 1U);
  EXPECT_EQ(fences[0].conditions,
            (std::vector<Condition>{{"node/a", records.view.nodes.at("a").modified},
                                    {"beat/a", records.view.beats.at("a").modified}}));
  records.commit(fences[0]);
  EXPECT_TRUE(observer.saw(records.view, at(111)).empty());
}

TEST(Observer, a_heartbeat_begins_the_count_anew) {
  Records records;
  auto a = records.join("a");
  Observer observer{Timing{}};
  watch(observer, records.view, 0, 9);
  records.commit(heartbeat(a, sent(9)));
  EXPECT_TRUE(watch(observer, records.view, 10, 19).empty());
  EXPECT_EQ(watch(observer, records.view, 20, 20).size(), 1U);
}

TEST(Observer, a_new_leader_counts_afresh) {
  Records records;
  records.join("a");
  Observer old{Timing{}};
  watch(old, records.view, 0, 9);
  Observer next{Timing{}};
  EXPECT_TRUE(watch(next, records.view, 5000, 5009).empty());
  EXPECT_EQ(next.saw(records.view, at(5010)).size(), 1U);
}

TEST(Observer, a_leader_that_could_not_read_counts_afresh) {
  Records records;
  records.join("a");
  Observer observer{Timing{}};
  watch(observer, records.view, 0, 9);
  EXPECT_TRUE(observer.saw(records.view, at(13.1)).empty());
  EXPECT_EQ(observer.silence("a"), 0s);
  Observer with_a_short_gap{Timing{}};
  watch(with_a_short_gap, records.view, 0, 9);
  EXPECT_EQ(with_a_short_gap.saw(records.view, at(13)).size(), 1U);
}

TEST(Observer, an_answer_that_was_overtaken_tells_nothing) {
  Records records;
  auto a = records.join("a");
  Observer observer{Timing{}};
  auto old = records.view;
  watch(observer, old, 0, 8);
  records.commit(heartbeat(a, sent(8)));
  observer.saw(records.view, at(9));
  EXPECT_TRUE(observer.saw(old, at(11)).empty());
  EXPECT_TRUE(watch(observer, records.view, 12, 18).empty());
  EXPECT_EQ(observer.saw(records.view, at(19)).size(), 1U);
}

TEST(Observer, forgets_nodes_that_are_gone) {
  Records records;
  records.join("a");
  Observer observer{Timing{}};
  observer.saw(records.view, at(0));
  records.view.beats.clear();
  observer.saw(records.view, at(1));
  EXPECT_FALSE(observer.silence("a"));
}

TEST(EpochGuard, refuses_what_is_older_than_what_was_presented) {
  EpochGuard guard;
  EXPECT_FALSE(guard.admits("vm", 1));
  EXPECT_TRUE(guard.present("vm", 1));
  EXPECT_TRUE(guard.present("vm", 1));  // the same copy, after a pause
  EXPECT_TRUE(guard.admits("vm", 1));
  EXPECT_TRUE(guard.present("vm", 3));
  EXPECT_FALSE(guard.admits("vm", 1));
  EXPECT_EQ(guard.present("vm", 2).error().code, Code::conflict);
  EXPECT_TRUE(guard.admits("vm", 3));
  EXPECT_FALSE(guard.admits("vm", 4));  // not presented
  EXPECT_FALSE(guard.admits("other", 3));
}

}  // namespace
}  // namespace truce::availability
