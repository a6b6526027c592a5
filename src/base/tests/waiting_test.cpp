// Coroutines, processes and frames, on a real loop.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/local/connect_pair.hpp>

#include "base/async.h"
#include "base/frames.h"
#include "base/process.h"
#include "base/random.h"

namespace truce {
namespace {

// Runs a coroutine to its end on a loop of its own.
template <class Work>
void on_loop(Work work) {
  asio::io_context context;
  asio::co_spawn(context, work(), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  context.run();
}

Async<Result<int>> answer_after(Duration duration) {
  co_await sleep_for(duration);
  co_return 42;
}

TEST(Async, within_gives_the_result_or_a_timeout) {
  on_loop([]() -> Async<void> {
    EXPECT_EQ(*co_await within(5s, answer_after(1ms), "answer"), 42);
    auto late = co_await within(10ms, answer_after(60s), "answer");
    EXPECT_EQ(late.error().code, Code::timeout);
    EXPECT_EQ(late.error().message, "answer: no answer within 0.01 s");
  });
}

TEST(Async, blocking_work_leaves_the_loop_free) {
  on_loop([]() -> Async<void> {
    asio::thread_pool pool(1);
    auto loop_thread = std::this_thread::get_id();
    auto worker = co_await run_blocking(pool, [] { return std::this_thread::get_id(); });
    EXPECT_TRUE(worker != loop_thread);
    EXPECT_TRUE(std::this_thread::get_id() == loop_thread);
  });
}

TEST(Async, blocking_work_that_loses_a_race_harms_nothing) {
  on_loop([]() -> Async<void> {
    asio::thread_pool pool(1);
    bool ended = false;
    auto work = run_blocking(pool, [&ended] {
      std::this_thread::sleep_for(50ms);
      return ended = true;
    });
    auto first = co_await (std::move(work) || sleep_for(5ms));
    EXPECT_EQ(first.index(), 1U);
    EXPECT_TRUE(ended) << "it goes on only when nothing runs that uses its variables";
    EXPECT_EQ(co_await run_blocking(pool, [] { return 7; }), 7);
  });
}

Async<void> count_for_ever(int& count) {
  while (true) {
    ++count;
    co_await sleep_for(1ms);
  }
}

TEST(Async, a_scope_ends_what_it_started) {
  on_loop([]() -> Async<void> {
    Scope scope(co_await asio::this_coro::executor);
    int count = 0;
    for (int i = 0; i < 3; ++i) scope.spawn(count_for_ever(count));
    co_await sleep_for(10ms);
    EXPECT_EQ(scope.running(), 3U);
    scope.cancel();
    co_await scope.join();
    EXPECT_EQ(scope.running(), 0U);
    auto then = count;
    scope.spawn(count_for_ever(count));
    co_await sleep_for(5ms);
    EXPECT_EQ(count, then);
  });
}

TEST(Async, a_wakeup_with_nobody_waiting_is_kept) {
  on_loop([]() -> Async<void> {
    Wakeup wakeup(co_await asio::this_coro::executor);
    wakeup.wake();
    co_await wakeup.wait();
    auto first = co_await (wakeup.wait() || sleep_for(5ms));
    EXPECT_EQ(first.index(), 1U);
  });
}

TEST(Process, run_gives_both_outputs_and_the_status) {
  on_loop([]() -> Async<void> {
    auto output = co_await run({.argv = {"sh", "-c", "cat; echo wrong >&2; exit 3"}}, 10s, "hello");
    EXPECT_TRUE(output);
    if (!output) co_return;
    EXPECT_EQ(output->out, "hello");
    EXPECT_EQ(output->err, "wrong\n");
    EXPECT_EQ(output->status.code, 3);
    auto checked =
        co_await run_checked({.argv = {"sh", "-c", "echo first >&2; echo last >&2; exit 1"}}, 10s);
    EXPECT_EQ(checked.error().message, "sh: exit status 1: last");
  });
}

TEST(Process, run_kills_a_program_that_takes_too_long_with_all_its_children) {
  auto note = std::filesystem::temp_directory_path() / ("truce-child-" + random_hex(6));
  on_loop([note]() -> Async<void> {
    auto script = fmt::format("sleep 100 & echo $! > {}; wait", note.string());
    auto output = co_await run({.argv = {"sh", "-c", script}}, 300ms);
    EXPECT_EQ(output.error().code, Code::timeout);
    auto child = read_file(note);
    EXPECT_TRUE(child);
    if (!child) co_return;
    auto pid = static_cast<pid_t>(std::strtol(child->c_str(), nullptr, 10));
    // It may stay a zombie until init takes it; what counts is that it runs no more.
    for (int i = 0; i < 100; ++i) {
      auto stat = read_file(fmt::format("/proc/{}/stat", pid));
      if (!stat || stat->find(") Z ") != std::string::npos) co_return;
      co_await sleep_for(10ms);
    }
    ADD_FAILURE() << "the grandchild still runs";
  });
  EXPECT_TRUE(remove_tree(note));
}

TEST(Process, a_program_that_is_not_there_is_named) {
  on_loop([]() -> Async<void> {
    auto output = co_await run({.argv = {"no-such-program"}}, 10s);
    EXPECT_EQ(output.error().code, Code::unsupported);
    auto broken = co_await run({.argv = {"/etc/hostname"}}, 10s);
    EXPECT_NE(broken.error().message.find("exec"), std::string::npos);
  });
}

TEST(Process, is_started_through_an_open_gate_and_not_through_one_that_is_shut) {
  on_loop([]() -> Async<void> {
    std::atomic<std::uint64_t> word = 7;
    std::atomic<std::uint64_t> seats[2] = {};
    StartGate gate;
    gate.word = &word;
    gate.open_for = 7;
    gate.seats = seats;
    Command command;
    command.argv = {"sh", "-c", "echo $$"};
    command.gate = gate;
    auto output = co_await run(command, 10s);
    EXPECT_TRUE(output);
    if (!output) co_return;
    // It has signed in before it was `sh`, as who it is.
    EXPECT_EQ(fmt::format("{}\n", pid_in_seat(seats[0].load())), output->out);
    word = 8;
    auto late = co_await run(command, 10s);
    EXPECT_EQ(late.error().code, Code::precondition);
    EXPECT_TRUE(late.error().message.contains("the gate is shut")) << late.error().message;
    word = 7;
    auto third = co_await run(command, 10s);
    EXPECT_EQ(third.error().message.contains("sign in"), true) << "there was no seat left";
  });
}

TEST(Process, joins_the_gates_group_unless_its_own_are_below_it) {
  using Paths = std::vector<std::filesystem::path>;
  StartGate gate;
  gate.group = "/g/others";
  EXPECT_EQ(gate.groups_with({"/own"}), (Paths{"/own", "/g/others"}));
  gate.above = "/g";
  EXPECT_EQ(gate.groups_with({"/g/own"}), Paths{"/g/own"});
  EXPECT_EQ(gate.groups_with({}), Paths{"/g/others"});
  gate.group.clear();
  EXPECT_EQ(gate.groups_with({}), Paths{});
}

TEST(Process, a_child_gets_only_the_descriptors_that_are_named) {
  on_loop([]() -> Async<void> {
    auto secret = open_file("/dev/zero", 0);
    auto output = co_await run(
        {.argv = {"sh", "-c", "ls /proc/$$/fd"}, .descriptors = {{secret->get(), 7}}}, 10s);
    EXPECT_EQ(output->out, "0\n1\n2\n7\n");
  });
}

TEST(Process, many_open_descriptors_are_in_nobodys_way) {
  std::vector<Fd> crowd;
  for (int i = 0; i < 200; ++i) crowd.emplace_back(::dup(2));
  crowd[100] = Fd();  // a hole where the next one goes
  on_loop([]() -> Async<void> {
    auto output = co_await run({.argv = {"sh", "-c", "cat; echo wrong >&2"}}, 10s, "hello");
    EXPECT_TRUE(output);
    if (!output) co_return;
    EXPECT_EQ(output->out, "hello");
    EXPECT_EQ(output->err, "wrong\n");
  });
}

TEST(Process, an_adopted_process_is_the_same_one_or_none) {
  on_loop([]() -> Async<void> {
    auto started = Process::start({.argv = {"sleep", "100"}});
    EXPECT_TRUE(started);
    if (!started) co_return;
    auto adopted = Process::adopt(started->pid(), started->start_ticks());
    EXPECT_TRUE(adopted);
    EXPECT_FALSE(Process::adopt(started->pid(), started->start_ticks() + 1));
    EXPECT_TRUE(adopted->signal(SIGKILL));
    auto status = co_await started->wait();
    EXPECT_EQ(status->signal, SIGKILL);
    EXPECT_EQ(to_string(*status), "signal 9 (Killed)");
  });
}

TEST(Process, a_confined_program_sees_only_what_it_may) {
  auto folder = std::filesystem::temp_directory_path() / ("truce-confined-" + random_hex(6));
  ASSERT_TRUE(make_folder(folder / "own"));
  ASSERT_TRUE(write_file_durably(folder / "own" / "mine", "mine"));
  ASSERT_TRUE(write_file_durably(folder / "other", "other", 0644));
  on_loop([folder]() -> Async<void> {
    Command command{
        .argv = {"sh", "-c", "cat own/mine; cat other; echo x > own/new; echo x > new"}};
    command.folder = folder;
    command.file_rules = FileRules{{"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache"},
                                   {folder / "own", "/dev/null"}};
    auto output = co_await run(command, 10s);
    EXPECT_TRUE(output);
    if (!output) co_return;
    EXPECT_EQ(output->out, "mine");
    EXPECT_TRUE(std::filesystem::exists(folder / "own" / "new"));
    EXPECT_FALSE(std::filesystem::exists(folder / "new")) << "the kernel has no Landlock?";
  });
  ASSERT_TRUE(remove_tree(folder));
}

TEST(Process, another_user_has_no_groups_and_no_capabilities) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped, because only root can become another user";
  on_loop([]() -> Async<void> {
    auto output = co_await run({.argv = {"sh", "-c", "id -u; id -G; grep CapEff /proc/self/status"},
                                .user = std::pair<uid_t, gid_t>{720001, 720001}},
                               10s);
    EXPECT_EQ(output->out, "720001\n720001\nCapEff:\t0000000000000000\n");
  });
}

// A program with a root, processes and a network of its own, and what it says.
Async<Output> isolated(std::string script, Command command = {}) {
  command.argv = {"sh", "-c", std::move(script)};
  command.file_rules->read_only.insert(command.file_rules->read_only.end(),
                                       {"/usr", "/lib", "/lib64", "/etc/ld.so.cache"});
  command.file_rules->read_write.emplace_back("/dev/null");
  command.own = {.files = true, .network = true, .processes = true, .messages = true};
  auto output = co_await run(std::move(command), 20s);
  EXPECT_TRUE(output) << output.error().message;
  co_return output ? *std::move(output) : Output{};
}

class Isolated : public ::testing::Test {
 protected:
  void SetUp() override {
    on_loop([this]() -> Async<void> {
      Command nothing{.argv = {"true"}, .file_rules = FileRules{{"/usr", "/lib", "/lib64"}, {}}};
      nothing.own.files = nothing.own.network = nothing.own.processes = true;
      auto tried = co_await run(std::move(nothing), 20s);
      if (!tried) why_not_ = tried.error().message;
    });
    if (!why_not_.empty()) GTEST_SKIP() << "skipped, because of " << why_not_;
    ASSERT_TRUE(make_folder(folder_ / "own"));
    ASSERT_TRUE(make_folder(folder_ / "shown"));
    ASSERT_TRUE(write_file_durably(folder_ / "shown" / "text", "shown", 0644));
    ASSERT_TRUE(write_file_durably(folder_ / "other", "other", 0644));
    ASSERT_TRUE(write_file_durably(folder_ / "single", "single", 0644));
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(folder_)); }
  [[nodiscard]] Command command() const {
    return {.file_rules = FileRules{{folder_ / "shown", folder_ / "absent"},
                                    {folder_ / "own", folder_ / "single"}}};
  }
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("truce-isolated-" + random_hex(6));
  std::string why_not_;
};

TEST_F(Isolated, its_root_shows_what_is_named_and_nothing_else) {
  on_loop([this]() -> Async<void> {
    auto at = folder_.string();
    // Landlock forbids listing what is not named, so names are asked for one by one.
    auto output = co_await isolated(
        fmt::format(
            "for f in /etc/passwd /root /proc /sys /tmp/x /run {0}/other {0}/absent; do "
            "test -e $f && echo $f; done; cat {0}/shown/text {0}/single; echo x > {0}/own/new "
            "&& echo y > {0}/single; echo z > {0}/shown/new; echo z > {0}/more",
            at),
        command());
    EXPECT_EQ(output.out, "shownsingle");
    EXPECT_EQ(*read_file(folder_ / "own" / "new"), "x\n");
    EXPECT_EQ(*read_file(folder_ / "single"), "y\n");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "shown" / "new"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "more"));
  });
}

