#include "qemu/qemu.h"

#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <fstream>

#include "confinement.h"
#include "host/kvm.h"
#include "lab.h"
#include "qmp.h"

namespace truce::qemu {
namespace {

using hypervisor::Cause;
using hypervisor::EndReason;
using hypervisor::Machine;
using hypervisor::Notice;
using hypervisor::Notices;
using model::Observed;

class QemuTest : public testing::Test {
 protected:
  using Body = std::function<Async<void>(Qemu&, QemuLab&, Notices&)>;

  void on_host(Body body) {
    if (auto why = lab_.why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    asio::io_context loop;
    auto all = [](QemuLab& lab, Body inner) -> Async<void> {
      Notices notices(co_await asio::this_coro::executor);
      auto qemu = co_await lab.open_qemu();
      CO_ASSERT_OK(qemu);
      (*qemu)->on_notice(notices.sink());
      co_await inner(**qemu, lab, notices);
      co_await (*qemu)->close();
      co_await end_all(lab);
    };
    asio::co_spawn(loop, all(lab_, std::move(body)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    loop.run();
  }

  static Async<void> end_all(QemuLab& lab) {
    auto last = co_await lab.open_qemu();
    CO_ASSERT_OK(last);
    auto left = co_await (*last)->adopt();
    CO_ASSERT_OK(left);
    for (const auto& entry : *left) EXPECT_TRUE(co_await (*last)->kill(entry.first));
    co_await (*last)->close();
  }

  static Async<char> ask(Qemu& qemu, std::string uuid, char letter) {
    auto serial = co_await Serial::open(qemu.socket(uuid, "serial"));
    if (!serial) co_return '\0';
    co_return co_await serial->ask(letter);
  }
  static Async<void> say(Qemu& qemu, std::string uuid, char letter) {
    auto serial = co_await Serial::open(qemu.socket(uuid, "serial"));
    CO_ASSERT_OK(serial);
    co_await serial->send(letter);
  }
  /// The value of a line `KEY:\tVALUE` of /proc/PID/status.
  static std::string status_of(pid_t pid, const std::string& key) {
    std::ifstream file(fmt::format("/proc/{}/status", pid));
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
    }
    return {};
  }

  QemuLab lab_;
};

TEST_F(QemuTest, a_suspended_guest_remembers_and_a_booted_one_does_not) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '2');
    CO_ASSERT_OK(co_await qemu.suspend(machine.uuid));
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '3');
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
  });
}

TEST_F(QemuTest, a_suspended_memory_that_does_not_load_is_kept_aside) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    auto state = machine.folder / hypervisor::suspend_file;
    CO_ASSERT_OK(write_file_durably(state, std::string(5000, 'x')));
    auto started = co_await qemu.start(machine);
    CO_ASSERT(!started);
    EXPECT_EQ(started.error().code, Code::corrupt) << started.error().message;
    EXPECT_TRUE(started.error().message.contains(".bad")) << started.error().message;
    EXPECT_FALSE(std::filesystem::exists(state));
    EXPECT_EQ(std::filesystem::file_size(state.string() + ".bad"), 5000U);
    EXPECT_EQ(notices.count(), 0U) << "it has never run";
    CO_ASSERT_OK(co_await qemu.start(machine));
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
  });
}

TEST_F(QemuTest, a_suspend_that_cannot_write_leaves_the_machine_running) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    // A folder in its way.
    CO_ASSERT_OK(make_folder((machine.folder / hypervisor::suspend_file).string() + ".new/x"));
    EXPECT_FALSE(co_await qemu.suspend(machine.uuid));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '2');
    EXPECT_EQ(notices.count(), 0U);
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
  });
}

TEST_F(QemuTest, a_guest_that_panics_is_told_apart) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    co_await say(qemu, machine.uuid, 'x');
    auto told = co_await notices.next();
    EXPECT_EQ(told.kind, Notice::Kind::paused) << told.detail;
    EXPECT_EQ(told.cause, Cause::panic);
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    told = co_await notices.next();
    EXPECT_EQ(told.kind, Notice::Kind::ended);
    EXPECT_EQ(told.reason, EndReason::guest_panic) << told.detail;
  });
}

