// Changes of machines that run. The guest is a boot sector: it takes no part in them, so what it
// would have to let go of stays.
#include "hypervisor/live_changes.h"
#include "lab.h"
#include "live/handed.h"

namespace truce::qemu {
namespace {

namespace fs = std::filesystem;
using hypervisor::LiveChanges;
using hypervisor::Machine;
using model::Observed;

class LiveTest : public testing::Test {
 protected:
  using Body = std::function<Async<void>(QemuLab&, Qemu&, LiveChanges&)>;

  void on_host(Body body) {
    if (auto why = lab_.why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    asio::io_context loop;
    auto all = [](QemuLab& lab, Body inner) -> Async<void> {
      auto qemu = co_await lab.open_qemu();
      CO_ASSERT_OK(qemu);
      (*qemu)->on_notice([](const hypervisor::Notice&) {});
      co_await inner(lab, **qemu, *(*qemu)->live_changes());
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
    (*last)->on_notice([](const hypervisor::Notice&) {});
    auto left = co_await (*last)->adopt();
    CO_ASSERT_OK(left);
    for (const auto& entry : *left) EXPECT_TRUE(co_await (*last)->kill(entry.first));
    co_await (*last)->close();
  }

  static Async<hypervisor::DiskFile> new_disk(const Machine& machine, std::string id, int port) {
    hypervisor::DiskFile disk{id, machine.folder / (id + ".qcow2"), "qcow2", {}};
    disk.port = port;
    Command create;
    create.argv = {"qemu-img", "create", "-q", "-f", "qcow2", disk.path, "64M"};
    auto made = co_await run_checked(create, 30s);
    EXPECT_TRUE(made) << made.error().message;
    co_return disk;
  }

  static Async<std::map<std::string, fs::path>> written(Qemu& qemu, std::string uuid) {
    auto files = co_await qemu.snapshots()->written(uuid);
    EXPECT_TRUE(files) << files.error().message;
    co_return files.value_or(std::map<std::string, fs::path>());
  }

  QemuLab lab_;
};

TEST_F(LiveTest, a_disk_is_plugged_in_once_and_is_known_by_our_path) {
  on_host([](QemuLab& lab, Qemu& qemu, LiveChanges& live) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto disk = co_await new_disk(machine, "disk1", 1);
    CO_ASSERT_OK(co_await live.add_disk(machine.uuid, disk));
    CO_ASSERT_OK(co_await live.add_disk(machine.uuid, disk));
    auto files = co_await written(qemu, machine.uuid);
    EXPECT_EQ(files.size(), 2U);
    EXPECT_EQ(files["disk1"], disk.path);
    struct stat first{};
    struct stat second{};
    EXPECT_EQ(::stat(machine.disks[0].path.c_str(), &first), 0);
    EXPECT_EQ(::stat(disk.path.c_str(), &second), 0);
    EXPECT_EQ(first.st_uid, second.st_uid) << "it is the machine's own";
    // A port that is in use, and one that there is not.
    auto other = co_await new_disk(machine, "disk2", 1);
    EXPECT_FALSE(co_await live.add_disk(machine.uuid, other));
    other.port = 0;
    auto refused = co_await live.add_disk(machine.uuid, other);
    CO_ASSERT(!refused);
    EXPECT_EQ(refused.error().code, Code::unsupported) << refused.error().message;
    EXPECT_EQ((co_await written(qemu, machine.uuid)).size(), 2U);
  });
}

TEST_F(LiveTest, a_disk_that_was_plugged_in_is_there_for_the_next_daemon_and_at_the_next_start) {
  on_host([](QemuLab& lab, Qemu& qemu, LiveChanges& live) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto disk = co_await new_disk(machine, "disk1", 3);
    CO_ASSERT_OK(co_await live.add_disk(machine.uuid, disk));
    co_await qemu.close();

    auto second = co_await lab.open_qemu();
    CO_ASSERT_OK(second);
    (*second)->on_notice([](const hypervisor::Notice&) {});
    CO_ASSERT_OK(co_await (*second)->adopt());
    CO_ASSERT_OK(co_await (*second)->live_changes()->add_disk(machine.uuid, disk));
    EXPECT_EQ((co_await written(**second, machine.uuid))["disk1"], disk.path);
    // Suspended with it, and continued with it where it was.
    machine.disks.push_back(disk);
    CO_ASSERT_OK(co_await (*second)->suspend(machine.uuid));
    CO_ASSERT_OK(co_await (*second)->start(machine));
    EXPECT_EQ((co_await written(**second, machine.uuid))["disk1"], disk.path);
    CO_ASSERT_OK(co_await (*second)->kill(machine.uuid));
    co_await (*second)->close();
  });
}

TEST_F(LiveTest, a_guest_that_does_not_let_go_keeps_its_disk) {
  on_host([](QemuLab& lab, Qemu& qemu, LiveChanges& live) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto disk = co_await new_disk(machine, "disk1", 1);
    CO_ASSERT_OK(co_await live.add_disk(machine.uuid, disk));
    auto held = co_await live.remove_disk(machine.uuid, "disk1", 2s);
    CO_ASSERT(!held);
    EXPECT_EQ(held.error().code, Code::timeout) << held.error().message;
    EXPECT_EQ((co_await written(qemu, machine.uuid))["disk1"], disk.path);
    // The first one is where nothing is taken out.
    auto refused = co_await live.remove_disk(machine.uuid, "disk0", 2s);
    CO_ASSERT(!refused);
    EXPECT_EQ(refused.error().code, Code::unsupported) << refused.error().message;
    CO_ASSERT_OK(co_await live.remove_disk(machine.uuid, "disk7", 2s));
  });
}

TEST_F(LiveTest, a_disk_grows_while_the_guest_runs_and_is_never_shrunk) {
  on_host([](QemuLab& lab, Qemu& qemu, LiveChanges& live) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto disk = co_await new_disk(machine, "disk1", 1);
    CO_ASSERT_OK(co_await live.add_disk(machine.uuid, disk));
    CO_ASSERT_OK(co_await live.grow_disk(machine.uuid, "disk1", mib(96)));
    CO_ASSERT_OK(co_await live.grow_disk(machine.uuid, "disk1", mib(96)));
    auto smaller = co_await live.grow_disk(machine.uuid, "disk1", mib(64));
    CO_ASSERT(!smaller);
    EXPECT_EQ(smaller.error().code, Code::invalid) << smaller.error().message;
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    Command info;
    info.argv = {"qemu-img", "info", "--output=json", disk.path};
    auto told = co_await run_checked(info, 30s);
    CO_ASSERT_OK(told);
    EXPECT_TRUE(told->contains(fmt::format("\"virtual-size\": {}", mib(96).count))) << *told;
  });
}

