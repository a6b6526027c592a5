// What becomes of machines whose host is cut off, stopped or dead.
#include <set>

#include "hosts_lab.h"

namespace truce::recovery {
namespace {

TEST(Recovery, a_machine_of_a_host_that_is_cut_off_ends_there_and_then_runs_elsewhere) {
  with_hosts(3, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    lab.host(home).link().cut();
    auto since = lab.clock();
    co_await lab.pass_until([&]() -> Async<bool> { co_return lab.where(uuid).empty(); }, "killed");
    EXPECT_LE((lab.clock() - since).count(), 8100);
    co_await lab.pass_until([&]() -> Async<bool> { co_return lab.where(uuid).size() == 1; },
                            "runs again");
    EXPECT_NE(lab.where(uuid).front(), home);
    EXPECT_EQ(co_await lab.vm("web", "/host"), lab.where(uuid).front());
    EXPECT_NE(co_await lab.vm("web", "/epoch"), "0");
    // What was sent meanwhile arrives: it must not change anything any more.
    lab.host(home).link().heal();
    auto other = lab.where(uuid).front();
    co_await lab.pass(20s);
    EXPECT_EQ(lab.where(uuid), std::vector{other});
  });
}

TEST(Recovery, a_machine_of_a_dead_host_is_started_elsewhere_by_a_task) {
  with_hosts(3, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    co_await lab.host(home).crash();
    co_await lab.pass_until([&]() -> Async<bool> { co_return lab.where(uuid).size() == 1; },
                            "runs again");
    EXPECT_NE(lab.where(uuid).front(), home);
    std::string task;
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          auto tasks = co_await lab.call("GET", "/v1/tasks");
          for (const auto& each : tasks.body.at("items").as_array()) {
            if (each.at("kind").as_string() == "vm.restart")
              task = std::string(each.at("state").as_string());
          }
          co_return task == "succeeded";
        },
        "the task succeeds");
    co_await lab.host(home).boot();
    co_await lab.pass(20s);
    EXPECT_EQ(lab.where(uuid).size(), 1U);
    EXPECT_NE(lab.where(uuid).front(), home);
  });
}

TEST(Recovery, a_machine_that_nobody_has_yet_does_not_wait_for_a_dead_host) {
  with_hosts(3, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    EXPECT_EQ((co_await lab.call("POST", "/v1/vms/web/stop")).status, 202);
    co_await lab.pass_until(
        [&]() -> Async<bool> { co_return co_await lab.vm("web", "/observed") == "off"; }, "off");
    lab.host(home).link().cut();
    co_await lab.pass(20s);  // its life is over
    auto started = co_await lab.call("POST", "/v1/vms/web/start");
    EXPECT_EQ(started.status, 202) << boost::json::serialize(started.body);
    co_await lab.pass_until([&]() -> Async<bool> { co_return lab.where(uuid).size() == 1; },
                            "runs");
    EXPECT_NE(lab.where(uuid).front(), home);
    auto other = lab.where(uuid).front();
    lab.host(home).link().heal();
    co_await lab.pass(20s);
    EXPECT_EQ(lab.where(uuid), std::vector{other});
  });
}

TEST(Recovery, a_daemon_that_is_away_for_a_moment_costs_nothing) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    auto starts = lab.host(home).world().starts();
    co_await lab.host(home).stop();
    co_await lab.pass(3s);
    co_await lab.host(home).start();
    co_await lab.pass(20s);
    EXPECT_EQ(lab.where(uuid), std::vector{home});
    EXPECT_EQ(lab.host(home).world().starts(), starts);
  });
}

TEST(Recovery, a_daemon_that_stays_away_loses_its_machines_to_another_host) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    co_await lab.host(home).stop();
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          auto at = lab.where(uuid);
          co_return at.size() == 1 && at.front() != home;
        },
        "runs on the other host");
    auto other = lab.where(uuid).front();
    co_await lab.host(home).start();
    co_await lab.pass(20s);
    EXPECT_EQ(lab.where(uuid), std::vector{other});
  });
}

TEST(Recovery, a_host_that_dies_and_is_back_at_once_starts_its_machines_again) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    co_await lab.host(home).crash();
    co_await lab.host(home).boot();
    co_await lab.pass_until([&]() -> Async<bool> { co_return lab.where(uuid).size() == 1; },
                            "runs again");
    EXPECT_EQ(lab.where(uuid).front(), home);
  });
}

