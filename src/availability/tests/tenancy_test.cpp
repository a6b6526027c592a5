#include "availability/tenancy.h"

#include "cases.h"

namespace truce::availability {
namespace {

NodeTime at(double seconds) {
  return NodeTime(std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6)));
}

struct Fixture : testing::Test {
  Records records;
  Standing a = records.join("a"), b = records.join("b");

  // Sends what it wants to and gives it the answer.
  std::optional<Action> commit(Tenancy& tenancy, const std::optional<Action>& action,
                               const Standing& self) {
    EXPECT_TRUE(action && action->transaction);
    auto revision = records.commit(*action->transaction);
    return tenancy.answered(action->id, revision ? Outcome::committed : Outcome::conflict, revision,
                            self);
  }
  // A machine that this node was given, and runs.
  Tenancy running() {
    records.add("vm");
    records.commit(assign(records.view, "vm", "a"));
    Tenancy tenancy("vm", {}, {});
    auto start = commit(tenancy, tenancy.saw(records.view, a, at(0)), a);
    EXPECT_TRUE(start && start->act == Act::start && start->epoch == 1 && start->life == 1);
    return tenancy;
  }
  Act next(Tenancy& tenancy, const Standing& self, double when = 100) {
    auto action = tenancy.saw(records.view, self, at(when));
    EXPECT_TRUE(action);
    return action ? action->act : Act::kill;
  }
};
using ATenancy = Fixture;

TEST_F(ATenancy, starts_only_what_it_accepted) {
  auto tenancy = running();
  EXPECT_EQ(records.vm("vm").state, VmState::running);
  EXPECT_FALSE(tenancy.saw(records.view, a, at(1)));
}

TEST_F(ATenancy, never_starts_by_the_record_alone) {
  records.add_running("vm", a);  // accepted by a daemon that is no more
  Tenancy tenancy("vm", {}, {});
  EXPECT_EQ(next(tenancy, a), Act::release);
}

TEST_F(ATenancy, an_answer_that_comes_after_something_else_was_sent_starts_nothing) {
  records.add("vm");
  records.commit(assign(records.view, "vm", "a"));
  Tenancy tenancy("vm", {}, {});
  auto accepting = tenancy.saw(records.view, a, at(0));
  auto revision = records.commit(*accepting->transaction);  // its answer is late
  EXPECT_FALSE(tenancy.saw(records.view, a, at(1.9)));      // it waits
  EXPECT_EQ(next(tenancy, a, 2), Act::release);
  EXPECT_FALSE(tenancy.answered(accepting->id, Outcome::committed, revision, a));
}

TEST_F(ATenancy, an_answer_to_an_earlier_try_starts_nothing) {
  records.add("vm");
  records.commit(assign(records.view, "vm", "a"));
  Tenancy tenancy("vm", {}, {});
  auto first = tenancy.saw(records.view, a, at(0));
  auto second = tenancy.saw(records.view, a, at(2));
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(tenancy.answered(first->id, Outcome::committed, 99, a));
  EXPECT_TRUE(tenancy.answered(second->id, Outcome::committed, 99, a));
}

TEST_F(ATenancy, an_answer_from_an_earlier_life_starts_nothing) {
  records.add("vm");
  records.commit(assign(records.view, "vm", "a"));
  Tenancy tenancy("vm", {}, {});
  auto accepting = tenancy.saw(records.view, a, at(0));
  auto revision = records.commit(*accepting->transaction);
  EXPECT_FALSE(tenancy.answered(accepting->id, Outcome::committed, revision, records.join("a")));
}

TEST_F(ATenancy, a_conflict_or_no_answer_starts_nothing) {
  for (auto outcome : {Outcome::conflict, Outcome::unknown}) {
    records.add("vm");
    records.commit(assign(records.view, "vm", "a"));
    Tenancy tenancy("vm", {}, {});
    auto accepting = tenancy.saw(records.view, a, at(0));
    EXPECT_FALSE(tenancy.answered(accepting->id, outcome, 0, a));
    EXPECT_EQ(tenancy.local().process, Process::none);
  }
}

TEST_F(ATenancy, kills_what_is_not_its_own) {
  auto tenancy = running();
  records.commit(fence(records.view, "a"));
  records.commit(assign(records.view, "vm", "b"));
  EXPECT_EQ(next(tenancy, a), Act::kill);
}

TEST_F(ATenancy, ignores_a_view_from_before_what_it_did) {
  records.add("vm");
  auto old = records.view;
  records.commit(assign(records.view, "vm", "a"));
  Tenancy tenancy("vm", {}, {});
  commit(tenancy, tenancy.saw(records.view, a, at(0)), a);
  EXPECT_FALSE(tenancy.saw(old, a, at(1)));
}