TEST_F(QemuTest, a_guest_that_has_panicked_begins_anew_when_it_is_reset_and_resumed) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '2');
    auto serial = co_await Serial::open(qemu.socket(machine.uuid, "serial"));
    CO_ASSERT_OK(serial);
    co_await serial->send('x');
    EXPECT_EQ((co_await notices.next()).cause, Cause::panic);
    CO_ASSERT_OK(co_await qemu.reset(machine.uuid));
    CO_ASSERT_OK(co_await qemu.resume(machine.uuid));
    co_await serial->boots();
    EXPECT_EQ(co_await serial->ask('c'), '1') << "it has booted";
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    auto told = co_await notices.next();
    while (told.kind == Notice::Kind::guest_reset) told = co_await notices.next();  // by its BIOS
    EXPECT_EQ(told.reason, EndReason::requested) << "that is forgotten";
  });
}

TEST_F(QemuTest, a_panic_while_nobody_watched_is_told_by_the_next_daemon) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    auto serial = co_await Serial::open(qemu.socket(machine.uuid, "serial"));
    CO_ASSERT_OK(serial);
    co_await qemu.close();
    co_await serial->send('x');
    co_await sleep_for(500ms);
    auto second = co_await lab.open_qemu();
    CO_ASSERT_OK(second);
    (*second)->on_notice(notices.sink());
    auto found = co_await (*second)->adopt();
    CO_ASSERT_OK(found);
    if (found->size() != 1) co_return void(ADD_FAILURE() << found->size() << " were found");
    EXPECT_EQ(found->front().second, Observed::paused);
    EXPECT_EQ((co_await notices.next()).cause, Cause::panic);
    CO_ASSERT_OK(co_await (*second)->kill(machine.uuid));
    EXPECT_EQ((co_await notices.next()).reason, EndReason::guest_panic);
    co_await (*second)->close();
  });
}

TEST_F(QemuTest, a_machine_that_takes_more_memory_than_it_may_is_told_apart) {
  if (::geteuid() != 0 || ::access("/sys/fs/cgroup/memory/memory.oom_control", F_OK) != 0) {
    GTEST_SKIP() << "skipped, because there is no memory controller (v1) that we may use";
  }
  on_host([](Qemu& qemu, QemuLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    auto group = std::filesystem::path("/sys/fs/cgroup/memory") / lab.name() / machine.uuid;
    auto usage = read_file(group / "memory.usage_in_bytes");
    CO_ASSERT_OK(usage);
    std::ofstream(group / "memory.limit_in_bytes") << std::stoull(*usage) + mib(32).count;
    co_await say(qemu, machine.uuid, 'm');
    auto told = co_await notices.next();
    EXPECT_EQ(told.reason, EndReason::out_of_memory) << told.detail;
    EXPECT_FALSE(std::filesystem::exists(group));
  });
}

TEST_F(QemuTest, a_power_off_while_nobody_watched_is_told_by_the_next_daemon) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    auto serial = co_await Serial::open(qemu.socket(machine.uuid, "serial"));
    CO_ASSERT_OK(serial);
    co_await qemu.close();
    co_await serial->send('p');
    // The guest halts; QEMU stays, and says so to whoever asks.
    co_await sleep_for(500ms);
    auto second = co_await lab.open_qemu();
    CO_ASSERT_OK(second);
    (*second)->on_notice(notices.sink());
    auto found = co_await (*second)->adopt();
    CO_ASSERT_OK(found);
    for (const auto& entry : *found) EXPECT_EQ(entry.first, machine.uuid);
    auto told = co_await notices.next();
    EXPECT_EQ(told.reason, EndReason::guest_shutdown) << told.detail;
    co_await (*second)->close();
  });
}

