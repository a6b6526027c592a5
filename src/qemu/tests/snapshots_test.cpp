// Snapshots and merges with a guest that writes a counter to its disk.
#include "lab.h"

namespace truce::qemu {
namespace {

namespace fs = std::filesystem;
using hypervisor::Machine;
using hypervisor::Snapshots;

class SnapshotTest : public testing::Test {
 public:
  using Body = std::function<Async<void>(SnapshotTest&, Qemu&)>;

  void on_host(Body body) {
    if (auto why = lab_.why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    asio::io_context loop;
    auto all = [](SnapshotTest& test, Body inner) -> Async<void> {
      auto qemu = co_await test.lab_.open_qemu();
      CO_ASSERT_OK(qemu);
      (*qemu)->on_notice([](const hypervisor::Notice&) {});
      co_await test.make_machine();
      co_await inner(test, **qemu);
      if (!HasFailure()) co_await test.expect_sound();
      (void)co_await (*qemu)->kill(test.machine_.uuid);
      co_await (*qemu)->close();
    };
    asio::co_spawn(loop, all(*this, std::move(body)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    loop.run();
  }

  /// With two disks, of which the first boots.
  Async<void> make_machine() {
    machine_ = lab_.machine();
    auto raw = machine_.disks[0].path;
    machine_.disks.clear();
    CO_ASSERT_OK(make_folder(machine_.folder / "layers", 0711));
    for (const char* disk : {"disk0", "disk1"}) {
      auto path = machine_.folder / (std::string(disk) + ".qcow2");
      Command convert;
      convert.argv = {"qemu-img", "convert", "-O", "qcow2", raw, path};
      CO_ASSERT_OK(co_await run_checked(convert, 30s));
      machine_.disks.push_back({disk, path, "qcow2", {}});
    }
  }
  /// Overlays for all disks, whose files belong to whom the disks do.
  Async<std::vector<Snapshots::Overlay>> overlays() {
    std::vector<Snapshots::Overlay> made;
    ++layer_;
    for (auto& disk : machine_.disks) {
      auto path = machine_.folder / "layers" / fmt::format("{}.{}.qcow2", disk.id, layer_);
      Command create;
      create.argv = {"qemu-img", "create", "-q", "-f",      "qcow2",
                     "-F",       "qcow2",  "-b", disk.path, path};
      auto done = co_await run_checked(create, 30s);
      EXPECT_TRUE(done) << done.error().message;
      struct stat status{};
      EXPECT_EQ(::stat(disk.path.c_str(), &status), 0);
      EXPECT_EQ(::chown(path.c_str(), status.st_uid, status.st_gid), 0);
      made.push_back({disk.id, path});
    }
    co_return made;
  }
  /// The machine as its next start would find it.
  void goes_on_in(const std::vector<Snapshots::Overlay>& overlays) {
    for (std::size_t i = 0; i < overlays.size(); ++i) {
      auto& disk = machine_.disks[i];
      disk.backing.insert(disk.backing.begin(), disk.path);
      disk.path = overlays[i].path;
    }
  }
  Async<std::vector<Snapshots::Overlay>> take(Qemu& qemu, fs::path memory = {}) {
    auto made = co_await overlays();
    auto taken = co_await qemu.snapshots()->take(machine_.uuid, {made, memory, false});
    EXPECT_TRUE(taken) << taken.error().message;
    goes_on_in(made);
    co_return made;
  }
  Async<char> ask(Qemu& qemu, char letter) {
    auto serial = co_await Serial::open(qemu.socket(machine_.uuid, "serial"));
    EXPECT_TRUE(serial) << serial.error().message;
    co_return serial ? co_await serial->ask(letter) : '\0';
  }
  /// Every file can be opened, and has no error.
  Async<void> expect_sound() {
    for (const auto& disk : machine_.disks) {
      Command check;
      check.argv = {"qemu-img", "check", "-q", "-U", disk.path};
      auto sound = co_await run_checked(check, 30s);
      EXPECT_TRUE(sound) << sound.error().message;
    }
  }
  Async<Result<void>> merge(Qemu& qemu, std::string disk, fs::path upper, fs::path lower) {
    settled_ = 0;
    auto settled = [this]() -> Async<Result<void>> {
      ++settled_;
      co_return Result<void>{};
    };
    co_return co_await qemu.snapshots()->merge(machine_.uuid, {disk, upper, lower}, settled, {});
  }

  QemuLab lab_;
  Machine machine_;
  int layer_ = 1;
  int settled_ = 0;
};

TEST_F(SnapshotTest, all_disks_go_over_at_once_and_the_old_files_keep_the_moment) {
  on_host([](SnapshotTest& test, Qemu& qemu) -> Async<void> {
    auto& machine = test.machine_;
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '1');
    EXPECT_EQ(co_await test.ask(qemu, 'w'), 'W');
    auto before = machine;
    auto made = co_await test.take(qemu);
    auto written = co_await qemu.snapshots()->written(machine.uuid);
    CO_ASSERT_OK(written);
    for (const auto& overlay : made) EXPECT_EQ((*written)[overlay.disk], overlay.path);
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '2');
    EXPECT_EQ(co_await test.ask(qemu, 'w'), 'W');
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await test.ask(qemu, 'd'), '2') << "what it wrote last";
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    CO_ASSERT_OK(co_await qemu.start(before));
    EXPECT_EQ(co_await test.ask(qemu, 'd'), '1') << "what it was";
  });
}

TEST_F(SnapshotTest, memory_goes_on_from_the_moment_with_the_disks_of_the_moment) {
  on_host([](SnapshotTest& test, Qemu& qemu) -> Async<void> {
    auto& machine = test.machine_;
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '1');
    EXPECT_EQ(co_await test.ask(qemu, 'w'), 'W');
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '2');
    auto before = machine;
    auto memory = machine.folder / "layers/1.memory";
    (void)co_await test.take(qemu, memory);
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '3') << "it goes on";
    EXPECT_EQ(co_await test.ask(qemu, 'w'), 'W');
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    fs::create_hard_link(memory, machine.folder / hypervisor::suspend_file);
    machine = before;
    auto again = co_await test.overlays();
    test.goes_on_in(again);
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '3') << "from the moment on, again";
    EXPECT_EQ(co_await test.ask(qemu, 'd'), '1');
    EXPECT_TRUE(fs::exists(memory));
    EXPECT_FALSE(fs::exists(machine.folder / hypervisor::suspend_file));
  });
}

