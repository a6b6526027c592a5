#include "availability/transactions.h"

#include "cases.h"

namespace truce::availability {
namespace {

using std::chrono::seconds;

TEST(Transactions, a_claim_begins_a_later_life_and_ends_the_one_before) {
  Records records;
  auto first = records.join("a");
  EXPECT_EQ(first.incarnation, 1U);
  auto second = records.join("a");
  EXPECT_EQ(second.incarnation, 2U);
  EXPECT_TRUE(is_over(records.view, first.owner()));
  EXPECT_FALSE(is_over(records.view, second.owner()));
  EXPECT_EQ(records.commit(heartbeat(first, NodeTime(seconds(1)))), 0);
  EXPECT_NE(records.commit(heartbeat(second, NodeTime(seconds(1)))), 0);
}

TEST(Transactions, a_fence_fails_when_a_heartbeat_came_between) {
  Records records;
  auto self = records.join("a");
  auto due = fence(records.view, "a");
  ASSERT_TRUE(due);
  records.commit(heartbeat(self, NodeTime(seconds(2))));
  EXPECT_EQ(records.commit(*due), 0);
  EXPECT_NE(records.commit(fence(records.view, "a")), 0);
  EXPECT_EQ(records.commit(heartbeat(self, NodeTime(seconds(4)))), 0);
  EXPECT_EQ(fence(records.view, "a").error().code, Code::precondition);
  EXPECT_EQ(fence(records.view, "b").error().code, Code::not_found);
}

TEST(Transactions, a_machine_of_a_living_node_is_not_assigned) {
  Records records;
  auto a = records.join("a");
  records.join("b");
  records.add_running("vm", a);
  EXPECT_EQ(assign(records.view, "vm", "b").error().message, "'vm' may still run on a");
  records.commit(fence(records.view, "a"));
  EXPECT_NE(records.commit(assign(records.view, "vm", "b")), 0);
  EXPECT_EQ(records.vm("vm").epoch, 2U);
  EXPECT_EQ(records.vm("vm").state, VmState::starting);
}

TEST(Transactions, a_machine_is_not_assigned_to_a_fenced_node) {
  Records records;
  auto a = records.join("a");
  records.add("vm");
  auto decided = assign(records.view, "vm", "a");
  records.commit(fence(records.view, "a"));
  EXPECT_EQ(records.commit(decided), 0);
  EXPECT_FALSE(assign(records.view, "vm", "a"));
}

TEST(Transactions, of_two_leaders_that_restart_a_machine_one_does) {
  Records records;
  auto a = records.join("a");
  records.join("b");
  records.join("c");
  records.add_running("vm", a);
  records.commit(fence(records.view, "a"));
  auto one = assign(records.view, "vm", "b");
  auto other = assign(records.view, "vm", "c");
  EXPECT_NE(records.commit(one), 0);
  EXPECT_EQ(records.commit(other), 0);
  EXPECT_EQ(records.vm("vm").owner->node, "b");
}

TEST(Transactions, a_release_that_was_overtaken_by_an_accept_is_void) {
  Records records;
  auto a = records.join("a");
  records.add("vm");
  records.commit(assign(records.view, "vm", "a"));
  auto late = release(records.view, "vm", a);
  EXPECT_NE(records.commit(accept(records.view, "vm", a)), 0);
  EXPECT_EQ(records.commit(late), 0);
  EXPECT_EQ(records.vm("vm").owner, a.owner());
}

TEST(Transactions, a_start_is_not_accepted_after_the_fence) {
  Records records;
  auto a = records.join("a");
  records.add("vm");
  records.commit(assign(records.view, "vm", "a"));
  auto decided = accept(records.view, "vm", a);
  records.commit(fence(records.view, "a"));
  EXPECT_EQ(records.commit(decided), 0);
}

TEST(Transactions, only_the_owner_in_its_present_life_changes_a_machine) {
  Records records;
  auto a = records.join("a");
  auto b = records.join("b");
  records.add_running("vm", a);
  EXPECT_FALSE(release(records.view, "vm", b));
  EXPECT_FALSE(accept(records.view, "vm", b));
  EXPECT_FALSE(hand_over(records.view, "vm", b));
  auto decided = release(records.view, "vm", a);
  auto later = records.join("a");
  EXPECT_EQ(records.commit(decided), 0);
  EXPECT_FALSE(accept(records.view, "vm", later));
}

TEST(Transactions, of_hand_over_and_giving_up_one_happens) {
  for (auto handed : {true, false}) {
    Records records;
    auto a = records.join("a");
    records.join("b");
    records.add_running("vm", a);
    records.commit(begin_move(records.view, "vm", "b"));
    auto over = hand_over(records.view, "vm", a);
    auto up = give_up_move(records.view, "vm", a);
    EXPECT_NE(records.commit(handed ? over : up), 0);
    EXPECT_EQ(records.commit(handed ? up : over), 0);
    EXPECT_EQ(records.vm("vm").owner->node, handed ? "b" : "a");
    EXPECT_EQ(records.vm("vm").epoch, handed ? 2U : 1U);
  }
}

TEST(Transactions, nothing_is_handed_to_a_node_that_died_since) {
  Records records;
  auto a = records.join("a");
  records.join("b");
  records.add_running("vm", a);
  records.commit(begin_move(records.view, "vm", "b"));
  auto decided = hand_over(records.view, "vm", a);
  records.commit(fence(records.view, "b"));
  EXPECT_EQ(records.commit(decided), 0);
  EXPECT_FALSE(hand_over(records.view, "vm", a));
  records.join("b");
  EXPECT_EQ(hand_over(records.view, "vm", a).error().message,
            "the node 'b' has begun a new life since the move began");
}

TEST(Transactions, a_dead_source_is_replaced_and_its_hand_over_is_void) {
  Records records;
  auto a = records.join("a");
  records.join("b");
  records.join("c");
  records.add_running("vm", a);
  records.commit(begin_move(records.view, "vm", "b"));
  auto decided = hand_over(records.view, "vm", a);
  records.commit(fence(records.view, "a"));
  EXPECT_NE(records.commit(assign(records.view, "vm", "c")), 0);
  EXPECT_EQ(records.commit(decided), 0);
  EXPECT_FALSE(records.vm("vm").destination);
}

TEST(Transactions, a_kept_machine_is_of_its_own_node_only) {
  Records records;
  auto a = records.join("a");
  records.join("b");
  records.add_running("vm", a, {Isolation::keep, Restart::never});
  records.commit(fence(records.view, "a"));
  EXPECT_EQ(assign(records.view, "vm", "b").error().message,
            "'vm' runs on when a is cut off: only a can release it");
  auto later = records.join("a");
  EXPECT_NE(records.commit(adopt(records.view, "vm", later)), 0);
  EXPECT_EQ(records.vm("vm").owner, later.owner());
  EXPECT_EQ(records.vm("vm").epoch, 1U);
}

TEST(Transactions, a_protected_machine_is_not_adopted) {
  Records records;
  auto a = records.join("a");
  records.add_running("vm", a);
  auto later = records.join("a");
  EXPECT_EQ(adopt(records.view, "vm", later).error().message,
            "'vm' is protected: it ended with the life that owned it");
}

TEST(Transactions, of_a_node_that_nobody_knows_nothing_is_certain) {
  EXPECT_FALSE(is_over(View{}, Owner{"a", 1}));
}

}  // namespace
}  // namespace truce::availability
