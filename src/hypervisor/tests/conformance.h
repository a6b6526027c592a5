// What every Hypervisor promises: one suite for all of them. A test binary says how its kind is
// made (ConformanceLab), includes this header in one file and instantiates HypervisorConformance.
#pragma once

#include "conformance_lab.h"

namespace truce::hypervisor {

class HypervisorConformance : public testing::TestWithParam<MakeLab> {
 protected:
  using Body = std::function<Async<void>(Hypervisor&, ConformanceLab&, Notices&)>;

  /// Runs `body` with one open hypervisor; then ends whatever it has left running.
  void on_host(Body body) {
    lab_ = GetParam()();
    if (auto why = lab_->why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    asio::io_context loop;
    auto all = [](HypervisorConformance& test, Body inner) -> Async<void> {
      Notices notices(co_await asio::this_coro::executor);
      auto hypervisor = co_await test.lab_->open();
      CO_ASSERT_OK(hypervisor);
      (*hypervisor)->on_notice(notices.sink());
      CO_ASSERT_OK(co_await (*hypervisor)->adopt());
      co_await inner(**hypervisor, *test.lab_, notices);
      co_await (*hypervisor)->close();
      co_await end_all(*test.lab_);
    };
    asio::co_spawn(loop, all(*this, std::move(body)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    loop.run();
  }

  static Async<void> end_all(ConformanceLab& lab) {
    Notices ignored(co_await asio::this_coro::executor);
    auto last = co_await lab.open();
    CO_ASSERT_OK(last);
    (*last)->on_notice(ignored.sink());
    auto left = co_await (*last)->adopt();
    CO_ASSERT_OK(left);
    for (const auto& entry : *left) EXPECT_TRUE(co_await (*last)->kill(entry.first));
    co_await (*last)->close();
  }

  std::unique_ptr<ConformanceLab> lab_;
};

TEST_P(HypervisorConformance, capabilities_name_the_hypervisor) {
  on_host([](Hypervisor& h, ConformanceLab&, Notices&) -> Async<void> {
    EXPECT_FALSE(h.capabilities().name.empty());
    EXPECT_FALSE(h.capabilities().version.empty());
    EXPECT_FALSE(h.capabilities().accelerator.empty());
    const auto& types = h.capabilities().machine_types;
    EXPECT_NE(std::find(types.begin(), types.end(), "q35"), types.end());
    co_return;
  });
}

TEST_P(HypervisorConformance, a_started_machine_is_found_running_by_the_next_daemon) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await h.start(machine));
    EXPECT_EQ(notices.count(), 0U);
    co_await h.close();

    auto second = co_await lab.open();
    CO_ASSERT_OK(second);
    (*second)->on_notice(notices.sink());
    auto found = co_await (*second)->adopt();
    CO_ASSERT_OK(found);
    CO_ASSERT(found->size() == 1);
    EXPECT_EQ(found->front().first, machine.uuid);
    EXPECT_EQ(found->front().second, model::Observed::running);
    EXPECT_TRUE(co_await (*second)->pause(machine.uuid));
    co_await (*second)->close();

    auto third = co_await lab.open();
    CO_ASSERT_OK(third);
    (*third)->on_notice(notices.sink());
    found = co_await (*third)->adopt();
    CO_ASSERT_OK(found);
    CO_ASSERT(found->size() == 1);
    EXPECT_EQ(found->front().second, model::Observed::paused);
    EXPECT_TRUE(co_await (*third)->kill(machine.uuid));
    co_await (*third)->close();
    EXPECT_EQ((co_await notices.next()).reason, EndReason::requested);
  });
}

TEST_P(HypervisorConformance, verbs_are_idempotent) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(co_await h.start(machine));
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(co_await h.pause(machine.uuid));
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(co_await h.resume(machine.uuid));
    EXPECT_TRUE(co_await h.pause(machine.uuid));
    EXPECT_TRUE(co_await h.start(machine)) << "a paused machine runs again";
    EXPECT_TRUE(co_await h.reset(machine.uuid));
    EXPECT_EQ(notices.count(), 0U) << "what is asked for is not told";
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(co_await h.kill(machine.uuid));
    EXPECT_EQ(notices.count(), 1U) << "its end is told once, before kill() answers";
  });
}

TEST_P(HypervisorConformance, verbs_on_a_machine_that_does_not_run_are_refused) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices& notices) -> Async<void> {
    auto uuid = lab.machine().uuid;
    EXPECT_EQ(code_of(co_await h.request_stop(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await h.pause(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await h.resume(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await h.reset(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await h.suspend(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await h.set_limits(uuid, {})), Code::precondition);
    EXPECT_EQ(code_of(co_await h.screenshot(uuid)), Code::precondition);
    EXPECT_EQ(code_of(co_await h.screen_text(uuid)), Code::precondition);
    EXPECT_TRUE(h.socket(uuid, "serial").empty());
    EXPECT_TRUE(co_await h.kill(uuid)) << "kill() of what is gone already succeeds";
    EXPECT_EQ(notices.count(), 0U);
  });
}

TEST_P(HypervisorConformance, the_end_of_a_machine_is_told_with_its_reason) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    auto expect_end = [&notices, &machine](EndReason reason) -> Async<void> {
      auto told = co_await notices.next();
      EXPECT_EQ(told.uuid, machine.uuid);
      EXPECT_EQ(told.kind, Notice::Kind::ended);
      EXPECT_EQ(told.reason, reason) << told.detail;
      EXPECT_FALSE(told.detail.empty());
    };
    CO_ASSERT_OK(co_await h.start(machine));
    co_await lab.booted(h, machine.uuid);
    co_await lab.guest_powers_off(h, machine.uuid);
    co_await expect_end(EndReason::guest_shutdown);

    CO_ASSERT_OK(co_await h.start(machine));
    co_await lab.process_dies(machine.uuid);
    co_await expect_end(EndReason::crashed);

    CO_ASSERT_OK(co_await h.start(machine));
    co_await lab.booted(h, machine.uuid);
    CO_ASSERT_OK(co_await h.request_stop(machine.uuid));
    co_await expect_end(EndReason::requested);
    EXPECT_EQ(code_of(co_await h.pause(machine.uuid)), Code::precondition);
    EXPECT_EQ(notices.count(), 0U);
  });
}

