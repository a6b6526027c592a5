// Placement rules and plans through the API.
#include "plans/plans.h"

#include <cmath>

#include "estate.h"

namespace truce::manager {
namespace {

std::string vm_body(std::string_view name, std::string_view more = "") {
  return fmt::format(R"({{"name":"{}","disk":1048576,"memory":67108864{}}})", name, more);
}

Async<void> make_rule(Estate& estate, std::string body, int status = 201, std::string field = {}) {
  auto made = co_await estate.call("POST", "/v1/rules", body);
  EXPECT_EQ(made.status, status) << body << " " << made.raw;
  if (!field.empty()) EXPECT_EQ(made.text("/field"), field) << body;
}

// What becomes of a rule's problem, which is looked at a second later.
Async<std::string> problem_of(Estate& estate, std::string target,
                              bool (*wanted)(const std::string&)) {
  std::string problem;
  for (int i = 0; i < 250; ++i) {
    problem = (co_await estate.call("GET", target)).text("/problem");
    if (wanted(problem)) break;
    co_await sleep_for(20ms);
  }
  co_return problem;
}

TEST(Rules, are_made_shown_and_deleted_and_what_makes_no_sense_is_refused) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("a");
    co_await estate.make_machine("b");
    co_await make_rule(estate, R"({"name":"r","kind":"apart","vm":["a","b"]})");
    co_await make_rule(estate, R"({"name":"r","kind":"apart","vm":["a","b"]})", 409, "/name");
    co_await make_rule(estate, R"({"name":"s","kind":"beside","vm":["a","b"]})", 400, "/kind");
    co_await make_rule(estate, R"({"name":"s","kind":"apart","vm":["a"]})", 400, "/vm");
    co_await make_rule(estate, R"({"name":"s","kind":"apart"})", 400, "/vm");
    co_await make_rule(estate, R"({"name":"s","kind":"apart","vm":["a","x"]})", 400, "/vm/1");
    co_await make_rule(estate, R"({"name":"s","kind":"apart","vm":["a","a"]})", 400, "/vm/1");
    co_await make_rule(estate, R"({"name":"s","kind":"apart","vm_label":"=x"})", 400, "/vm_label");
    co_await make_rule(estate, R"({"name":"s","kind":"apart","vm":["a","b"],"host":["h1"]})", 400,
                       "/host");
    co_await make_rule(estate, R"({"name":"s","kind":"on-hosts","vm":["a"]})", 400, "/host");
    co_await make_rule(estate, R"({"name":"s","kind":"on-hosts","vm":["a"],"host":["x"]})", 400,
                       "/host/0");
    co_await make_rule(
        estate, R"({"name":"s","kind":"on-hosts","vm":["a"],"host":["h1"],"by_fault_domain":true})",
        400, "/by_fault_domain");
    auto listed = co_await estate.call("GET", "/v1/rules");
    EXPECT_EQ(listed.body.at("items").as_array().size(), 1U);
    auto renamed = co_await estate.call("POST", "/v1/vms/a/rename", R"({"new_name":"c"})");
    EXPECT_EQ(renamed.status, 200) << renamed.raw;
    EXPECT_EQ((co_await estate.call("GET", "/v1/rules/r")).text("/vms/0"), "c");
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/rules/r")).status, 204);
    EXPECT_EQ((co_await estate.call("GET", "/v1/rules/r")).status, 404);
  });
}

TEST(Rules, say_who_breaks_them_and_placement_keeps_those_that_must_be_kept) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("a");
    co_await estate.make_machine("b");
    co_await make_rule(estate, R"({"name":"r","kind":"apart","vm":["a","b"]})");
    auto filled = [](const std::string& problem) { return !problem.empty(); };
    EXPECT_EQ(co_await problem_of(estate, "/v1/rules/r", filled), "a and b are both on h1");
    co_await make_rule(
        estate,
        R"({"name":"off","kind":"not-on-hosts","vm_label":"away","host":["h1"],"must":true})");
    auto made =
        co_await estate.call("POST", "/v1/vms", vm_body("c", R"(,"labels":{"away":"yes"})"));
    EXPECT_EQ(made.status, 202) << made.raw;
    EXPECT_EQ(co_await problem_of(estate, "/v1/vms/c", filled),
              "no host fits: the rule 'off' keeps it off h1");
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/rules/off")).status, 204);
    co_await estate.node.machine("c", 1);
  });
}