TEST_F(Isolated, what_may_be_written_can_lie_in_what_may_only_be_read) {
  on_loop([this]() -> Async<void> {
    EXPECT_TRUE(make_folder(folder_ / "shown" / "inner"));
    auto wanted = command();
    wanted.file_rules->read_write.push_back(folder_ / "shown" / "inner");
    wanted.file_rules->read_only.push_back(folder_ / "own" / "part");  // is writable already
    auto output = co_await isolated(
        fmt::format("cd {}/shown; echo x > inner/new; echo x > new; cat text inner/new",
                    folder_.string()),
        wanted);
    EXPECT_EQ(output.out, "shownx\n");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "shown" / "new"));
  });
}

TEST_F(Isolated, it_is_alone_and_leaves_nothing_on_the_host) {
  auto mounts = *read_file("/proc/self/mounts");
  auto processes = std::filesystem::read_symlink("/proc/thread-self/ns/pid_for_children");
  on_loop([this]() -> Async<void> {
    EXPECT_EQ((co_await isolated("echo $$", command())).out, "1\n");
    auto plain = co_await run({.argv = {"sh", "-c", "echo $$"}}, 10s);
    EXPECT_NE(plain->out, "1\n") << "the next program is one of the host again";
    // What it has started ends with it, so its pipes close.
    auto output = co_await isolated("sleep 100 & echo left", command());
    EXPECT_EQ(output.out, "left\n");
  });
  EXPECT_EQ(*read_file("/proc/self/mounts"), mounts);
  EXPECT_EQ(std::filesystem::read_symlink("/proc/thread-self/ns/pid_for_children"), processes);
}

