#include "decide.h"

#include <gtest/gtest.h>

namespace truce::node {
namespace {

using model::Observed;
using model::Wanted;

TEST(Decide, every_pair_of_wanted_and_observed_has_its_step) {
  struct Row {
    Wanted wanted;
    Observed observed;
    Step step;
  };
  const Row rows[] = {
      {Wanted::absent, Observed::running, Step::remove},
      {Wanted::absent, Observed::off, Step::remove},
      {Wanted::absent, Observed::absent, Step::remove},
      {Wanted::off, Observed::absent, Step::provision},
      {Wanted::off, Observed::off, Step::none},
      {Wanted::off, Observed::running, Step::stop},
      {Wanted::off, Observed::paused, Step::stop},
      {Wanted::off, Observed::suspended, Step::discard_state},
      {Wanted::running, Observed::absent, Step::provision},
      {Wanted::running, Observed::off, Step::start},
      {Wanted::running, Observed::suspended, Step::start},
      {Wanted::running, Observed::paused, Step::resume},
      {Wanted::running, Observed::running, Step::none},
      {Wanted::paused, Observed::running, Step::pause},
      {Wanted::paused, Observed::paused, Step::none},
      {Wanted::paused, Observed::off, Step::none},
      {Wanted::suspended, Observed::running, Step::suspend},
      {Wanted::suspended, Observed::paused, Step::suspend},
      {Wanted::suspended, Observed::suspended, Step::none},
      {Wanted::suspended, Observed::off, Step::none},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(next_step(row.wanted, row.observed), row.step)
        << model::to_string(row.wanted) << " / " << model::to_string(row.observed);
  }
}

TEST(Decide, what_is_not_up_cannot_be_paused_or_suspended) {
  EXPECT_TRUE(out_of_reach(Wanted::paused, Observed::off));
  EXPECT_TRUE(out_of_reach(Wanted::paused, Observed::suspended));
  EXPECT_TRUE(out_of_reach(Wanted::suspended, Observed::off));
  EXPECT_TRUE(out_of_reach(Wanted::suspended, Observed::absent));
  EXPECT_FALSE(out_of_reach(Wanted::paused, Observed::running));
  EXPECT_FALSE(out_of_reach(Wanted::paused, Observed::unknown));
  EXPECT_FALSE(out_of_reach(Wanted::suspended, Observed::paused));
  EXPECT_FALSE(out_of_reach(Wanted::suspended, Observed::suspended));
  EXPECT_FALSE(out_of_reach(Wanted::running, Observed::suspended));
  EXPECT_FALSE(out_of_reach(Wanted::off, Observed::suspended));
}

}  // namespace
}  // namespace truce::node
