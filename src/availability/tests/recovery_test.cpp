#include "availability/recovery.h"

#include <algorithm>
#include <random>

#include "cases.h"

namespace truce::availability {
namespace {

struct Recovery : testing::Test {
  Records records;
  std::vector<Machine> machines;
  std::vector<Room> rooms;

  Standing node(const std::string& name, Bytes memory = gib(16)) {
    rooms.push_back({name, memory});
    return records.join(name);
  }
  Machine& add(const std::string& name, Bytes memory = gib(4), int priority = 0) {
    records.add(name);
    machines.push_back({.name = name, .priority = priority, .memory = memory});
    for (const auto& room : rooms) machines.back().nodes.push_back(room.node);
    return machines.back();
  }
  void run(const std::string& name, const Standing& on, const Policy& policy = {}) {
    records.add_running(name, on, policy);
  }
  [[nodiscard]] RecoveryPlan plan(const StartLimits& limits = {}) const {
    return plan_recovery(records.view, machines, rooms, limits);
  }
  static std::vector<std::string> started(const RecoveryPlan& plan) {
    std::vector<std::string> names;
    for (const auto& start : plan.starts) names.push_back(start.vm);
    return names;
  }
};

using Names = std::vector<std::string>;

TEST_F(Recovery, restarts_what_was_on_a_fenced_node_and_says_why) {
  auto a = node("a");
  node("b");
  add("vm");
  run("vm", a);
  EXPECT_TRUE(plan().starts.empty());
  records.commit(fence(records.view, "a"));
  auto found = plan();
  ASSERT_EQ(found.starts.size(), 1U);
  EXPECT_EQ(found.starts[0].to, "b");
  EXPECT_EQ(found.starts[0].reason, "its node a is gone; b has the most room, 16GiB");
  EXPECT_NE(records.commit(found.starts[0].transaction), 0);
  EXPECT_TRUE(plan().starts.empty());
}

TEST_F(Recovery, leaves_alone_what_is_not_wanted_or_never_restarted_or_kept) {
  auto a = node("a");
  node("b");
  for (const auto* name : {"off", "never", "kept"}) add(name);
  run("off", a);
  run("never", a, {Isolation::stop, Restart::never});
  run("kept", a, {Isolation::keep, Restart::never});
  records.view.vms.at("off").value.wanted = false;
  records.commit(fence(records.view, "a"));
  auto found = plan();
  EXPECT_TRUE(found.starts.empty());
  ASSERT_EQ(found.waiting.size(), 2U);
  EXPECT_EQ(found.waiting[0].reason, "a may still run it: it is kept when its node is cut off");
  EXPECT_EQ(found.waiting[1].reason, "its node a is gone, and 'never' is never to be restarted");
}

TEST_F(Recovery, goes_by_priority_and_what_is_needed_inherits_it) {
  node("a", gib(64));
  add("low", gib(1), 1);
  add("high", gib(1), 9).depends_on = {"needed"};
  add("middle", gib(1), 5);
  add("needed", gib(1), 0);
  rooms.push_back({"b", gib(64)});
  auto found = plan();
  EXPECT_EQ(started(found), (Names{"needed", "middle", "low"}));
  ASSERT_EQ(found.waiting.size(), 1U);
  EXPECT_EQ(found.waiting[0].reason, "it needs 'needed', which does not run");
}

TEST_F(Recovery, names_a_circle_of_dependencies) {
  node("a");
  add("x").depends_on = {"y"};
  add("y").depends_on = {"x"};
  add("z").depends_on = {"x"};
  auto found = plan();
  EXPECT_TRUE(found.starts.empty());
  ASSERT_EQ(found.waiting.size(), 3U);
  EXPECT_EQ(found.waiting[0].reason, "it depends on itself: x -> y -> x");
  EXPECT_EQ(found.waiting[2].reason, "it needs 'x', which does not run");
}

TEST_F(Recovery, is_never_a_storm) {
  auto dead = node("dead", gib(64));
  node("a", gib(64));
  node("b", gib(64));
  for (auto i = 0; i < 20; ++i) {
    add(fmt::format("vm{:02}", i), gib(1));
    run(fmt::format("vm{:02}", i), dead);
  }
  records.commit(fence(records.view, "dead"));
  auto found = plan({.at_once = 5, .of_a_node = 3});
  EXPECT_EQ(started(found), (Names{"vm00", "vm01", "vm02", "vm03", "vm04"}));
  EXPECT_EQ(found.waiting.size(), 15U);
  EXPECT_EQ(found.waiting[0].reason, "5 machines are starting already");
  EXPECT_EQ(started(plan({.at_once = 100, .of_a_node = 2})).size(), 4U);
  for (const auto& start : found.starts) records.commit(start.transaction);
  EXPECT_TRUE(plan({.at_once = 5, .of_a_node = 3}).starts.empty());
}

TEST_F(Recovery, says_when_there_is_no_room) {
  auto a = node("a");
  node("b", gib(2));
  add("vm");
  run("vm", a);
  records.commit(fence(records.view, "a"));
  auto found = plan();
  ASSERT_EQ(found.waiting.size(), 1U);
  EXPECT_EQ(found.waiting[0].reason, "no living node that can run it has 4GiB left");
}

TEST_F(Recovery, goes_only_where_the_machine_can_run) {
  node("a", gib(8));
  node("b", gib(64));
  add("vm").nodes = {"a"};
  rooms.push_back({"c", gib(64)});
  EXPECT_EQ(plan().starts.at(0).to, "a");
}

TEST_F(Recovery, a_first_start_leaves_the_reserve_and_a_restart_may_use_it) {
  auto a = node("a", gib(8));
  auto b = node("b", gib(8));
  add("one", gib(4));
  add("two", gib(4));
  add("new", gib(4));
  run("one", a);
  run("two", b);
  auto found = plan();
  ASSERT_EQ(found.waiting.size(), 1U);
  EXPECT_EQ(found.waiting[0].reason, "if a died then, there would be no room for one");
  EXPECT_EQ(started(plan({.reserve = Reserve::none})), Names{"new"});
  machines.pop_back();
  records.view.vms.erase("new");
  records.commit(fence(records.view, "a"));
  EXPECT_EQ(started(plan()), Names{"one"});
}

TEST_F(Recovery, first_starts_of_one_plan_leave_the_reserve_together) {
  node("a", gib(8));
  node("b", gib(8));
  for (const auto* name : {"one", "two", "three"}) add(name, gib(4));
  auto found = plan();
  EXPECT_EQ(started(found).size(), 2U);
  EXPECT_EQ(found.waiting.size(), 1U);
}

TEST_F(Recovery, both_ends_of_a_move_hold_its_memory) {
  auto a = node("a", gib(8));
  node("b", gib(8));
  add("moving", gib(6));
  run("moving", a);
  records.commit(begin_move(records.view, "moving", "b"));
  add("vm", gib(4));
  EXPECT_EQ(plan().waiting.at(0).reason, "no living node that can run it has 4GiB left");
}

TEST_F(Recovery, says_what_would_be_lost_with_a_node) {
  auto a = node("a", gib(8));
  node("b", gib(8));
  for (const auto* name : {"one", "two"}) {
    add(name, gib(3));
    run(name, a);
  }
  EXPECT_TRUE(lost_with("a", records.view, machines, rooms).empty());
  add("three", gib(3));
  run("three", a);
  EXPECT_EQ(lost_with("a", records.view, machines, rooms).size(), 1U);
  EXPECT_TRUE(lost_with("b", records.view, machines, rooms).empty());
}

// Whatever the cluster is like: a plan can be carried out as a whole, over-fills no node, starts no
// machine before what it needs, and once it is carried out again and again it ends.
TEST(RecoveryProperty, any_plan_can_be_carried_out) {
  std::mt19937_64 random(7);
  auto some = [&](std::uint64_t most) { return random() % (most + 1); };
  for (auto round = 0; round < 300; ++round) {
    Records records;
    std::vector<Machine> machines;
    std::vector<Room> rooms;
    std::vector<Standing> nodes;
    for (auto i = 0U; i < 2 + some(4); ++i) {
      rooms.push_back({fmt::format("n{}", i), gib(4 + some(28))});
      nodes.push_back(records.join(rooms.back().node));
    }
    for (auto i = 0U; i < 1 + some(19); ++i) {
      Machine machine{.name = fmt::format("vm{}", i), .memory = gib(1 + some(7))};
      machine.priority = static_cast<int>(some(3));
      for (const auto& room : rooms)
        if (some(3) > 0) machine.nodes.push_back(room.node);
      if (i > 0 && some(3) == 0) machine.depends_on.push_back(fmt::format("vm{}", some(i - 1)));
      records.add(machine.name);
      machines.push_back(machine);
    }
    if (some(1) == 0) records.commit(fence(records.view, "n0"));
    std::map<std::string, std::uint64_t> used;
    auto steps = 0;
    for (auto plan = plan_recovery(records.view, machines, rooms); !plan.starts.empty();
         plan = plan_recovery(records.view, machines, rooms)) {
      ASSERT_LT(++steps, 100);
      for (const auto& start : plan.starts) {
        const auto& machine = *std::ranges::find(machines, start.vm, &Machine::name);
        for (const auto& needed : machine.depends_on)
          EXPECT_EQ(records.vm(needed).state, VmState::running);
        EXPECT_NE(records.commit(start.transaction), 0) << start.vm;
        used[start.to] += machine.memory.count;
      }
      for (const auto& room : rooms) EXPECT_LE(used[room.node], room.memory.count);
      for (const auto& start : plan.starts) {
        auto self = std::ranges::find(nodes, start.to, &Standing::node);
        records.commit(accept(records.view, start.vm, *self));
      }
    }
  }
}

}  // namespace
}  // namespace truce::availability
