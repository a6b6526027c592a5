#include "availability/timing.h"

#include <gtest/gtest.h>

#include "availability/policy.h"

namespace truce::availability {
namespace {

TEST(Timing, the_defaults_are_safe) {
  EXPECT_TRUE(check(Timing{}));
  EXPECT_EQ(least_dead(Timing{}), 9'475ms);  // (8/0.99 + 0.3 + 1) * 1.01, rounded up
}

TEST(Timing, least_dead_is_the_least_that_is_taken) {
  for (auto rate_error : {0.0, 0.0005, 0.01, 0.05, 0.099}) {
    for (auto self : {7s, 8s, 30s, 600s}) {
      Timing timing{.self = self, .rate_error = rate_error};
      timing.dead = least_dead(timing);
      EXPECT_TRUE(check(timing));
      EXPECT_GE(static_cast<double>(timing.dead.count()) / (1 + rate_error),
                static_cast<double>(self / 1ms) / (1 - rate_error) + 1'300 - 1e-6);
      timing.dead -= 1ms;
      EXPECT_FALSE(check(timing));
    }
  }
}

TEST(Timing, refuses_numbers_that_make_no_sense_and_says_what_would_do) {
  EXPECT_FALSE(check(Timing{.heartbeat = 0ms}));
  EXPECT_FALSE(check(Timing{.self = -8s}));
  EXPECT_FALSE(check(Timing{.kill = -1ms}));
  EXPECT_FALSE(check(Timing{.rate_error = 0.1}));
  EXPECT_FALSE(check(Timing{.rate_error = -0.01}));
  EXPECT_FALSE(check(Timing{.self = 6s}));  // two lost heartbeats would end it
  auto refused = check(Timing{.dead = 9s});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "dead is 9000 ms; two copies of a machine could run unless it is at least 9475 ms");
}

TEST(Policy, refuses_to_keep_a_machine_running_and_to_restart_it_elsewhere) {
  EXPECT_TRUE(check(Policy{}));
  EXPECT_TRUE(check(Policy{Isolation::keep, Restart::never}));
  EXPECT_TRUE(check(Policy{Isolation::stop, Restart::never}));
  EXPECT_FALSE(check(Policy{Isolation::keep, Restart::elsewhere}));
}

}  // namespace
}  // namespace truce::availability