TEST(Plans, are_computed_stored_and_shown_with_what_they_were_made_from) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("a");
    auto plan = co_await estate.call("POST", "/v1/plans", R"({"kind":"evacuate","host":"h1"})");
    EXPECT_EQ(plan.status, 201) << plan.raw;
    EXPECT_EQ(plan.text("/name"), "p-000000000001");
    EXPECT_EQ(plan.text("/state"), "proposed");
    EXPECT_EQ(plan.text("/refusals/0"),
              "a: has its disk disk0 in the pool 'default', which is not shared");
    auto estate_of_it = co_await estate.call("GET", "/v1/plans/p-000000000001/estate");
    EXPECT_EQ(estate_of_it.status, 200) << estate_of_it.raw;
    EXPECT_EQ(estate_of_it.text("/machines/0/host"), "h1");
    auto object = model::from_text<model::Estate>(estate_of_it.raw, model::Unknown::refuse);
    auto rows = scheduler::from_model(*object);
    EXPECT_TRUE(rows);
    auto stored = model::from_text<model::Plan>(plan.raw, model::Unknown::refuse);
    auto steps = scheduler::from_model(*rows, *stored);
    EXPECT_TRUE(steps);
    EXPECT_TRUE(scheduler::check_plan(*rows, *steps).wrong.empty());

    auto applied = co_await estate.call("POST", "/v1/plans/p-000000000001/apply");
    EXPECT_EQ(applied.status, 409);
    EXPECT_EQ(applied.text("/detail"), "'p-000000000001' has no moves");
    for (std::string_view kind : {"balance", "consolidate"}) {
      auto made =
          co_await estate.call("POST", "/v1/plans", fmt::format(R"({{"kind":"{}"}})", kind));
      EXPECT_EQ(made.status, 201) << made.raw;
      EXPECT_EQ(made.text("/user"), "root");
    }
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/plans/p-000000000003")).status, 204);
    auto next = co_await estate.call("POST", "/v1/plans", R"({"kind":"balance"})");
    EXPECT_EQ(next.text("/name"), "p-000000000004") << "no name is used twice";
    auto wrong = co_await estate.call("POST", "/v1/plans", R"({"kind":"evacuate"})");
    EXPECT_EQ(wrong.text("/field"), "/host");
    wrong = co_await estate.call("POST", "/v1/plans", R"({"kind":"balance","host":"x"})");
    EXPECT_EQ(wrong.text("/field"), "/host");
    wrong = co_await estate.call("POST", "/v1/plans", R"({"kind":"consolidate","host":"h1"})");
    EXPECT_EQ(wrong.text("/field"), "/host");
  });
}

TEST(Plans, for_balance_a_machine_stays_when_it_was_said_and_to_empty_a_host_it_goes) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("a");
    auto set = co_await estate.call("PATCH", "/v1/vms/a", R"({"balance":"off"})");
    EXPECT_EQ(set.text("/balance"), "off") << set.raw;
    auto fixed = [&](std::string wish) -> Async<std::string> {
      auto plan = co_await estate.call("POST", "/v1/plans", wish);
      auto made = co_await estate.call("GET", "/v1/plans/" + plan.text("/name") + "/estate");
      co_return made.text("/machines/0/fixed");
    };
    EXPECT_EQ(co_await fixed(R"({"kind":"balance"})"), "is not to be balanced");
    auto emptied = co_await fixed(R"({"kind":"evacuate","host":"h1"})");
    EXPECT_EQ(emptied, "has its disk disk0 in the pool 'default', which is not shared");
  });
}

TEST(Plans, only_the_newest_are_kept) {
  with_estate([](Estate& estate) -> Async<void> {
    for (int i = 0; i < 103; ++i)
      EXPECT_EQ((co_await estate.call("POST", "/v1/plans", R"({"kind":"balance"})")).status, 201);
    auto listed = co_await estate.call("GET", "/v1/plans?limit=1000");
    EXPECT_EQ(listed.body.at("items").as_array().size(), 100U);
    EXPECT_EQ(listed.text("/items/0/name"), "p-000000000004");
    auto forgotten = co_await estate.call("GET", "/v1/plans/p-000000000004/estate");
    EXPECT_EQ(forgotten.status, 409);
    EXPECT_EQ((co_await estate.call("GET", "/v1/plans/p-000000000103/estate")).status, 200);
  });
}

metrics::Sample sample(float cpu, float memory) {
  metrics::Sample made{.object = "u", .values = std::vector<float>(vm_quantities.size(), NAN)};
  made.values[0] = cpu;
  made.values[1] = memory;
  return made;
}

TEST(Demands, are_the_larger_of_an_average_and_of_nine_in_ten_minutes) {
  Demands demands;
  auto start = std::chrono::floor<std::chrono::minutes>(now());
  auto at = [&](int seconds) { return start + std::chrono::seconds(seconds); };
  demands.take({sample(100, 1 << 30)}, at(0));
  EXPECT_FALSE(demands.of("u", at(0))) << "too little is known";
  EXPECT_FALSE(demands.of("other", at(0)));
  for (int i = 1; i < 90; ++i) {  // busy in the fifth and sixth minute
    bool busy = i / 6 == 4 || i / 6 == 5;
    demands.take({sample(busy ? 400.0F : 100.0F, 1 << 30)}, at(10 * i));
  }
  auto now_known = demands.of("u", at(890));
  EXPECT_TRUE(now_known);
  EXPECT_EQ(now_known->cpu, 400) << "more than one minute in ten";
  EXPECT_EQ(now_known->memory, 1024);
  EXPECT_EQ(now_known->disk, 0) << "not known";
  for (int i = 90; i < 180; ++i) demands.take({sample(10, 1 << 30)}, at(10 * i));
  EXPECT_LT(demands.of("u", at(1790))->cpu, 20);
  for (int i = 180; i < 186; ++i) demands.take({sample(400, 1 << 30)}, at(10 * i));
  auto average = demands.of("u", at(1850))->cpu;
  EXPECT_GT(average, 60) << "one busy minute moves the average only";
  EXPECT_LT(average, 150);
  demands.take({}, at(5000));
  EXPECT_FALSE(demands.of("u", at(5000))) << "what is gone is forgotten";
}

}  // namespace
}  // namespace truce::manager
