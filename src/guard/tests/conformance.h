// What every guard keeps: a suite that each of them passes.
#pragma once

#include <gtest/gtest.h>

#include "guard/guard.h"

namespace truce::guard {

/// A guard of one host, its clock, and how its daemon comes and goes.
class GuardLab {
 public:
  virtual ~GuardLab() = default;
  /// Another daemon's guard, on what the one before has left.
  virtual Async<std::unique_ptr<Guard>> open() = 0;
  /// Lets so much time go by.
  virtual Async<void> pass(Duration time) = 0;
};

template <class T>
class Guards : public ::testing::Test {};
TYPED_TEST_SUITE_P(Guards);

inline Standing standing_for(const Guard& guard, Incarnation life, Duration left) {
  return {"h1", life, 7, guard.now() + left};
}

/// Waits until it is so; a test that waits in vain fails.
template <class It>
Async<void> eventually(It it, std::string what) {
  for (int i = 0; i < 4000; ++i) {
    if (it()) co_return;
    co_await sleep_for(5ms);
  }
  ADD_FAILURE() << "never: " << what;
}

/// Runs a test on a loop with a lab of its own and a guard.
template <class Lab, class Work>
void with_guard(Work work) {
  asio::io_context context;
  auto run = [](Work inner) -> Async<void> {
    Lab lab;
    auto guard = co_await lab.open();
    if (guard) co_await inner(lab, guard);
    if (guard) co_await guard->close();
  };
  asio::co_spawn(context, run(std::move(work)), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  context.run();
}

TYPED_TEST_P(Guards, admits_the_life_that_it_was_opened_for_and_no_other) {
  with_guard<TypeParam>([](TypeParam& lab, std::unique_ptr<Guard>& guard) -> Async<void> {
    (void)lab;
    co_await eventually([&] { return guard->cleared(); }, "clear at first");
    EXPECT_FALSE(guard->admits(3));
    EXPECT_FALSE(guard->gate(3).open());
    auto opened = co_await guard->open(standing_for(*guard, 3, 60s));
    EXPECT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(guard->admits(3));
    EXPECT_TRUE(guard->gate(3).open());
    EXPECT_FALSE(guard->admits(2));
    EXPECT_FALSE(guard->gate(4).open());
    EXPECT_FALSE(guard->cleared());
    EXPECT_EQ(guard->standing()->claimed, 7);
  });
}

TYPED_TEST_P(Guards, opens_for_a_later_life_only_when_the_one_before_is_over) {
  with_guard<TypeParam>([](TypeParam& lab, std::unique_ptr<Guard>& guard) -> Async<void> {
    (void)lab;
    co_await eventually([&] { return guard->cleared(); }, "clear at first");
    EXPECT_TRUE(co_await guard->open(standing_for(*guard, 3, 60s)));
    auto second = co_await guard->open(standing_for(*guard, 4, 60s));
    EXPECT_EQ(second.error().code, Code::precondition);
    guard->shut();
    co_await eventually([&] { return guard->cleared(); }, "clear after it was shut");
    EXPECT_FALSE(guard->gate(3).open());
    auto same = co_await guard->open(standing_for(*guard, 3, 60s));
    EXPECT_EQ(same.error().code, Code::precondition);
    EXPECT_TRUE(co_await guard->open(standing_for(*guard, 4, 60s)));
    EXPECT_TRUE(guard->admits(4));
  });
}

TYPED_TEST_P(Guards, shuts_at_the_deadline_and_a_later_one_comes_too_late_then) {
  with_guard<TypeParam>([](TypeParam& lab, std::unique_ptr<Guard>& guard) -> Async<void> {
    co_await eventually([&] { return guard->cleared(); }, "clear at first");
    auto standing = standing_for(*guard, 3, 300ms);
    EXPECT_TRUE(co_await guard->open(standing));
    co_await lab.pass(400ms);
    co_await eventually([&] { return !guard->gate(3).open(); }, "shut");
    standing.deadline += 60s;
    guard->extend(standing);
    EXPECT_FALSE(guard->admits(3));
    co_await eventually([&] { return guard->cleared(); }, "clear");
  });
}

TYPED_TEST_P(Guards, moves_the_deadline_forwards_only_and_for_the_present_life_only) {
  with_guard<TypeParam>([](TypeParam& lab, std::unique_ptr<Guard>& guard) -> Async<void> {
    co_await eventually([&] { return guard->cleared(); }, "clear at first");
    auto standing = standing_for(*guard, 3, 2s);
    EXPECT_TRUE(co_await guard->open(standing));
    standing.deadline += 60s;
    guard->extend(standing);
    auto sooner = standing;
    sooner.deadline -= 61s;
    guard->extend(sooner);
    auto other = standing;
    other.incarnation = 4;
    other.deadline += 60s;
    guard->extend(other);
    EXPECT_EQ(guard->standing()->deadline, standing.deadline);
    co_await lab.pass(2500ms);
    EXPECT_TRUE(guard->gate(3).open());
  });
}

TYPED_TEST_P(Guards, keeps_the_life_for_the_next_daemon) {
  with_guard<TypeParam>([](TypeParam& lab, std::unique_ptr<Guard>& guard) -> Async<void> {
    co_await eventually([&] { return guard->cleared(); }, "clear at first");
    EXPECT_TRUE(co_await guard->open(standing_for(*guard, 3, 60s)));
    auto held = guard->standing();
    co_await guard->close();
    guard.reset();
    guard = co_await lab.open();
    EXPECT_TRUE(guard->admits(3));
    EXPECT_EQ(guard->standing()->deadline, held->deadline);
    EXPECT_EQ(guard->standing()->claimed, held->claimed);
    guard->shut();
    co_await eventually([&] { return guard->cleared(); }, "clear");
  });
}

TYPED_TEST_P(Guards, does_not_open_for_a_life_that_is_over_already) {
  with_guard<TypeParam>([](TypeParam& lab, std::unique_ptr<Guard>& guard) -> Async<void> {
    (void)lab;
    co_await eventually([&] { return guard->cleared(); }, "clear at first");
    auto late = co_await guard->open(standing_for(*guard, 3, -1ms));
    EXPECT_EQ(late.error().code, Code::precondition);
    EXPECT_TRUE(co_await guard->open(standing_for(*guard, 4, 60s)));
  });
}

REGISTER_TYPED_TEST_SUITE_P(Guards, admits_the_life_that_it_was_opened_for_and_no_other,
                            opens_for_a_later_life_only_when_the_one_before_is_over,
                            shuts_at_the_deadline_and_a_later_one_comes_too_late_then,
                            moves_the_deadline_forwards_only_and_for_the_present_life_only,
                            keeps_the_life_for_the_next_daemon,
                            does_not_open_for_a_life_that_is_over_already);

}  // namespace truce::guard
