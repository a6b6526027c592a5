#include "availability/membership.h"

#include <random>

#include "availability/reaper.h"
#include "cases.h"

namespace truce::availability {
namespace {

using Phase = Membership::Phase;

NodeTime at(double seconds) {
  return NodeTime(std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6)));
}

// A node whose claim was sent at 0 and is known to be committed at 0.1 s.
Membership member(Revision claimed = 5) {
  Membership node("a", {});
  node.cleared(at(-1));
  auto read = node.tick(at(0));
  EXPECT_TRUE(read && !read->transaction);
  node.read(read->id, std::nullopt);
  auto claim = node.tick(at(0));
  EXPECT_TRUE(claim && claim->transaction);
  node.answered(claim->id, Outcome::committed, claimed, at(0.1));
  EXPECT_EQ(node.phase(), Phase::member);
  return node;
}

TEST(Membership, nothing_runs_before_a_claim_is_known_to_be_committed) {
  Membership node("a", {});
  EXPECT_EQ(node.phase(), Phase::clearing);
  EXPECT_FALSE(node.tick(at(0)));  // not before what ran is dead
  node.cleared(at(-1));
  auto read = node.tick(at(0));
  ASSERT_TRUE(read);
  EXPECT_FALSE(node.tick(at(0.5)));  // one request at a time
  node.read(read->id, std::nullopt);
  auto claim = node.tick(at(0.6));
  ASSERT_TRUE(claim);
  EXPECT_FALSE(node.may_run(at(0.6)));
  node.answered(claim->id, Outcome::unknown, 0, at(1));
  EXPECT_FALSE(node.may_run(at(1)));
}

// Found by the simulation: a host that is up again before its last writes have reached the disk.
TEST(Membership, no_life_begins_before_what_was_written_last_has_reached_the_disk) {
  Membership node("a", {});
  node.cleared(at(5));
  EXPECT_FALSE(node.tick(at(5.9)));
  EXPECT_TRUE(node.tick(at(6)));
}

TEST(Membership, the_deadline_counts_from_when_the_request_left) {
  auto node = member();
  EXPECT_EQ(node.standing()->deadline, at(8));
  EXPECT_FALSE(node.tick(at(1.9)));
  auto beat = node.tick(at(2));
  ASSERT_TRUE(beat);
  node.answered(beat->id, Outcome::committed, 6, at(4.5));
  EXPECT_EQ(node.standing()->deadline, at(10));
  EXPECT_TRUE(node.may_run(at(9.999)));
  EXPECT_FALSE(node.may_run(at(10)));
}

TEST(Membership, a_heartbeat_without_an_answer_earns_nothing) {
  auto node = member();
  auto first = node.tick(at(2));
  node.answered(first->id, Outcome::unknown, 0, at(3));
  EXPECT_EQ(node.standing()->deadline, at(8));
  auto second = node.tick(at(4));
  auto third = node.tick(at(6));
  node.answered(third->id, Outcome::committed, 8, at(6.1));
  EXPECT_EQ(node.standing()->deadline, at(14));
  node.answered(second->id, Outcome::committed, 7, at(6.2));  // late: moves nothing back
  EXPECT_EQ(node.standing()->deadline, at(14));
}

TEST(Membership, a_life_that_missed_its_deadline_is_over_whatever_comes_later) {
  auto node = member();
  auto beat = node.tick(at(2));
  node.answered(beat->id, Outcome::committed, 6, at(8));
  EXPECT_EQ(node.phase(), Phase::clearing);
  EXPECT_FALSE(node.standing());
}

TEST(Membership, the_deadline_ends_a_life_without_any_answer) {
  auto node = member();
  EXPECT_FALSE(node.tick(at(8)));
  EXPECT_EQ(node.phase(), Phase::clearing);
}

TEST(Membership, who_is_fenced_stops_at_once_and_begins_a_later_life) {
  auto node = member();
  auto beat = node.tick(at(2));
  node.answered(beat->id, Outcome::conflict, 0, at(2.1));
  EXPECT_EQ(node.phase(), Phase::clearing);
  node.cleared(at(2));
  auto read = node.tick(at(3));
  node.read(read->id, Stored<NodeRecord>{{1, NodeState::fenced}, 9});
  auto claim = node.tick(at(3));
  ASSERT_TRUE(claim->transaction);
  EXPECT_EQ(claim->transaction->conditions.front(), (Condition{"node/a", 9}));
  node.answered(claim->id, Outcome::committed, 10, at(3.1));
  EXPECT_EQ(node.standing()->incarnation, 2U);
  EXPECT_EQ(node.standing()->claimed, 10);
}

TEST(Membership, a_claim_that_was_given_up_is_not_taken_for_its_own) {
  Membership node("a", {});
  node.cleared(at(-1));
  node.read(node.tick(at(0))->id, std::nullopt);
  auto claim = node.tick(at(0));
  auto again = node.tick(at(2));  // it reads anew
  ASSERT_TRUE(again && !again->transaction);
  node.answered(claim->id, Outcome::committed, 5, at(2.1));
  EXPECT_EQ(node.phase(), Phase::joining);
  node.read(again->id, Stored<NodeRecord>{{1, NodeState::alive}, 5});
  node.answered(node.tick(at(2.2))->id, Outcome::committed, 7, at(2.3));
  EXPECT_EQ(node.standing()->incarnation, 2U);
}

