// Machines that change hosts when all goes well, and requests that are refused.
#include "region.h"

namespace truce {
namespace {

using Guest = hypervisor::FakeWorld::Guest;

Async<void> expect_moved(Region& region, const std::string& task) {
  EXPECT_EQ(co_await region.ends(task), "succeeded") << region.said;
  co_await region.until([&]() -> Async<bool> { co_return (co_await region.jobs()).empty(); });
  auto vm = co_await region.vm();
  EXPECT_EQ(vm.host, "h2");
  EXPECT_EQ(vm.moving_to, "");
  EXPECT_TRUE(vm.last_migration && vm.last_migration->from == "h1" &&
              vm.last_migration->to == "h2");
  co_await region.nothing_left_on(0);
}

TEST(Moves, a_running_machine_goes_to_another_host_with_its_disk) {
  in_region([](Region& region) -> Async<void> {
    co_await region.make_machine(true);
    region.hosts[0]->world->reset(region.uuid);  // what its memory knows
    auto before = co_await region.vm();
    auto asked = co_await region.migrate(R"({"with_storage":true})");
    EXPECT_EQ(asked.status, 202) << asked.raw;
    EXPECT_EQ(asked.text("/kind"), "vm.migrate");
    co_await expect_moved(region, asked.text("/name"));
    EXPECT_TRUE(region.runs(1));
    EXPECT_EQ(region.guest(1)->resets, 1);
    EXPECT_EQ(region.hosts[0]->world->starts(), 1);
    EXPECT_EQ(region.hosts[1]->world->starts(), 0);
    EXPECT_TRUE(std::filesystem::exists(region.hosts[1]->home(region.uuid) / "disk0.qcow2"));
    EXPECT_TRUE(std::filesystem::exists(region.hosts[1]->home(region.uuid) / "provisioned"));
    auto vm = co_await region.vm();
    EXPECT_EQ(vm.epoch, before.epoch + 1);
    EXPECT_EQ(vm.observed, Observed::running);
    EXPECT_GT(vm.last_migration->transferred.count, 0U);
    EXPECT_GT(vm.last_migration->disks_transferred.count, 0U);
    EXPECT_GT(vm.last_migration->dirty_rate.count, 0U);
    EXPECT_GT(vm.last_migration->predicted_total_ms, 0);
    EXPECT_GT(vm.last_migration->total_ms, 0);
    // It obeys over there.
    auto stopped = co_await region.estate.call("POST", "/v1/vms/web01/stop", "{}");
    EXPECT_EQ(co_await region.ends(stopped.text("/name")), "succeeded") << region.said;
    EXPECT_EQ(region.guest(1), nullptr);
  });
}

TEST(Moves, it_comes_back_the_same_way) {
  in_region([](Region& region) -> Async<void> {
    co_await region.make_machine(true);
    auto there = co_await region.migrate(R"({"with_storage":true})");
    co_await expect_moved(region, there.text("/name"));
    auto back = co_await region.migrate_again(R"({"with_storage":true,"to":"h1"})");
    EXPECT_EQ(back.status, 202) << back.raw;
    EXPECT_EQ(co_await region.ends(back.text("/name")), "succeeded") << region.said;
    co_await region.until([&]() -> Async<bool> { co_return (co_await region.jobs()).empty(); });
    EXPECT_TRUE(region.runs(0));
    co_await region.nothing_left_on(1);
  });
}

TEST(Moves, a_disk_in_a_shared_pool_stays_where_it_is) {
  in_region([](Region& region) -> Async<void> {
    co_await region.make_shared_pool();
    co_await region.make_machine(true, "shared");
    auto file = region.estate.folder / "shared/vms" / region.uuid / "disk0.qcow2";
    EXPECT_TRUE(std::filesystem::exists(file));
    auto asked = co_await region.migrate();
    EXPECT_EQ(asked.status, 202) << asked.raw;
    co_await expect_moved(region, asked.text("/name"));
    EXPECT_TRUE(region.runs(1));
    EXPECT_TRUE(std::filesystem::exists(file));
    EXPECT_EQ((co_await region.vm()).last_migration->disks_transferred.count, 0U);
  });
}

TEST(Moves, a_machine_that_is_off_moves_with_its_files) {
  in_region([](Region& region) -> Async<void> {
    co_await region.make_machine(false);
    auto home = region.hosts[0]->home(region.uuid);
    EXPECT_TRUE(write_file_durably(home / "uefi-variables.fd", "what its firmware remembers"));
    EXPECT_TRUE(make_folder(home / "tpm"));
    EXPECT_TRUE(write_file_durably(home / "tpm/tpm2-00.permall", "secrets"));
    EXPECT_TRUE(write_file_durably(home / "not-its-own", "stays"));
    auto asked = co_await region.migrate(R"({"with_storage":true})");
    co_await expect_moved(region, asked.text("/name"));
    auto there = region.hosts[1]->home(region.uuid);
    EXPECT_EQ(read_file(there / "uefi-variables.fd").value_or(""), "what its firmware remembers");
    EXPECT_EQ(read_file(there / "tpm/tpm2-00.permall").value_or(""), "secrets");
    EXPECT_FALSE(std::filesystem::exists(there / "not-its-own"));
    EXPECT_EQ((co_await region.vm()).observed, Observed::off);
    auto started = co_await region.estate.call("POST", "/v1/vms/web01/start", "{}");
    EXPECT_EQ(co_await region.ends(started.text("/name")), "succeeded") << region.said;
    EXPECT_TRUE(region.runs(1));
  });
}

TEST(Moves, offline_means_suspended_moved_and_resumed) {
  in_region([](Region& region) -> Async<void> {
    co_await region.make_machine(true);
    auto asked = co_await region.migrate(R"({"with_storage":true,"offline":true})");
    EXPECT_EQ(asked.status, 202) << asked.raw;
    co_await expect_moved(region, asked.text("/name"));
    co_await region.until_so([&] { return region.runs(1); });
    EXPECT_TRUE(region.guest(1)->continued);
    EXPECT_FALSE(
        std::filesystem::exists(region.hosts[1]->home(region.uuid) / hypervisor::suspend_file));
    co_await region.until(
        [&]() -> Async<bool> { co_return (co_await region.vm()).observed == Observed::running; });
  });
}

TEST(Moves, with_post_copy_it_is_decided_before_all_has_come) {
  in_region([](Region& region) -> Async<void> {
    co_await region.make_machine(true);
    auto asked = co_await region.migrate(R"({"with_storage":true,"post_copy":true})");
    co_await expect_moved(region, asked.text("/name"));
    EXPECT_TRUE(region.runs(1));
    EXPECT_TRUE((co_await region.vm()).last_migration->post_copy);
  });
}

TEST(Moves, what_cannot_move_is_told_why) {
  in_region([](Region& region) -> Async<void> {
    co_await region.make_machine(true);
    auto refused = [&](std::string options, std::string why) -> Async<void> {
      auto answer = co_await region.migrate(options);
      EXPECT_GE(answer.status, 400) << options;
      EXPECT_TRUE(answer.raw.contains(why)) << answer.raw;
    };
    co_await refused("{}", "--with-storage");
    co_await refused(R"({"to":"h1","with_storage":true})", "on h1 already");
    co_await refused(R"({"to":"h9","with_storage":true})", "there is no host 'h9'");
    co_await region.hosts[1]->kill();
    co_await region.until([&]() -> Async<bool> {
      auto host = co_await region.estate.call("GET", "/v1/hosts/h2");
      co_return host.text("/state") == "offline";
    });
    co_await refused(R"({"to":"h2","with_storage":true})", "h2 is offline");
    co_await refused(R"({"with_storage":true})", "cannot go anywhere else");
    co_await region.mend();
    auto paused = co_await region.estate.call("POST", "/v1/vms/web01/pause");
    EXPECT_EQ(co_await region.ends(paused.text("/name")), "succeeded") << region.said;
    co_await refused(R"({"with_storage":true})", "is paused");
    EXPECT_TRUE((co_await region.jobs()).empty());
  });
}

TEST(Moves, whoever_wants_something_else_of_it_waits_or_cancels) {
  in_region([](Region& region) -> Async<void> {
    co_await region.make_machine(true);
    region.hosts[0]->world->hold_flights(true);
    auto asked = co_await region.migrate(R"({"with_storage":true})");
    co_await region.until_so([&] { return region.guest(1) != nullptr; });
    struct Request {
      const char *method, *path, *body;
    };
    for (auto request : {Request{"POST", "/v1/vms/web01/pause", ""},
                         {"POST", "/v1/vms/web01/suspend", ""},
                         {"POST", "/v1/vms/web01/reset", ""},
                         {"POST", "/v1/vms/web01/migrate", R"({"with_storage":true})"},
                         {"PATCH", "/v1/vms/web01", R"({"cpus":2})"},
                         {"POST", "/v1/vms/web01/snapshots", R"({"name":"one"})"},
                         {"POST", "/v1/vms/web01/disks", R"({"size":1048576})"}}) {
      auto answer = co_await region.estate.call(request.method, request.path, request.body);
      EXPECT_GE(answer.status, 400) << request.path;
      EXPECT_TRUE(answer.raw.contains("is moving to h2")) << answer.raw;
    }
    auto words = co_await region.estate.call("PATCH", "/v1/vms/web01", R"({"description":"x"})");
    EXPECT_EQ(words.status, 200) << words.raw;
    auto cancelled =
        co_await region.estate.call("POST", "/v1/tasks/" + asked.text("/name") + "/cancel");
    EXPECT_EQ(cancelled.status, 202) << cancelled.raw;
    EXPECT_EQ(co_await region.ends(asked.text("/name")), "cancelled");
    co_await region.until_so([&] { return region.guest(1) == nullptr; });
    region.hosts[0]->world->hold_flights(false);
    co_await region.until_so(
        [&] { return !std::filesystem::exists(region.hosts[1]->home(region.uuid)); });
    EXPECT_TRUE(region.runs(0));
    EXPECT_EQ((co_await region.vm()).description, "x");
    // And it can be tried again.
    auto again = co_await region.migrate_again(R"({"with_storage":true})");
    co_await expect_moved(region, again.text("/name"));
  });
}

TEST(Moves, what_the_other_host_cannot_do_leaves_it_where_it_is) {
  for (const auto* verb : {"receive", "has_landed", "landing"}) {
    in_region([verb](Region& region) -> Async<void> {
      co_await region.make_machine(true);
      region.hosts[1]->world->fail(verb, {Code::io, "it does not work", {}});
      auto asked = co_await region.migrate(R"({"with_storage":true})");
      EXPECT_EQ(co_await region.ends(asked.text("/name")), "failed") << verb;
      co_await region.until_so([&] { return region.runs(0); });
      EXPECT_EQ((co_await region.vm()).moving_to, "");
      co_await region.nothing_left_on(1);
    });
  }
}

TEST(Moves, a_host_is_emptied_and_what_stays_is_named) {
  in_region(
      [](Region& region) -> Async<void> {
        for (const auto* name : {"a", "b", "c"}) {
          auto made = co_await region.estate.call(
              "POST", "/v1/vms",
              fmt::format(R"({{"name":"{}","disk":1048576,"memory":67108864,"start":true}})",
                          name));
          EXPECT_EQ(co_await region.ends(made.text("/name")), "succeeded") << region.said;
        }
        auto on = [&](const std::string& name) -> Async<std::string> {
          co_return (co_await region.vm(name)).host;
        };
        auto first = co_await on("a");
        auto drained = co_await region.estate.call("POST", "/v1/hosts/" + first + "/drain",
                                                   R"({"with_storage":true})");
        EXPECT_EQ(drained.status, 202) << drained.raw;
        EXPECT_EQ(co_await region.ends(drained.text("/name")), "succeeded") << region.said;
        for (const auto* name : {"a", "b", "c"}) EXPECT_NE(co_await on(name), first);
        auto host = co_await region.estate.call("GET", "/v1/hosts/" + first);
        EXPECT_EQ(host.text("/draining"), "true");
        // Without their disks the others cannot leave the next one.
        auto second = co_await on("a");
        auto stays = co_await region.estate.call("POST", "/v1/hosts/" + second + "/drain");
        EXPECT_EQ(co_await region.ends(stays.text("/name")), "failed");
        auto task = co_await region.estate.call("GET", "/v1/tasks/" + stays.text("/name"));
        EXPECT_TRUE(task.text("/error").contains("a: ")) << task.raw;
        EXPECT_TRUE(task.text("/error").contains("--with-storage")) << task.raw;
        co_await region.until([&]() -> Async<bool> { co_return (co_await region.jobs()).empty(); });
      },
      3);
}

}  // namespace
}  // namespace truce
