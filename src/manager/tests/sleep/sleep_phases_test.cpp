// Hosts on their way to sleep and back, and managers that die in the middle of it.
#include "sleep/sleep_lab.h"

namespace truce::manager {
namespace {

using model::HostSleep;
using model::TaskState;
using power::PowerState;

constexpr auto many_looks = 60ms;  // in which something that is not to happen would have happened

Async<void> begin(SleepLab& lab, std::string name) {
  auto begun = co_await lab.send_to_sleep(std::move(name));
  EXPECT_TRUE(begun) << begun.error().message;
}

TEST(HostSleep, a_host_is_marked_before_it_is_switched_off_and_sleeps_when_its_controller_says_so) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.lead();
    co_await begin(lab, "h3");
    EXPECT_TRUE(lab.host("h3").draining);
    co_await lab.until([&] { return lab.is("h3", HostSleep::asleep); });
    EXPECT_EQ(lab.powers["h3"].orders, std::vector<std::string>{"orderly while going"});
    EXPECT_EQ(lab.asked, (std::vector<std::string>{"h3 is asked", "h3 is dropped"}));
    EXPECT_EQ(lab.task("host.sleep").state, TaskState::succeeded);
    EXPECT_EQ(lab.host("h3").state, model::HostState::offline);
    EXPECT_TRUE(lab.host("h3").sleep_since);
    EXPECT_EQ(lab.events("host.asleep"), 1);
  });
}

TEST(HostSleep, one_that_only_a_packet_wakes_switches_itself_off_and_sleeps_when_it_stays_away) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.edit("h3", [](model::Host& host) { host.power = "wol:52:54:00:12:34:56"; });
    lab.lead();
    co_await begin(lab, "h3");
    co_await lab.until([&] { return !lab.asked.empty(); });
    EXPECT_EQ(lab.asked[0], "h3 is told");
    co_await sleep_for(many_looks);
    EXPECT_TRUE(lab.is("h3", HostSleep::going)) << "it is still there";
    co_await lab.edit("h3", [](model::Host& host) { host.state = model::HostState::offline; });
    co_await lab.until([&] { return lab.is("h3", HostSleep::asleep); });
    EXPECT_TRUE(lab.powers["h3"].orders.empty());
  });
}

TEST(HostSleep, a_host_that_finds_a_machine_on_itself_stays_on_and_is_used_again) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.answer = "1 machines are on it still";
    lab.lead();
    co_await begin(lab, "h3");
    co_await lab.until([&] { return lab.events("host.sleep_failed") == 1; });
    EXPECT_TRUE(lab.is("h3", HostSleep::awake));
    EXPECT_FALSE(lab.host("h3").draining);
    EXPECT_FALSE(lab.host("h3").sleep_since);
    EXPECT_TRUE(lab.powers["h3"].orders.empty());
    EXPECT_EQ(lab.task("host.sleep").state, TaskState::failed);
    EXPECT_EQ(lab.task("host.sleep").error, lab.answer);
  });
}

TEST(HostSleep, nothing_is_switched_off_while_a_machine_or_a_claim_to_one_is_there) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.powers["h3"].obeys = lab.powers["h2"].obeys = false;
    co_await lab.change([&](Change& change) {
      for (std::string name : {"h2", "h3"}) {
        auto host = lab.host(name);
        host.sleep = HostSleep::going;
        host.draining = true;
        change.put(host);
      }
      auto late = lab_machine("late", "h1", 1);
      late.moving_to = "h3";
      change.put(late);
      model::VmTenancy tenancy;
      tenancy.name = "elsewhere";
      tenancy.owner = "h2";
      change.put(tenancy);
    });
    lab.lead();
    co_await lab.until([&] { return lab.events("host.sleep_failed") == 2; });
    EXPECT_TRUE(lab.powers["h3"].orders.empty());
    EXPECT_TRUE(lab.powers["h2"].orders.empty());
    EXPECT_TRUE(lab.is("h3", HostSleep::awake));
    EXPECT_TRUE(lab.is("h2", HostSleep::awake));
  });
}

TEST(HostSleep, the_power_is_taken_away_only_from_one_that_does_not_go_off_when_it_is_asked) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.settings.power_pace.soft = 40ms;
    lab.powers["h3"].obeys = false;
    lab.lead();
    co_await begin(lab, "h3");
    co_await lab.until([&] { return lab.is("h3", HostSleep::asleep); });
    const auto& orders = lab.powers["h3"].orders;
    EXPECT_EQ(orders.front(), "orderly while going");
    EXPECT_EQ(orders.back(), "at once while going");
  });
}