TEST_F(ATenancy, stops_and_releases_what_is_not_wanted) {
  auto tenancy = running();
  records.view.vms.at("vm").value.wanted = false;
  records.view.vms.at("vm").modified = ++records.view.revision;
  EXPECT_EQ(next(tenancy, a), Act::kill);
  tenancy.became(Process::none);
  auto releasing = tenancy.saw(records.view, a, at(1));
  EXPECT_EQ(releasing->act, Act::release);
  commit(tenancy, releasing, a);
  EXPECT_EQ(records.vm("vm").state, VmState::stopped);
  EXPECT_FALSE(tenancy.saw(records.view, a, at(2)));
}

struct AMove : Fixture {
  Tenancy source = running(), destination{"vm", {}, {}};
  Revision move = records.commit(begin_move(records.view, "vm", "b"));

  void copy() {
    EXPECT_EQ(next(destination, b), Act::prepare);
    EXPECT_EQ(next(source, a), Act::move);
    source.became(Process::paused);
    destination.copied(Copy::whole, move);
    source.copied(Copy::whole, move);
  }
};

TEST_F(AMove, runs_at_the_destination_only_after_the_hand_over) {
  copy();
  EXPECT_FALSE(destination.saw(records.view, b, at(1)));
  auto after = commit(source, source.saw(records.view, a, at(1)), a);
  EXPECT_EQ(after->act, Act::kill);
  auto resume = destination.saw(records.view, b, at(2));
  EXPECT_EQ(resume->act, Act::resume);
  EXPECT_EQ(resume->epoch, 2U);
}

TEST_F(AMove, whose_hand_over_got_no_answer_is_not_resumed_at_the_source) {
  copy();
  auto handing = source.saw(records.view, a, at(1));
  auto before = records.view;
  records.commit(*handing->transaction);
  source.answered(handing->id, Outcome::unknown, 0, a);
  auto again = source.saw(before, a, at(2));  // an old view: it tries again, in vain
  EXPECT_EQ(again->act, Act::hand_over);
  EXPECT_FALSE(commit(source, again, a));
  EXPECT_EQ(source.local().process, Process::paused);
  EXPECT_EQ(next(source, a), Act::kill);
}

TEST_F(AMove, is_not_undone_by_a_view_from_before_it) {
  Records early;
  early.view = records.view;
  early.view.revision = move - 1;
  early.view.vms.at("vm").value.state = VmState::running;
  early.view.vms.at("vm").value.destination.reset();
  copy();
  EXPECT_FALSE(source.saw(early.view, a, at(1)));  // it says: yours, running
}

TEST_F(AMove, that_failed_resumes_only_after_giving_up_is_committed) {
  EXPECT_EQ(next(source, a), Act::move);
  source.became(Process::paused);
  source.copied(Copy::failed, move);
  auto giving_up = source.saw(records.view, a, at(1));
  EXPECT_EQ(giving_up->act, Act::give_up);
  EXPECT_EQ(source.local().process, Process::paused);
  auto resume = commit(source, giving_up, a);
  EXPECT_EQ(resume->act, Act::resume);
  EXPECT_EQ(resume->epoch, 1U);
}

TEST_F(AMove, is_given_up_when_the_destination_died) {
  copy();
  records.commit(fence(records.view, "b"));
  EXPECT_EQ(next(source, a), Act::give_up);
}

TEST_F(AMove, that_a_daemon_left_half_done_is_given_up) {
  Tenancy found("vm", {.process = Process::paused, .epoch = 1}, {});
  EXPECT_EQ(next(found, a), Act::give_up);
}

TEST_F(AMove, does_not_use_the_copy_of_an_earlier_one) {
  EXPECT_EQ(next(destination, b), Act::prepare);
  records.commit(give_up_move(records.view, "vm", a));
  auto second = records.commit(begin_move(records.view, "vm", "b"));
  destination.copied(Copy::whole, second);
  EXPECT_EQ(destination.local().copy, Copy::going);
  EXPECT_EQ(next(destination, b), Act::kill);
}

TEST_F(ATenancy, adopts_what_it_kept_and_releases_what_ended) {
  records.add_running("vm", a, {Isolation::keep, Restart::never});
  auto later = records.join("a");
  Tenancy kept("vm", {.process = Process::running, .epoch = 1}, {});
  EXPECT_EQ(next(kept, later), Act::adopt);
  Tenancy ended("vm", {}, {});
  EXPECT_EQ(next(ended, later), Act::release);
}

}  // namespace
}  // namespace truce::availability
