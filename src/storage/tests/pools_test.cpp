// Pools beside the first one: how they are made, opened and taken away, and machines whose disks
// lie in several.
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/thread_pool.hpp>

#include "qcow2_disk.h"
#include "run.h"
#include "storage/fake_opener.h"
#include "storage/folder_opener.h"
#include "storage/places.h"

namespace truce::storage {
namespace {

namespace fs = std::filesystem;

model::Pool described(std::string name, const fs::path& source) {
  model::Pool pool;
  pool.name = std::move(name);
  pool.source = source.string();
  return pool;
}

template <class Fixture>
class OpenerConformance : public testing::Test {
 protected:
  PoolOpener& opener() { return fixture_.opener(); }
  fs::path place(const char* name) { return fixture_.folder.path() / name; }
  std::shared_ptr<Pool> open(const model::Pool& pool) {
    auto opened = run_to_end(opener().open(pool));
    EXPECT_TRUE(opened) << opened.error().message;
    return opened.value_or(nullptr);
  }
  Fixture fixture_;
};

struct FolderOpenerFixture {
  TestFolder folder;
  asio::thread_pool threads{1};
  FolderPool first{threads, folder.path() / "first", this_program()};
  FolderOpener folders{threads, first, {folder.path() / "reserved"}};
  FolderOpenerFixture() { EXPECT_TRUE(first.recover()); }
  PoolOpener& opener() { return folders; }
};

struct FakeOpenerFixture {
  TestFolder folder;
  FakeOpener fake;
  PoolOpener& opener() { return fake; }
};

using Openers = testing::Types<FolderOpenerFixture, FakeOpenerFixture>;
TYPED_TEST_SUITE(OpenerConformance, Openers);

TYPED_TEST(OpenerConformance, a_pool_is_made_once_and_opened_with_what_is_in_it) {
  auto fast = described("fast", this->place("a/fast"));
  EXPECT_EQ(run_to_end(this->opener().open(fast)).error().code, Code::unavailable);
  EXPECT_FALSE(fs::exists(this->place("a"))) << "opening makes nothing";
  ASSERT_TRUE(run_to_end(this->opener().make(fast)));
  ASSERT_TRUE(run_to_end(this->opener().make(fast))) << "idempotent";
  {
    auto pool = this->open(fast);
    ASSERT_TRUE(pool);
    ASSERT_TRUE(run_to_end(pool->create_disk("vm1/disk0", mib(64))));
    EXPECT_EQ(run_to_end(pool->capacity())->allocated, mib(64));
  }
  auto again = this->open(fast);
  ASSERT_TRUE(again);
  EXPECT_TRUE(run_to_end(again->disk("vm1/disk0")));
}

TYPED_TEST(OpenerConformance, a_pool_is_taken_away_only_when_it_is_empty) {
  auto fast = described("fast", this->place("fast"));
  ASSERT_TRUE(run_to_end(this->opener().make(fast)));
  {
    auto pool = this->open(fast);
    ASSERT_TRUE(run_to_end(pool->create_disk("vm1/disk0", mib(1))));
  }
  auto refused = run_to_end(this->opener().remove(fast));
  EXPECT_EQ(refused.error().code, Code::precondition);
  EXPECT_TRUE(refused.error().message.contains("vm1")) << refused.error().message;
  {
    auto pool = this->open(fast);
    ASSERT_TRUE(pool) << "it is a pool as before";
    ASSERT_TRUE(run_to_end(pool->delete_vm("vm1")));
  }
  EXPECT_TRUE(run_to_end(this->opener().remove(fast)));
  EXPECT_TRUE(run_to_end(this->opener().remove(fast))) << "what is not there is forgotten";
  EXPECT_EQ(run_to_end(this->opener().open(fast)).error().code, Code::unavailable);
}

class FolderOpenerTest : public testing::Test {
 protected:
  fs::path place(const char* name) { return fixture_.folder.path() / name; }
  Result<void> make(const fs::path& source, std::string name = "fast") {
    return run_to_end(fixture_.folders.make(described(std::move(name), source)));
  }
  void expect_refused(const fs::path& source, Code code, std::string_view word) {
    auto made = make(source);
    ASSERT_FALSE(made) << source;
    EXPECT_EQ(made.error().code, code) << made.error().message;
    EXPECT_TRUE(made.error().message.contains(word)) << made.error().message;
  }
  FolderOpenerFixture fixture_;
};

TEST_F(FolderOpenerTest, a_place_that_cannot_keep_disks_is_refused_and_left_as_it_was) {
  expect_refused("relative", Code::invalid, "absolute");
  expect_refused("/", Code::invalid, "folder");
  expect_refused("/proc/sys", Code::invalid, "proc");
  expect_refused("/sys/pool", Code::invalid, "sysfs");
  if (fs::exists("/dev/shm")) expect_refused("/dev/shm/truce-pool", Code::invalid, "tmpfs");
  EXPECT_FALSE(fs::exists("/dev/shm/truce-pool"));
  fixture_.folder.write("file", "x");
  expect_refused(place("file"), ::geteuid() == 0 ? Code::invalid : Code::io, "file");
}

TEST_F(FolderOpenerTest, a_folder_with_things_of_others_is_refused_and_keeps_them) {
  fs::create_directories(place("full/lost+found"));
  fixture_.folder.write("full/theirs", "x");
  expect_refused(place("full"), Code::conflict, "theirs");
  EXPECT_TRUE(fs::exists(place("full/theirs")));
  EXPECT_FALSE(fs::exists(place("full/vms")));
  fs::remove(place("full/theirs"));
  EXPECT_TRUE(make(place("full"))) << "lost+found belongs to the file system";
}

TEST_F(FolderOpenerTest, pools_are_not_one_inside_the_other_nor_where_the_daemon_is) {
  expect_refused(place("first"), Code::conflict, "default");
  expect_refused(place("first/more"), Code::conflict, "default");
  expect_refused(place("reserved/pool"), Code::conflict, "truced's own");
  expect_refused(fixture_.folder.path(), Code::conflict, "default");
  ASSERT_TRUE(make(place("other"), "other"));
  auto other = run_to_end(fixture_.folders.open(described("other", place("other"))));
  ASSERT_TRUE(other);
  expect_refused(place("other/inside"), Code::conflict, "'other'");
  fs::create_directory_symlink(place("other"), place("link"));
  expect_refused(place("link/inside"), Code::conflict, "'other'");
  expect_refused(place("other"), Code::conflict, "'other'");
}

TEST_F(FolderOpenerTest, a_folder_that_machines_cannot_reach_is_refused) {
  if (::geteuid() != 0) GTEST_SKIP() << "skipped, because only root runs machines as other users";
  fs::create_directories(place("closed/pool"));
  ASSERT_EQ(::chmod(place("closed").c_str(), 0700), 0);
  expect_refused(place("closed/pool"), Code::invalid, "chmod o+x");
}

TEST_F(FolderOpenerTest, an_empty_mount_point_is_not_taken_for_the_pool) {
  auto fast = described("fast", place("fast"));
  ASSERT_TRUE(run_to_end(fixture_.folders.make(fast)));
  auto pool = *run_to_end(fixture_.folders.open(fast));
  ASSERT_TRUE(run_to_end(pool->create_disk("vm1/disk0", mib(1))));
  fs::rename(place("fast"), place("elsewhere"));  // as it is unmounted
  fs::create_directory(place("fast"));
  EXPECT_EQ(run_to_end(pool->capacity()).error().code, Code::unavailable);
  EXPECT_EQ(run_to_end(pool->disk("vm1/disk0")).error().code, Code::not_found);
  pool.reset();
  auto opened = run_to_end(fixture_.folders.open(fast));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::unavailable);
  EXPECT_TRUE(opened.error().message.contains("mounted")) << opened.error().message;
  EXPECT_TRUE(fs::is_empty(place("fast")));
  EXPECT_EQ(run_to_end(fixture_.folders.open(described("slow", place("elsewhere")))).error().code,
            Code::unavailable)
      << "another pool by its mark";
  fs::remove(place("fast"));
  fs::rename(place("elsewhere"), place("fast"));
  opened = run_to_end(fixture_.folders.open(fast));
  ASSERT_TRUE(opened);
  EXPECT_TRUE(run_to_end((*opened)->disk("vm1/disk0")));
}

/// The first pool, two that lean on it, and a machine `vm` with a disk in each.
class SeveralPools : public FolderOpenerTest {
 protected:
  SeveralPools() {
    EXPECT_TRUE(make(place("fast"), "fast"));
    EXPECT_TRUE(make(place("slow"), "slow"));
    reopen();
    home_ = *fixture_.first.vm_folder("vm");
    EXPECT_TRUE(note_pool(home_, "disk1", "fast"));
    EXPECT_TRUE(note_pool(home_, "disk2", "slow"));
    for (const char* disk : {"disk0", "disk1", "disk2"})
      EXPECT_TRUE(run_to_end(pool_of(disk).create_disk(std::string("vm/") + disk, mib(1))));
  }
  void reopen() {
    fast_.reset();
    slow_.reset();
    fast_ = *run_to_end(fixture_.folders.open(described("fast", place("fast"))));
    slow_ = *run_to_end(fixture_.folders.open(described("slow", place("slow"))));
  }
  Pool& pool_of(const std::string& disk) {
    auto name = pool_of_disk(home_, disk);
    EXPECT_TRUE(name) << name.error().message;
    return *name == "fast" ? *fast_ : *name == "slow" ? *slow_ : fixture_.first;
  }
  DiskPath path_of(const std::string& disk) {
    auto path = run_to_end(pool_of(disk).disk("vm/" + disk));
    EXPECT_TRUE(path) << path.error().message;
    return path.value_or(DiskPath{});
  }
  Layers& layers() { return *fixture_.first.layers(); }
  void snapshot(const std::string& name) {
    auto layer = run_to_end(layers().add("vm", "task-" + name));
    ASSERT_TRUE(layer) << layer.error().message;
    model::VmSnapshot kept;
    kept.name = name;
    kept.settings = {.cpus = 1, .memory = mib(64)};
    auto done = run_to_end(layers().keep("vm", kept, "task-" + name, {}));
    ASSERT_TRUE(done) << done.error().message;
  }
  fs::path home_;
  std::shared_ptr<Pool> fast_, slow_;
};

TEST_F(SeveralPools, where_a_disk_lies_is_noted_in_its_machines_home) {
  EXPECT_EQ(*pool_of_disk(home_, "disk0"), first_pool);
  EXPECT_EQ(*pool_of_disk(home_, "disk1"), "fast");
  EXPECT_EQ(*noted_pools(home_),
            (std::map<std::string, std::string>{{"disk1", "fast"}, {"disk2", "slow"}}));
  EXPECT_TRUE(noted_pools(home_ / "nowhere")->empty());
  EXPECT_EQ(pool_of_disk(home_, "../x").error().code, Code::invalid);
  EXPECT_EQ(note_pool(home_, "disk1", "../x").error().code, Code::invalid);
  ASSERT_TRUE(write_file_durably(home_ / "disk1.pool", "../fast"));
  EXPECT_EQ(pool_of_disk(home_, "disk1").error().code, Code::corrupt);
}

TEST_F(SeveralPools, a_move_under_way_is_noted_until_it_is_forgotten_and_moves_no_disk) {
  EXPECT_TRUE(moves_under_way(home_)->empty());
  EXPECT_TRUE(note_move(home_, "disk1", "slow"));
  EXPECT_TRUE(note_move(home_, "disk0", "default"));
  EXPECT_EQ(*moves_under_way(home_),
            (std::map<std::string, std::string>{{"disk0", "default"}, {"disk1", "slow"}}));
  EXPECT_EQ(*pool_of_disk(home_, "disk1"), "fast");
  EXPECT_TRUE(forget_move(home_, "disk0"));
  EXPECT_TRUE(forget_move(home_, "disk0"));
  EXPECT_EQ(moves_under_way(home_)->size(), 1U);
  EXPECT_TRUE(moves_under_way(home_ / "nowhere")->empty());
  EXPECT_EQ(note_move(home_, "../x", "slow").error().code, Code::invalid);
  EXPECT_EQ(note_move(home_, "disk1", "../x").error().code, Code::invalid);
  EXPECT_EQ(forget_move(home_, "../x").error().code, Code::invalid);
}

TEST_F(SeveralPools, a_snapshot_has_the_disks_of_all_pools_or_none) {
  snapshot("one");
  for (const auto& [disk, folder] : {std::pair("disk0", home_),
                                     {"disk1", place("fast/vms/vm")},
                                     {"disk2", place("slow/vms/vm")}}) {
    auto path = path_of(disk);
    EXPECT_EQ(path.path, folder / "layers" / (std::string(disk) + ".2.qcow2"));
    ASSERT_EQ(path.backing.size(), 1U);
    EXPECT_EQ(path.backing[0], folder / (std::string(disk) + ".qcow2"));
  }
  slow_.reset();
  auto refused = run_to_end(layers().add("vm", "task"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_TRUE(refused.error().message.contains("'slow'")) << refused.error().message;
  reopen();
  EXPECT_EQ(run_to_end(layers().tree("vm"))->layers.size(), 2U) << "nothing was made";
}

TEST_F(SeveralPools, layers_in_several_pools_are_merged_where_they_lie_and_nothing_is_left) {
  snapshot("one");
  snapshot("two");
  ASSERT_TRUE(run_to_end(layers().forget("vm", {"one", "two"})));
  reopen();  // a new life of the daemon
  ASSERT_TRUE(run_to_end(layers().settle("vm", {})));
  for (int i = 0;; ++i) {
    auto next = run_to_end(layers().next_merge("vm"));
    ASSERT_TRUE(next) << next.error().message;
    if (!*next) break;
    ASSERT_LT(i, 10);
    auto merged = run_to_end(layers().merge(**next, {}));
    ASSERT_TRUE(merged) << merged.error().message;
    ASSERT_TRUE(run_to_end(layers().merged("vm", **next)));
  }
  for (const char* disk : {"disk0", "disk1", "disk2"}) EXPECT_TRUE(path_of(disk).backing.empty());
  for (const auto& folder : {home_, place("fast/vms/vm"), place("slow/vms/vm")})
    EXPECT_TRUE(fs::is_empty(folder / "layers")) << folder;
}

TEST_F(SeveralPools, a_clone_of_a_snapshot_has_its_disks_in_the_pools_that_it_was_given) {
  snapshot("one");
  auto other = *fixture_.first.vm_folder("other");
  ASSERT_TRUE(note_pool(other, "disk1", "fast"));
  ASSERT_TRUE(note_pool(other, "disk2", "fast"));
  auto cloned = run_to_end(layers().clone("vm", "one", "other", {}, {}));
  ASSERT_TRUE(cloned) << cloned.error().message;
  EXPECT_TRUE(run_to_end(fixture_.first.disk("other/disk0")));
  for (const char* disk : {"other/disk1", "other/disk2"}) {
    auto path = run_to_end(fast_->disk(disk));
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_TRUE(path->backing.empty());
  }
  EXPECT_FALSE(fs::exists(place("slow/vms/other")));
}

TEST_F(SeveralPools, a_template_is_kept_while_a_disk_in_any_pool_is_linked_to_it) {
  auto recipe =
      fixture_.folder.write("recipe",
                            "#!/bin/sh\nset -e\nqemu-img create -q -f qcow2 \"$1/disk.qcow2\" 1M\n"
                            "echo '{\"disk\": \"disk.qcow2\"}' >\"$1/manifest.json\"\n");
  ASSERT_TRUE(run_to_end(fixture_.first.build_template("base@1", recipe, {})));
  auto clone = run_to_end(slow_->clone_disk("vm/disk3", "base@1", {0}, CloneKind::linked, {}));
  ASSERT_TRUE(clone) << clone.error().message;
  ASSERT_EQ(clone->backing.size(), 1U);
  EXPECT_EQ(clone->backing[0], place("first/templates/base@1/disk.qcow2"));
  EXPECT_EQ(run_to_end(fixture_.first.delete_template("base@1")).error().code, Code::precondition);
  EXPECT_EQ(run_to_end(fast_->delete_template("base@1")).error().code, Code::precondition);
  ASSERT_TRUE(run_to_end(slow_->delete_vm("vm")));
  EXPECT_TRUE(run_to_end(fixture_.first.delete_template("base@1")));
}

}  // namespace
}  // namespace truce::storage
