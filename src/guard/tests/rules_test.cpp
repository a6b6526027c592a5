// The reaper's words in memory keep the rules of availability::Reaper.
#include <gtest/gtest.h>

#include <random>

#include "availability/reaper.h"
#include "guard/memory.h"

namespace truce::guard {
namespace {

using availability::NodeTime;
using availability::Standing;

/// The same is done to both; what they say must be the same.
class Both {
 public:
  Both() {
    // One that begins knows nothing: it kills first. The model begins with nothing to kill.
    EXPECT_TRUE(look(memory_, 0));
    cleared(memory_);
  }
  void open(std::uint64_t life, std::uint64_t deadline) {
    bool may = memory_.gate.load() == 0 && memory_.clear.load() != 0 &&
               life > std::max(memory_.last.load(), memory_.wanted.load());
    bool opened = reaper_.open(standing(life, deadline)).has_value();
    EXPECT_EQ(opened, may) << "life " << life;
    if (!may) return;
    memory_.deadline.store(deadline);
    memory_.wanted.store(life);
  }
  void extend(std::uint64_t life, std::uint64_t deadline) {
    reaper_.extend(standing(life, deadline));
    if (memory_.gate.load() == life)
      memory_.deadline.store(std::max(memory_.deadline.load(), deadline));
  }
  void shut() {
    reaper_.shut();
    memory_.deadline.store(0);
  }
  void look_at(std::uint64_t now) {
    auto kill = look(memory_, now);
    EXPECT_EQ(reaper_.must_kill(NodeTime(std::chrono::microseconds(now))), kill) << "at " << now;
    for (std::uint64_t life = 0; life < 40; ++life)
      EXPECT_EQ(reaper_.admits(life), life != 0 && memory_.gate.load() == life) << life;
    kills_ = kill;
  }
  void clear() {
    if (!kills_) return;
    reaper_.cleared();
    cleared(memory_);
    kills_ = false;
  }

 private:
  static Standing standing(std::uint64_t life, std::uint64_t deadline) {
    return {"h1", life, 1, NodeTime(std::chrono::microseconds(deadline))};
  }
  availability::Reaper reaper_;
  Memory memory_{};
  bool kills_ = false;
};

TEST(ReaperRules, decide_as_those_of_availability_in_ten_thousand_histories) {
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    std::mt19937 chance(seed);
    auto below = [&](std::uint64_t limit) { return chance() % limit; };
    Both both;
    std::uint64_t now = 1;
    for (int step = 0; step < 60; ++step) {
      now += below(5);
      switch (below(5)) {
        case 0:
          both.open(1 + below(30), now + below(20));
          both.look_at(now);
          break;
        case 1:
          both.extend(1 + below(30), now + below(20));
          break;
        case 2:
          if (below(4) == 0) both.shut();
          both.look_at(now);
          break;
        case 3:
          both.clear();
          break;
        default:
          both.look_at(now);
      }
    }
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << "seed " << seed;
      return;
    }
  }
}

TEST(ReaperRules, a_reaper_that_takes_over_a_shut_gate_kills_until_all_is_dead) {
  Memory memory{};
  memory.wanted.store(3);
  memory.deadline.store(100);
  EXPECT_TRUE(look(memory, 1));  // nothing is known of what runs: not opened
  EXPECT_EQ(memory.gate.load(), 0U);
  cleared(memory);
  EXPECT_FALSE(look(memory, 2));
  EXPECT_EQ(memory.gate.load(), 3U);
}

TEST(ReaperRules, a_reaper_that_takes_over_an_open_gate_goes_on_with_the_life) {
  Memory memory{};
  cleared(memory);
  memory.wanted.store(3);
  memory.deadline.store(100);
  EXPECT_FALSE(look(memory, 1));
  EXPECT_FALSE(look(memory, 99));  // as another one would, with the same words
  EXPECT_TRUE(look(memory, 100));
  EXPECT_EQ(memory.gate.load(), 0U);
}

}  // namespace
}  // namespace truce::guard
