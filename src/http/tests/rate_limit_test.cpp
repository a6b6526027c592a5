#include "http/rate_limit.h"

#include <gtest/gtest.h>

namespace truce::http {
namespace {

using namespace std::chrono_literals;

TEST(RateLimiter, allows_a_burst_and_then_the_rate) {
  RateLimiter limiter(10, 20, 8);
  RateLimiter::TimePoint now{};
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now + 50ms));
  EXPECT_TRUE(limiter.take("a", now + 150ms));
  EXPECT_FALSE(limiter.take("a", now + 150ms));
}

TEST(RateLimiter, never_holds_more_than_the_burst) {
  RateLimiter limiter(1, 2, 8);
  RateLimiter::TimePoint now{};
  EXPECT_TRUE(limiter.take("a", now));
  now += 24h;
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now));
}

TEST(RateLimiter, counts_addresses_apart) {
  RateLimiter limiter(0.5, 1, 8);
  RateLimiter::TimePoint now{};
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now));
  EXPECT_TRUE(limiter.take("b", now));
}

TEST(RateLimiter, forgets_the_address_that_was_quiet_for_longest) {
  RateLimiter limiter(0.5, 1, 2);
  RateLimiter::TimePoint now{};
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_TRUE(limiter.take("b", now));
  EXPECT_FALSE(limiter.take("a", now));  // so b is the quieter one
  EXPECT_TRUE(limiter.take("c", now));
  EXPECT_EQ(limiter.size(), 2U);
  EXPECT_FALSE(limiter.take("a", now));
  EXPECT_TRUE(limiter.take("b", now));
}

TEST(RateLimiter, says_how_long_to_wait) {
  RateLimiter limiter(0.1, 2, 8);
  RateLimiter::TimePoint now{};
  EXPECT_EQ(limiter.wait("a", now), 0s);
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_EQ(limiter.wait("a", now), 10s);
  EXPECT_EQ(limiter.wait("a", now + 4s), 6s);
  EXPECT_TRUE(limiter.take("a", now + 10s));
}

TEST(RateLimiter, takes_back_what_it_gave_and_never_more_than_the_burst) {
  RateLimiter limiter(0.1, 2, 8);
  RateLimiter::TimePoint now{};
  EXPECT_TRUE(limiter.take("a", now));
  limiter.give_back("a");
  limiter.give_back("a");
  limiter.give_back("b");  // not known: nothing happens
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_TRUE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now));
}

}  // namespace
}  // namespace truce::http
