// Machines that come while they run, from a platform that only pretends.
#include "disk_node.h"

namespace truce::manager {
namespace {

using model::Observed;

void set_state(Stage& stage, Observed state, platform::Tools tools = platform::Tools::running) {
  auto machine = stage.theirs.machine(stage.machine);
  machine.state = state;
  machine.tools = tools;
  platform::Update update;
  update.machines.seen = {machine};
  stage.theirs.change(update);
}

Observed state_of(Stage& stage) {
  return stage.theirs.machine(stage.machine).state;
}

std::shared_ptr<image::MemoryFile> content_of(Stage& stage) {
  return stage.theirs.content(stage.machine, "2000");
}

void write_at(image::MemoryFile& file, std::uint64_t at, int value) {
  std::vector<std::byte> bytes(1000, static_cast<std::byte>(value));
  EXPECT_TRUE(file.write(at, bytes));
}

Async<void> until_running(Stage& stage) {
  while ((co_await stage.estate.call("GET", "/v1/platforms/prod/vms/web01")).text("/observed") !=
         "running")
    co_await sleep_for(2ms);
}

Async<std::string> come_warm(Stage& stage, std::string more = {}) {
  set_state(stage, Observed::running);
  co_await platform_when(stage.estate,
                         [](const Answer& shown) { return shown.number("/vms") == 1; });
  co_await until_running(stage);
  co_return co_await come(stage, R"(,"warm":true)" + more);
}

/// Until so many moments of its disks are kept there.
Async<void> until_moments(Stage& stage, std::size_t count) {
  while (stage.theirs.moments(stage.machine) < count) co_await sleep_for(1ms);
}

Async<bool> is_same_here(Stage& stage) {
  auto disk = stage.node.disks.at(co_await uuid_of(stage) + "/disk0");
  co_return disk->content() == content_of(stage)->content();
}

TEST(Warm, what_is_written_while_it_is_copied_comes_too_and_it_is_shut_down_for_the_last_part) {
  with_stage([](Stage& stage) -> Async<void> {
    auto task = co_await come_warm(stage);
    co_await until_moments(stage, 1);
    write_at(*content_of(stage), 100'000, 7);
    co_await until_moments(stage, 2);
    // Zeros over what has come already, and the last bytes of the disk.
    EXPECT_TRUE(content_of(stage)->write_zeroes(0, 300'000));
    write_at(*content_of(stage), disk_size - 1000, 9);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    EXPECT_EQ(state_of(stage), Observed::off);
    EXPECT_TRUE(co_await is_same_here(stage));
    EXPECT_EQ(stage.theirs.moments(stage.machine), 0U) << "nothing is kept apart any more";
    auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
    EXPECT_TRUE(shown.raw.contains("s ago, for the last part")) << shown.raw;
    EXPECT_EQ((co_await stage.estate.call("GET", "/v1/vms/web01")).text("/relocation"), "");
  });
}

TEST(Warm, what_can_be_read_once_only_while_it_runs_comes_with_all_that_it_wrote) {
  for (std::string more : {"", R"(,"start":true)"}) {
    with_stage([more](Stage& stage) -> Async<void> {
      stage.theirs.once = true;
      auto task = co_await come_warm(stage, more);
      co_await until_moments(stage, 1);
      write_at(*content_of(stage), 100'000, 7);
      EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
      EXPECT_TRUE(co_await is_same_here(stage));
      EXPECT_EQ(stage.theirs.passes_ended, 2) << "the moment, and the last part";
      EXPECT_EQ(stage.theirs.moments(stage.machine), 0U);
    });
  }
}

TEST(Warm, one_that_is_called_off_or_fails_runs_on_with_nothing_kept_apart) {
  with_stage([](Stage& stage) -> Async<void> {
    stage.theirs.fail("hold", {Code::unavailable, "away", {}}, 1000);
    auto task = co_await come_warm(stage);
    co_await until_step(stage.estate, task, "waits: ");
    EXPECT_EQ((co_await stage.estate.call("POST", "/v1/tasks/" + task + "/cancel")).status, 202);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "cancelled");
    co_await until_gone(stage);
    EXPECT_EQ(state_of(stage), Observed::running);
  });
}

TEST(Warm, one_that_was_shut_down_for_a_move_that_fails_is_started_again) {
  with_stage([](Stage& stage) -> Async<void> {
    auto task = co_await come_warm(stage);
    set_state(stage, Observed::running, platform::Tools::stopped);
    co_await until_step(stage.estate, task, "shutting it down");
    stage.theirs.fail("depart_warm", {Code::corrupt, "its disks are broken", {}});
    set_state(stage, Observed::off);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "failed");
    EXPECT_EQ(state_of(stage), Observed::running);
    EXPECT_EQ(stage.theirs.moments(stage.machine), 0U);
    co_await until_gone(stage);
  });
}

TEST(Warm, a_guest_that_does_not_hear_it_is_waited_for_and_the_machine_may_be_off_before) {
  with_stage([](Stage& stage) -> Async<void> {
    auto task = co_await come_warm(stage);
    set_state(stage, Observed::running, platform::Tools::stopped);
    co_await until_step(stage.estate, task, "shutting it down");
    EXPECT_EQ(state_of(stage), Observed::running);
    write_at(*content_of(stage), 200'000, 3);
    set_state(stage, Observed::off);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    EXPECT_TRUE(co_await is_same_here(stage));
  });
}

TEST(Warm, it_goes_on_when_the_manager_was_started_again) {
  with_stage([](Stage& stage) -> Async<void> {
    stage.theirs.fail("let_go", {Code::unavailable, "away", {}}, 3);
    auto task = co_await come_warm(stage, R"(,"keep_source":false)");
    co_await until_moments(stage, 1);
    write_at(*content_of(stage), 100'000, 7);
    auto expected = content_of(stage);
    co_await stage.estate.manager->stop();
    co_await come_back(stage);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    auto disk = stage.node.disks.at(co_await uuid_of(stage) + "/disk0");
    EXPECT_TRUE(disk->content() == expected->content());
    EXPECT_EQ(named(stage.theirs, "web01"), 0U);
  });
}

TEST(Warm, what_is_off_is_copied_once_and_what_goes_elsewhere_must_be_off) {
  with_stage([](Stage& stage) -> Async<void> {
    EXPECT_EQ(co_await stage.estate.task_ends(co_await come(stage, R"(,"warm":true)")),
              "succeeded");
    auto away =
        co_await stage.estate.call("POST", "/v1/vms/web01/move",
                                   R"({"to":"prod","new_name":"x","network":["LAN"],"warm":true})");
    EXPECT_EQ(away.text("/field"), "/warm") << away.raw;
    set_state(stage, Observed::running);
    co_await until_running(stage);
    const std::string move = "/v1/platforms/prod/vms/web01/move";
    auto runs = co_await stage.estate.call("POST", move, R"({"to":"here","new_name":"b"})");
    EXPECT_EQ(runs.status, 409);
    EXPECT_TRUE(runs.raw.contains("--warm")) << runs.raw;
    auto report = co_await stage.estate.call("POST", move + "-report",
                                             R"({"to":"here","new_name":"b","warm":true})");
    EXPECT_TRUE(report.raw.contains("shut down for the last part")) << report.raw;
    set_state(stage, Observed::paused);
    while ((co_await stage.estate.call("GET", "/v1/platforms/prod/vms/web01")).text("/observed") !=
           "paused")
      co_await sleep_for(2ms);
    EXPECT_EQ(
        (co_await stage.estate.call("POST", move, R"({"to":"here","new_name":"b","warm":true})"))
            .status,
        409);
  });
}

}  // namespace
}  // namespace truce::manager
