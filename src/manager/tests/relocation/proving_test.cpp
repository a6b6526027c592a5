// Machines that come and are started as throw-aways first, with a node that the test plays.
#include "base/base64.h"
#include "disk_node.h"

namespace truce::manager {
namespace {

constexpr std::string_view proved = R"(,"prove":true)";

/// The node's machines run, and their guests' agents answer what this says.
struct Guest {
  model::GuestSigns signs;
  std::string png = "\x89PNG and more";
  int looks = 0, programs = 0;
  model::CallReply operator()(const model::Call& call) {
    model::CallReply reply;
    if (call.verb == model::CallVerb::signs) {
      ++looks;
      reply.signs = signs;
    } else if (call.verb == model::CallVerb::screenshot) {
      reply.data = base64_encode(png);
    } else if (call.verb == model::CallVerb::exec) {
      ++programs;
      EXPECT_EQ(call.argv.front(), "systemctl");
      reply.exec = model::ExecAnswer{0, "running\n", ""};
    } else {
      ADD_FAILURE() << model::to_string(call.verb);
    }
    return reply;
  }
};

std::shared_ptr<Guest> with_guest(Stage& stage) {
  auto guest = std::make_shared<Guest>();
  stage.node.starts = true;
  stage.node.answers = [guest](const model::Call& call) { return (*guest)(call); };
  return guest;
}

Async<void> until_trial(Stage& stage, std::string task) {
  co_await until_step(stage.estate, task, "throw-away");
  auto uuid = co_await uuid_of(stage);
  while (!stage.node.vms[uuid].trial) co_await sleep_for(2ms);
}

TEST(Proving, a_machine_that_boots_comes_and_its_picture_is_kept_with_the_task) {
  with_stage([](Stage& stage) -> Async<void> {
    auto guest = with_guest(stage);
    auto task = co_await come(stage, R"(,"prove":true,"keep_source":false)");
    co_await until_trial(stage, task);
    auto uuid = co_await uuid_of(stage);
    EXPECT_EQ(stage.node.vms[uuid].wanted, model::Wanted::running);
    EXPECT_EQ(named(stage.theirs, "web01"), 1U) << "nothing is removed before it is proved";
    for (const char* verb : {"stop", "start", "pause", "reset"}) {
      auto refused =
          co_await stage.estate.call("POST", fmt::format("/v1/vms/web01/{}", verb), "{}");
      EXPECT_EQ(refused.status, 409) << verb << refused.raw;
    }
    EXPECT_EQ((co_await stage.estate.call("GET", "/v1/tasks/" + task + "/screenshot")).status, 404);
    guest->signs.agent = true;
    guest->signs.host_name = "web-one";
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
    EXPECT_EQ(shown.text("/proof/outcome"), "booted") << shown.raw;
    EXPECT_EQ(shown.text("/proof/seen/0"), "host name: web-one");
    EXPECT_EQ(shown.text("/proof/seen/1"), "services: all run");
    EXPECT_EQ(shown.number("/proof/picture"), static_cast<std::int64_t>(guest->png.size()));
    auto picture = co_await stage.estate.call("GET", "/v1/tasks/" + task + "/screenshot");
    EXPECT_EQ(picture.status, 200);
    EXPECT_EQ(picture.raw, guest->png);
    auto here = co_await stage.estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(here.text("/observed"), "off");
    EXPECT_NE(here.text("/trial"), "true");
    EXPECT_EQ(named(stage.theirs, "web01"), 0U);
  });
}

TEST(Proving, one_that_does_not_boot_is_undone_and_its_source_stays) {
  with_stage([](Stage& stage) -> Async<void> {
    auto guest = with_guest(stage);
    auto task = co_await come(stage, R"(,"prove":true,"keep_source":false)");
    co_await until_trial(stage, task);
    auto uuid = co_await uuid_of(stage);
    model::VmReport ended{.uuid = uuid, .observed = model::Observed::off};
    ended.generation = stage.node.vms[uuid].generation;
    ended.event = "vm.ended.guest_shutdown";
    ended.event_message = "the guest powered off";
    co_await stage.estate.node.report(ended);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "failed");
    auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
    EXPECT_EQ(shown.text("/proof/outcome"), "failed");
    EXPECT_TRUE(shown.text("/error").contains("did not boot: it powered itself off")) << shown.raw;
    co_await until_gone(stage);
    EXPECT_TRUE(stage.node.removed.contains(uuid));
    EXPECT_EQ(named(stage.theirs, "web01"), 1U);
  });
}

TEST(Proving, one_that_cannot_be_started_is_undone_with_the_reason) {
  with_stage([](Stage& stage) -> Async<void> {
    with_guest(stage);
    stage.node.start_fails = "start web01: no such firmware";
    auto task = co_await come(stage, std::string(proved));
    EXPECT_EQ(co_await stage.estate.task_ends(task), "failed");
    auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
    EXPECT_TRUE(shown.text("/error").contains("no such firmware")) << shown.raw;
    co_await until_gone(stage);
  });
}

TEST(Proving, it_can_be_called_off_while_it_is_looked_at) {
  with_stage([](Stage& stage) -> Async<void> {
    auto guest = with_guest(stage);
    auto task = co_await come(stage, std::string(proved));
    co_await until_trial(stage, task);
    while (guest->looks < 3) co_await sleep_for(2ms);
    EXPECT_EQ((co_await stage.estate.call("POST", "/v1/tasks/" + task + "/cancel")).status, 202);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "cancelled");
    co_await until_gone(stage);
    EXPECT_EQ(named(stage.theirs, "web01"), 1U);
  });
}

