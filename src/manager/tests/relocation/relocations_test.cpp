// Moves to and from a platform that only pretends, with a node that the test plays.
#include "disk_node.h"

namespace truce::manager {
namespace {

Async<std::string> go(Stage& stage, std::string more = {}) {
  co_return co_await begin(
      stage.estate, "/v1/vms/web01/move",
      fmt::format(R"({{"to":"prod","new_name":"back","network":["LAN"]{}}})", more));
}

TEST(Relocations, a_machine_comes_and_goes_back_with_what_is_on_its_disk) {
  with_stage([](Stage& stage) -> Async<void> {
    auto report = co_await stage.estate.call("POST", "/v1/platforms/prod/vms/web01/move-report",
                                             R"({"to":"here"})");
    EXPECT_EQ(report.status, 200) << report.raw;
    EXPECT_EQ(co_await stage.estate.task_ends(co_await come(stage)), "succeeded");
    auto here = co_await stage.estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(here.text("/relocation"), "");
    EXPECT_EQ(here.text("/nics/0/mac"), "00:50:56:00:00:01");
    EXPECT_EQ(here.text("/uuid"), stage.theirs.machine(stage.machine).uuid);
    auto disk = stage.node.disks.at(here.text("/uuid") + "/disk0");
    EXPECT_TRUE(disk->content() == stage.theirs.content(stage.machine, "2000")->content());
    EXPECT_EQ(named(stage.theirs, "web01"), 1U) << "what it was moved from is kept";

    EXPECT_EQ(co_await stage.estate.task_ends(co_await go(stage, R"(,"keep_source":false)")),
              "succeeded");
    co_await until_gone(stage);
    EXPECT_EQ(named(stage.theirs, "back"), 1U);
    for (const auto& [id, machine] : stage.theirs.inventory().machines())
      if (machine.name == "back")
        EXPECT_TRUE(stage.theirs.content(id, "0")->content() == disk->content());
  });
}

TEST(Relocations, what_it_was_moved_from_goes_where_that_was_asked_for) {
  with_stage([](Stage& stage) -> Async<void> {
    auto task = co_await come(stage, R"(,"keep_source":false)");
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    EXPECT_EQ(named(stage.theirs, "web01"), 0U);
  });
}

TEST(Relocations, what_may_pass_is_tried_again_and_what_does_not_pass_undoes_it) {
  with_stage([](Stage& stage) -> Async<void> {
    stage.theirs.fail("depart", {Code::unavailable, "away", {}}, 3);
    EXPECT_EQ(co_await stage.estate.task_ends(co_await come(stage)), "succeeded");
    co_await stage.estate.call("DELETE", "/v1/vms/web01");
    co_await until_gone(stage);
    for (auto code : {Code::corrupt, Code::unavailable}) {
      stage.theirs.fail("depart", {code, "it is broken", {}}, 1000);
      auto task = co_await come(stage);
      auto uuid = co_await uuid_of(stage);
      EXPECT_EQ(co_await stage.estate.task_ends(task), "failed");
      auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
      EXPECT_TRUE(shown.text("/error").contains("it is broken")) << shown.raw;
      co_await until_gone(stage);
      EXPECT_TRUE(stage.node.removed.contains(uuid));
    }
    EXPECT_EQ(named(stage.theirs, "web01"), 1U);
  });
}

TEST(Relocations, one_that_is_called_off_leaves_nothing_in_either_direction) {
  with_stage([](Stage& stage) -> Async<void> {
    *stage.theirs.hold = true;
    auto task = co_await come(stage);
    co_await until_step(stage.estate, task, "copying");
    EXPECT_EQ((co_await stage.estate.call("POST", "/v1/vms/web01/start", "{}")).status, 409);
    EXPECT_EQ((co_await stage.estate.call("DELETE", "/v1/vms/web01")).status, 409);
    EXPECT_EQ((co_await stage.estate.call("DELETE", "/v1/platforms/prod")).status, 409);
    const std::string theirs = "/v1/platforms/prod/vms/web01";
    EXPECT_EQ((co_await stage.estate.call("DELETE", theirs)).status, 409);
    EXPECT_EQ((co_await stage.estate.call("POST", theirs + "/start", "{}")).status, 409);
    EXPECT_EQ((co_await stage.estate.call("PATCH", theirs, R"({"cpus":3})")).status, 409);
    EXPECT_EQ((co_await stage.estate.call("POST", "/v1/tasks/" + task + "/cancel")).status, 202);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "cancelled");
    co_await until_gone(stage);
    *stage.theirs.hold = false;
    EXPECT_EQ(co_await stage.estate.task_ends(co_await come(stage)), "succeeded");
    *stage.theirs.hold = true;
    task = co_await go(stage);
    co_await until_step(stage.estate, task, "copying");
    EXPECT_EQ(named(stage.theirs, "back"), 1U);
    co_await stage.estate.call("POST", "/v1/tasks/" + task + "/cancel");
    EXPECT_EQ(co_await stage.estate.task_ends(task), "cancelled");
    EXPECT_EQ(named(stage.theirs, "back"), 0U);
    EXPECT_EQ((co_await stage.estate.call("GET", "/v1/vms/web01")).text("/relocation"), "");
  });
}

TEST(Relocations, a_disk_that_was_written_meanwhile_is_read_anew) {
  with_stage([](Stage& stage) -> Async<void> {
    *stage.theirs.hold = true;
    auto task = co_await come(stage);
    co_await until_step(stage.estate, task, "copying");
    while (*stage.theirs.held == 0) co_await sleep_for(1ms);
    // Half of it has come, it breaks off, and somebody writes.
    auto uuid = co_await uuid_of(stage);
    paint(*stage.node.disks.at(uuid + "/disk0"), 77);
    auto content = stage.theirs.content(stage.machine, "2000");
    stage.theirs.touch();
    EXPECT_TRUE(content->write_zeroes(0, disk_size));
    paint(*content, 5);
    stage.theirs.touch();
    co_await stage.estate.manager->stop();
    *stage.theirs.hold = false;
    co_await come_back(stage);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    EXPECT_TRUE(stage.node.disks.at(uuid + "/disk0")->content() == content->content());

    // The same in the other direction: what was half made is removed.
    *stage.theirs.hold = true;
    task = co_await go(stage);
    co_await until_step(stage.estate, task, "copying");
    co_await stage.estate.manager->stop();
    *stage.theirs.hold = false;
    co_await come_back(stage);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    EXPECT_EQ(named(stage.theirs, "back"), 1U);
  });
}

TEST(Relocations, what_cannot_be_is_refused_with_the_field_at_fault) {
  with_stage([](Stage& stage) -> Async<void> {
    EXPECT_EQ(co_await stage.estate.task_ends(co_await come(stage)), "succeeded");
    auto bad = [&](std::string body) {
      return stage.estate.call("POST", "/v1/vms/web01/move", std::move(body));
    };
    EXPECT_EQ((co_await bad(R"({"to":"here"})")).text("/field"), "/to");
    EXPECT_EQ((co_await bad(R"({"to":"none"})")).text("/field"), "/to");
    EXPECT_EQ((co_await bad(R"({"to":"prod","network":["LAN"]})")).text("/field"), "/new_name")
        << "the source was kept";
    EXPECT_EQ((co_await bad(R"({"to":"prod","new_name":"x"})")).text("/field"), "/network");
    auto again =
        co_await stage.estate.call("POST", "/v1/platforms/prod/vms/web01/move", R"({"to":"here"})");
    EXPECT_EQ(again.text("/field"), "/new_name");
  });
}

}  // namespace
}  // namespace truce::manager
