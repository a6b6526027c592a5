// Disks that go to another pool, while their machine runs and while it is off.
#include "stage.h"
#include "storage/places.h"

namespace truce::node {
namespace {

namespace fs = std::filesystem;
using model::Observed;
using model::Wanted;

class Moving {
 public:
  explicit Moving(Stage& stage) : stage_(stage) {
    home = stage.folder / "pool/vms" / uuid;
    old_file = home / "disk0.qcow2";
    new_file = stage.folder / "fast/vms" / uuid / "disk0.qcow2";
  }
  /// A machine in the first pool, and another pool.
  Async<void> begin(Wanted wanted) {
    model::Pool fast{.name = "fast"};
    fast.source = (stage_.folder / "fast").string();
    EXPECT_TRUE(co_await stage_.opener.make(fast));
    model::Assignment change;
    change.pools = {fast};
    stage_.first.pools = change.pools;
    co_await stage_.send(change);
    co_await stage_.want(wanted, 1);
    co_await stage_.reached(1);
  }
  Async<void> ask(bool cancel = false) {
    model::Job job{.task = "t-1", .kind = model::JobKind::move_disk};
    job.vm = uuid;
    job.disk = model::VmDisk{.id = "disk0", .size = gib(1)};
    job.disk->pool = "fast";
    job.cancel = cancel;
    stage_.first.jobs = {job};
    model::Assignment change;
    change.jobs = {job};
    co_await stage_.send(change);
  }
  Async<void> until(std::function<bool()> so) {
    for (int i = 0; i < 1000 && !so(); ++i) co_await sleep_for(5ms);
    EXPECT_TRUE(so());
  }
  Async<void> under_way() {
    co_await until([this] { return guest() != nullptr && !guest()->mirrors.empty(); });
    EXPECT_TRUE(fs::exists(home / "disk0.moving"));
  }
  [[nodiscard]] const hypervisor::FakeWorld::Guest* guest() const {
    return stage_.world->find(uuid);
  }
  [[nodiscard]] fs::path in_use() const {
    return guest() == nullptr ? fs::path() : guest()->machine.disks.at(0).path;
  }
  void expect_in(std::string_view pool) const {
    auto noted = storage::pool_of_disk(home, "disk0");
    EXPECT_TRUE(noted && *noted == pool) << *noted;
    EXPECT_EQ(fs::exists(old_file), pool == "default");
    EXPECT_EQ(fs::exists(new_file), pool == "fast");
    EXPECT_FALSE(fs::exists(home / "disk0.moving"));
    if (guest() != nullptr) EXPECT_EQ(in_use(), pool == "fast" ? new_file : old_file);
  }

  fs::path home, old_file, new_file;

 private:
  Stage& stage_;
};

void moves(std::function<Async<void>(Stage&, Moving&)> body) {
  on_stage([body](Stage& stage) -> Async<void> {
    Moving moving(stage);
    co_await body(stage, moving);
  });
}

TEST(Moves, a_disk_goes_to_another_pool_while_its_machine_runs) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    co_await moving.begin(Wanted::running);
    co_await moving.ask();
    EXPECT_EQ((co_await stage.job_ends()).error, "");
    moving.expect_in("fast");
    EXPECT_EQ(stage.world->starts(), 1);
    // Asked for again after a crash: it is there.
    co_await stage.stop();
    co_await stage.start();
    EXPECT_EQ((co_await stage.job_ends()).error, "");
    moving.expect_in("fast");
  });
}

TEST(Moves, a_disk_of_a_machine_that_is_off_is_copied) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    co_await moving.begin(Wanted::off);
    co_await moving.ask();
    EXPECT_EQ((co_await stage.job_ends()).error, "");
    moving.expect_in("fast");
  });
}

TEST(Moves, one_that_is_cancelled_leaves_the_disk_where_it_was) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    stage.world->hold_mirrors(true);
    co_await moving.begin(Wanted::running);
    co_await moving.ask();
    co_await moving.under_way();
    EXPECT_TRUE(fs::exists(moving.new_file));
    co_await moving.ask(true);
    auto ended = co_await stage.job_ends();
    EXPECT_TRUE(ended.cancelled) << ended.error;
    moving.expect_in("default");
    EXPECT_EQ(moving.guest()->state, Observed::running);
  });
}

TEST(Moves, one_is_called_off_when_the_machine_is_stopped_or_suspended) {
  for (auto wanted : {Wanted::off, Wanted::suspended}) {
    moves([wanted](Stage& stage, Moving& moving) -> Async<void> {
      stage.world->hold_mirrors(true);
      co_await moving.begin(Wanted::running);
      co_await moving.ask();
      co_await moving.under_way();
      co_await stage.want(wanted, 2);
      auto ended = co_await stage.job_ends();
      EXPECT_TRUE(ended.error.contains("called off")) << ended.error;
      EXPECT_FALSE(ended.cancelled);
      co_await moving.until([&] { return moving.guest() == nullptr; });
      moving.expect_in("default");
    });
  }
}

