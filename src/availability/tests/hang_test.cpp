#include "availability/hang.h"

#include <gtest/gtest.h>

namespace truce::availability {
namespace {

constexpr Pulse well{.answers = true, .work = 7};
constexpr Pulse still{.answers = false, .work = 7};
constexpr Duration round = 10s;

HangRules rules(bool resets = true) {
  HangRules rules;
  rules.resets = resets;
  return rules;
}

// A guest that is looked at every ten seconds.
struct Patient {
  HangWatch watch;
  NodeTime now{1h};

  Patient() { watch.begin(now); }
  bool sees(Pulse pulse, HangRules by = rules()) {
    now += round;
    return watch.saw(pulse, by, now);
  }
  // After how many looks that saw the same it hangs; 0: it does not.
  int looks_until_it_hangs(Pulse pulse) {
    for (int look = 1; look <= 1000; ++look) {
      if (sees(pulse)) return look;
    }
    return 0;
  }
};

TEST(HangWatch, an_agent_that_answered_and_is_silent_for_a_minute_without_any_work_hangs) {
  Patient guest;
  EXPECT_FALSE(guest.sees(well));
  EXPECT_EQ(guest.looks_until_it_hangs(still), 6);
}

TEST(HangWatch, a_guest_whose_agent_never_answered_does_not_hang) {
  Patient guest;
  EXPECT_EQ(guest.looks_until_it_hangs(still), 0);
}

TEST(HangWatch, an_agent_that_crashed_in_a_guest_that_works_does_not_make_it_hang) {
  Patient guest;
  guest.sees(well);
  for (std::uint64_t work = 8; work < 500; ++work)
    EXPECT_FALSE(guest.sees({.answers = false, .work = work}));
  EXPECT_EQ(guest.looks_until_it_hangs({.answers = false, .work = 499}), 6)
      << "from when it stopped";
}

TEST(HangWatch, a_guest_of_whose_work_nothing_is_known_does_not_hang) {
  Patient guest;
  guest.sees(well);
  EXPECT_EQ(guest.looks_until_it_hangs({.answers = false, .work = {}}), 0);
}

TEST(HangWatch, one_answer_in_between_begins_the_silence_anew) {
  Patient guest;
  guest.sees(well);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(guest.sees(still));
  EXPECT_FALSE(guest.sees(well));
  EXPECT_EQ(guest.looks_until_it_hangs(still), 6);
}

TEST(HangWatch, a_look_that_comes_late_is_no_proof) {
  Patient guest;
  guest.sees(well);
  guest.now += 1h;  // the daemon stood still
  EXPECT_FALSE(guest.sees(still));
  EXPECT_FALSE(guest.sees(still));
  EXPECT_TRUE(guest.sees(still));
}

TEST(HangWatch, silence_while_it_is_excused_does_not_count_but_its_agent_is_remembered) {
  Patient guest;
  guest.sees(well);
  for (int i = 0; i < 100; ++i) guest.watch.excuse(guest.now += round);
  // The first look has nothing to compare its work with.
  EXPECT_EQ(guest.looks_until_it_hangs(still), 7);
}

TEST(HangWatch, a_guest_that_begins_anew_is_not_judged_before_its_agent_answers) {
  Patient guest;
  guest.sees(well);
  guest.watch.begin(guest.now);
  EXPECT_EQ(guest.looks_until_it_hangs(still), 0);
  guest.sees(well);
  EXPECT_EQ(guest.looks_until_it_hangs(still), 6);
}

TEST(HangWatch, how_long_silence_may_last_can_be_said) {
  Patient guest;
  auto patient = rules();
  patient.silence = 1800s;
  guest.sees(well, patient);
  for (int i = 0; i < 179; ++i) EXPECT_FALSE(guest.sees(still, patient));
  EXPECT_TRUE(guest.sees(still, patient));
}

TEST(HangWatch, what_is_done_without_the_wish_to_reset) {
  HangWatch watch;
  NodeTime now{1h};
  EXPECT_EQ(watch.answer(Hang::watchdog, rules(false), now), HangAnswer::stand_still);
  EXPECT_EQ(watch.answer(Hang::panic, rules(false), now), HangAnswer::end);
  EXPECT_EQ(watch.answer(Hang::silence, rules(false), now), HangAnswer::nothing);
  EXPECT_EQ(watch.resets(), 0U);
}

TEST(HangWatch, three_resets_within_an_hour_are_all_whatever_they_were_for) {
  HangWatch watch;
  NodeTime now{1h};
  for (auto hang : {Hang::panic, Hang::watchdog, Hang::silence})
    EXPECT_EQ(watch.answer(hang, rules(), now += 600s), HangAnswer::reset);
  EXPECT_EQ(watch.answer(Hang::panic, rules(), now += 600s), HangAnswer::end);
  EXPECT_EQ(watch.answer(Hang::watchdog, rules(), now), HangAnswer::stand_still);
  EXPECT_EQ(watch.answer(Hang::silence, rules(), now), HangAnswer::nothing);
  EXPECT_EQ(watch.resets(), 3U);
}

TEST(HangWatch, an_hour_after_the_first_reset_there_may_be_another_one) {
  HangWatch watch;
  NodeTime first{1h};
  watch.answer(Hang::panic, rules(), first);
  watch.answer(Hang::panic, rules(), first + 3000s);
  watch.answer(Hang::panic, rules(), first + 3500s);
  EXPECT_EQ(watch.answer(Hang::panic, rules(), first + 3599s), HangAnswer::end);
  EXPECT_EQ(watch.answer(Hang::panic, rules(), first + 3600s), HangAnswer::reset);
  EXPECT_EQ(watch.answer(Hang::panic, rules(), first + 3601s), HangAnswer::end);
}

TEST(HangWatch, a_guest_that_was_reset_begins_anew) {
  Patient guest;
  guest.sees(well);
  EXPECT_EQ(guest.looks_until_it_hangs(still), 6);
  EXPECT_EQ(guest.watch.answer(Hang::silence, rules(), guest.now), HangAnswer::reset);
  EXPECT_EQ(guest.looks_until_it_hangs(still), 0);
}

}  // namespace
}  // namespace truce::availability
