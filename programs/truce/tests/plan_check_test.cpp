// `truce plan check` on files.
#include <gtest/gtest.h>

#include <fstream>

#include "fake_daemon.h"
#include "scheduler/plans.h"

namespace truce::cli {
namespace {

class PlanCheck : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    auto path = daemon.folder() / name;
    std::ofstream(path) << text;
    return path.string();
  }
  FakeDaemon daemon;  // it is never asked
};

scheduler::Estate small_estate() {
  scheduler::Estate estate;
  for (int i = 0; i < 2; ++i) {
    estate.host_names.push_back(fmt::format("h{}", i));
    estate.hosts.push_back({.capacity = {800, 8192, 0, 0, 8192, 8}, .reservable_cpu = 800});
  }
  for (int i = 0; i < 4; ++i) {
    estate.machine_names.push_back(fmt::format("vm{}", i));
    estate.machines.push_back({.demand = {180, 1024, 0, 0, 1024, 2}, .host = 0});
  }
  return estate;
}

TEST_F(PlanCheck, tells_a_sound_plan_from_one_that_is_not) {
  auto estate = small_estate();
  auto made = scheduler::balance(estate);
  ASSERT_FALSE(made.moves.empty());
  model::Plan plan{.name = "p-1"};
  scheduler::to_model(estate, made, plan);
  auto estate_file = write("estate.json", model::to_text(scheduler::to_model(estate)));
  auto run = [&](const std::string& plan_file) {
    return daemon.run({"plan", "check", plan_file, estate_file});
  };
  auto sound = run(write("plan.json", model::to_text(plan)));
  EXPECT_EQ(sound.status.code, 0) << sound.err;
  EXPECT_TRUE(sound.out.starts_with("p-1: ")) << sound.out;
  plan.moves[0].score_after += 1;
  auto wrong = run(write("wrong.json", model::to_text(plan)));
  EXPECT_EQ(wrong.status.code, 1);
  EXPECT_TRUE(wrong.out.contains("move 1: the score is said to be")) << wrong.out;
  auto no_plan = run(write("text.json", "text"));
  EXPECT_NE(no_plan.status.code, 0);
  EXPECT_TRUE(no_plan.err.contains("text.json")) << no_plan.err;
}

}  // namespace
}  // namespace truce::cli
