#include "moves/predict.h"

#include <gtest/gtest.h>

namespace truce::node {
namespace {

TEST(Predict, an_idle_guest_takes_as_long_as_its_memory) {
  Outlook outlook{.memory = gib(1), .disks = {}, .dirty_rate = {}, .bandwidth = mib(128)};
  auto forecast = predict(outlook);
  EXPECT_TRUE(forecast.converges);
  EXPECT_EQ(forecast.rounds, 1);
  EXPECT_NEAR(static_cast<double>(forecast.total.count()), 8030, 5);
  EXPECT_LT(forecast.downtime, 50ms);
}

TEST(Predict, disks_come_before_and_a_busy_guest_takes_more_rounds) {
  Outlook outlook{.memory = gib(1), .disks = gib(1), .dirty_rate = mib(32), .bandwidth = mib(128)};
  auto forecast = predict(outlook);
  EXPECT_GT(forecast.rounds, 1);
  EXPECT_GT(forecast.total, 18'000ms);
  EXPECT_LT(forecast.total, 22'000ms);
  EXPECT_LE(forecast.downtime, 331ms);
}

TEST(Predict, a_guest_that_changes_more_than_can_be_sent_is_slowed_down_or_stands_still_long) {
  Outlook outlook{.memory = gib(1), .disks = {}, .dirty_rate = mib(256), .bandwidth = mib(128)};
  auto slowed = predict(outlook);
  EXPECT_FALSE(slowed.converges);
  EXPECT_LE(slowed.downtime, 331ms);
  outlook.auto_converge = false;
  auto stubborn = predict(outlook);
  EXPECT_GT(stubborn.downtime, 5'000ms);
  EXPECT_GT(stubborn.rounds, 50);
}

TEST(Predict, what_is_not_known_does_no_harm) {
  auto forecast = predict({});
  EXPECT_EQ(forecast.rounds, 0);
  EXPECT_LT(forecast.total, 100ms);
}

}  // namespace
}  // namespace truce::node
