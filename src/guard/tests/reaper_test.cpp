// The reaper as a process, with others for it to kill, in control groups of both versions and in
// none.
#include "reaper_lab.h"

namespace truce::guard {
namespace {

class Reapers : public ::testing::TestWithParam<Where> {
 protected:
  /// With an open gate for life 3, until that time from now.
  template <class Work>
  void in_life(Duration left, Work work) {
    asio::io_context context;
    auto run = [](Where where, Duration time, Work inner) -> Async<void> {
      ReaperLab lab(where);
      auto guard = co_await lab.open();
      if (!guard) co_return;
      co_await eventually([&] { return guard->cleared(); }, "clear at first");
      auto opened = co_await guard->open(standing_for(*guard, 3, time));
      EXPECT_TRUE(opened) << opened.error().message;
      co_await inner(lab, guard);
      if (!guard) co_return;
      guard->shut();
      co_await eventually([&] { return guard->cleared(); }, "clear at the end");
      co_await guard->close();
    };
    asio::co_spawn(context, run(GetParam(), left, std::move(work)), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
    context.run();
  }
};

std::string name_of(const ::testing::TestParamInfo<Where>& info) {
  constexpr const char* names[] = {"freezer", "unified", "no_groups"};
  return names[static_cast<int>(info.param)];
}
INSTANTIATE_TEST_SUITE_P(In, Reapers,
                         ::testing::Values(Where::freezer, Where::unified, Where::nowhere),
                         name_of);

using GuardPtr = std::unique_ptr<Guard>;

TEST_P(Reapers, kill_at_the_deadline_what_came_through_the_gate_and_nothing_else) {
  in_life(1500ms, [](ReaperLab&, GuardPtr& guard) -> Async<void> {
    auto inside = start_victim(guard->gate(3));
    auto ignores =
        start_victim(guard->gate(3), "trap '' TERM INT HUP; while :; do sleep 600; done");
    Command command;
    command.argv = {"sleep", "600"};
    auto outside = Process::start(command);
    EXPECT_TRUE(inside && ignores && outside);
    if (!inside || !ignores || !outside) co_return;
    EXPECT_TRUE(lives(*inside));
    co_await eventually([&] { return guard->cleared(); }, "all is dead");
    EXPECT_FALSE(lives(*inside));
    EXPECT_FALSE(lives(*ignores));
    EXPECT_TRUE(lives(*outside));
    EXPECT_TRUE(outside->signal(SIGKILL));
    (void)co_await inside->wait();
    (void)co_await ignores->wait();
    (void)co_await outside->wait();
  });
}

TEST_P(Reapers, let_nothing_through_a_shut_gate) {
  in_life(60s, [](ReaperLab&, GuardPtr& guard) -> Async<void> {
    auto gate = guard->gate(3);
    guard->shut();
    co_await eventually([&] { return !gate.open(); }, "shut");
    auto late = start_victim(gate);
    EXPECT_EQ(late.error().code, Code::precondition);
    EXPECT_TRUE(late.error().message.contains("the gate is shut")) << late.error().message;
  });
}

// What the daemon had checked before comes in while the reaper kills, and after it.
TEST_P(Reapers, leave_nothing_alive_however_starts_and_the_deadline_meet) {
  in_life(400ms, [](ReaperLab&, GuardPtr& guard) -> Async<void> {
    auto gate = guard->gate(3);
    std::vector<Process> started;
    int refused = 0;
    for (int i = 0; i < 400 && refused < 20; ++i) {
      auto victim = start_victim(gate);
      victim ? started.push_back(*std::move(victim)) : void(++refused);
      co_await sleep_for(1ms);
    }
    EXPECT_GE(refused, 20);
    EXPECT_FALSE(started.empty());
    co_await eventually([&] { return guard->cleared(); }, "clear");
    for (auto& process : started) {
      EXPECT_FALSE(lives(process)) << process.pid();
      (void)co_await process.wait();
    }
  });
}

TEST_P(Reapers, kill_when_their_daemon_has_let_go_of_them) {
  in_life(1s, [](ReaperLab& lab, GuardPtr& guard) -> Async<void> {
    auto victim = start_victim(guard->gate(3));
    EXPECT_TRUE(victim);
    if (!victim) co_return;
    co_await guard->close();
    guard.reset();  // as far as the reaper can tell, its daemon is killed or stopped for ever
    co_await eventually([&] { return !lives(*victim); }, "dead");
    (void)co_await victim->wait();
    guard = co_await lab.open();
    EXPECT_FALSE(guard->standing());
    auto earlier = co_await guard->open(standing_for(*guard, 3, 60s));
    EXPECT_FALSE(earlier);
    co_await eventually([&] { return guard->cleared(); }, "clear");
    EXPECT_TRUE(co_await guard->open(standing_for(*guard, 4, 60s)));
  });
}

TEST_P(Reapers, are_replaced_when_they_die_and_the_life_goes_on) {
  in_life(60s, [](ReaperLab& lab, GuardPtr& guard) -> Async<void> {
    auto victim = start_victim(guard->gate(3));
    EXPECT_TRUE(victim);
    if (!victim) co_return;
    auto first = lab.reaper();
    EXPECT_EQ(::kill(first, SIGKILL), 0);
    co_await eventually([&] { return lab.reaper() != 0 && lab.reaper() != first; }, "another one");
    EXPECT_TRUE(guard->admits(3));
    EXPECT_TRUE(lives(*victim));
    guard->shut();
    co_await eventually([&] { return !lives(*victim); }, "dead");
    (void)co_await victim->wait();
  });
}

TEST_P(Reapers, that_died_with_their_daemon_are_followed_by_one_that_kills_what_they_left) {
  in_life(700ms, [](ReaperLab& lab, GuardPtr& guard) -> Async<void> {
    auto victim = start_victim(guard->gate(3));
    EXPECT_TRUE(victim);
    if (!victim) co_return;
    co_await guard->close();
    guard.reset();
    auto first = lab.reaper();
    EXPECT_EQ(::kill(first, SIGKILL), 0);
    ::waitpid(first, nullptr, 0);
    co_await sleep_for(900ms);
    EXPECT_TRUE(lives(*victim));  // nobody was left: see ADR 24
    guard = co_await lab.open();
    co_await eventually([&] { return guard->cleared(); }, "clear");
    EXPECT_FALSE(lives(*victim));
    (void)co_await victim->wait();
  });
}

class Reaper : public ::testing::Test {
 protected:
  template <class Work>
  static void in_lab(Work work) {
    asio::io_context context;
    auto run = [](Work inner) -> Async<void> {
      ReaperLab lab;
      co_await inner(lab);
    };
    asio::co_spawn(context, run(std::move(work)), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
    context.run();
  }
};

TEST_F(Reaper, that_is_stopped_is_found_out_and_replaced) {
  in_lab([](ReaperLab& lab) -> Async<void> {
    auto guard = co_await lab.open();
    auto first = lab.reaper();
    EXPECT_EQ(::kill(first, SIGSTOP), 0);
    co_await eventually([&] { return lab.reaper() != 0 && lab.reaper() != first; }, "another one");
    co_await eventually([&] { return guard->cleared(); }, "it works");
    co_await guard->close();
  });
}

TEST_F(Reaper, ends_when_its_host_needs_none_any_more_and_not_while_it_guards) {
  in_lab([](ReaperLab& lab) -> Async<void> {
    auto guard = co_await lab.open();
    co_await eventually([&] { return guard->cleared(); }, "clear");
    EXPECT_TRUE(co_await guard->open(standing_for(*guard, 1, 60s)));
    auto early = co_await guard->retire();
    EXPECT_EQ(early.error().code, Code::precondition);
    guard->shut();
    co_await eventually([&] { return guard->cleared(); }, "clear");
    auto ended = co_await guard->retire();
    EXPECT_TRUE(ended) << ended.error().message;
    EXPECT_FALSE(was_guarded(lab.options.folder));
    co_await guard->close();
  });
}

TEST_F(Reaper, takes_no_heed_of_signals_that_can_be_ignored) {
  in_lab([](ReaperLab& lab) -> Async<void> {
    auto guard = co_await lab.open();
    auto first = lab.reaper();
    for (int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE}) ::kill(first, number);
    co_await eventually([&] { return guard->cleared(); }, "clear");
    EXPECT_TRUE(co_await guard->open(standing_for(*guard, 1, 60s)));
    EXPECT_EQ(lab.reaper(), first);
    guard->shut();
    co_await guard->close();
  });
}

TEST_F(Reaper, has_one_daemon_at_a_time) {
  in_lab([](ReaperLab& lab) -> Async<void> {
    auto guard = co_await lab.open();
    auto second = co_await open_reaper(lab.options);
    EXPECT_EQ(second.error().code, Code::conflict);
    co_await guard->close();
    guard.reset();
    auto third = co_await open_reaper(lab.options);
    EXPECT_TRUE(third) << third.error().message;
    if (third) co_await (*third)->close();
  });
}

TEST_F(Reaper, is_of_one_host) {
  in_lab([](ReaperLab& lab) -> Async<void> {
    auto guard = co_await lab.open();
    co_await guard->close();
    guard.reset();
    lab.options.node = "h2";
    auto other = co_await open_reaper(lab.options);
    EXPECT_EQ(other.error().code, Code::conflict);
    EXPECT_TRUE(other.error().message.contains("h1")) << other.error().message;
  });
}

TEST_F(Reaper, of_another_version_is_not_touched) {
  in_lab([](ReaperLab& lab) -> Async<void> {
    EXPECT_TRUE(make_folder(lab.options.folder));
    EXPECT_TRUE(write_file_durably(lab.options.folder / memory_file, "another layout"));
    auto guard = co_await open_reaper(lab.options);
    EXPECT_EQ(guard.error().code, Code::unsupported);
  });
}

TEST_F(Reaper, that_cannot_be_started_says_why) {
  in_lab([](ReaperLab& lab) -> Async<void> {
    lab.options.watchdog = "/nowhere/watchdog";
    auto guard = co_await open_reaper(lab.options);
    EXPECT_FALSE(guard);
    EXPECT_TRUE(guard.error().message.contains("/nowhere/watchdog")) << guard.error().message;
  });
}

TEST_F(Reaper, feeds_the_watchdog_while_it_works) {
  in_lab([](ReaperLab& lab) -> Async<void> {
    auto dog = lab.folder() / "watchdog";
    EXPECT_EQ(::mkfifo(dog.c_str(), 0600), 0);
    auto end = open_file(dog, O_RDWR | O_NONBLOCK);
    lab.options.watchdog = dog;
    auto guard = co_await lab.open();
    int fed = 0;
    co_await eventually(
        [&] {
          char food = 1;
          if (::read(end->get(), &food, 1) == 1 && food == 0) ++fed;
          return fed == 2;
        },
        "fed twice");
    EXPECT_EQ(lab.words()->watchdog.load(), 1U);
    co_await guard->close();
  });
}

TEST_F(Reaper, of_root_cannot_be_swapped_out_and_runs_before_others) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root's can";
  in_lab([](ReaperLab& lab) -> Async<void> {
    auto guard = co_await lab.open();
    EXPECT_EQ(lab.words()->locked.load(), 1U);
    // Needs CAP_SYS_RESOURCE, which root has not everywhere: what we may, the reaper may.
    auto own = open_file("/proc/self/oom_score_adj", O_WRONLY);
    bool may = own && ::write(own->get(), "-1", 2) == 2;
    if (may) EXPECT_EQ(::write(own->get(), "0", 1), 1);
    auto score = read_file(fmt::format("/proc/{}/oom_score_adj", lab.reaper()));
    EXPECT_EQ(score ? *score : "", may ? "-1000\n" : "0\n");
    co_await guard->close();
  });
}

TEST_F(Reaper, does_not_kill_who_has_got_the_number_of_one_that_signed_in) {
  std::atomic<std::uint64_t> seats[2] = {};
  Command command;
  command.argv = {"sleep", "600"};
  auto later = Process::start(command);
  ASSERT_TRUE(later);
  // Somebody of that number signed in a second before this process began.
  auto ago = boot_microseconds() / 1000 - 60'000;
  seats[0] = seat_of(static_cast<std::uint64_t>(later->pid()), ago);
  EXPECT_TRUE(kill_all({}, seats, 2));
  EXPECT_EQ(seats[0].load(), 0U);
  EXPECT_TRUE(lives(*later));
  EXPECT_TRUE(later->signal(SIGKILL));
  ::waitpid(later->pid(), nullptr, 0);
}

}  // namespace
}  // namespace truce::guard
