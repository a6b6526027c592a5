// Two hosts with one folder: each has a first pool of its own, and both have the same pool open.
#include <sys/stat.h>

#include <boost/asio/thread_pool.hpp>
#include <thread>

#include "conformance.h"
#include "pools/pool_mark.h"
#include "qcow2_disk.h"
#include "run.h"
#include "storage/folder_opener.h"
#include "storage/homes.h"
#include "storage/layers.h"
#include "storage/places.h"

namespace truce::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* recipe =
    "#!/bin/sh\nset -e\nqemu-img create -q -f qcow2 \"$1/disk.qcow2\" 16M\n"
    "echo kernel >\"$1/vmlinux\"\n"
    "echo '{\"disk\": \"disk.qcow2\", \"kernel\": \"vmlinux\"}' >\"$1/manifest.json\"\n";

/// One host.
struct Host {
  Host(const fs::path& root, std::string n)
      : name(std::move(n)), first(threads, root / name / "pool", this_program()) {
    EXPECT_TRUE(first.recover());
  }
  Result<void> make(model::Pool pool) {
    pool.host = name;
    return run_to_end(folders.make(pool));
  }
  Result<void> open(model::Pool pool) {
    pool.host = name;
    shared.reset();
    auto opened = run_to_end(folders.open(pool));
    if (!opened) return std::unexpected(opened.error());
    shared = *opened;
    return {};
  }
  Result<void> remove(model::Pool pool) {
    pool.host = name;
    return run_to_end(folders.remove(pool));
  }

  std::string name;
  asio::thread_pool threads{2};
  FolderPool first;
  FolderOpener folders{threads, first, {}};
  std::shared_ptr<Pool> shared;
};

class SharedPoolTest : public testing::Test {
 protected:
  SharedPoolTest() {
    pool_.name = "nfs";
    pool_.source = (folder_.path() / "nfs").string();
    pool_.shared = true;
    pool_.id = "0123456789abcdef";
    recipe_ = folder_.write("recipe", recipe);
    EXPECT_TRUE(one_.make(pool_));
    for (auto* host : {&one_, &two_}) {
      auto opened = host->open(pool_);
      EXPECT_TRUE(opened) << opened.error().message;
    }
  }
  fs::path root() { return pool_.source; }
  void build(Host& host) {
    auto built = run_to_end(host.first.build_template("base@1", recipe_, {}));
    ASSERT_TRUE(built) << built.error().message;
  }
  Result<DiskPath> clone(Host& host, const std::string& id) {
    return run_to_end(host.shared->clone_disk(id, "base@1", {0}, CloneKind::linked, {}));
  }

  TestFolder folder_;
  model::Pool pool_;
  fs::path recipe_;
  Host one_{folder_.path(), "h1"}, two_{folder_.path(), "h2"};
};

TEST_F(SharedPoolTest, a_disk_that_one_host_has_made_is_opened_by_the_other) {
  auto made = run_to_end(one_.shared->create_disk("vm1/disk0", mib(8)));
  ASSERT_TRUE(made) << made.error().message;
  auto seen = run_to_end(two_.shared->disk("vm1/disk0"));
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->path, made->path);
  EXPECT_EQ(run_to_end(two_.shared->capacity())->allocated, mib(8));
}

TEST_F(SharedPoolTest, a_linked_clone_stands_on_the_same_file_for_both_though_one_has_no_template) {
  build(one_);
  auto made = clone(one_, "vm1/disk0");
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->backing.size(), 1U);
  EXPECT_EQ(made->backing.front(), root() / "templates/base@1/disk.qcow2");
  auto seen = run_to_end(two_.shared->disk("vm1/disk0"));
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->backing, made->backing);
}