TEST_F(LiveTest, a_disk_that_was_plugged_in_takes_part_in_snapshots_and_merges) {
  on_host([](QemuLab& lab, Qemu& qemu, LiveChanges& live) -> Async<void> {
    auto machine = lab.machine();
    CO_ASSERT_OK(make_folder(machine.folder / "layers", 0711));
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto disk = co_await new_disk(machine, "disk1", 1);
    CO_ASSERT_OK(co_await live.add_disk(machine.uuid, disk));
    auto overlay = machine.folder / "layers" / "disk1.2.qcow2";
    Command create;
    create.argv = {"qemu-img", "create", "-q", "-f",      "qcow2",
                   "-F",       "qcow2",  "-b", disk.path, overlay};
    CO_ASSERT_OK(co_await run_checked(create, 30s));
    struct stat status{};
    EXPECT_EQ(::stat(disk.path.c_str(), &status), 0);
    EXPECT_EQ(::chown(overlay.c_str(), status.st_uid, status.st_gid), 0);
    CO_ASSERT_OK(co_await qemu.snapshots()->take(machine.uuid, {{{"disk1", overlay}}, {}, false}));
    EXPECT_EQ((co_await written(qemu, machine.uuid))["disk1"], overlay);
    int settled = 0;
    auto settle = [&settled]() -> Async<Result<void>> {
      ++settled;
      co_return Result<void>{};
    };
    CO_ASSERT_OK(
        co_await qemu.snapshots()->merge(machine.uuid, {"disk1", overlay, disk.path}, settle, {}));
    EXPECT_EQ(settled, 1);
    EXPECT_EQ((co_await written(qemu, machine.uuid))["disk1"], disk.path);
  });
}

TEST_F(LiveTest, network_cards_of_both_kinds_are_plugged_in) {
  on_host([](QemuLab& lab, Qemu& qemu, LiveChanges& live) -> Async<void> {
    auto away = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(away));
    hypervisor::Port port;
    port.mac = "52:54:00:00:00:09";
    port.user_mode = true;
    port.number = 1;
    port.port = 2;
    auto record = Runtime(away.runtime).read();
    CO_ASSERT_OK(record);
    EXPECT_EQ(!co_await live.add_port(away.uuid, port), record->own_network);

    auto machine = lab.machine();
    machine.ports = {{"52:54:00:00:00:08", -1, {}, true}};
    CO_ASSERT_OK(co_await qemu.start(machine));
    port.forwards = {"tcp:127.0.0.1:0-:22"};
    CO_ASSERT_OK(co_await live.add_port(machine.uuid, port));
    CO_ASSERT_OK(co_await live.add_port(machine.uuid, port));
    auto held = co_await live.remove_port(machine.uuid, 1, 1s);
    CO_ASSERT(!held);
    EXPECT_EQ(held.error().code, Code::timeout);
    port.number = 2;
    port.port = 3;
    port.user_mode = false;
    port.tap = ::open("/dev/null", O_RDWR);  // no tap: QEMU says so, and nothing stays behind
    EXPECT_FALSE(co_await live.add_port(machine.uuid, port));
    port.user_mode = true;
    port.forwards.clear();
    CO_ASSERT_OK(co_await live.add_port(machine.uuid, port));
    ::close(port.tap);
  });
}

