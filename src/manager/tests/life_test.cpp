// What becomes of machines and tasks, as the node reports one thing or another.
#include "estate.h"

namespace truce::manager {
namespace {

using model::Observed;
using model::VmReport;
using model::Wanted;

TEST(Life, a_machine_is_created_placed_and_its_task_ends_when_the_node_has_it) {
  with_estate([](Estate& estate) -> Async<void> {
    auto created = co_await estate.call("POST", "/v1/vms", R"({"name":"web01","disk":1073741824})");
    EXPECT_EQ(created.status, 202);
    EXPECT_EQ(created.text("/kind"), "vm.create");
    EXPECT_EQ(created.text("/state"), "running");
    auto vm = co_await estate.node.machine("web01", 1);
    EXPECT_EQ(vm.host, "h1");
    EXPECT_EQ(vm.wanted, Wanted::off);
    VmReport step{vm.uuid, Observed::absent};
    step.step = "making disks";
    step.progress = 0.5;
    co_await estate.node.report(step);
    co_await estate.node.report(VmReport{vm.uuid, Observed::off, 1});
    EXPECT_EQ(co_await estate.task_ends(created.text("/name")), "succeeded");
    auto task = co_await estate.call("GET", "/v1/tasks/" + created.text("/name"));
    EXPECT_EQ(task.text("/steps/0/text"), "making disks");
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/web01")).text("/observed"), "off");
  });
}

TEST(Life, what_the_first_boot_is_told_reaches_the_host_and_nobody_else) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.call("POST", "/v1/vms",
                         R"({"name":"web01","disk":1073741824,"ssh_keys":["ssh-ed25519 AAAA eva"],)"
                         R"("cloud_init":"#cloud-config\npassword: hidden\n"})");
    std::optional<model::FirstBoot> told;
    co_await estate.node.assignment([&](const model::Assignment& assignment) {
      for (const auto& assigned : assignment.vms) told = assigned.first_boot;
      return told.has_value();
    });
    EXPECT_EQ(told->ssh_keys, std::vector<std::string>{"ssh-ed25519 AAAA eva"});
    EXPECT_EQ(told->cloud_init, "#cloud-config\npassword: hidden\n");
    auto shown = co_await estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(shown.text("").find("hidden"), std::string::npos);
    auto events = co_await estate.call("GET", "/v1/events");
    EXPECT_EQ(events.text("").find("hidden"), std::string::npos);
  });
}

TEST(Life, a_machine_that_could_not_be_made_is_taken_away_again) {
  with_estate([](Estate& estate) -> Async<void> {
    auto created = co_await estate.call("POST", "/v1/vms", R"({"name":"web01","disk":1073741824})");
    auto vm = co_await estate.node.machine("web01", 1);
    VmReport failed{vm.uuid, Observed::absent, 1};
    failed.failed = "no room";
    co_await estate.node.report(failed);
    EXPECT_EQ(co_await estate.task_ends(created.text("/name")), "failed");
    EXPECT_EQ((co_await estate.node.machine("web01", 2)).wanted, Wanted::absent);
    co_await estate.node.report(VmReport{vm.uuid, Observed::absent, 2});
    co_await sleep_for(50ms);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/web01")).status, 404);
  });
}

TEST(Life, an_end_that_is_seen_while_a_machine_is_deleted_does_not_keep_it) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await estate.make_machine("web01");
    auto task = co_await estate.call("DELETE", "/v1/vms/web01");
    co_await estate.node.machine("web01", 2);
    VmReport ended{vm.uuid, Observed::off, 2};
    ended.event = "vm.ended.crashed";
    ended.event_message = "QEMU ended: gone";
    co_await estate.node.report(ended);
    co_await estate.node.report(VmReport{vm.uuid, Observed::absent, 2});
    EXPECT_EQ(co_await estate.task_ends(task.text("/name")), "succeeded");
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/web01")).status, 404);
  });
}

TEST(Life, a_suspend_whose_machine_crashes_has_failed) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await estate.make_machine("web01");
    co_await estate.call("POST", "/v1/vms/web01/start");
    co_await estate.node.machine("web01", 2);
    co_await estate.node.report(VmReport{vm.uuid, Observed::running, 2});
    co_await sleep_for(50ms);
    auto task = co_await estate.call("POST", "/v1/vms/web01/suspend");
    co_await estate.node.machine("web01", 3);
    VmReport ended{vm.uuid, Observed::off, 3};
    ended.event = "vm.ended.crashed";
    ended.event_message = "QEMU ended: signal 9";
    co_await estate.node.report(ended);
    EXPECT_EQ(co_await estate.task_ends(task.text("/name")), "failed");
    auto shown = co_await estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(shown.text("/wanted"), "off");
    EXPECT_EQ(shown.text("/problem"), "QEMU ended: signal 9");
  });
}