TEST_F(QemuTest, an_adopted_machine_obeys) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    co_await qemu.close();
    auto second = co_await lab.open_qemu();
    CO_ASSERT_OK(second);
    (*second)->on_notice(notices.sink());
    CO_ASSERT_OK(co_await (*second)->adopt());
    EXPECT_EQ(co_await ask(**second, machine.uuid, 'c'), '2');
    CO_ASSERT_OK(co_await (*second)->suspend(machine.uuid));
    CO_ASSERT_OK(co_await (*second)->start(machine));
    EXPECT_EQ(co_await ask(**second, machine.uuid, 'c'), '3');
    CO_ASSERT_OK(co_await (*second)->kill(machine.uuid));
    co_await (*second)->close();
  });
}

TEST_F(QemuTest, a_machine_that_others_paused_is_found_paused_and_can_be_resumed) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    // Somebody else stops it, over a connection of their own once ours has been cut.
    co_await qemu.close();
    auto stop = [](std::shared_ptr<Qmp> other) -> Async<Result<void>> {
      CO_TRY_VOID(co_await other->execute("qmp_capabilities"));
      CO_TRY_VOID(co_await other->execute("stop"));
      co_return Result<void>{};
    };
    auto other =
        co_await Qmp::connect(Runtime(machine.runtime).socket("qmp"), [](const QmpEvent&) {});
    CO_ASSERT_OK(other);
    {
      co_await ((*other)->run() || stop(*other));
    }
    auto second = co_await lab.open_qemu();
    CO_ASSERT_OK(second);
    (*second)->on_notice(notices.sink());
    auto found = co_await (*second)->adopt();
    CO_ASSERT_OK(found);
    CO_ASSERT(found->size() == 1);
    EXPECT_EQ(found->front().second, Observed::paused);
    CO_ASSERT_OK(co_await (*second)->resume(machine.uuid));
    EXPECT_EQ(co_await ask(**second, machine.uuid, 'c'), '2');
    EXPECT_EQ(notices.count(), 0U);
    CO_ASSERT_OK(co_await (*second)->kill(machine.uuid));
    co_await (*second)->close();
  });
}

TEST_F(QemuTest, a_folder_without_a_record_is_cleared_with_its_qemu) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto record = Runtime(machine.runtime).read();
    CO_ASSERT_OK(record);
    auto process = Process::adopt(record->pid, record->start_ticks);
    CO_ASSERT_OK(process);
    co_await qemu.close();
    std::filesystem::remove(machine.runtime / "machine.json");
    auto second = co_await lab.open_qemu();
    CO_ASSERT_OK(second);
    auto found = co_await (*second)->adopt();
    EXPECT_TRUE(found && found->empty());
    EXPECT_FALSE(std::filesystem::exists(machine.runtime));
    EXPECT_TRUE(co_await process->wait());
    co_await (*second)->close();
  });
}

TEST_F(QemuTest, a_start_that_fails_says_why_in_qemus_words_and_leaves_nothing) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices& notices) -> Async<void> {
    auto machine = lab.machine();
    machine.disks[0].format = "qcow2";  // it is not
    auto started = co_await qemu.start(machine);
    CO_ASSERT(!started);
    EXPECT_TRUE(started.error().message.contains("not in qcow2 format")) << started.error().message;
    EXPECT_FALSE(std::filesystem::exists(machine.runtime));
    EXPECT_EQ(notices.count(), 0U);
    machine.disks[0].format = "raw";
    CO_ASSERT_OK(co_await qemu.start(machine));
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
  });
}

TEST_F(QemuTest, a_machine_boots_from_a_linked_clone) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    auto base = lab.folder() / "template.raw";
    auto clone = machine.folder / "disk0.qcow2";
    CO_ASSERT_OK(write_file_durably(base, guest_image(), 0644));
    Command create;
    create.argv = {"qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, clone};
    CO_ASSERT_OK(co_await run_checked(create, 30s));
    machine.disks = {{"disk0", clone, "qcow2", {base}}};
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
  });
}

