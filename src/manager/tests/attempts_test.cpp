// Limits on tries to sign in, and on what they cost.
#include "users/attempts.h"

#include <gtest/gtest.h>

#include "users/passwords.h"

namespace truce::manager {
namespace {

/// How many tries in a row are let through at one moment.
int let_through(Attempts& attempts, std::string network, std::string user,
                Attempts::TimePoint now = {}) {
  int count = 0;
  while (count < 1000 && !attempts.take(network, user, now)) ++count;
  return count;
}

TEST(Attempts, are_ten_of_a_user_from_an_address_and_then_one_in_ten_seconds) {
  Attempts attempts;
  Attempts::TimePoint begin{};
  EXPECT_EQ(let_through(attempts, "a", "eva"), 10);
  EXPECT_EQ(attempts.take("a", "eva", begin), 10s);
  EXPECT_EQ(attempts.take("a", "eva", begin + 9s), 1s);
  EXPECT_EQ(let_through(attempts, "a", "eva", begin + 10s), 1);
  EXPECT_EQ(let_through(attempts, "b", "eva"), 10) << "another address has its own";
}

TEST(Attempts, are_thirty_from_an_address_and_what_was_refused_is_none) {
  Attempts attempts;
  EXPECT_EQ(let_through(attempts, "a", "eva"), 10);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(attempts.take("a", "eva", {}));
  EXPECT_EQ(let_through(attempts, "a", "max"), 10);
  EXPECT_EQ(let_through(attempts, "a", "ida"), 10);
  EXPECT_EQ(let_through(attempts, "a", "tom"), 0);
}

TEST(Attempts, of_a_user_from_everywhere_are_a_hundred_but_for_where_they_are_known) {
  Attempts attempts;
  attempts.remember("home", "eva");
  int count = 0;
  for (int i = 0; i < 20; ++i) count += let_through(attempts, fmt::format("bot{}", i), "eva");
  EXPECT_EQ(count, 100);
  EXPECT_TRUE(attempts.take("elsewhere", "eva", {}));
  EXPECT_EQ(let_through(attempts, "home", "eva"), 10);
  EXPECT_EQ(let_through(attempts, "elsewhere", "max"), 10);
}

TEST(Attempts, that_succeed_cost_nothing) {
  Attempts attempts;
  for (int i = 0; i < 500; ++i) {
    EXPECT_FALSE(attempts.take("a", "eva", {}));
    attempts.give_back("a", "eva");
  }
  EXPECT_EQ(let_through(attempts, "a", "eva"), 10);
}

TEST(Attempts, are_told_of_once_a_minute_and_not_without_end) {
  Attempts attempts;
  Attempts::TimePoint begin{};
  EXPECT_TRUE(attempts.worth_an_event("a", "eva", begin));
  EXPECT_FALSE(attempts.worth_an_event("a", "eva", begin + 59s));
  EXPECT_TRUE(attempts.worth_an_event("a", "eva", begin + 60s));
  int told = 0;
  for (int i = 0; i < 1000; ++i)
    told += attempts.worth_an_event(fmt::format("bot{}", i), "", begin + 60s) ? 1 : 0;
  EXPECT_EQ(told, 29);
}

TEST(Passwords, are_checked_two_at_a_time_and_few_wait) {
  asio::io_context context;
  Passwords passwords;
  int checked = 0, refused = 0;
  for (std::size_t i = 0; i < Passwords::most_waiting + 8; ++i) {
    asio::co_spawn(context, passwords.check("", "correct horse"),
                   [&](std::exception_ptr, Result<access::Verdict> verdict) {
                     if (verdict) {
                       EXPECT_FALSE(verdict->right) << "of nobody";
                       ++checked;
                     } else {
                       EXPECT_EQ(verdict.error().code, Code::unavailable);
                       ++refused;
                     }
                   });
  }
  context.run();
  EXPECT_EQ(checked, static_cast<int>(Passwords::most_waiting));
  EXPECT_EQ(refused, 8);
}

}  // namespace
}  // namespace truce::manager