TEST(Life, a_start_that_fails_leaves_the_machine_off_with_its_problem) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await estate.make_machine("web01");
    auto task = co_await estate.call("POST", "/v1/vms/web01/start");
    co_await estate.node.machine("web01", 2);
    VmReport failed{vm.uuid, Observed::off, 2};
    failed.failed = "no such disk";
    co_await estate.node.report(failed);
    EXPECT_EQ(co_await estate.task_ends(task.text("/name")), "failed");
    auto shown = co_await estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(shown.text("/wanted"), "off");
    EXPECT_EQ(shown.text("/problem"), "no such disk");
  });
}

TEST(Life, a_guest_that_powers_itself_off_is_not_started_again) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await estate.make_machine("web01");
    co_await estate.call("POST", "/v1/vms/web01/start");
    co_await estate.node.machine("web01", 2);
    co_await estate.node.report(VmReport{vm.uuid, Observed::running, 2});
    VmReport ended{vm.uuid, Observed::off, 2};
    ended.event = "vm.ended.guest_shutdown";
    ended.event_message = "the guest powered itself off";
    co_await estate.node.report(ended);
    EXPECT_EQ((co_await estate.node.machine("web01", 3)).wanted, Wanted::off);
    auto shown = co_await estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(shown.text("/problem"), "");
    auto events = co_await estate.call("GET", "/v1/events?target=vms/web01");
    EXPECT_NE(boost::json::serialize(events.body).find("vm.ended.guest_shutdown"),
              std::string::npos);
  });
}

TEST(Life, news_of_an_older_wish_does_not_undo_a_newer_one) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await estate.make_machine("web01");
    co_await estate.call("POST", "/v1/vms/web01/start");
    co_await estate.node.machine("web01", 2);
    auto stop = co_await estate.call("POST", "/v1/vms/web01/stop");
    auto start = co_await estate.call("POST", "/v1/vms/web01/start");
    EXPECT_EQ(co_await estate.task_ends(stop.text("/name")), "cancelled");
    VmReport crashed{vm.uuid, Observed::off, 2};
    crashed.event = "vm.ended.crashed";
    co_await estate.node.report(crashed);
    co_await sleep_for(50ms);
    auto shown = co_await estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(shown.text("/wanted"), "running");
    EXPECT_EQ(shown.text("/generation"), "4");
    co_await estate.node.report(VmReport{vm.uuid, Observed::running, 4});
    EXPECT_EQ(co_await estate.task_ends(start.text("/name")), "succeeded");
  });
}

TEST(Life, a_cancelled_start_wants_what_was_before) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    auto task = co_await estate.call("POST", "/v1/vms/web01/start");
    auto cancelled = co_await estate.call("POST", "/v1/tasks/" + task.text("/name") + "/cancel");
    EXPECT_EQ(cancelled.text("/state"), "cancelled");
    auto vm = co_await estate.node.machine("web01", 3);
    EXPECT_EQ(vm.wanted, Wanted::off);
    EXPECT_TRUE(vm.stop_now);
    auto again = co_await estate.call("POST", "/v1/tasks/" + task.text("/name") + "/cancel");
    EXPECT_EQ(again.status, 409);
  });
}

TEST(Life, tasks_outlive_the_manager_and_end_after_it_came_back) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await estate.make_machine("web01");
    auto task = co_await estate.call("POST", "/v1/vms/web01/start");
    co_await estate.restart();
    EXPECT_EQ((co_await estate.call("GET", "/v1/tasks/" + task.text("/name"))).text("/state"),
              "running");
    co_await estate.node.report(VmReport{vm.uuid, Observed::running, 2});
    EXPECT_EQ(co_await estate.task_ends(task.text("/name")), "succeeded");
  });
}

TEST(Life, a_machine_waits_for_a_host_that_fits_and_says_why) {
  with_estate([](Estate& estate) -> Async<void> {
    auto created = co_await estate.call(
        "POST", "/v1/vms", R"({"name":"big","disk":1073741824,"memory":34359738368,"start":true})");
    EXPECT_EQ(created.status, 202);
    co_await sleep_for(50ms);
    auto shown = co_await estate.call("GET", "/v1/vms/big");
    EXPECT_EQ(shown.text("/host"), "");
    EXPECT_EQ(shown.text("/problem"),
              "no host fits: h1 has 16GiB memory, 0B of it promised; 32GiB more do not fit");
    auto deleted = co_await estate.call("DELETE", "/v1/vms/big");
    EXPECT_EQ(deleted.text("/state"), "succeeded");
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/big")).status, 404);
  });
}

TEST(Life, memory_is_not_promised_twice) {
  with_estate([](Estate& estate) -> Async<void> {
    for (const char* name : {"a", "b"}) {
      auto body = fmt::format(R"({{"name":"{}","disk":1048576,"memory":{}}})", name, gib(10).count);
      co_await estate.call("POST", "/v1/vms", body);
      auto vm = co_await estate.node.machine(name, 1);
      co_await estate.node.report(VmReport{vm.uuid, Observed::off, 1});
      co_await sleep_for(20ms);
    }
    EXPECT_EQ((co_await estate.call("POST", "/v1/vms/a/start")).status, 202);
    auto refused = co_await estate.call("POST", "/v1/vms/b/start");
    EXPECT_EQ(refused.text("/code"), "limit");
    EXPECT_NE(refused.text("/detail").find("10GiB more do not fit"), std::string::npos);
  });
}