TEST_F(QemuTest, a_throw_away_boots_from_a_disk_that_it_reads_only) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    auto original = machine.disks[0].path;
    machine.folder /= "trial";
    CO_ASSERT_OK(make_folder(machine.folder, 0711));
    auto above = machine.folder / "disk0.qcow2";
    Command create;
    create.argv = {"qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", original, above};
    CO_ASSERT_OK(co_await run_checked(create, 30s));
    machine.disks = {{.id = "disk0",
                      .path = above,
                      .format = "qcow2",
                      .backing = {original},
                      .throw_away = true}};
    hypervisor::Port card{.mac = "52:54:00:00:00:01", .user_mode = true, .isolated = true};
    machine.ports.push_back(std::move(card));
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'c'), '1');
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'w'), 'W');
    EXPECT_EQ(co_await ask(qemu, machine.uuid, 'd'), '1');
    auto text = co_await qemu.screen_text(machine.uuid);
    CO_ASSERT_OK(text);
    EXPECT_TRUE(text->contains("SeaBIOS")) << *text;
    auto record = Runtime(machine.runtime).read();
    CO_ASSERT_OK(record);
    EXPECT_TRUE(record->own_network) << "it has no part in the host's";
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    auto content = read_file(original, mib(2));
    CO_ASSERT_OK(content);
    EXPECT_TRUE(*content == guest_image());

    auto user = user_of(machine, lab.options().uid_base, Accelerator::tcg);
    Runtime runtime(machine.runtime);
    CO_ASSERT_OK(runtime.prepare(user));
    std::vector<std::string> words = {"/bin/sh", "-c", "echo x >> " + original.string()};
    auto enclosure = co_await try_enclosure();
    auto done =
        co_await run(confined(machine, {}, runtime, user, enclosure, std::move(words)), 30s);
    CO_ASSERT_OK(done);
    EXPECT_FALSE(done->status.success()) << "not even whoever breaks out writes to it";
    runtime.clear();
  });
}

TEST_F(QemuTest, the_screen_is_served_as_vnc) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    asio::local::stream_protocol::socket socket(co_await asio::this_coro::executor);
    auto path = qemu.socket(machine.uuid, "vnc").string();
    auto [ec] = co_await socket.async_connect(path, as_result);
    EXPECT_FALSE(ec) << path << ": " << ec.message();
    std::string greeting(12, '\0');
    co_await asio::async_read(socket, asio::buffer(greeting), as_result);
    EXPECT_EQ(greeting, "RFB 003.008\n");
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
  });
}

TEST_F(QemuTest, a_guest_without_an_agent_is_unavailable_to_it) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto answer = co_await qemu.guest_agent()->ping(machine.uuid);
    EXPECT_TRUE(!answer && answer.error().code == Code::unavailable);
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    answer = co_await qemu.guest_agent()->ping(machine.uuid);
    EXPECT_TRUE(!answer && answer.error().code == Code::precondition);
  });
}

TEST_F(QemuTest, machines_have_networks_by_tap_and_in_user_mode) {
  auto tap = open_file("/dev/net/tun", O_RDWR | O_NONBLOCK);
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if (!tap || ::ioctl(tap->get(), TUNSETIFF, &request) != 0) {
    GTEST_SKIP() << "skipped, because no tap can be made here";
  }
  auto interface = std::filesystem::path("/sys/class/net") / request.ifr_name;
  on_host([&tap, &interface](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    machine.ports = {{.mac = "52:54:00:00:00:01", .tap = tap->get()},
                     {.mac = "52:54:00:00:00:02", .user_mode = true, .number = 1}};
    CO_ASSERT_OK(co_await qemu.start(machine));
    *tap = Fd();
    EXPECT_TRUE(std::filesystem::exists(interface));
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    EXPECT_FALSE(std::filesystem::exists(interface)) << "it goes with its last descriptor";
  });
}

