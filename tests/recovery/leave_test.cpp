// What machines of a host do, and what is done with their disks, while it may not start them.
#include "hosts_lab.h"

namespace truce::recovery {
namespace {

Async<void> until_observed(Lab& lab, std::string name, std::string observed) {
  co_await lab.pass_until(
      [&]() -> Async<bool> { co_return co_await lab.vm(name, "/observed") == observed; },
      name + " is seen to be " + observed);
}

// Time stands still meanwhile: no host has a new life yet, and none is taken for dead.
Async<void> until_online(Lab& lab) {
  for (const auto* name : {"h1", "h2"}) {
    std::string state;
    for (int i = 0; i < 4000 && state != "online"; ++i) {
      auto host = co_await lab.call("GET", std::string("/v1/hosts/") + name);
      state = host.text("/state");
      co_await sleep_for(5ms);
    }
    EXPECT_EQ(state, "online") << name;
  }
}

TEST(Leave, that_an_earlier_daemon_had_and_did_not_use_is_asked_for_again) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    auto starts = lab.host(home).world().starts();
    co_await lab.host(home).stop();
    lab.host(home).world().lose(uuid);  // as one that was noted, and never came to be
    co_await lab.host(home).start();
    co_await lab.pass_until_runs(uuid, home);
    EXPECT_EQ(lab.host(home).world().starts(), starts + 1);
    co_await lab.pass(20s);
    EXPECT_EQ(lab.where(uuid), std::vector{home});
    EXPECT_EQ(co_await lab.vm("web", "/problem"), "");
  });
}

TEST(Leave, is_waited_for_by_a_machine_that_was_paused_which_is_no_failure) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    auto& world = lab.host(home).world();
    auto starts = world.starts();
    co_await until_observed(lab, "web", "running");
    EXPECT_EQ((co_await lab.call("POST", "/v1/vms/web/pause")).status, 202);
    co_await until_observed(lab, "web", "paused");
    co_await lab.stop_manager();
    co_await lab.pass(9s);
    EXPECT_TRUE(lab.where(uuid).empty());
    co_await lab.start_manager();
    co_await until_online(lab);
    co_await lab.pass_until_runs(uuid, home);
    co_await until_observed(lab, "web", "running");
    EXPECT_EQ(world.starts(), starts + 1);
    EXPECT_EQ(co_await lab.vm("web", "/wanted"), "running");  // so the manager has it
    EXPECT_EQ(co_await lab.vm("web", "/problem"), "");
  });
}

// A host without a life does not know whether another one has the machine by now.
TEST(Leave, is_waited_for_before_anything_is_done_with_disks) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    co_await until_observed(lab, "web", "running");
    EXPECT_EQ((co_await lab.call("POST", "/v1/vms/web/stop")).status, 202);
    co_await until_observed(lab, "web", "off");
    co_await lab.stop_manager();
    co_await lab.pass(9s);
    co_await lab.start_manager();
    co_await until_online(lab);
    auto asked =
        co_await lab.call("POST", "/v1/vms/web/disks", R"({"size":1073741824,"pool":"shared"})");
    EXPECT_EQ(asked.status, 202) << boost::json::serialize(asked.body);
    auto task = "/v1/tasks/" + asked.text("/name");
    bool told = false;
    for (int i = 0; i < 2000 && !told; ++i) {
      auto seen = co_await lab.call("GET", task);
      EXPECT_EQ(seen.text("/state"), "running") << boost::json::serialize(seen.body);
      told = seen.text("/step").contains("waiting until") || seen.text("/state") != "running";
      co_await sleep_for(5ms);
    }
    EXPECT_TRUE(told);
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          co_return (co_await lab.call("GET", task)).text("/state") != "running";
        },
        "it is done");
    auto done = co_await lab.call("GET", task);
    EXPECT_EQ(done.text("/state"), "succeeded") << boost::json::serialize(done.body);
  });
}

}  // namespace
}  // namespace truce::recovery