TEST_F(SnapshotTest, what_is_written_to_is_merged_down_while_the_guest_runs) {
  on_host([](SnapshotTest& test, Qemu& qemu) -> Async<void> {
    auto machine = test.machine_;
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto made = co_await test.take(qemu);
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '1');
    EXPECT_EQ(co_await test.ask(qemu, 'w'), 'W');
    for (std::size_t i = 0; i < made.size(); ++i) {
      CO_ASSERT_OK(co_await test.merge(qemu, made[i].disk, made[i].path, machine.disks[i].path));
      EXPECT_EQ(test.settled_, 1);
    }
    auto written = co_await qemu.snapshots()->written(machine.uuid);
    CO_ASSERT_OK(written);
    EXPECT_EQ((*written)["disk0"], machine.disks[0].path);
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '2') << "it runs";
    EXPECT_EQ(co_await test.ask(qemu, 'w'), 'W');
    test.machine_ = machine;
    auto more = co_await test.take(qemu);
    EXPECT_EQ(more[0].path, test.machine_.disks[0].path);
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    for (const auto& overlay : made) fs::remove(overlay.path);
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await test.ask(qemu, 'd'), '2') << "the lower file has it all";
    test.machine_ = machine;
  });
}

TEST_F(SnapshotTest, a_layer_between_two_is_merged_and_a_start_made_of_them_can_do_it_too) {
  on_host([](SnapshotTest& test, Qemu& qemu) -> Async<void> {
    auto& machine = test.machine_;
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto lower = machine.disks[0].path;
    auto middle = co_await test.take(qemu);
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '1');
    EXPECT_EQ(co_await test.ask(qemu, 'w'), 'W');
    (void)co_await test.take(qemu);
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    CO_ASSERT_OK(co_await qemu.start(machine));
    CO_ASSERT_OK(co_await test.merge(qemu, "disk0", middle[0].path, lower));
    EXPECT_EQ(test.settled_, 1);
    EXPECT_EQ(co_await test.ask(qemu, 'd'), '1');
    CO_ASSERT_OK(co_await qemu.kill(machine.uuid));
    fs::remove(middle[0].path);
    machine.disks[0].backing = {lower};
    CO_ASSERT_OK(co_await qemu.start(machine));
    EXPECT_EQ(co_await test.ask(qemu, 'd'), '1') << "the layer above stands on the lower file now";
  });
}

TEST_F(SnapshotTest, a_snapshot_that_fails_leaves_the_machine_as_it_was) {
  on_host([](SnapshotTest& test, Qemu& qemu) -> Async<void> {
    auto machine = test.machine_;
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto made = co_await test.overlays();
    auto good = made[1].path;
    made[1].path = machine.folder / "layers/none.qcow2";
    auto taken = co_await qemu.snapshots()->take(machine.uuid, {made, {}, false});
    EXPECT_FALSE(taken);
    made[1].path = good;
    auto frozen = co_await qemu.snapshots()->take(machine.uuid, {made, {}, true});
    CO_ASSERT(!frozen);
    EXPECT_EQ(frozen.error().code, Code::unavailable) << "no agent: " << frozen.error().message;
    auto unwritable = machine.folder / "absent/1.memory";
    auto memory = co_await qemu.snapshots()->take(machine.uuid, {made, unwritable, false});
    EXPECT_FALSE(memory);
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '1') << "it runs";
  });
}

TEST_F(SnapshotTest, a_merge_can_be_called_off_and_the_next_daemon_finds_none) {
  on_host([](SnapshotTest& test, Qemu& qemu) -> Async<void> {
    auto machine = test.machine_;
    CO_ASSERT_OK(co_await qemu.start(machine));
    auto made = co_await test.take(qemu);
    auto stop = [](Qemu& running, std::string uuid) -> Async<int> {
      running.snapshots()->stop_merge(uuid);
      co_return 0;
    };
    auto both = co_await (test.merge(qemu, "disk0", made[0].path, machine.disks[0].path) &&
                          stop(qemu, machine.uuid));
    auto& ended = std::get<0>(both);
    // It may have been done already: then all is merged, else nothing has changed.
    auto written = co_await qemu.snapshots()->written(machine.uuid);
    CO_ASSERT_OK(written);
    EXPECT_EQ((*written)["disk0"], ended ? machine.disks[0].path : made[0].path);
    if (!ended) EXPECT_EQ(ended.error().code, Code::cancelled);
    CO_ASSERT_OK(co_await test.merge(qemu, "disk1", made[1].path, machine.disks[1].path));
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '1');
  });
}

}  // namespace
}  // namespace truce::qemu