TEST_F(Isolated, it_has_no_interface_that_is_up) {
  on_loop([]() -> Async<void> {
    auto output = co_await run({.argv = {"ip", "-br", "addr"}, .own = {.network = true}}, 20s);
    EXPECT_TRUE(output && output->out.starts_with("lo ") && !output->out.contains("127.0.0.1"))
        << output->out;
  });
}

TEST_F(Isolated, its_limits_and_its_filter_hold) {
  on_loop([this]() -> Async<void> {
    // Refuses uname(2), number 63, whatever the architecture: the others are of no matter here.
    std::vector<sock_filter> filter = {{0x20, 0, 0, 0},
                                       {0x15, 0, 1, 63},
                                       {0x06, 0, 0, 0x00050000 | EPERM},
                                       {0x06, 0, 0, 0x7fff0000}};
    auto wanted = command();
    wanted.call_filter = filter;
    wanted.limits = {{RLIMIT_CORE, 1}, {RLIMIT_NOFILE, 50}};
    auto output = co_await isolated("ulimit -n; ulimit -Hn; uname; echo $?", wanted);
    EXPECT_EQ(output.out, "50\n50\n1\n");
  });
}

TEST(Frames, messages_arrive_whole_and_within_the_limit) {
  on_loop([]() -> Async<void> {
    auto loop = co_await asio::this_coro::executor;
    UnixSocket a(loop), b(loop);
    asio::local::connect_pair(a, b);
    EXPECT_TRUE(co_await write_frame(a, "hello"));
    EXPECT_TRUE(co_await write_frame(a, ""));
    EXPECT_EQ(*co_await read_frame(b, kib(1)), "hello");
    EXPECT_EQ(*co_await read_frame(b, kib(1)), "");
    EXPECT_TRUE(co_await write_frame(a, std::string(2000, 'x')));
    EXPECT_EQ((co_await read_frame(b, kib(1))).error().code, Code::limit);
    a.close();
    UnixSocket c(loop), d(loop);
    asio::local::connect_pair(c, d);
    c.close();
    EXPECT_EQ((co_await read_frame(d, kib(1))).error().code, Code::unavailable);
  });
}

}  // namespace
}  // namespace truce