TEST(Membership, a_claim_that_was_answered_too_late_is_not_used) {
  Membership node("a", Timing{.heartbeat = 20s});
  node.cleared(at(-1));
  node.read(node.tick(at(0))->id, std::nullopt);
  auto claim = node.tick(at(0));
  node.answered(claim->id, Outcome::committed, 5, at(8));
  EXPECT_EQ(node.phase(), Phase::joining);
}

TEST(Membership, a_new_daemon_goes_on_with_the_life_that_its_reaper_holds) {
  Standing held{"a", 3, 12, at(20)};
  Membership node(held, {}, at(15));
  EXPECT_TRUE(node.may_run(at(15)));
  auto beat = node.tick(at(15));
  ASSERT_TRUE(beat && beat->transaction);
  EXPECT_EQ(beat->transaction->conditions.front(), (Condition{"node/a", 12}));
  EXPECT_EQ(Membership(held, {}, at(20)).phase(), Phase::clearing);
}

// Whatever is answered, lost, late or out of order: a node runs machines only within `self` of the
// sending of something whose commit it knows of, and no life comes back.
TEST(MembershipProperty, runs_machines_only_by_a_commit_that_it_knows_of) {
  std::mt19937_64 random(11);
  auto some = [&](std::uint64_t most) { return random() % (most + 1); };
  auto lives = 0;
  for (auto round = 0; round < 200; ++round) {
    struct Sent {
      std::uint64_t id;
      NodeTime when;
      bool read;
    };
    Membership node("a", {});
    std::vector<Sent> waiting;
    NodeTime now, credited = at(-100);
    Incarnation over = 0, present = 0;
    for (auto step = 0; step < 300; ++step) {
      now += std::chrono::milliseconds(some(some(20) == 0 ? 9000 : 700));
      if (auto request = node.tick(now))
        waiting.push_back({request->id, now, !request->transaction});
      if (node.phase() == Membership::Phase::clearing) node.cleared(now);
      if (!waiting.empty() && some(2) > 0) {
        auto at = waiting.begin() + static_cast<std::ptrdiff_t>(some(waiting.size() - 1));
        auto sent = *at;
        waiting.erase(at);
        auto outcome = static_cast<Outcome>(some(20) == 0 ? 1 : some(1) * 2);
        if (sent.read) {
          node.read(sent.id, Stored<NodeRecord>{{present, NodeState::alive}, step + 1});
        } else {
          node.answered(sent.id, outcome, step + 1, now);
          if (outcome == Outcome::committed) credited = std::max(credited, sent.when);
        }
      }
      if (present > 0 && (!node.standing() || node.standing()->incarnation != present))
        over = present;
      if (!node.may_run(now)) continue;
      EXPECT_LT(now, credited + 8s);
      EXPECT_GT(node.standing()->incarnation, over);
      lives += node.standing()->incarnation == present ? 0 : 1;
      present = node.standing()->incarnation;
    }
  }
  EXPECT_GT(lives, 500);
}

TEST(Reaper, lets_through_only_the_life_that_it_was_opened_for) {
  Reaper reaper;
  EXPECT_FALSE(reaper.admits(1));
  EXPECT_FALSE(reaper.must_kill(at(0)));
  ASSERT_TRUE(reaper.open({"a", 1, 5, at(8)}));
  EXPECT_TRUE(reaper.admits(1));
  EXPECT_FALSE(reaper.admits(2));
  EXPECT_FALSE(reaper.open({"a", 2, 6, at(9)}));
}

TEST(Reaper, kills_at_the_deadline_and_never_lets_that_life_through_again) {
  Reaper reaper;
  ASSERT_TRUE(reaper.open({"a", 1, 5, at(8)}));
  reaper.extend({"a", 1, 5, at(10)});
  reaper.extend({"a", 1, 5, at(9)});  // never backwards
  EXPECT_FALSE(reaper.must_kill(at(9.9)));
  EXPECT_TRUE(reaper.must_kill(at(10)));
  reaper.extend({"a", 1, 5, at(20)});  // a daemon that was stopped too long
  EXPECT_TRUE(reaper.must_kill(at(11)));
  EXPECT_FALSE(reaper.admits(1));
  EXPECT_FALSE(reaper.standing());
  EXPECT_FALSE(reaper.open({"a", 2, 6, at(20)}));  // not before all is dead
  reaper.cleared();
  EXPECT_FALSE(reaper.must_kill(at(12)));
  EXPECT_FALSE(reaper.open({"a", 1, 5, at(20)}));
  EXPECT_TRUE(reaper.open({"a", 2, 6, at(20)}));
}

TEST(Reaper, kills_at_once_when_the_daemon_knows_of_its_fence) {
  Reaper reaper;
  ASSERT_TRUE(reaper.open({"a", 1, 5, at(8)}));
  reaper.shut();
  EXPECT_TRUE(reaper.must_kill(at(1)));
}

}  // namespace
}  // namespace truce::availability
