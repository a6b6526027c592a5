#include "rate_limit.h"

#include <gtest/gtest.h>

namespace truce::http {
namespace {

using namespace std::chrono_literals;

TEST(RateLimiter, allows_a_burst_of_twice_the_rate_and_then_the_rate) {
  RateLimiter limiter(10, 8);
  RateLimiter::TimePoint now{};
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now + 50ms));
  EXPECT_TRUE(limiter.take("a", now + 150ms));
  EXPECT_FALSE(limiter.take("a", now + 150ms));
}

TEST(RateLimiter, never_holds_more_than_the_burst) {
  RateLimiter limiter(1, 8);
  RateLimiter::TimePoint now{};
  EXPECT_TRUE(limiter.take("a", now));
  now += 24h;
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now));
}

TEST(RateLimiter, counts_addresses_apart) {
  RateLimiter limiter(0.5, 8);
  RateLimiter::TimePoint now{};
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now));
  EXPECT_TRUE(limiter.take("b", now));
}

TEST(RateLimiter, forgets_the_address_that_was_quiet_for_longest) {
  RateLimiter limiter(0.5, 2);
  RateLimiter::TimePoint now{};
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_TRUE(limiter.take("b", now));
  EXPECT_FALSE(limiter.take("a", now));  // so b is the quieter one
  EXPECT_TRUE(limiter.take("c", now));
  EXPECT_EQ(limiter.size(), 2U);
  EXPECT_FALSE(limiter.take("a", now));
  EXPECT_TRUE(limiter.take("b", now));
}

}  // namespace
}  // namespace truce::http