TEST(HostSleep, a_control_that_is_that_of_another_machine_is_found_out_before_an_order) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.powers["h3"].state = PowerState::off;
    lab.lead();
    co_await begin(lab, "h3");
    co_await lab.until([&] { return lab.events("host.sleep_failed") == 1; });
    EXPECT_TRUE(lab.powers["h3"].orders.empty());
    EXPECT_NE(lab.task("host.sleep").error.find("another machine"), std::string::npos);
  });
}

TEST(HostSleep, one_that_never_goes_off_is_given_up) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.settings.power_pace.soft = 1h;
    lab.settings.power_pace.hard = -1h;
    lab.powers["h3"].obeys = false;
    lab.lead();
    co_await begin(lab, "h3");
    co_await lab.until([&] { return lab.events("host.sleep_failed") == 1; });
    EXPECT_TRUE(lab.is("h3", HostSleep::awake));
    EXPECT_EQ(lab.task("host.sleep").error, "it does not go off: on");
  });
}

TEST(HostSleep, one_that_wakes_is_used_again_and_it_is_known_how_long_that_takes) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.put_asleep("h3");
    co_await lab.edit("h3", [](model::Host& host) { host.power_tried = false; });
    lab.lead();
    EXPECT_TRUE(co_await lab.wake("h3"));
    co_await lab.until([&] { return !lab.powers["h3"].orders.empty(); });
    EXPECT_EQ(lab.powers["h3"].orders[0], "wake while waking");
    EXPECT_TRUE(lab.is("h3", HostSleep::waking)) << "it has not reported";
    co_await lab.report("h3");
    auto host = lab.host("h3");
    EXPECT_EQ(host.sleep, HostSleep::awake);
    EXPECT_FALSE(host.draining);
    EXPECT_TRUE(host.power_tried);
    EXPECT_GE(host.wake_seconds, 1);
    EXPECT_TRUE(host.woken);
    EXPECT_EQ(lab.task("host.wake").state, TaskState::succeeded);
  });
}

TEST(HostSleep, one_that_does_not_wake_is_said_to_have_failed_and_left_alone) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.settings.power_pace.wake = 20ms;
    lab.powers["h3"].obeys = false;
    co_await lab.put_asleep("h3");
    lab.lead();
    EXPECT_TRUE(co_await lab.wake("h3"));
    co_await lab.until([&] { return lab.is("h3", HostSleep::failed); });
    EXPECT_NE(lab.host("h3").problem.find("in 3 tries"), std::string::npos);
    EXPECT_FALSE(lab.host("h3").power_tried) << "it is not sent to sleep by itself again";
    EXPECT_EQ(lab.events("host.wake_failed"), 1);
    EXPECT_EQ(lab.task("host.wake").state, TaskState::failed);
    co_await lab.set_saving(model::PowerSaving::automatic);
    auto orders = lab.powers["h3"].orders.size();
    co_await sleep_for(many_looks);
    EXPECT_EQ(lab.powers["h3"].orders.size(), orders);
    EXPECT_TRUE(co_await lab.wake("h3")) << "somebody may try it again";
    co_await lab.report("h3");
    EXPECT_TRUE(lab.is("h3", HostSleep::awake));
  });
}

TEST(HostSleep, one_that_somebody_switches_on_is_awake) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.put_asleep("h3");
    lab.lead();
    co_await lab.report("h3");
    EXPECT_TRUE(lab.is("h3", HostSleep::awake));
    EXPECT_FALSE(lab.host("h3").draining);
    EXPECT_TRUE(lab.powers["h3"].orders.empty());
    EXPECT_EQ(lab.events("host.awake"), 1);
  });
}

TEST(HostSleep, one_that_still_reports_while_it_is_switched_off_is_not_awake_by_that) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.powers["h3"].obeys = false;
    lab.lead();
    co_await begin(lab, "h3");
    co_await lab.until([&] { return !lab.powers["h3"].orders.empty(); });
    co_await lab.report("h3");
    EXPECT_TRUE(lab.is("h3", HostSleep::going));
    lab.powers["h3"].state = PowerState::off;
    co_await lab.until([&] { return lab.is("h3", HostSleep::asleep); });
  });
}

// --- managers that die in the middle ------------------------------------------------------------

TEST(HostSleep, a_manager_that_dies_after_the_mark_leaves_the_switching_off_to_the_next) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.powers["h3"].obeys = false;
    lab.lead();
    co_await begin(lab, "h3");
    co_await lab.until([&] { return lab.is("h3", HostSleep::going); });
    co_await lab.depose();
    lab.powers["h3"].orders.clear();
    lab.powers["h3"].obeys = true;
    lab.lead();
    co_await lab.until([&] { return lab.is("h3", HostSleep::asleep); });
    EXPECT_EQ(lab.powers["h3"].orders, std::vector<std::string>{"orderly while going"});
    EXPECT_EQ(lab.task("host.sleep").state, TaskState::succeeded);
  });
}