TEST_P(HypervisorConformance, a_guest_that_resets_itself_is_told_and_runs_on) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await h.start(machine));
    co_await lab.booted(h, machine.uuid);
    co_await lab.guest_resets(h, machine.uuid);
    auto told = co_await notices.next();
    EXPECT_EQ(told.kind, Notice::Kind::guest_reset);
    EXPECT_EQ(told.uuid, machine.uuid);
    EXPECT_TRUE(co_await h.pause(machine.uuid));
    EXPECT_TRUE(co_await h.kill(machine.uuid));
  });
}

TEST_P(HypervisorConformance, ends_while_nobody_watched_are_told_by_adopt) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await h.start(machine));
    co_await h.close();
    co_await lab.process_dies(machine.uuid);

    auto second = co_await lab.open();
    CO_ASSERT_OK(second);
    (*second)->on_notice(notices.sink());
    auto found = co_await (*second)->adopt();
    CO_ASSERT_OK(found);
    EXPECT_TRUE(found->empty());
    auto told = co_await notices.next();
    EXPECT_EQ(told.uuid, machine.uuid);
    EXPECT_EQ(told.reason, EndReason::crashed);
    CO_ASSERT_OK(co_await (*second)->start(machine));
    EXPECT_TRUE(co_await (*second)->kill(machine.uuid));
    co_await (*second)->close();
  });
}

TEST_P(HypervisorConformance, a_suspended_machine_continues_at_its_next_start) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await h.start(machine));
    co_await lab.booted(h, machine.uuid);
    CO_ASSERT_OK(co_await h.suspend(machine.uuid));
    CO_ASSERT(notices.count() == 1);
    EXPECT_EQ((co_await notices.next()).reason, EndReason::requested);
    EXPECT_TRUE(std::filesystem::exists(machine.folder / suspend_file));
    EXPECT_EQ(code_of(co_await h.resume(machine.uuid)), Code::precondition);

    CO_ASSERT_OK(co_await h.start(machine));
    EXPECT_FALSE(std::filesystem::exists(machine.folder / suspend_file))
        << "memory that is older than the disk must never be used again";
    EXPECT_EQ(notices.count(), 0U);
    EXPECT_TRUE(co_await h.kill(machine.uuid));
  });
}

TEST_P(HypervisorConformance, a_paused_machine_can_be_suspended) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await h.start(machine));
    CO_ASSERT_OK(co_await h.pause(machine.uuid));
    CO_ASSERT_OK(co_await h.suspend(machine.uuid));
    CO_ASSERT_OK(co_await h.start(machine));
    EXPECT_TRUE(co_await h.pause(machine.uuid)) << "it runs";
    EXPECT_TRUE(co_await h.kill(machine.uuid));
  });
}

TEST_P(HypervisorConformance, limits_are_changed_while_a_machine_runs_and_it_runs_on) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    machine.limits.cpu_limit = 50;
    machine.limits.write_iops = 100;
    EXPECT_EQ(code_of(co_await h.set_limits(machine.uuid, {})), Code::precondition);
    CO_ASSERT_OK(co_await h.start(machine));
    co_await lab.booted(h, machine.uuid);
    Limits wider{.cpu_limit = 150, .read_iops = 50, .write_rate = mib(5), .burst_seconds = 2};
    for (int i = 0; i < 2; ++i) CO_ASSERT_OK(co_await h.set_limits(machine.uuid, wider));
    CO_ASSERT_OK(co_await h.set_limits(machine.uuid, {}));
    EXPECT_EQ(notices.count(), 0U);
    EXPECT_TRUE(co_await h.pause(machine.uuid)) << "it runs";
    EXPECT_TRUE(co_await h.kill(machine.uuid));
  });
}

TEST_P(HypervisorConformance, a_screenshot_is_a_png) {
  on_host([](Hypervisor& h, ConformanceLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await h.start(machine));
    auto picture = co_await h.screenshot(machine.uuid);
    CO_ASSERT_OK(picture);
    EXPECT_TRUE(picture->starts_with("\x89PNG\r\n\x1a\n"));
    EXPECT_TRUE(picture->substr(0, picture->size() - 4).ends_with("IEND"));
    EXPECT_TRUE(co_await h.screen_text(machine.uuid)) << "it may have none, and says so";
    EXPECT_TRUE(co_await h.kill(machine.uuid));
  });
}

}  // namespace truce::hypervisor