TEST(Moves, one_goes_on_while_the_machine_is_paused_and_resumed) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    stage.world->hold_mirrors(true);
    co_await moving.begin(Wanted::running);
    co_await moving.ask();
    co_await moving.under_way();
    co_await stage.want(Wanted::paused, 2);
    co_await stage.reached(2);
    EXPECT_EQ(moving.guest()->state, Observed::paused);
    co_await stage.want(Wanted::running, 3);
    co_await stage.reached(3);
    co_await stage.want(Wanted::paused, 4);
    co_await stage.reached(4);
    stage.world->hold_mirrors(false);
    EXPECT_EQ((co_await stage.job_ends()).error, "");
    moving.expect_in("fast");
    EXPECT_EQ(moving.guest()->state, Observed::paused);
  });
}

TEST(Moves, a_machine_that_ends_by_itself_keeps_its_disk) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    stage.world->hold_mirrors(true);
    co_await moving.begin(Wanted::running);
    co_await moving.ask();
    co_await moving.under_way();
    stage.world->end(uuid, hypervisor::EndReason::crashed, "it died");
    EXPECT_NE((co_await stage.job_ends()).error, "");
    moving.expect_in("default");
  });
}

TEST(Moves, one_that_fails_leaves_the_disk_where_it_was) {
  for (const auto* verb : {"mirror", "switch_over"}) {
    moves([verb](Stage& stage, Moving& moving) -> Async<void> {
      co_await moving.begin(Wanted::running);
      stage.world->fail(verb, Error{Code::io, "No space left on device", {}});
      co_await moving.ask();
      EXPECT_EQ((co_await stage.job_ends()).error, "No space left on device");
      moving.expect_in("default");
      EXPECT_EQ(moving.guest()->state, Observed::running);
    });
  }
}

TEST(Moves, one_that_a_daemon_dies_in_is_begun_again_by_the_next) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    stage.world->hold_mirrors(true);
    co_await moving.begin(Wanted::running);
    co_await moving.ask();
    co_await moving.under_way();
    co_await stage.stop();
    stage.world->hold_mirrors(false);
    co_await stage.start();
    EXPECT_EQ((co_await stage.job_ends()).error, "");
    moving.expect_in("fast");
  });
}

TEST(Moves, a_switch_of_which_only_the_note_is_missing_is_noted) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    co_await moving.begin(Wanted::running);
    stage.world->fail("unsettled", Error{Code::timeout, "QEMU does not answer", {}});
    co_await moving.ask();
    EXPECT_EQ((co_await stage.job_ends()).error, "");
    moving.expect_in("fast");
  });
}

// The daemon dies between the switch and the note.
Async<void> die_before_the_note(Stage& stage, Moving& moving) {
  co_await moving.begin(Wanted::running);
  stage.world->fail("unsettled", Error{Code::timeout, "QEMU does not answer", {}});
  stage.world->fail("settle", Error{Code::timeout, "QEMU does not answer", {}}, 1000);
  co_await moving.ask();
  co_await moving.until([&] { return moving.in_use() == moving.new_file; });
  co_await stage.stop();
  stage.world->mend("settle");
  EXPECT_EQ(moving.in_use(), moving.new_file);
  auto noted = storage::pool_of_disk(moving.home, "disk0");
  EXPECT_TRUE(noted && *noted == "default");
}

TEST(Moves, the_next_daemon_asks_which_file_is_in_use_before_anything_else) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    co_await die_before_the_note(stage, moving);
    stage.first.jobs.clear();
    co_await stage.want(Wanted::paused, 2);
    co_await stage.start();
    co_await stage.reached(2);
    moving.expect_in("fast");
  });
}

TEST(Moves, the_note_decides_when_the_machine_is_gone) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    co_await die_before_the_note(stage, moving);
    stage.world->end(uuid, hypervisor::EndReason::crashed, "it died");
    stage.first.jobs.clear();
    co_await stage.start();
    co_await stage.want(Wanted::running, 3);
    co_await stage.reached(3);
    moving.expect_in("default");
    EXPECT_EQ(stage.world->starts(), 2);
  });
}

TEST(Moves, a_machine_that_is_deleted_takes_both_files_with_it) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    stage.world->hold_mirrors(true);
    co_await moving.begin(Wanted::running);
    co_await moving.ask();
    co_await moving.under_way();
    co_await stage.want(Wanted::absent, 2);
    EXPECT_NE((co_await stage.job_ends()).error, "");
    co_await moving.until([&] { return !fs::exists(moving.home); });
    EXPECT_FALSE(fs::exists(moving.new_file));
  });
}

TEST(Moves, other_work_on_the_machine_waits_until_the_disk_has_moved) {
  moves([](Stage& stage, Moving& moving) -> Async<void> {
    stage.world->hold_mirrors(true);
    co_await moving.begin(Wanted::running);
    co_await moving.ask();
    co_await moving.under_way();
    model::Job job{.task = "t-2", .kind = model::JobKind::create_disk};
    job.vm = uuid;
    job.disk = model::VmDisk{.id = "disk1", .size = gib(1)};
    model::Assignment change;
    change.jobs = {stage.first.jobs[0], job};
    co_await stage.send(change);
    co_await sleep_for(50ms);
    EXPECT_EQ(moving.guest()->machine.disks.size(), 1U);
    stage.world->hold_mirrors(false);
    EXPECT_EQ((co_await stage.job_ends()).task, "t-1");
    moving.expect_in("fast");
    co_await moving.until([&] { return moving.guest()->machine.disks.size() == 2; });
  });
}

}  // namespace
}  // namespace truce::node