TEST_F(QemuTest, a_machines_process_is_on_its_own) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto record = Runtime(machine.runtime).read();
    CO_ASSERT_OK(record);
    EXPECT_EQ(status_of(record->pid, "NoNewPrivs"), "1");
    EXPECT_EQ(status_of(record->pid, "Seccomp"), "2") << "a filter";
    auto given = co_await try_enclosure();
    EXPECT_EQ(status_of(record->pid, "Seccomp_filters"), given.calls.empty() ? "1" : "2");
    auto limits = read_file(fmt::format("/proc/{}/limits", record->pid));
    EXPECT_TRUE(limits && limits->contains("Max core file size        1                    1"));
    auto apart = [&record](const char* kind) {
      auto of = [kind](const std::string& pid) {
        return std::filesystem::read_symlink(fmt::format("/proc/{}/ns/{}", pid, kind));
      };
      return of(std::to_string(record->pid)) != of("self");
    };
    EXPECT_EQ(apart("mnt"), given.own.files);
    EXPECT_EQ(apart("net"), given.own.network);
    EXPECT_EQ(apart("pid"), given.own.processes);
    EXPECT_EQ(apart("ipc"), given.own.messages);
    EXPECT_EQ(apart("uts"), given.own.messages);
    if (::geteuid() == 0) {
      EXPECT_EQ(status_of(record->pid, "CapBnd"), "0000000000000000");
      auto uid = std::to_string(lab.options().uid_base + static_cast<uid_t>(machine.number));
      EXPECT_TRUE(status_of(record->pid, "Uid").starts_with(uid + "\t" + uid));
      EXPECT_EQ(status_of(record->pid, "CapEff"), "0000000000000000");
    }
    for (const auto& group : record->control_groups) {
      auto members = read_file(group / "cgroup.procs");
      EXPECT_TRUE(members && *members == std::to_string(record->pid) + "\n") << group;
    }
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    for (const auto& group : record->control_groups) EXPECT_FALSE(std::filesystem::exists(group));
  });
}

// Whoever breaks out of QEMU gets what these programs get: they run by the same command.
TEST_F(QemuTest, a_machines_process_reaches_its_own_files_only) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto mine = lab.machine();
    auto others = lab.machine();
    auto store = lab.folder() / "store.db";
    CO_ASSERT_OK(write_file_durably(store, "secret"));
    CO_ASSERT_OK(co_await qemu.start(others));
    auto user = user_of(mine, lab.options().uid_base, Accelerator::tcg);
    auto enclosure = co_await try_enclosure();
    Runtime runtime(mine.runtime);
    CO_ASSERT_OK(runtime.prepare(user));
    CO_ASSERT_OK(own_files(mine, user));
    auto can = [&](std::string script) -> Async<bool> {
      std::vector<std::string> words = {"/bin/sh", "-c", std::move(script)};
      auto done = co_await run(confined(mine, {}, runtime, user, enclosure, std::move(words)), 30s);
      EXPECT_TRUE(done) << done.error().message;
      co_return done && done->status.success();
    };
    EXPECT_TRUE(co_await can("true"));
    EXPECT_TRUE(co_await can("cat " + mine.disks[0].path.string()));
    EXPECT_TRUE(co_await can("echo x > " + (runtime.own() / "new").string()));
    for (const auto& path :
         {others.disks[0].path, others.runtime / "machine.json", store,
          mine.runtime / "machine.json", std::filesystem::path("/etc/shadow"),
          std::filesystem::path("/etc/passwd"), std::filesystem::path("/proc/1/cmdline")}) {
      EXPECT_FALSE(co_await can("cat " + path.string())) << path;
    }
    EXPECT_FALSE(co_await can("echo x > " + (mine.folder / "new").string()));
    EXPECT_FALSE(co_await can("echo x > " + (mine.runtime / "new").string()));
    EXPECT_FALSE(co_await can("echo x > /tmp/" + lab.name() + ".escaped"));
    runtime.clear();
    CO_ASSERT_OK(co_await qemu.kill(others.uuid));
  });
}

