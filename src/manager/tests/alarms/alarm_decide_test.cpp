// When an alarm is raised and when it ends: time and samples of the test's making.
#include <gtest/gtest.h>

#include "alarms/decide.h"

namespace truce::manager {
namespace {

const Time noon = parse_time("2026-11-30T12:00:00.000Z").value();

/// A tracker, its clock, and the machines that it looks at.
class Watched {
 public:
  Watched(Duration hold, std::vector<model::AlarmTarget> raised = {}) : tracker(raised) {
    terms.folder = "vms";
    terms.condition = "cpu above 90";
    terms.hold = hold;
    terms.gone = "gone";
  }

  /// What is due `later` than the last look: `+vms/a -vms/b`. It is accepted.
  std::string after(Duration later, std::vector<AlarmSample> samples) {
    auto turns = due(later, samples);
    std::string text;
    for (const auto& turn : turns) {
      tracker.accept(turn);
      text += text.empty() ? "" : " ";
      text += turn.kind == AlarmTurn::Kind::raised    ? '+'
              : turn.kind == AlarmTurn::Kind::cleared ? '-'
                                                      : '~';
      text += turn.target.target;
    }
    return text;
  }
  std::vector<AlarmTurn> due(Duration later, const std::vector<AlarmSample>& samples) {
    uptime += later;
    wall += later;
    return tracker.look(terms, samples, {uptime, wall});
  }