TEST(Recovery, a_machine_that_is_kept_runs_on_where_it_is_cut_off_and_never_elsewhere) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared", R"(,"availability":{"keep_running":true})");
    auto home = lab.where(uuid).front();
    lab.host(home).link().cut();
    co_await lab.pass(30s);
    EXPECT_EQ(lab.where(uuid), std::vector{home});
    lab.host(home).link().heal();
    co_await lab.pass(5s);
    EXPECT_EQ(lab.where(uuid), std::vector{home});
  });
}

TEST(Recovery, a_machine_whose_disks_are_on_the_dead_host_only_waits_for_it_and_says_so) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "default");
    auto home = lab.where(uuid).front();
    co_await lab.host(home).crash();
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          auto problem = co_await lab.vm("web", "/problem");
          co_return problem.contains("disk0 is in the pool 'default' of " + home);
        },
        "says why");
    EXPECT_TRUE(lab.where(uuid).empty());
    co_await lab.host(home).boot();
    co_await lab.pass_until_runs(uuid, home);
    EXPECT_EQ(co_await lab.vm("web", "/problem"), "");
  });
}

TEST(Recovery, machines_start_in_the_order_of_what_they_need) {
  with_hosts(3, [](Lab& lab) -> Async<void> {
    // On one host: of two that die one may be known to be dead before the other.
    for (const auto* other : {"h2", "h3"}) co_await lab.host(other).crash();
    auto db = co_await lab.run("db", "shared", R"(,"availability":{"restart_priority":"low"})");
    auto web = co_await lab.run(
        "web", "shared", R"(,"availability":{"restart_priority":"high","restart_after":["db"]})");
    EXPECT_EQ(lab.where(db), lab.where(web));
    for (const auto* other : {"h2", "h3"}) co_await lab.host(other).boot();
    co_await lab.host("h1").crash();
    bool web_first = false;
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          web_first = web_first || (lab.where(db).empty() && !lab.where(web).empty());
          co_return !lab.where(db).empty() && !lab.where(web).empty();
        },
        "both run");
    EXPECT_FALSE(web_first);
  });
}

TEST(Recovery, without_a_manager_protected_machines_end_and_they_start_again_with_it) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto kept = co_await lab.run("kept", "shared", R"(,"availability":{"keep_running":true})");
    auto home = lab.where(uuid).front();
    auto kept_home = lab.where(kept).front();
    co_await lab.stop_manager();
    co_await lab.pass(9s);
    EXPECT_TRUE(lab.where(uuid).empty());
    EXPECT_EQ(lab.where(kept), std::vector{kept_home});
    co_await lab.start_manager();
    co_await lab.pass_until([&]() -> Async<bool> { co_return lab.where(uuid).size() == 1; },
                            "runs again");
    EXPECT_EQ(lab.where(kept), std::vector{kept_home});
  });
}

TEST(Recovery, a_manager_that_restarts_in_time_costs_nothing) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    auto starts = lab.host(home).world().starts();
    co_await lab.stop_manager();
    co_await lab.pass(4s);
    co_await lab.start_manager();
    co_await lab.pass(30s);
    EXPECT_EQ(lab.where(uuid), std::vector{home});
    EXPECT_EQ(lab.host(home).world().starts(), starts);
  });
}

TEST(Recovery, a_protected_machine_is_stopped_started_and_deleted_as_any_other) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ((co_await lab.call("POST", "/v1/vms/web/stop")).status, 202);
      co_await lab.pass_until([&]() -> Async<bool> { co_return lab.where(uuid).empty(); }, "off");
      EXPECT_EQ((co_await lab.call("POST", "/v1/vms/web/start")).status, 202);
      co_await lab.pass_until_runs(uuid, home);
    }
    lab.host(home).world().end(uuid, hypervisor::EndReason::guest_shutdown, "powered off");
    co_await lab.pass_until(
        [&]() -> Async<bool> { co_return co_await lab.vm("web", "/wanted") == "off"; }, "off");
    co_await lab.pass(1s);
    EXPECT_TRUE(lab.where(uuid).empty());
    EXPECT_EQ((co_await lab.call("DELETE", "/v1/vms/web")).status, 202);
    co_await lab.pass_until(
        [&]() -> Async<bool> { co_return (co_await lab.call("GET", "/v1/vms/web")).status == 404; },
        "gone");
  });
}