// Times that a limit of the processor has held a machine back; nothing without such a counter.
std::optional<long> times_throttled(const Record& record) {
  for (const auto& group : record.control_groups) {
    auto text = read_file(group / "cpu.stat");
    auto at = text ? text->find("nr_throttled ") : std::string::npos;
    if (at != std::string::npos) return std::strtol(text->c_str() + at + 13, nullptr, 10);
  }
  return std::nullopt;
}

TEST_F(QemuTest, a_limit_of_the_processor_holds_a_machine_back_until_it_is_lifted) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    machine.limits.groups = {{"default", 100, 0}, {"lab", 100, 0}};
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto record = Runtime(machine.runtime).read();
    CO_ASSERT_OK(record);
    co_await lab.booted(qemu, machine.uuid);
    auto serial = co_await Serial::open(qemu.socket(machine.uuid, "serial"));
    CO_ASSERT_OK(serial);
    auto before = times_throttled(*record);
    if (before) {
      auto limited = machine.limits;
      limited.cpu_limit = 1;  // less than it gets on the most crowded host
      CO_ASSERT_OK(co_await qemu.set_limits(machine.uuid, limited));
      co_await serial->send('m');  // touches 200 MiB
      for (int i = 0; i < 600 && times_throttled(*record) < *before + 3; ++i)
        co_await sleep_for(50ms);
      EXPECT_GE(times_throttled(*record), *before + 3);
      CO_ASSERT_OK(co_await qemu.set_limits(machine.uuid, machine.limits));
      EXPECT_EQ(co_await serial->next(), 'M');
      auto lifted = times_throttled(*record);
      EXPECT_EQ(co_await serial->ask('m'), 'M');
      EXPECT_EQ(times_throttled(*record), lifted) << "nothing holds it back any more";
    }
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    for (const auto& group : record->control_groups)
      EXPECT_FALSE(std::filesystem::exists(group.parent_path())) << "its group goes with it";
  });
}

TEST_F(QemuTest, a_limit_of_disks_is_in_force_from_the_first_write_until_it_is_lifted) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    machine.limits.write_iops = 2;
    CO_ASSERT_OK(co_await qemu.start(machine));
    co_await lab.booted(qemu, machine.uuid);
    auto serial = co_await Serial::open(qemu.socket(machine.uuid, "serial"));
    CO_ASSERT_OK(serial);
    auto writes = [&serial]() -> Async<Duration> {
      auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < 8; ++i) EXPECT_EQ(co_await serial->ask('w'), 'W');
      co_return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
    };
    // Eight writes at two a second take seconds, and without the limit a small part of that.
    auto limited = co_await writes();
    CO_ASSERT_OK(co_await qemu.set_limits(machine.uuid, {}));
    auto free = co_await writes();
    EXPECT_GT(limited, 2 * free);
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
  });
}

TEST_F(QemuTest, a_disk_with_a_second_name_is_not_given_away) {
  on_host([](Qemu& qemu, QemuLab& lab, Notices&) -> Async<void> {
    auto machine = lab.machine();
    std::filesystem::create_hard_link(machine.disks[0].path, lab.folder() / "second");
    auto started = co_await qemu.start(machine);
    if (::geteuid() == 0) {
      EXPECT_TRUE(!started && started.error().code == Code::forbidden);
    } else {
      EXPECT_TRUE(co_await qemu.kill(machine.uuid));
    }
  });
}

TEST_F(QemuTest, an_accelerator_that_is_not_there_is_refused) {
  on_host([](Qemu&, QemuLab& lab, Notices&) -> Async<void> {
    auto options = lab.options();
    options.accelerator = "magic";
    auto opened = co_await Qemu::open(options);
    if (!check_kvm()) {
      EXPECT_TRUE(!opened && opened.error().code == Code::invalid);
      options.accelerator = "kvm";
      opened = co_await Qemu::open(options);
      EXPECT_TRUE(!opened && opened.error().code == Code::unsupported);
    }
    options.program = "no-such-qemu";
    options.accelerator = "auto";
    opened = co_await Qemu::open(options);
    EXPECT_TRUE(!opened && opened.error().code == Code::unsupported);
  });
}

}  // namespace
}  // namespace truce::qemu
