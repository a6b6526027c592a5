// Disks that go to another file under a guest that writes a counter to its disk.
#include <sys/mount.h>

#include "base/revert.h"
#include "hypervisor/disk_moves.h"
#include "lab.h"
#include "qmp.h"

namespace truce::qemu {
namespace {

namespace fs = std::filesystem;
using hypervisor::Machine;
using model::Observed;

class MoveTest : public testing::Test {
 public:
  using Body = std::function<Async<void>(MoveTest&)>;

  /// With a machine that runs on a linked clone, as most do.
  void on_host(Body body) {
    if (auto why = lab_.why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    asio::io_context loop;
    auto all = [](MoveTest& test, Body inner) -> Async<void> {
      co_await test.open();
      co_await test.make_machine();
      CO_ASSERT_OK(co_await test.qemu_->start(test.machine_));
      co_await inner(test);
      (void)co_await test.qemu_->kill(test.machine_.uuid);
      co_await test.qemu_->close();
      test.qemu_.reset();  // before the loop
      for (const auto& file : {test.old_, test.new_}) {
        if (!HasFailure() && fs::exists(file))
          (void)co_await test.image({"check", "-q", file.string()});
      }
    };
    asio::co_spawn(loop, all(*this, std::move(body)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    loop.run();
  }

  Async<void> open() {
    auto opened = co_await lab_.open_qemu();
    CO_ASSERT_OK(opened);
    qemu_ = *std::move(opened);
    qemu_->on_notice([](const hypervisor::Notice&) {});
  }
  /// The daemon ends, and another takes over.
  Async<void> restart() {
    co_await qemu_->close();
    co_await open();
    auto found = co_await qemu_->adopt();
    CO_ASSERT_OK(found);
    CO_ASSERT(found->size() == 1);
    state_ = found->at(0).second;
  }
  Async<bool> image(std::vector<std::string> words) {
    Command command;
    command.argv = std::move(words);
    command.argv.insert(command.argv.begin(), "qemu-img");
    auto done = co_await run_checked(command, 30s);
    EXPECT_TRUE(done) << done.error().message;
    co_return done.has_value();
  }
  Async<void> clone(fs::path file) {
    co_await image({"create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base_, file});
  }
  Async<void> make_machine() {
    machine_ = lab_.machine();
    base_ = lab_.folder() / "base.qcow2";
    old_ = machine_.folder / "disk0.qcow2";
    new_ = lab_.folder() / "other" / "disk0.qcow2";
    CO_ASSERT_OK(make_folder(new_.parent_path(), 0711));
    co_await image({"convert", "-O", "qcow2", machine_.disks[0].path, base_});
    co_await image({"resize", "-q", base_, "64M"});
    fs::permissions(base_, fs::perms(0644));
    co_await clone(old_);
    co_await clone(new_);
    machine_.disks = {{"disk0", old_, "qcow2", {base_}}};
  }
  Async<char> ask(char letter) {
    auto serial = co_await Serial::open(qemu_->socket(machine_.uuid, "serial"));
    EXPECT_TRUE(serial) << serial.error().message;
    co_return serial ? co_await serial->ask(letter) : '\0';
  }
  hypervisor::DiskMoves& moves() { return *qemu_->disk_moves(); }
  Async<Result<void>> mirror() {
    co_return co_await moves().mirror(machine_.uuid, "disk0", new_, {});
  }
  Async<Result<void>> switch_over(bool noted = true) {
    auto settled = [this, noted]() -> Async<Result<void>> {
      ++settled_;
      if (noted) co_return Result<void>{};
      co_return fail(Code::io, "not noted");
    };
    co_return co_await moves().switch_over(machine_.uuid, "disk0", new_, settled);
  }
  Async<fs::path> in_use() {
    auto files = co_await moves().settle(machine_.uuid);
    EXPECT_TRUE(files) << files.error().message;
    co_return files ? (*files)["disk0"] : fs::path();
  }
  Async<void> expect_runs_on(fs::path file) {
    EXPECT_EQ(co_await in_use(), file);
    auto count = co_await ask('c');
    EXPECT_EQ(co_await ask('w'), 'W');
    EXPECT_EQ(co_await ask('d'), count);
  }

  QemuLab lab_;
  std::unique_ptr<Qemu> qemu_;
  Machine machine_;
  fs::path base_, old_, new_;
  Observed state_ = Observed::unknown;
  int settled_ = 0;
};

TEST_F(MoveTest, all_that_the_guest_writes_is_in_the_new_file) {
  on_host([](MoveTest& test) -> Async<void> {
    EXPECT_EQ(co_await test.ask('c'), '1');
    EXPECT_EQ(co_await test.ask('w'), 'W');
    CO_ASSERT_OK(co_await test.mirror());
    EXPECT_EQ(co_await test.ask('c'), '2');
    EXPECT_EQ(co_await test.ask('w'), 'W');
    CO_ASSERT_OK(co_await test.switch_over());
    EXPECT_EQ(test.settled_, 1);
    EXPECT_EQ(co_await test.ask('d'), '2');
    co_await test.expect_runs_on(test.new_);
    CO_ASSERT_OK(co_await test.qemu_->kill(test.machine_.uuid));
    fs::remove(test.old_);
    test.machine_.disks[0].path = test.new_;
    CO_ASSERT_OK(co_await test.qemu_->start(test.machine_));
    EXPECT_EQ(co_await test.ask('d'), '3');
  });
}

TEST_F(MoveTest, a_disk_goes_to_and_fro_with_its_limits_and_closes_what_it_leaves) {
  on_host([](MoveTest& test) -> Async<void> {
    hypervisor::Limits limits;
    limits.write_iops = 1000;
    CO_ASSERT_OK(co_await test.qemu_->set_limits(test.machine_.uuid, limits));
    for (int i = 0; i < 3; ++i) {
      CO_ASSERT_OK(co_await test.mirror());
      CO_ASSERT_OK(co_await test.switch_over());
      co_await test.expect_runs_on(test.new_);
      std::swap(test.old_, test.new_);
      fs::remove(test.new_);
      co_await test.clone(test.new_);
    }
    auto socket = Runtime(test.machine_.runtime).socket("qmp");
    co_await test.qemu_->close();
    auto qmp = co_await Qmp::connect(socket, [](const QmpEvent&) {});
    CO_ASSERT_OK(qmp);
    auto look = [](std::shared_ptr<Qmp> connection) -> Async<void> {
      CO_ASSERT_OK(co_await connection->execute("qmp_capabilities"));
      auto blocks = co_await connection->execute("query-block");
      CO_ASSERT_OK(blocks);
      const auto* inserted = field_of(blocks->as_array().at(0), "inserted");
      EXPECT_EQ(integer_in(*inserted, "iops_wr"), 1000);
      EXPECT_EQ(text_in(*inserted, "group"), "machine");
      auto nodes = co_await connection->execute("query-named-block-nodes", {{"flat", true}});
      CO_ASSERT_OK(nodes);
      EXPECT_EQ(nodes->as_array().size(), 4U) << "the disk, the file below it, and two of its base";
      auto files = co_await connection->execute("query-fdsets");
      CO_ASSERT_OK(files);
      EXPECT_EQ(files->as_array().size(), 1U);
    };
    (void)co_await ((*qmp)->run() || look(*qmp));
    (*qmp)->close();
    co_await test.open();
    CO_ASSERT_OK(co_await test.qemu_->adopt());
  });
}

TEST_F(MoveTest, one_that_is_called_off_changes_nothing_and_can_be_begun_again) {
  on_host([](MoveTest& test) -> Async<void> {
    test.moves().stop_mirror(test.machine_.uuid);
    auto ended = co_await test.mirror();
    CO_ASSERT(!ended);
    EXPECT_EQ(ended.error().code, Code::cancelled) << ended.error().message;
    co_await test.expect_runs_on(test.old_);
    CO_ASSERT_OK(co_await test.mirror());
    co_await test.expect_runs_on(test.old_);  // settled: called off
    fs::remove(test.new_);
    co_await test.clone(test.new_);
    CO_ASSERT_OK(co_await test.mirror());
    CO_ASSERT_OK(co_await test.switch_over());
    co_await test.expect_runs_on(test.new_);
  });
}

TEST_F(MoveTest, the_next_daemon_calls_off_a_mirror) {
  on_host([](MoveTest& test) -> Async<void> {
    CO_ASSERT_OK(co_await test.mirror());
    co_await test.restart();
    EXPECT_EQ(test.state_, Observed::running);
    co_await test.expect_runs_on(test.old_);
    auto without = co_await test.switch_over();
    CO_ASSERT(!without);
    EXPECT_EQ(test.settled_, 0);
    co_await test.expect_runs_on(test.old_);
  });
}

TEST_F(MoveTest, a_guest_stands_still_until_it_is_noted_where_its_disk_is) {
  on_host([](MoveTest& test) -> Async<void> {
    EXPECT_EQ(co_await test.ask('c'), '1');
    CO_ASSERT_OK(co_await test.mirror());
    EXPECT_FALSE(co_await test.switch_over(false));
    co_await test.restart();
    EXPECT_EQ(test.state_, Observed::paused);
    EXPECT_EQ(co_await test.in_use(), test.new_);
    CO_ASSERT_OK(co_await test.qemu_->resume(test.machine_.uuid));
    co_await test.expect_runs_on(test.new_);
  });
}

TEST_F(MoveTest, a_paused_machine_stays_paused) {
  on_host([](MoveTest& test) -> Async<void> {
    EXPECT_EQ(co_await test.ask('c'), '1');
    CO_ASSERT_OK(co_await test.qemu_->pause(test.machine_.uuid));
    CO_ASSERT_OK(co_await test.mirror());
    CO_ASSERT_OK(co_await test.switch_over());
    co_await test.restart();
    EXPECT_EQ(test.state_, Observed::paused);
    CO_ASSERT_OK(co_await test.qemu_->resume(test.machine_.uuid));
    co_await test.expect_runs_on(test.new_);
  });
}

TEST_F(MoveTest, a_target_without_room_fails_and_the_guest_sees_nothing_of_it) {
  on_host([](MoveTest& test) -> Async<void> {
    auto small = test.lab_.folder() / "small";
    CO_ASSERT_OK(make_folder(small, 0711));
    if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=256k,mode=0711") != 0) co_return;
    Revert unmount;
    unmount.add([small] { ::umount2(small.c_str(), MNT_DETACH); });
    // What the disk holds by itself is more than there is room for.
    test.new_ = small / "disk0.qcow2";
    co_await test.image({"create", "-q", "-f", "qcow2", test.new_, "64M"});
    EXPECT_EQ(co_await test.ask('c'), '1');
    EXPECT_EQ(co_await test.ask('w'), 'W');
    auto ended = co_await test.mirror();
    CO_ASSERT(!ended);
    EXPECT_TRUE(ended.error().message.contains("No space left")) << ended.error().message;
    co_await test.expect_runs_on(test.old_);
  });
}

TEST_F(MoveTest, a_machine_that_dies_has_its_old_file_whole) {
  on_host([](MoveTest& test) -> Async<void> {
    EXPECT_EQ(co_await test.ask('c'), '1');
    CO_ASSERT_OK(co_await test.mirror());
    EXPECT_EQ(co_await test.ask('w'), 'W');
    co_await test.lab_.process_dies(test.machine_.uuid);
    EXPECT_FALSE(co_await test.switch_over());
    EXPECT_EQ(test.settled_, 0);
    auto settled = co_await test.moves().settle(test.machine_.uuid);
    for (int i = 0; i < 100 && settled.error().code == Code::unavailable; ++i) {
      co_await sleep_for(100ms);  // its end is not known yet
      settled = co_await test.moves().settle(test.machine_.uuid);
    }
    EXPECT_EQ(settled.error().code, Code::precondition);
    CO_ASSERT_OK(co_await test.qemu_->start(test.machine_));
    EXPECT_EQ(co_await test.ask('d'), '1');
  });
}

}  // namespace
}  // namespace truce::qemu