TEST(Recovery, a_start_that_fails_is_told_and_the_machine_can_be_started_again) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    EXPECT_EQ((co_await lab.call("POST", "/v1/vms/web/stop")).status, 202);
    co_await lab.pass_until(
        [&]() -> Async<bool> { co_return co_await lab.vm("web", "/observed") == "off"; }, "off");
    lab.host(home).world().fail("start", {Code::io, "no such luck", {}});
    EXPECT_EQ((co_await lab.call("POST", "/v1/vms/web/start")).status, 202);
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          co_return (co_await lab.vm("web", "/problem")).contains("no such luck");
        },
        "told");
    EXPECT_EQ((co_await lab.call("POST", "/v1/vms/web/start")).status, 202);
    co_await lab.pass_until_runs(uuid, home);
  });
}

TEST(Recovery, one_host_alone_has_no_reaper_and_its_machines_need_no_leave) {
  with_hosts(1, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "default");
    EXPECT_FALSE(lab.host("h1").is_guarded());
    co_await lab.stop_manager();
    co_await lab.pass(30s);
    EXPECT_EQ(lab.where(uuid), std::vector<std::string>{"h1"});
    co_await lab.start_manager();
  });
}

TEST(Recovery, of_the_two_wishes_that_would_make_two_machines_one_is_refused_or_gives_way) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    co_await lab.run("web", "shared");
    auto both =
        co_await lab.call("PATCH", "/v1/vms/web",
                          R"({"availability":{"keep_running":true,"restart_elsewhere":true}})");
    EXPECT_EQ(both.status, 400);
    auto keep =
        co_await lab.call("PATCH", "/v1/vms/web", R"({"availability":{"keep_running":true}})");
    EXPECT_EQ(keep.status, 200);
    EXPECT_EQ(keep.text("/availability/restart"), "false");
    auto self =
        co_await lab.call("PATCH", "/v1/vms/web", R"({"availability":{"restart_after":["web"]}})");
    EXPECT_EQ(self.status, 400);
  });
}

// What a machine does on a host whose storage is gone, however often it is resumed.
Async<void> fail_disks(Lab& lab, std::string uuid, std::string host) {
  lab.host(host).world().stop(uuid, hypervisor::Cause::io_error, "disk0: Input/output error");
  co_await lab.pass(50ms);
}

constexpr std::string_view leaves =
    R"(,"availability":{"on_storage_loss":"restart-elsewhere","storage_loss_seconds":10})";

TEST(Recovery, a_machine_whose_host_loses_its_storage_is_ended_there_and_started_on_another) {
  with_hosts(3, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared", std::string(leaves));
    auto home = lab.where(uuid).front();
    auto since = lab.clock();
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          if (lab.host(home).runs(uuid)) co_await fail_disks(lab, uuid, home);
          auto at = lab.where(uuid);
          co_return at.size() == 1 && at.front() != home;
        },
        "runs elsewhere");
    EXPECT_GE((lab.clock() - since).count(), 10'000);
    auto other = lab.where(uuid).front();
    co_await lab.pass_until(
        [&]() -> Async<bool> { co_return (co_await lab.vm("web", "/observed")) == "running"; },
        "is seen to run");
    EXPECT_EQ(co_await lab.vm("web", "/host"), other);
    EXPECT_EQ(co_await lab.vm("web", "/wanted"), "running");
    EXPECT_EQ(co_await lab.vm("web", "/problem"), "");
    auto events = co_await lab.call("GET", "/v1/events");
    auto text = boost::json::serialize(events.body);
    EXPECT_TRUE(text.contains("vm.storage_lost") && text.contains("does not reach its disks"))
        << text;
    co_await lab.pass(15s);
    EXPECT_EQ(lab.where(uuid), std::vector{other}) << "and stays there";
  });
}

TEST(Recovery, a_machine_that_is_to_wait_for_its_storage_waits_where_it_is) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared");
    auto home = lab.where(uuid).front();
    for (int i = 0; i < 60; ++i) {
      co_await fail_disks(lab, uuid, home);
      co_await lab.pass(250ms);
    }
    EXPECT_EQ(lab.where(uuid), std::vector{home});
    EXPECT_EQ(co_await lab.vm("web", "/problem"),
              fmt::format("its disks cannot be used on {} (disk0: Input/output error)", home));
    co_await lab.pass_until(
        [&]() -> Async<bool> { co_return (co_await lab.vm("web", "/problem")).empty(); },
        "goes on by itself");
    EXPECT_EQ(lab.where(uuid), std::vector{home});
  });
}