TEST_F(SharedPoolTest, two_hosts_that_clone_at_once_have_one_copy_of_the_template) {
  build(one_);
  build(two_);
  Result<DiskPath> theirs;
  std::thread other([&] { theirs = clone(two_, "vm2/disk0"); });
  auto ours = clone(one_, "vm1/disk0");
  other.join();
  ASSERT_TRUE(ours && theirs) << (ours ? theirs : ours).error().message;
  EXPECT_EQ(ours->backing, theirs->backing);
  std::size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(root() / "templates"))
    entries += entry.path().empty() ? 0 : 1;
  EXPECT_EQ(entries, 1U) << "and nothing is left of the other";
}

TEST_F(SharedPoolTest, a_template_goes_with_its_copy_once_no_disk_stands_on_it) {
  build(one_);
  ASSERT_TRUE(clone(one_, "vm1/disk0"));
  auto refused = run_to_end(one_.first.delete_template("base@1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::precondition);
  EXPECT_TRUE(refused.error().message.contains("vm1/disk0")) << refused.error().message;
  ASSERT_TRUE(run_to_end(two_.shared->delete_vm("vm1")));
  ASSERT_TRUE(run_to_end(one_.first.delete_template("base@1")));
  EXPECT_FALSE(fs::exists(root() / "templates/base@1"));
  EXPECT_TRUE(run_to_end(two_.first.delete_template("base@1"))) << "it is not there either";
}

TEST_F(SharedPoolTest, a_host_that_comes_leaves_alone_what_another_is_making) {
  fs::create_directories(root() / "vms/vm1");
  fs::create_directories(root() / "templates/.new-h1+base@1-00000000");
  ASSERT_TRUE(write_file_durably(root() / "vms/vm1/.new-0011", "being made"));
  fs::create_directories(root() / "vms/.new-gone-0011");
  ASSERT_TRUE(two_.open(pool_)) << "once more";
  EXPECT_TRUE(fs::exists(root() / "vms/vm1/.new-0011"));
  EXPECT_TRUE(fs::exists(root() / "templates/.new-h1+base@1-00000000"));
  EXPECT_FALSE(fs::exists(root() / "vms/.new-gone-0011")) << "nobody needs that";
  ASSERT_TRUE(one_.open(pool_));
  EXPECT_FALSE(fs::exists(root() / "templates/.new-h1+base@1-00000000")) << "it was its own";
  EXPECT_TRUE(fs::exists(root() / "vms/vm1/.new-0011")) << "vm1 may be another host's by now";
  ASSERT_TRUE(run_to_end(two_.shared->tidy("vm1")));
  EXPECT_FALSE(fs::exists(root() / "vms/vm1/.new-0011"));
}

TEST_F(SharedPoolTest, a_host_where_nothing_is_mounted_makes_no_second_pool) {
  auto unmounted = pool_;
  unmounted.source = (folder_.path() / "empty").string();
  fs::create_directories(unmounted.source);
  auto opened = two_.open(unmounted);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::unavailable);
  EXPECT_TRUE(opened.error().message.contains("mounted")) << opened.error().message;
  EXPECT_TRUE(fs::is_empty(unmounted.source));
}

TEST_F(SharedPoolTest, a_folder_of_another_estate_is_not_taken_for_it) {
  auto theirs = pool_;
  theirs.id = "fedcba9876543210";
  EXPECT_EQ(two_.open(theirs).error().code, Code::unavailable);
  EXPECT_EQ(two_.make(theirs).error().code, Code::conflict);
  EXPECT_EQ(read_pool_mark(root())->id, pool_.id);
  auto alone = pool_;
  alone.shared = false;
  EXPECT_EQ(two_.make(alone).error().code, Code::conflict);
  auto local = alone;
  local.source = (folder_.path() / "local").string();
  ASSERT_TRUE(one_.make(local));
  auto shared = pool_;
  shared.source = local.source;
  EXPECT_EQ(two_.make(shared).error().code, Code::conflict);
}

TEST_F(SharedPoolTest, it_is_taken_away_with_all_that_hosts_have_put_into_it) {
  build(one_);
  ASSERT_TRUE(clone(one_, "vm1/disk0"));
  two_.shared.reset();
  EXPECT_EQ(two_.remove(pool_).error().code, Code::precondition);
  ASSERT_TRUE(run_to_end(one_.shared->delete_vm("vm1")));
  one_.shared.reset();
  auto removed = two_.remove(pool_);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_TRUE(fs::is_empty(root()));
}

TEST_F(SharedPoolTest, a_home_beside_its_disks_is_found_by_both_hosts_with_its_snapshots) {
  auto folder = one_.shared->vm_folder("vm1");
  ASSERT_TRUE(folder);
  ASSERT_TRUE(one_.first.homes()->put("vm1", *folder));
  ASSERT_TRUE(note_pool(*folder, "disk0", "nfs"));
  ASSERT_TRUE(run_to_end(one_.shared->create_disk("vm1/disk0", mib(8))));
  auto* layers = one_.first.layers();
  ASSERT_TRUE(run_to_end(layers->add("vm1", "t1")));
  model::VmSnapshot snapshot;
  snapshot.name = "before";
  auto kept = run_to_end(layers->keep("vm1", snapshot, "t1", {}));
  ASSERT_TRUE(kept) << kept.error().message;

  EXPECT_EQ(two_.first.homes()->of("vm1"), folder_.path() / "h2/pool/vms/vm1");
  ASSERT_TRUE(two_.first.homes()->put("vm1", *folder));
  auto tree = run_to_end(two_.first.layers()->tree("vm1"));
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->snapshots.size(), 1U);
  auto disk = run_to_end(two_.shared->disk("vm1/disk0"));
  ASSERT_TRUE(disk) << disk.error().message;
  EXPECT_EQ(disk->path, *folder / "layers/disk0.2.qcow2");

  EXPECT_EQ(two_.first.homes()->elsewhere(), std::vector<std::string>{"vm1"});
  ASSERT_TRUE(two_.first.homes()->forget("vm1"));
  EXPECT_TRUE(two_.first.homes()->elsewhere().empty());
  EXPECT_TRUE(fs::exists(*folder / layers_record)) << "the home itself stays";
}

