// Plans that are carried out, with moves that a test ends by hand.
#include "plans/plan_lab.h"

namespace truce::manager {
namespace {

/// A lab with two machines on the first host, and a plan that moves both.
template <class Work>
void with_plan(Work work) {
  with_plan_lab([inner = std::move(work)](PlanLab& lab) -> Async<void> {
    co_await lab.change([](Change& change) {
      change.put(lab_machine("a", "h1", 1));
      change.put(lab_machine("b", "h1", 2));
      change.put(model::Plan{.name = "p",
                             .kind = model::PlanKind::evacuate,
                             .host = "h1",
                             .moves = {{.vm = "a", .from = "h1", .to = "h2", .reason = "x"},
                                       {.vm = "b", .from = "h1", .to = "h2", .reason = "x"}}});
    });
    co_await inner(lab);
  });
}

TEST(Carry, moves_follow_one_another_and_the_plan_is_done_with_the_last) {
  with_plan([](PlanLab& lab) -> Async<void> {
    EXPECT_TRUE(co_await lab.apply());
    EXPECT_EQ((co_await lab.apply()).error().message, "'p' is running already");
    co_await lab.end_move(0);
    co_await lab.until([&] { return !lab.plan().moves[1].task.empty(); });
    EXPECT_EQ(lab.task().step, "2 of 2: 'b' goes from h1 to h2");
    EXPECT_EQ(lab.task().progress, 0.5);
    co_await lab.end_move(1);
    co_await lab.until([&] { return ended(lab.task()); });
    EXPECT_EQ(lab.task().state, model::TaskState::succeeded);
    EXPECT_EQ(lab.plan().state, model::PlanState::done);
    EXPECT_EQ(lab.begun, (std::vector<std::string>{"a to h2", "b to h2"}));
  });
}

TEST(Carry, a_move_that_fails_ends_the_plan_and_says_why) {
  with_plan([](PlanLab& lab) -> Async<void> {
    EXPECT_TRUE(co_await lab.apply());
    co_await lab.end_move(0, "the line broke");
    co_await lab.until([&] { return ended(lab.task()); });
    EXPECT_EQ(lab.task().state, model::TaskState::failed);
    EXPECT_EQ(lab.plan().state, model::PlanState::failed);
    EXPECT_EQ(lab.plan().problem, "'a' has not gone to h2: the line broke");
    EXPECT_EQ(lab.begun.size(), 1U);
  });
}

TEST(Carry, a_cancelled_plan_ends_after_the_move_that_is_under_way) {
  with_plan([](PlanLab& lab) -> Async<void> {
    EXPECT_TRUE(co_await lab.apply());
    co_await lab.until([&] { return !lab.plan().moves[0].task.empty(); });
    co_await lab.change([&](Change& change) {
      auto task = lab.task();
      task.cancel = true;
      change.put(task);
    });
    EXPECT_FALSE(ended(lab.task()));
    co_await lab.end_move(0);
    co_await lab.until([&] { return ended(lab.task()); });
    EXPECT_EQ(lab.task().state, model::TaskState::cancelled);
    EXPECT_EQ(lab.plan().problem, "cancelled after 1 of 2 moves");
  });
}

TEST(Carry, a_move_that_cannot_begin_ends_the_plan) {
  with_plan([](PlanLab& lab) -> Async<void> {
    lab.refusal = "'a' has devices of its host";
    EXPECT_TRUE(co_await lab.apply());
    co_await lab.until([&] { return ended(lab.task()); });
    EXPECT_EQ(lab.plan().problem, "'a' has devices of its host");
  });
}

TEST(Carry, a_plan_whose_machines_or_hosts_have_changed_is_refused) {
  with_plan([](PlanLab& lab) -> Async<void> {
    auto begin = lab.plans.begin_move;
    lab.plans.begin_move = {};
    EXPECT_EQ((co_await lab.apply()).error().code, Code::unsupported);
    lab.plans.begin_move = begin;
    co_await lab.change([](Change& change) {
      auto full = lab_host("h2");
      full.memory = mib(1536);
      change.put(full);
    });
    EXPECT_EQ((co_await lab.apply()).error().message,
              "what the plan is about has changed: move 2 (b to h2): more memory is promised there "
              "than it has");
    co_await lab.change([](Change& change) { change.put(lab_machine("a", "h2", 1)); });
    auto refused = co_await lab.apply();
    EXPECT_TRUE(refused.error().message.contains("the machine does not go from h1"))
        << refused.error().message;
    co_await lab.change([](Change& change) { change.erase<model::Host>("h2"); });
    EXPECT_EQ((co_await lab.apply()).error().message,
              "what the plan is about has changed: there is no host 'h2'");
    EXPECT_EQ(lab.plan().state, model::PlanState::proposed);
  });
}

TEST(Carry, a_plan_for_balance_moves_nothing_that_is_to_stay_and_one_that_empties_does) {
  with_plan([](PlanLab& lab) -> Async<void> {
    auto set = [&](model::PlanKind kind, model::BalanceMode mode) -> Async<void> {
      co_await lab.change([&](Change& change) {
        auto plan = lab.plan();
        plan.kind = kind;
        plan.state = model::PlanState::proposed;
        plan.host.clear();
        change.put(plan);
        auto vm = lab_machine("b", "h1", 2);
        vm.balance = mode;
        change.put(vm);
      });
    };
    auto begin = [&](By by) -> Async<Result<void>> {
      co_return co_await lab.ledger.change({}, [&](Change& change) -> Result<void> {
        TRY_VOID(begin_plan(lab.ledger, lab.plans, change, lab.plan(), by));
        return fail(Code::invalid, "it would begin");
      });
    };
    using model::BalanceMode;
    using model::PlanKind;
    const std::string changed =
        "what the plan is about has changed: move 2 (b to h2): it cannot move: ";
    co_await set(PlanKind::balance, BalanceMode::off);
    EXPECT_EQ((co_await begin(By::somebody)).error().message, changed + "is not to be balanced");
    co_await set(PlanKind::balance, BalanceMode::propose);
    EXPECT_EQ((co_await begin(By::itself)).error().message,
              changed + "moves only by plans that somebody applies");
    EXPECT_EQ((co_await begin(By::somebody)).error().message, "it would begin");
    co_await set(PlanKind::evacuate, BalanceMode::off);
    EXPECT_EQ((co_await begin(By::somebody)).error().message, "it would begin");

    co_await set(PlanKind::balance, BalanceMode::automatic);
    EXPECT_TRUE(co_await lab.apply());
    co_await lab.until([&] { return !lab.plan().moves[0].task.empty(); });
    co_await lab.change([](Change& change) {
      auto vm = lab_machine("b", "h1", 2);
      vm.balance = BalanceMode::off;
      change.put(vm);
    });
    co_await lab.end_move(0);
    co_await lab.until([&] { return ended(lab.task()); });
    EXPECT_EQ(lab.plan().problem, "'b' is not to be balanced any more");
  });
}

}  // namespace
}  // namespace truce::manager