TEST(Recovery, a_machine_is_not_ended_where_no_other_host_reaches_its_disks) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared", std::string(leaves));
    auto home = lab.where(uuid).front();
    auto other = home == "h1" ? "h2" : "h1";
    co_await lab.host(other).crash();
    auto starts = lab.host(home).world().starts();
    for (int i = 0; i < 100; ++i) {
      co_await fail_disks(lab, uuid, home);
      co_await lab.pass(250ms);
    }
    EXPECT_EQ(lab.where(uuid), std::vector{home});
    EXPECT_EQ(lab.host(home).world().starts(), starts);
    auto events = co_await lab.call("GET", "/v1/events");
    EXPECT_TRUE(boost::json::serialize(events.body).contains("it cannot be started on another"));
    // When there is one, it goes there.
    co_await lab.host(other).boot();
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          if (lab.host(home).runs(uuid)) co_await fail_disks(lab, uuid, home);
          co_return lab.where(uuid) == std::vector<std::string>{other};
        },
        "runs on the other host");
  });
}

TEST(Recovery, a_machine_that_cannot_be_ended_is_not_started_elsewhere) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared", std::string(leaves));
    auto home = lab.where(uuid).front();
    lab.host(home).world().fail("kill", {Code::timeout, "its process does not die", {}}, 1000);
    bool tried = false;
    for (int i = 0; i < 120; ++i) {
      co_await fail_disks(lab, uuid, home);
      co_await lab.pass(250ms);
      auto events = co_await lab.call("GET", "/v1/events");
      tried = tried || boost::json::serialize(events.body).contains("vm.storage_lost");
    }
    EXPECT_TRUE(tried);
    EXPECT_EQ(lab.where(uuid), std::vector{home});
    EXPECT_EQ(co_await lab.vm("web", "/problem"), "its process does not die");
    lab.host(home).world().mend("kill");
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          auto at = lab.where(uuid);
          co_return at.size() == 1 && at.front() != home;
        },
        "runs elsewhere");
  });
}

TEST(Recovery, what_could_not_be_ended_is_called_off_by_whoever_starts_it) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared", std::string(leaves));
    auto home = lab.where(uuid).front();
    lab.host(home).world().fail("kill", {Code::timeout, "its process does not die", {}}, 1000);
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          co_await fail_disks(lab, uuid, home);
          co_return (co_await lab.vm("web", "/problem")) == "its process does not die";
        },
        "cannot be ended");
    co_await lab.call("POST", "/v1/vms/web/start");
    lab.host(home).world().mend("kill");
    co_await lab.pass_until(
        [&]() -> Async<bool> { co_return (co_await lab.vm("web", "/observed")) == "running"; },
        "goes on");
    co_await lab.pass(20s);
    EXPECT_EQ(lab.where(uuid), std::vector{home});
  });
}

TEST(Recovery, a_host_that_dies_while_it_ends_a_machine_does_not_keep_it_from_running) {
  with_hosts(3, [](Lab& lab) -> Async<void> {
    auto uuid = co_await lab.run("web", "shared", std::string(leaves));
    auto home = lab.where(uuid).front();
    for (int i = 0; i < 100; ++i) co_await fail_disks(lab, uuid, home);
    lab.host(home).link().cut();  // it does not hear that it is to end it
    co_await lab.pass_until(
        [&]() -> Async<bool> { co_return (co_await lab.vm("web", "/wanted")) == "off"; },
        "is to be ended");
    co_await lab.host(home).crash();
    co_await lab.pass_until(
        [&]() -> Async<bool> {
          auto at = lab.where(uuid);
          co_return at.size() == 1 && at.front() != home;
        },
        "runs elsewhere");
  });
}

TEST(Recovery, what_is_not_to_leave_its_host_does_not_when_it_loses_its_storage) {
  with_hosts(2, [](Lab& lab) -> Async<void> {
    co_await lab.run("web", "shared", R"(,"availability":{"keep_running":true})");
    auto refused = co_await lab.call("PATCH", "/v1/vms/web",
                                     R"({"availability":{"on_storage_loss":"restart-elsewhere"}})");
    EXPECT_EQ(refused.status, 400) << boost::json::serialize(refused.body);
    auto both = co_await lab.call(
        "PATCH", "/v1/vms/web",
        R"({"availability":{"on_storage_loss":"restart-elsewhere","restart_elsewhere":true}})");
    EXPECT_EQ(both.status, 200) << boost::json::serialize(both.body);
    co_await lab.call("PATCH", "/v1/vms/web", R"({"availability":{"keep_running":true}})");
    EXPECT_EQ(co_await lab.vm("web", "/availability/on_storage_loss"), "none");
  });
}

}  // namespace
}  // namespace truce::recovery
