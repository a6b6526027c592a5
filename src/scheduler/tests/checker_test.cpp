// The checker finds what is wrong with a plan, and estates go over the wire and back.
#include <gtest/gtest.h>

#include "small_estates.h"

namespace truce::scheduler {
namespace {

Estate two_hosts() {
  Estate estate;
  for (int i = 0; i < 3; ++i) {
    estate.host_names.push_back(fmt::format("h{}", i));
    estate.hosts.push_back({.capacity = {1600, 65536, 0, 0, 65536, 16}, .reservable_cpu = 1600});
  }
  for (int i = 0; i < 8; ++i) {
    estate.machine_names.push_back(fmt::format("vm{}", i));
    estate.machines.push_back({.demand = {180, 1024, 0, 0, 8192, 2}, .host = 0});
  }
  return estate;
}

std::size_t at(std::int32_t index) {
  return static_cast<std::size_t>(index);
}

bool finds(const Estate& estate, const Plan& plan, std::string_view text) {
  auto findings = check_plan(estate, plan);
  return std::ranges::any_of(findings.wrong, [&](const auto& one) { return one.contains(text); });
}

struct Spoiled {
  std::string_view what, finding;
  std::function<void(Estate&, Plan&)> spoil;
};

void expect_found(std::span<const Spoiled> rows) {
  auto estate = two_hosts();
  auto plan = balance(estate);
  ASSERT_GE(plan.moves.size(), 2U);
  EXPECT_TRUE(check_plan(estate, plan).wrong.empty());
  for (const auto& row : rows) {
    auto spoiled_estate = estate;
    auto spoiled = plan;
    row.spoil(spoiled_estate, spoiled);
    EXPECT_TRUE(finds(spoiled_estate, spoiled, row.finding)) << row.what;
  }
}

TEST(Checker, finds_what_is_wrong_with_a_plan) {
  const Spoiled rows[] = {
      {"a score", "the score is said", [](Estate&, Plan& p) { p.moves[0].score_after += 0.01; }},
      {"the first score", "the score before", [](Estate&, Plan& p) { p.score_before += 0.01; }},
      {"the last score", "the score after", [](Estate&, Plan& p) { p.score_after -= 0.01; }},
      {"the bound", "is proven", [](Estate&, Plan& p) { p.bound += 0.01; }},
      {"a bound that is not reached", "above the score",
       [](Estate&, Plan& p) { p.bound = p.score_after + 1; }},
      {"a machine", "names something", [](Estate&, Plan& p) { p.moves[0].machine = 99; }},
      {"a host", "names something", [](Estate&, Plan& p) { p.moves[0].to = -1; }},
      {"where it begins", "does not go from", [](Estate&, Plan& p) { p.moves[0].from = 2; }},
      {"where it ends", "does not go from", [](Estate&, Plan& p) { p.moves[0].to = 0; }},
      {"no reason", "no reason", [](Estate&, Plan& p) { p.moves[0].reason.clear(); }},
  };
  expect_found(rows);
}

TEST(Checker, finds_steps_that_an_estate_does_not_allow) {
  const Spoiled rows[] = {
      {"a full host", "more memory is promised",
       [](Estate& e, Plan& p) { of(e.hosts[at(p.moves[0].to)].capacity, Load::promised) = 4096; }},
      {"an offline host", "offline",
       [](Estate& e, Plan& p) { e.hosts[at(p.moves[0].to)].online = false; }},
      {"a draining host", "drained",
       [](Estate& e, Plan& p) { e.hosts[at(p.moves[0].to)].draining = true; }},
      {"a fixed machine", "cannot move: why",
       [](Estate& e, Plan& p) {
         e.sentences = {"why"};
         e.machines[at(p.moves[0].machine)].fixed = 0;
       }},
      {"reach", "out of reach",
       [](Estate& e, Plan& p) {
         e.sentences = {"out of reach"};
         e.reaches = {{0, 0, 0}};
         e.machines[at(p.moves[0].machine)].reach = 0;
       }},
      {"a class", "may not be beside",
       [](Estate& e, Plan& p) {
         e.class_names = {"a"};
         e.conflicts = {{0}};
         for (auto& machine : e.machines) machine.conflict_class = 0;
         p.moves[1].to = p.moves[0].to;
       }},
      {"reservations", "more processor time",
       [](Estate& e, Plan& p) {
         e.hosts[at(p.moves[0].to)].reservable_cpu = 10;
         e.machines[at(p.moves[0].machine)].reserved_cpu = 11;
       }},
      {"a rule", "the rule 'x' is broken",
       [](Estate& e, Plan& p) {
         e.rules = {{.name = "x",
                     .kind = model::RuleKind::on_hosts,
                     .must = true,
                     .machines = {p.moves[0].machine},
                     .hosts = {0}}};
       }},
      {"a rule about others", "the rule 'x' is broken",
       [](Estate& e, Plan& p) {
         e.rules = {{.name = "x",
                     .kind = model::RuleKind::together,
                     .must = true,
                     .machines = {0, 1, 2, 3, 4, 5, 6, 7},
                     .hosts = {}}};
         p.moves.resize(1);
       }},
      {"an estate", "row that is not there", [](Estate& e, Plan&) { e.machines[0].host = 77; }},
  };
  expect_found(rows);
}

TEST(Checker, an_evacuation_that_leaves_somebody_without_a_word_is_wrong) {
  auto estate = two_hosts();
  auto plan = evacuate(estate, 0);
  ASSERT_EQ(plan.moves.size(), 8U);
  EXPECT_TRUE(check_plan(estate, plan).wrong.empty());
  plan.moves.pop_back();
  plan.score_after = plan.moves.back().score_after;
  EXPECT_TRUE(finds(estate, plan, "machines stay"));
}

TEST(Checker, estates_go_over_the_wire_and_back) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    auto estate = estate_by_dice(seed, {.failures = true});
    auto text = model::to_text(to_model(estate));
    auto object = model::from_text<model::Estate>(text, model::Unknown::refuse);
    ASSERT_TRUE(object) << object.error().message;
    auto back = from_model(*object);
    ASSERT_TRUE(back) << "seed " << seed << ": " << back.error().message;
    EXPECT_EQ(score(estate), score(*back)) << "seed " << seed;
    auto plan = balance(*back);
    EXPECT_TRUE(check_plan(estate, plan).wrong.empty()) << "seed " << seed;
    EXPECT_EQ(model::to_text(to_model(*back)).size(), text.size()) << "seed " << seed;
  }
}