  AlarmTracker tracker;
  AlarmTerms terms;
  Duration uptime = 1h;
  Time wall = noon;
};

AlarmSample sample(std::string_view name, Holds holds, double value = 95) {
  return {.id = name, .name = name, .project = "shop", .holds = holds, .value = value};
}
std::vector<AlarmSample> one(Holds holds, double value = 95) {
  return {sample("a", holds, value)};
}

TEST(AlarmDecide, what_holds_as_long_as_it_must_is_raised_once_with_its_beginning_and_value) {
  Watched watched(60s);
  EXPECT_EQ(watched.after(0s, one(Holds::yes, 91)), "");
  EXPECT_EQ(watched.after(30s, one(Holds::yes, 92)), "");
  EXPECT_EQ(watched.after(29s, one(Holds::yes, 93)), "");
  auto turns = watched.due(1s, one(Holds::yes, 94));
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_EQ(turns[0].kind, AlarmTurn::Kind::raised);
  EXPECT_EQ(turns[0].target.id, "a");
  EXPECT_EQ(turns[0].target.target, "vms/a");
  EXPECT_EQ(turns[0].target.project, "shop");
  EXPECT_EQ(turns[0].target.since, noon);
  EXPECT_EQ(turns[0].target.value, 94);
  watched.tracker.accept(turns[0]);
  EXPECT_EQ(watched.after(60s, one(Holds::yes)), "");
  EXPECT_EQ(watched.tracker.raised(), 1U);
}

TEST(AlarmDecide, what_need_not_hold_for_a_time_is_raised_and_ends_at_once) {
  Watched watched(0s);
  EXPECT_EQ(watched.after(0s, one(Holds::yes)), "+vms/a");
  EXPECT_EQ(watched.after(1s, one(Holds::no)), "-vms/a");
  EXPECT_EQ(watched.after(1s, one(Holds::yes)), "+vms/a");
}

TEST(AlarmDecide, a_condition_that_stops_for_a_moment_is_counted_anew) {
  Watched watched(60s);
  watched.after(0s, one(Holds::yes));
  EXPECT_EQ(watched.after(59s, one(Holds::no)), "");
  EXPECT_EQ(watched.after(1s, one(Holds::yes)), "");
  EXPECT_EQ(watched.after(59s, one(Holds::yes)), "");
  EXPECT_EQ(watched.after(1s, one(Holds::yes)), "+vms/a");
}

TEST(AlarmDecide, it_ends_when_it_has_not_held_as_long_and_a_minute_at_most) {
  for (auto [hold, clear] : {std::pair<Duration, Duration>(20s, 20s), {600s, 60s}}) {
    Watched watched(hold, {{.id = "a", .target = "vms/a"}});
    EXPECT_EQ(watched.after(0s, one(Holds::no)), "");
    EXPECT_EQ(watched.after(clear - 1s, one(Holds::no)), "");
    EXPECT_EQ(watched.after(0s, one(Holds::yes)), "") << "it holds again, so this was nothing";
    EXPECT_EQ(watched.after(1s, one(Holds::no)), "");
    EXPECT_EQ(watched.after(clear - 1s, one(Holds::no)), "");
    EXPECT_EQ(watched.after(1s, one(Holds::no)), "-vms/a");
    EXPECT_EQ(watched.tracker.raised(), 0U);
  }
}

TEST(AlarmDecide, what_is_not_known_neither_raises_nor_ends_and_its_time_does_not_count) {
  Watched watched(60s);
  EXPECT_EQ(watched.after(0s, one(Holds::unknown)), "");
  EXPECT_EQ(watched.after(60s, one(Holds::unknown)), "");
  watched.after(0s, one(Holds::yes));
  EXPECT_EQ(watched.after(30s, one(Holds::yes)), "");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(watched.after(30s, one(Holds::unknown)), "");
  EXPECT_EQ(watched.after(0s, one(Holds::yes)), "") << "half of the time has passed";
  EXPECT_EQ(watched.after(29s, one(Holds::yes)), "");
  EXPECT_EQ(watched.after(1s, one(Holds::yes)), "+vms/a");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(watched.after(30s, one(Holds::unknown)), "");
  EXPECT_EQ(watched.after(30s, one(Holds::no)), "") << "the minute begins here";
  EXPECT_EQ(watched.after(60s, one(Holds::no)), "-vms/a");
}

TEST(AlarmDecide, the_wall_clock_may_be_set_while_something_holds) {
  Watched watched(60s);
  watched.after(0s, one(Holds::yes));
  watched.wall += 24h;
  EXPECT_EQ(watched.after(30s, one(Holds::yes)), "");
  watched.wall -= 48h;
  auto turns = watched.due(30s, one(Holds::yes));
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_EQ(turns[0].target.since, noon) << "as the clock stood when it began";
}

TEST(AlarmDecide, nobody_knows_what_was_in_a_gap_between_two_looks) {
  Watched watched(60s);
  watched.after(0s, one(Holds::yes));
  EXPECT_EQ(watched.after(10min, one(Holds::yes)), "") << "two samples are no ten minutes";
  EXPECT_EQ(watched.after(60s, one(Holds::yes)), "+vms/a");
  watched.after(10s, one(Holds::no));
  EXPECT_EQ(watched.after(10min, one(Holds::no)), "");
  EXPECT_EQ(watched.after(60s, one(Holds::no)), "-vms/a");
}

TEST(AlarmDecide, what_is_deleted_ends_at_once_and_says_so) {
  Watched watched(60s, {{.id = "a", .target = "vms/a"}});
  auto turns = watched.due(0s, {});
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_EQ(turns[0].kind, AlarmTurn::Kind::cleared);
  EXPECT_EQ(turns[0].target.reason, "gone");
  EXPECT_EQ(watched.after(0s, {}), "-vms/a");
  EXPECT_EQ(watched.after(0s, {}), "");
  // What was only on its way is forgotten: another one of that name begins anew.
  watched.after(0s, one(Holds::yes));
  watched.after(30s, {});
  EXPECT_EQ(watched.after(0s, one(Holds::yes)), "");
  EXPECT_EQ(watched.after(59s, one(Holds::yes)), "");
}

TEST(AlarmDecide, a_machine_that_is_renamed_stays_raised_under_its_new_name) {
  Watched watched(0s);
  watched.after(0s, one(Holds::yes));
  AlarmSample renamed{.id = "a", .name = "b", .holds = Holds::yes};
  auto turns = watched.due(1s, {renamed});
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_EQ(turns[0].kind, AlarmTurn::Kind::renamed);
  EXPECT_EQ(turns[0].target.since, noon);
  EXPECT_EQ(watched.after(0s, {renamed}), "~vms/b") << "due again until it is stored";
  EXPECT_EQ(watched.after(1s, {renamed}), "");
  renamed.name = "c";
  renamed.holds = Holds::no;
  EXPECT_EQ(watched.after(1s, {renamed}), "~vms/c -vms/c");
  EXPECT_EQ(watched.tracker.raised(), 0U);
}

TEST(AlarmDecide, another_limit_while_it_is_raised_counts_towards_its_end) {
  Watched watched(10s);
  watched.after(0s, one(Holds::yes));
  EXPECT_EQ(watched.after(10s, one(Holds::yes)), "+vms/a");
  watched.terms.condition = "cpu above 99";
  EXPECT_EQ(watched.after(1s, one(Holds::no)), "");
  EXPECT_EQ(watched.after(10s, one(Holds::no)), "-vms/a");
}

TEST(AlarmDecide, another_limit_begins_counting_anew_and_another_time_does_not) {
  Watched watched(60s);
  watched.after(0s, one(Holds::yes));
  watched.after(30s, one(Holds::yes));
  watched.terms.hold = 40s;
  EXPECT_EQ(watched.after(9s, one(Holds::yes)), "");
  watched.terms.condition = "cpu above 80";
  EXPECT_EQ(watched.after(1s, one(Holds::yes)), "");
  EXPECT_EQ(watched.after(39s, one(Holds::yes)), "");
  EXPECT_EQ(watched.after(1s, one(Holds::yes)), "+vms/a");
}

TEST(AlarmDecide, what_could_not_be_stored_is_due_again) {
  Watched watched(0s);
  EXPECT_EQ(watched.due(0s, one(Holds::yes)).size(), 1U);
  EXPECT_EQ(watched.due(5s, one(Holds::yes)).size(), 1U);
  EXPECT_EQ(watched.after(5s, one(Holds::yes)), "+vms/a");
  EXPECT_EQ(watched.due(0s, one(Holds::no)).size(), 1U);
  EXPECT_EQ(watched.after(5s, one(Holds::no)), "-vms/a");
}

TEST(AlarmDecide, what_was_raised_in_an_earlier_life_is_not_raised_again) {
  Watched watched(0s, {{.id = "a", .target = "vms/a"}, {.id = "b", .target = "vms/b"}});
  EXPECT_EQ(watched.tracker.raised(), 2U);
  EXPECT_EQ(watched.after(0s, {sample("a", Holds::yes), sample("b", Holds::no)}), "-vms/b");
}

TEST(AlarmDecide, it_is_raised_for_so_many_at_most_and_for_others_when_some_have_ended) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < AlarmTracker::most_raised + 3; ++i)
    names.push_back(fmt::format("m{:05}", i));
  std::vector<AlarmSample> samples;
  for (const auto& name : names) samples.push_back(sample(name, Holds::yes));
  Watched watched(0s);
  auto turns = watched.due(0s, samples);
  ASSERT_EQ(turns.size(), AlarmTracker::most_raised);
  for (const auto& turn : turns) watched.tracker.accept(turn);
  EXPECT_EQ(watched.after(1s, samples), "");
  samples.erase(samples.begin());
  EXPECT_EQ(watched.after(1s, samples), "-vms/m00000");
  EXPECT_EQ(watched.after(1s, samples), "+vms/m05000");
}

TEST(AlarmDecide, what_is_wrong_is_cut_between_two_characters) {
  Watched watched(0s);
  std::string long_text(299, 'x');
  long_text += "€ and more";
  auto samples = one(Holds::yes);
  samples[0].reason = long_text;
  auto turns = watched.due(0s, samples);
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_EQ(turns[0].target.reason, std::string(299, 'x'));
}

}  // namespace
}  // namespace truce::manager