TEST_F(SharedPoolTest, a_home_that_has_begun_in_the_first_pool_is_not_hidden_by_another) {
  auto here = one_.first.vm_folder("vm1");
  ASSERT_TRUE(write_file_durably(*here / provisioned_mark, ""));
  auto refused = one_.first.homes()->put("vm1", *one_.shared->vm_folder("vm1"));
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_EQ(one_.first.homes()->of("vm1"), *here);
}

TEST_F(SharedPoolTest, a_home_that_is_brought_leaves_its_disks_and_has_all_else) {
  auto here = *one_.first.vm_folder("vm1");
  auto there = *one_.shared->vm_folder("vm1");
  for (const auto* name : {"provisioned", "layers.json", "disk1.key", "tpm/state",
                           "layers/1.memory", "disk1.qcow2", "layers/disk1.2.qcow2", ".new-0011"}) {
    fs::create_directories((here / name).parent_path());
    ASSERT_TRUE(write_file_durably(here / name, name, 0640));
  }
  fs::create_symlink("/etc/passwd", here / "tpm/link");
  ASSERT_TRUE(one_.first.homes()->bring("vm1", there));
  EXPECT_EQ(one_.first.homes()->of("vm1"), there);
  for (const auto* name :
       {"provisioned", "layers.json", "disk1.key", "tpm/state", "layers/1.memory"}) {
    EXPECT_EQ(read_file(there / name).value_or("(none)"), name);
    EXPECT_FALSE(fs::exists(here / name)) << name;
    struct stat status{};
    EXPECT_EQ(::stat((there / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0640U) << name;
  }
  for (const auto* name : {"disk1.qcow2", "layers/disk1.2.qcow2"}) {
    EXPECT_TRUE(fs::exists(here / name)) << name;
    EXPECT_FALSE(fs::exists(there / name)) << name;
  }
  EXPECT_FALSE(fs::exists(fs::symlink_status(there / "tpm/link"))) << "nothing is followed";
  EXPECT_TRUE(one_.first.homes()->bring("vm1", there)) << "idempotent";
}

TEST_F(SharedPoolTest, a_copy_from_another_pool_stands_on_this_pools_own_template) {
  build(one_);
  ASSERT_TRUE(run_to_end(one_.first.clone_disk("vm1/disk0", "base@1", {0}, CloneKind::linked, {})));
  auto from = run_to_end(one_.first.disk("vm1/disk0"));
  auto folder = one_.shared->vm_folder("vm1");
  ASSERT_TRUE(note_pool(*one_.first.vm_folder("vm1"), "disk0", "nfs"));
  fs::copy_file(from->path, *folder / "disk0.qcow2");
  EXPECT_TRUE(run_to_end(one_.shared->disk("vm1/disk0"))) << "on the template of this host";
  EXPECT_FALSE(run_to_end(two_.shared->disk("vm1/disk0"))) << "which the other does not have";
  auto settled = run_to_end(one_.shared->settle_copy("vm1/disk0"));
  ASSERT_TRUE(settled) << settled.error().message;
  auto disk = run_to_end(one_.shared->disk("vm1/disk0"));
  ASSERT_TRUE(disk) << disk.error().message;
  EXPECT_EQ(disk->backing.front(), root() / "templates/base@1/disk.qcow2");
  EXPECT_TRUE(run_to_end(two_.shared->disk("vm1/disk0")));
  // And back, by way of a machine that runs.
  auto twin = run_to_end(one_.first.make_twin("vm1/disk0", *disk));
  ASSERT_TRUE(twin) << twin.error().message;
  EXPECT_EQ(look_at_qcow2(twin->path)->backing, disk->backing.front().string());
  ASSERT_TRUE(run_to_end(one_.first.settle_copy("vm1/disk0")));
  EXPECT_EQ(look_at_qcow2(twin->path)->backing, from->backing.front().string());
}

TEST(Epoch, the_newest_copy_of_a_machine_has_its_disks_and_older_ones_are_refused) {
  TestFolder folder;
  ASSERT_TRUE(present_epoch(folder.path(), 1, "h1"));
  ASSERT_TRUE(present_epoch(folder.path(), 1, "h1")) << "at its next start";
  auto same = present_epoch(folder.path(), 1, "h2");
  EXPECT_EQ(same.error().code, Code::conflict);
  ASSERT_TRUE(present_epoch(folder.path(), 3, "h2"));
  for (const auto* host : {"h1", "h2"}) {
    auto old = present_epoch(folder.path(), 2, host);
    ASSERT_FALSE(old);
    EXPECT_EQ(old.error().code, Code::conflict);
    EXPECT_TRUE(old.error().message.contains("'h2'")) << old.error().message;
  }
  EXPECT_TRUE(present_epoch(folder.path(), 3, "h2"));
}

TEST(Epoch, a_file_that_says_nothing_is_no_permission) {
  TestFolder folder;
  for (const auto* text : {"", "x h1", "-1 h1", "1h1", "99999999999999999999 h1"}) {
    folder.write("epoch", text);
    auto refused = present_epoch(folder.path(), 5, "h1");
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, Code::corrupt) << text;
  }
}

TEST(Epoch, of_two_that_present_at_once_the_older_never_replaces_the_newer) {
  TestFolder folder;
  auto present = [&](const std::string& host, std::int64_t first) {
    for (auto epoch = first; epoch < 200; epoch += 2) {
      Result<void> done;
      do {
        done = present_epoch(folder.path(), epoch, host);
      } while (!done && done.error().code == Code::unavailable);
    }
  };
  std::thread other([&] { present("h2", 2); });
  present("h1", 1);
  other.join();
  EXPECT_EQ(present_epoch(folder.path(), 198, "h2").error().code, Code::conflict);
  EXPECT_TRUE(present_epoch(folder.path(), 199, "h1"));
}

}  // namespace
}  // namespace truce::storage