/// Asks until the host is said to be so, five seconds at most.
Async<void> expect_host_state(Estate& estate, std::string state) {
  std::string seen;
  for (int i = 0; i < 500 && seen != state; ++i) {
    co_await sleep_for(10ms);
    seen = (co_await estate.call("GET", "/v1/hosts/h1")).text("/state");
  }
  EXPECT_EQ(seen, state);
}

TEST(Life, a_host_whose_node_goes_is_offline_and_online_again_later) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await expect_host_state(estate, "online");
    estate.node.close();
    co_await expect_host_state(estate, "offline");
    co_await estate.connect();
    co_await expect_host_state(estate, "online");
  });
}

/// Passes on to another store, that a host is offline only once `go` is woken.
class HeldStore final : public store::Store {
 public:
  HeldStore(store::Store& inner, asio::any_io_executor loop)
      : came(loop), go(std::move(loop)), inner_(inner) {}

  Async<Result<std::optional<store::Entry>>> get(std::string key) override {
    return inner_.get(std::move(key));
  }
  Async<Result<store::Listing>> list(std::string prefix) override {
    return inner_.list(std::move(prefix));
  }
  Async<Result<store::Revision>> commit(std::vector<store::Condition> conditions,
                                        std::vector<store::Write> writes) override {
    bool tells = std::ranges::any_of(writes, [](const auto& write) {
      return write.key == "hosts/h1" &&
             write.value.value_or("").find("offline") != std::string::npos;
    });
    if (tells) {
      came.wake();
      co_await go.wait();
    }
    co_return co_await inner_.commit(std::move(conditions), std::move(writes));
  }
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from) override {
    return inner_.watch(std::move(prefix), from);
  }

  Wakeup came, go;

 private:
  store::Store& inner_;
};

TEST(Life, a_host_that_is_back_before_its_end_was_stored_is_online) {
  on_loop([](asio::any_io_executor loop) -> Async<void> {
    Estate estate(loop);
    HeldStore held(estate.store, loop);
    estate.before = &held;
    co_await estate.start();
    co_await estate.connect();
    co_await expect_host_state(estate, "online");
    estate.node.close();
    co_await held.came.wait();
    co_await estate.connect();
    co_await estate.node.report(model::VmReport{"nobody", Observed::absent, 1});
    co_await sleep_for(
        50ms);  // what is wrong with a manager that stores its report now, is seen then
    held.go.wake();
    while (!(co_await estate.call("GET", "/v1/events")).raw.contains("host.offline"))
      co_await sleep_for(5ms);
    co_await expect_host_state(estate, "online");
    estate.node.close();
    held.go.wake();
    co_await estate.manager->stop();
  });
}

TEST(Life, templates_get_versions_and_are_kept_while_a_machine_is_linked) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_template("debian");
    co_await estate.make_template("debian");
    EXPECT_EQ((co_await estate.call("GET", "/v1/templates/debian")).text("/name"), "debian@2");
    auto created =
        co_await estate.call("POST", "/v1/vms", R"({"name":"web01","template":"debian"})");
    EXPECT_EQ(created.status, 202);
    auto vm = co_await estate.node.machine("web01", 1);
    EXPECT_EQ(vm.template_, "debian@2");
    EXPECT_EQ(vm.disks.at(0).size, gib(2));
    auto refused = co_await estate.call("DELETE", "/v1/templates/debian@2");
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/templates/debian@1")).status, 202);
  });
}

TEST(Life, history_is_kept_within_its_limits) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    for (int i = 0; i < 80; ++i) {
      co_await estate.call("POST", "/v1/vms/web01/stop");  // nothing to do: ends at once
    }
    std::size_t tasks = 1000;
    for (int i = 0; i < 300 && tasks > 50; ++i) {
      co_await sleep_for(50ms);
      auto listed = co_await estate.call("GET", "/v1/tasks?limit=1000");
      tasks = listed.body.at("items").as_array().size();
    }
    EXPECT_LE(tasks, 50U);
  });
}

TEST(Life, who_waited_for_a_snapshot_finds_it_in_the_tree) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await estate.make_machine("web01");
    auto created = co_await estate.call("POST", "/v1/vms/web01/snapshots", R"({"name":"first"})");
    EXPECT_EQ(created.status, 202);
    model::FromNode message;
    message.report.emplace();
    message.report->jobs.push_back({.task = created.text("/name"), .done = true});
    model::VmReport seen{vm.uuid, model::Observed::off};
    seen.tree.emplace();
    seen.tree->snapshots.push_back({.name = "first", .created = now()});
    message.report->vms.push_back(seen);
    co_await estate.node.send(std::move(message));
    EXPECT_EQ(co_await estate.task_ends(created.text("/name")), "succeeded");
    auto tree = co_await estate.call("GET", "/v1/vms/web01/snapshots");
    EXPECT_EQ(tree.text("/snapshots/0/name"), "first");
  });
}

}  // namespace
}  // namespace truce::manager