TEST(Proving, a_manager_that_comes_back_goes_on_looking) {
  with_stage([](Stage& stage) -> Async<void> {
    auto guest = with_guest(stage);
    auto task = co_await come(stage, std::string(proved));
    co_await until_trial(stage, task);
    co_await stage.estate.manager->stop();
    guest->signs.agent = true;
    co_await come_back(stage);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
    EXPECT_EQ(shown.text("/proof/outcome"), "booted") << shown.raw;
  });
}

// The source has that much memory, and it is known here.
Async<void> need_memory(Stage& stage, Bytes memory) {
  auto machine = stage.theirs.machine(stage.machine);
  machine.memory = memory;
  platform::Update update;
  update.machines.seen = {machine};
  stage.theirs.change(update);
  while ((co_await stage.estate.call("GET", "/v1/platforms/prod/vms/web01")).number("/memory") !=
         static_cast<std::int64_t>(memory.count))
    co_await sleep_for(2ms);
}

TEST(Proving, one_that_no_host_has_room_for_waits_and_can_be_called_off) {
  with_stage([](Stage& stage) -> Async<void> {
    with_guest(stage);
    co_await need_memory(stage, gib(100000));
    auto task = co_await come(stage, std::string(proved));
    co_await until_step(stage.estate, task, "no host fits");
    EXPECT_EQ((co_await stage.estate.call("POST", "/v1/tasks/" + task + "/cancel")).status, 202);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "cancelled");
    co_await until_gone(stage);
    EXPECT_EQ(named(stage.theirs, "web01"), 1U);
  });
}

TEST(Proving, one_whose_host_fills_up_meanwhile_is_undone_with_the_reason) {
  with_stage([](Stage& stage) -> Async<void> {
    with_guest(stage);
    co_await need_memory(stage, gib(12));
    stage.node.tells = false;
    auto task = co_await come(stage, std::string(proved));
    auto uuid = co_await uuid_of(stage);
    while (!stage.node.vms.contains(uuid)) co_await sleep_for(2ms);
    auto body =
        fmt::format(R"({{"name":"other","disk":1048576,"memory":{},"start":true}})", gib(8).count);
    EXPECT_EQ((co_await stage.estate.call("POST", "/v1/vms", body)).status, 202);
    while ((co_await stage.estate.call("GET", "/v1/vms/other")).text("/host").empty())
      co_await sleep_for(2ms);
    stage.node.tells = true;
    model::VmReport made{.uuid = uuid, .observed = model::Observed::off};
    made.generation = stage.node.vms[uuid].generation;
    co_await stage.estate.node.report(made);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "failed");
    auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
    EXPECT_TRUE(shown.text("/error").contains("8GiB of it promised")) << shown.raw;
    co_await until_gone(stage);
    EXPECT_EQ(named(stage.theirs, "web01"), 1U);
  });
}

TEST(Proving, large_pictures_are_kept_in_parts_and_too_large_ones_are_not) {
  with_stage([](Stage& stage) -> Async<void> {
    auto guest = with_guest(stage);
    guest->signs.agent = true;
    guest->png = "\x89PNG" + std::string(3 << 20, 'x') + "end";
    auto task = co_await come(stage, std::string(proved));
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    auto picture = co_await stage.estate.call("GET", "/v1/tasks/" + task + "/screenshot");
    EXPECT_TRUE(picture.raw == guest->png);
    co_await stage.estate.call("DELETE", "/v1/vms/web01");
    co_await until_gone(stage);
    guest->png.resize(5 << 20);
    task = co_await come(stage, std::string(proved));
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded") << "it has booted all the same";
    auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
    EXPECT_EQ(shown.number("/proof/picture"), 0) << shown.raw;
    EXPECT_TRUE(shown.raw.contains("no picture:"));
  });
}

TEST(Proving, only_what_comes_here_is_proved) {
  with_stage([](Stage& stage) -> Async<void> {
    EXPECT_EQ(co_await stage.estate.task_ends(co_await come(stage)), "succeeded");
    auto refused =
        co_await stage.estate.call("POST", "/v1/vms/web01/move", R"({"to":"prod","prove":true})");
    EXPECT_EQ(refused.text("/field"), "/prove") << refused.raw;
  });
}

}  // namespace
}  // namespace truce::manager