TEST_F(LiveTest, a_cd_is_changed_and_taken_out_where_there_is_a_drive) {
  on_host([](QemuLab& lab, Qemu& qemu, LiveChanges& live) -> Async<void> {
    auto without = lab.machine();
    CO_ASSERT_OK(co_await qemu.start(without));
    auto refused = co_await live.set_medium(without.uuid, "cd0", {});
    CO_ASSERT(!refused);
    EXPECT_EQ(refused.error().code, Code::unsupported) << refused.error().message;

    auto machine = lab.machine();
    machine.outfit.cdrom = true;
    machine.disks.push_back({"cd0", {}, "raw", {}, true, true});
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto first = lab.folder() / "first.iso";
    auto second = lab.folder() / "second.iso";
    for (const auto& iso : {first, second})
      CO_ASSERT_OK(write_file_durably(iso, std::string(4096, 'i'), 0644));
    for (const auto& medium : {first, first, second, fs::path(), fs::path(), first}) {
      CO_ASSERT_OK(co_await live.set_medium(machine.uuid, "cd0", medium));
    }
    auto absent = co_await live.set_medium(machine.uuid, "cd0", lab.folder() / "absent.iso");
    CO_ASSERT(!absent);
    EXPECT_EQ(absent.error().code, Code::not_found) << absent.error().message;
    CO_ASSERT_OK(co_await live.set_medium(machine.uuid, "cd0", second));
  });
}

TEST_F(LiveTest, processors_and_memory_are_added_up_to_what_the_machine_was_started_for) {
  on_host([](QemuLab& lab, Qemu& qemu, LiveChanges& live) -> Async<void> {
    auto machine = lab.machine();
    machine.outfit.max_cpus = 3;
    machine.outfit.max_memory = mib(512);
    CO_ASSERT_OK(co_await qemu.start(machine));
    co_await lab.booted(qemu, machine.uuid);
    CO_ASSERT_OK(co_await live.set_cpus(machine.uuid, 1));
    CO_ASSERT_OK(co_await live.set_cpus(machine.uuid, 3));
    CO_ASSERT_OK(co_await live.set_cpus(machine.uuid, 3));
    for (int wrong : {2, 4}) {
      auto refused = co_await live.set_cpus(machine.uuid, wrong);
      CO_ASSERT(!refused);
      EXPECT_EQ(refused.error().code, Code::unsupported) << refused.error().message;
    }
    for (auto size : {mib(256), mib(512), mib(384)})
      CO_ASSERT_OK(co_await live.set_memory(machine.uuid, size));
    for (auto wrong : {mib(128), mib(1024), mib(385)}) {
      auto refused = co_await live.set_memory(machine.uuid, wrong);
      CO_ASSERT(!refused);
      EXPECT_EQ(refused.error().code, Code::unsupported) << refused.error().message;
    }
    auto before = co_await live.usage(machine.uuid);
    CO_ASSERT_OK(before);
    EXPECT_GT(before->disk_reads, 0) << "it has booted";
    // Goes on with what it had, and can be given more.
    CO_ASSERT_OK(co_await qemu.suspend(machine.uuid));
    machine.cpus = 3;
    machine.first_memory = machine.memory;
    machine.memory = mib(384);
    CO_ASSERT_OK(co_await qemu.start(machine));
    CO_ASSERT_OK(co_await live.set_memory(machine.uuid, mib(512)));
    auto usage = co_await live.usage(machine.uuid);
    CO_ASSERT_OK(usage);
    EXPECT_GT(usage->cpu_seconds, 0);
    EXPECT_GT(usage->memory, mib(16));
    EXPECT_EQ(usage->balloon, mib(256));
    EXPECT_EQ(usage->hot_memory, mib(0)) << "a boot sector takes none";
    CO_ASSERT_OK(co_await live.set_balloon(machine.uuid, mib(128)));
  });
}

TEST_F(LiveTest, a_machine_that_was_not_started_for_it_says_that_it_needs_a_restart) {
  on_host([](QemuLab& lab, Qemu& qemu, LiveChanges& live) -> Async<void> {
    auto machine = lab.machine();
    EXPECT_EQ((co_await live.set_cpus(machine.uuid, 2)).error().code, Code::precondition);
    CO_ASSERT_OK(co_await qemu.start(machine));
    CO_ASSERT_OK(co_await live.set_memory(machine.uuid, machine.memory));
    for (const auto& refused : {co_await live.set_cpus(machine.uuid, 2),
                                co_await live.set_memory(machine.uuid, mib(512))}) {
      CO_ASSERT(!refused);
      EXPECT_EQ(refused.error().code, Code::unsupported) << refused.error().message;
    }
  });
}

}  // namespace
}  // namespace truce::qemu