TEST(HostSleep, a_manager_that_dies_after_the_host_went_off_leaves_noting_it_to_the_next) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.edit("h3", [](model::Host& host) {
      host.sleep = HostSleep::going;
      host.state = model::HostState::offline;
    });
    lab.powers["h3"].state = PowerState::off;
    lab.lead();
    co_await lab.until([&] { return lab.is("h3", HostSleep::asleep); });
    EXPECT_TRUE(lab.powers["h3"].orders.empty());
  });
}

TEST(HostSleep, a_manager_that_dies_while_it_empties_leaves_the_rest_to_the_next) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await begin(lab, "h3");  // nobody leads yet
    co_await lab.until([&] { return lab.ledger.inventory().all<model::Job>().empty(); });
    EXPECT_TRUE(lab.is("h3", HostSleep::emptying));
    EXPECT_EQ(lab.task("host.sleep").state, TaskState::running);
    lab.lead();
    co_await lab.until([&] { return lab.is("h3", HostSleep::asleep); });
  });
}

TEST(HostSleep, a_manager_that_dies_after_the_order_to_wake_leaves_waiting_to_the_next) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await lab.put_asleep("h3");
    lab.lead();
    EXPECT_TRUE(co_await lab.wake("h3"));
    co_await lab.until([&] { return !lab.powers["h3"].orders.empty(); });
    co_await lab.depose();
    lab.powers["h3"].orders.clear();
    lab.lead();
    co_await lab.until([&] { return !lab.powers["h3"].orders.empty(); });
    EXPECT_EQ(lab.host("h3").wake_tries, 1);
    co_await lab.report("h3");
    EXPECT_TRUE(lab.is("h3", HostSleep::awake));
    EXPECT_EQ(lab.task("host.wake").state, TaskState::succeeded);
  });
}

TEST(HostSleep, tries_are_counted_over_the_deaths_of_managers) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    lab.settings.power_pace.wake = 20ms;
    lab.powers["h3"].obeys = false;
    co_await lab.put_asleep("h3");
    EXPECT_TRUE(co_await lab.wake("h3"));
    co_await lab.edit("h3", [](model::Host& host) { host.wake_tries = 3; });
    lab.lead();
    co_await lab.until([&] { return lab.is("h3", HostSleep::failed); });
    EXPECT_EQ(lab.events("host.wake_failed"), 1);
  });
}

// --- who may be asked ---------------------------------------------------------------------------

TEST(HostSleep, who_never_sleeps_is_refused_with_the_reason) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    auto refusal = [&](std::string name) -> Async<std::string> {
      auto begun = co_await lab.send_to_sleep(std::move(name));
      co_return begun ? "" : begun.error().message;
    };
    EXPECT_EQ(co_await refusal("h1"), "'h1' manages the cluster: it never sleeps");
    co_await lab.edit("h2", [](model::Host& host) { host.power.clear(); });
    EXPECT_NE((co_await refusal("h2")).find("nothing could wake 'h2'"), std::string::npos);
    co_await lab.change([](Change& change) {
      model::Template made{.name = "tiny@1"};
      made.hosts = {"h3"};
      change.put(made);
    });
    EXPECT_EQ(co_await refusal("h3"), "'h3' alone has the template tiny@1");
    co_await lab.put_asleep("h3");
    EXPECT_EQ(co_await refusal("h3"), "'h3' is not awake: it is asleep");
    EXPECT_FALSE(co_await lab.wake("h2"));
  });
}

TEST(HostSleep, emptying_that_somebody_ends_or_that_fails_leaves_the_host_in_use) {
  with_sleep_lab([](SleepLab& lab) -> Async<void> {
    co_await begin(lab, "h3");
    co_await lab.edit("h3", [](model::Host& host) { host.draining = false; });
    co_await begin(lab, "h2");
    co_await lab.change([&](Change& change) {
      for (const auto& [name, kept] : lab.ledger.inventory().all<model::Job>())
        change.erase<model::Job>(name);
      auto task = host_task(lab.ledger.inventory(), "h2", "host.sleep");
      end_task(change, task->object, TaskState::failed, "1 of its machines stay: db");
    });
    lab.lead();
    co_await lab.until([&] { return lab.events("host.sleep_failed") == 2; });
    EXPECT_TRUE(lab.is("h3", HostSleep::awake));
    EXPECT_TRUE(lab.is("h2", HostSleep::awake));
    EXPECT_FALSE(lab.host("h2").draining);
    EXPECT_TRUE(lab.powers["h2"].orders.empty());
  });
}

}  // namespace
}  // namespace truce::manager