TEST(Checker, an_estate_that_names_what_is_not_there_is_refused) {
  auto object = to_model(two_hosts());
  struct Row {
    std::string_view what, message;
    std::function<void(model::Estate&)> spoil;
  };
  const Row rows[] = {
      {"host", "there is no host 'x'", [](auto& e) { e.machines[0].host = "x"; }},
      {"twice", "is there twice", [](auto& e) { e.machines[1].name = "vm0"; }},
      {"numbers", "6 numbers", [](auto& e) { e.machines[0].demand.pop_back(); }},
      {"range", "out of range", [](auto& e) { e.machines[0].demand[0] = -1; }},
      {"large", "out of range", [](auto& e) { e.hosts[0].capacity[0] = std::int64_t{1} << 40; }},
      {"reach", "row that is not there", [](auto& e) { e.machines[0].reach = 5; }},
      {"class", "no conflict class", [](auto& e) { e.machines[0].conflict_class = "x"; }},
      {"rule", "no machine 'x'",
       [](auto& e) { e.rules.push_back({.name = "r", .machines = {"x"}}); }},
  };
  for (const auto& row : rows) {
    auto spoiled = object;
    row.spoil(spoiled);
    auto estate = from_model(spoiled);
    ASSERT_FALSE(estate) << row.what;
    EXPECT_TRUE(estate.error().message.contains(row.message)) << estate.error().message;
  }
}

}  // namespace
}  // namespace truce::scheduler
