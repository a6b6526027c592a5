#include <boost/asio/thread_pool.hpp>
#include <random>

#include "base/process.h"
#include "image/formats.h"
#include "image/place.h"
#include "layers/layer_tree.h"
#include "qcow2_disk.h"
#include "run.h"
#include "storage/folder_pool.h"

namespace truce::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t block = 64 << 10;
constexpr std::size_t blocks = 16;
using Content = std::array<unsigned char, blocks>;  ///< a byte for each block of a disk
using Disks = std::map<std::string, Content>;

model::VmSnapshot snapshot(const std::string& name) {
  model::VmSnapshot made;
  made.name = name;
  made.settings = {.cpus = 1, .memory = mib(64)};
  return made;
}

/// A machine `vm` with disks in layers, and what they should hold.
class LayersTest : public testing::Test {
 protected:
  LayersTest() {
    EXPECT_TRUE(pool_.recover());
    for (const char* disk : {"disk0", "disk1"}) {
      EXPECT_TRUE(run_to_end(pool_.create_disk(std::string("vm/") + disk, Bytes{block * blocks})));
      now_[disk] = {};
    }
  }

  Layers& layers() { return *pool_.layers(); }
  model::LayerTree tree() {
    auto tree = run_to_end(layers().tree("vm"));
    EXPECT_TRUE(tree) << tree.error().message;
    return tree.value_or(model::LayerTree());
  }
  fs::path top(const std::string& disk) {
    auto path = run_to_end(pool_.disk("vm/" + disk));
    EXPECT_TRUE(path) << path.error().message;
    return path ? path->path : fs::path();
  }

  /// The machine writes a block.
  void write(const std::string& disk, std::size_t at, unsigned char value) {
    write_into(top(disk), at, value);
    now_[disk][at] = value;
  }
  static void write_into(const fs::path& path, std::size_t at, unsigned char value) {
    auto file = image::DiskFile::open(path, image::DiskFile::Access::read_write);
    ASSERT_TRUE(file);
    auto around = image::FolderNeighbours::open(path, "/");
    auto disk = image::open(
        *file,
        {.external = image::External::follow, .neighbours = around->get(), .read_write = true},
        "qcow2");
    ASSERT_TRUE(disk) << disk.error().message;
    std::vector<std::byte> bytes(block, std::byte{value});
    ASSERT_TRUE((*disk)->writable()->write(at * block, bytes));
    ASSERT_TRUE((*disk)->writable()->close());
  }
  static Content content_of(const fs::path& path) {
    Content content{};
    auto file = image::DiskFile::open(path, image::DiskFile::Access::read_only);
    EXPECT_TRUE(file) << path;
    if (!file) return content;
    auto around = image::FolderNeighbours::open(path, "/");
    auto disk = image::open(
        *file, {.external = image::External::follow, .neighbours = around->get()}, "qcow2");
    EXPECT_TRUE(disk) << disk.error().message;
    if (!disk) return content;
    std::vector<std::byte> bytes(block);
    for (std::size_t i = 0; i < blocks; ++i) {
      EXPECT_TRUE((*disk)->read(i * block, bytes));
      content[i] = std::to_integer<unsigned char>(bytes[0]);
      EXPECT_EQ(std::ranges::count(bytes, bytes[0]), static_cast<std::ptrdiff_t>(block));
    }
    return content;
  }

  void take(const std::string& name) {
    auto made = run_to_end(layers().add("vm", "job-" + name));
    ASSERT_TRUE(made) << made.error().message;
    auto kept = run_to_end(layers().keep("vm", snapshot(name), "job-" + name, {}));
    ASSERT_TRUE(kept) << kept.error().message;
    taken_[name] = now_;
  }
  void restore(const std::string& name) {
    auto done = run_to_end(layers().restore("vm", name, fmt::format("restore-{}", ++restores_)));
    ASSERT_TRUE(done) << done.error().message;
    now_ = taken_[name];
  }
  void forget(const std::string& name) {
    ASSERT_TRUE(run_to_end(layers().forget("vm", {name})));
    taken_.erase(name);
  }
  /// One merge; false when there is none.
  bool merge_one() {
    auto next = run_to_end(layers().next_merge("vm"));
    EXPECT_TRUE(next) << next.error().message;
    if (!next || !*next) return false;
    auto merged = run_to_end(layers().merge(**next, {}));
    EXPECT_TRUE(merged) << merged.error().message;
    auto noted = run_to_end(layers().merged("vm", **next));
    EXPECT_TRUE(noted) << noted.error().message;
    return merged && noted;
  }

  /// Every snapshot of the record, and the machine, hold what they should.
  void expect_all(const Disks& now, const std::map<std::string, Disks>& taken) {
    auto record = tree();
    for (const auto& [disk, content] : now) {
      EXPECT_EQ(content_of(top(disk)), content) << disk;
      for (const auto& kept : record.snapshots) {
        auto file = folder_of_vm_ / file_at(record, kept.layer, disk);
        EXPECT_EQ(content_of(file), taken.at(kept.snapshot.name).at(disk))
            << kept.snapshot.name << " " << disk;
      }
    }
    EXPECT_EQ(record.snapshots.size(), taken.size());
  }
  void expect_all() { expect_all(now_, taken_); }

  TestFolder folder_;
  fs::path root_ = folder_.path() / "pool";
  fs::path folder_of_vm_ = root_ / "vms/vm";
  asio::thread_pool threads_{1};
  FolderPool pool_{threads_, root_, this_program()};
  Disks now_;
  std::map<std::string, Disks> taken_;
  int restores_ = 0;
};

TEST_F(LayersTest, a_machine_without_snapshots_has_one_layer_and_no_record) {
  auto record = tree();
  ASSERT_EQ(record.layers.size(), 1U);
  EXPECT_EQ(record.layers[0].files.size(), 2U);
  EXPECT_FALSE(fs::exists(folder_of_vm_ / "layers.json"));
  EXPECT_EQ(top("disk0"), folder_of_vm_ / "disk0.qcow2");
}

TEST_F(LayersTest, a_snapshot_holds_its_moment_and_the_machine_goes_on) {
  write("disk0", 1, 0x11);
  take("first");
  write("disk0", 1, 0x22);
  write("disk1", 3, 0x33);
  expect_all();
  auto seen = shown(tree());
  EXPECT_EQ(seen.at, "first");
  ASSERT_EQ(seen.snapshots.size(), 1U);
  EXPECT_EQ(seen.snapshots[0].parent, "");
}

TEST_F(LayersTest, restoring_makes_a_branch_and_what_was_written_since_is_gone) {
  take("first");
  write("disk0", 0, 0xaa);
  take("second");
  write("disk0", 0, 0xbb);
  restore("first");
  expect_all();
  take("other");
  auto seen = shown(tree());
  EXPECT_EQ(seen.at, "other");
  for (const auto& each : seen.snapshots)
    EXPECT_EQ(each.parent, each.name == "first" ? "" : "first");
  EXPECT_FALSE(fs::exists(folder_of_vm_ / "layers/disk0.3.qcow2")) << "nobody needs it";
}

TEST_F(LayersTest, asked_again_with_the_same_job_a_restore_keeps_what_was_written_since) {
  take("first");
  ASSERT_TRUE(run_to_end(layers().restore("vm", "first", "t-1")));
  write("disk0", 5, 0x55);
  ASSERT_TRUE(run_to_end(layers().restore("vm", "first", "t-1")));
  expect_all();
}

TEST_F(LayersTest, a_deleted_snapshot_is_merged_and_files_go) {
  write("disk0", 0, 1);
  take("a");
  write("disk0", 1, 2);
  take("b");
  write("disk0", 2, 3);
  forget("a");
  EXPECT_TRUE(merge_one());
  expect_all();
  while (merge_one()) expect_all();
  forget("b");
  while (merge_one()) expect_all();
  expect_all();
  EXPECT_EQ(tree().layers.size(), 1U);
  EXPECT_EQ(top("disk0"), folder_of_vm_ / "disk0.qcow2") << "all is in the first file again";
  EXPECT_TRUE(fs::is_empty(folder_of_vm_ / "layers"));
}

TEST_F(LayersTest, a_layer_that_two_stand_on_is_kept_until_one_is_left) {
  take("root");
  write("disk0", 1, 7);
  take("left");
  restore("root");
  write("disk0", 2, 9);
  forget("root");
  EXPECT_FALSE(merge_one()) << "both branches need it";
  expect_all();
  forget("left");
  while (merge_one()) expect_all();
  expect_all();
}

TEST_F(LayersTest, memory_is_linked_for_the_next_start_once) {
  auto made = run_to_end(layers().add("vm", "t-1"));
  ASSERT_TRUE(made);
  ASSERT_TRUE(write_file_durably(made->memory, "pages"));
  ASSERT_TRUE(write_file_durably(folder_of_vm_ / "variables", "old"));
  ASSERT_TRUE(run_to_end(layers().keep("vm", snapshot("warm"), "t-1", {"variables", "absent"})));
  EXPECT_EQ(shown(tree()).snapshots[0].memory, Bytes{5});
  ASSERT_TRUE(write_file_durably(folder_of_vm_ / "variables", "new"));
  ASSERT_TRUE(run_to_end(layers().restore("vm", "warm", "t-2")));
  EXPECT_EQ(read_file(folder_of_vm_ / resumed_memory).value_or(""), "pages");
  EXPECT_EQ(read_file(folder_of_vm_ / "variables").value_or(""), "old");
  fs::remove(folder_of_vm_ / resumed_memory);  // the start took it
  ASSERT_TRUE(run_to_end(layers().restore("vm", "warm", "t-2")));
  ASSERT_TRUE(run_to_end(layers().settle("vm", {})));
  EXPECT_FALSE(fs::exists(folder_of_vm_ / resumed_memory)) << "old memory must not meet new disks";
}

TEST_F(LayersTest, a_clone_holds_the_snapshot_and_stands_alone) {
  write("disk0", 1, 0x11);
  take("first");
  write("disk0", 1, 0x22);
  ASSERT_TRUE(pool_.vm_folder("copy"));
  ASSERT_TRUE(run_to_end(layers().clone("vm", "first", "copy", {}, {})));
  for (const auto& [disk, content] : taken_["first"]) {
    auto path = root_ / "vms/copy" / (disk + ".qcow2");
    EXPECT_EQ(content_of(path), content) << disk;
    EXPECT_EQ(look_at_qcow2(path).value_or(Qcow2Facts{.backing = "?"}).backing, "");
  }
}

TEST_F(LayersTest, a_disk_that_names_another_machines_disk_is_not_cloned) {
  ASSERT_TRUE(run_to_end(pool_.create_disk("other/disk0", Bytes{block * blocks})));
  take("first");
  ASSERT_TRUE(stand_on_qcow2(folder_of_vm_ / "disk0.qcow2", root_ / "vms/other/disk0.qcow2"));
  ASSERT_TRUE(pool_.vm_folder("copy"));
  auto cloned = run_to_end(layers().clone("vm", "first", "copy", {}, {}));
  ASSERT_FALSE(cloned);
  EXPECT_EQ(cloned.error().code, Code::forbidden) << cloned.error().message;
  EXPECT_FALSE(fs::exists(root_ / "vms/copy/disk0.qcow2"));
}

TEST_F(LayersTest, a_disk_that_names_another_machines_disk_is_not_merged) {
  ASSERT_TRUE(run_to_end(pool_.create_disk("other/disk0", Bytes{block * blocks})));
  take("first");
  write("disk0", 1, 0x11);
  ASSERT_TRUE(stand_on_qcow2(folder_of_vm_ / "disk0.qcow2", root_ / "vms/other/disk0.qcow2"));
  forget("first");
  auto next = run_to_end(layers().next_merge("vm"));
  ASSERT_TRUE(next && *next);
  auto merged = run_to_end(layers().merge(**next, {}));
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code, Code::forbidden) << merged.error().message;
}

TEST_F(LayersTest, a_layer_that_was_never_begun_is_taken_back) {
  take("a");
  auto made = run_to_end(layers().add("vm", "t-9"));
  ASSERT_TRUE(made);
  std::map<std::string, fs::path> written;
  for (const auto& file : made->files) written[file.disk] = file.below;
  write_into(written["disk0"], 4, 0x44);  // the machine ran on in the old files
  now_["disk0"][4] = 0x44;
  ASSERT_TRUE(run_to_end(layers().settle("vm", written)));
  EXPECT_EQ(top("disk0"), written["disk0"]);
  expect_all();
}

TEST_F(LayersTest, a_file_that_the_record_does_not_know_is_not_guessed_about) {
  take("a");
  auto settled = run_to_end(layers().settle("vm", {{"disk0", "/elsewhere/disk0.qcow2"}}));
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().code, Code::corrupt);
}

TEST_F(LayersTest, limits_and_names_are_refused_and_change_nothing) {
  for (std::size_t i = 0; i < snapshots_limit; ++i) take(fmt::format("s{}", i));
  auto before = tree();
  auto more = run_to_end(layers().add("vm", "t"));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Code::limit);
  EXPECT_EQ(tree(), before);
  auto none = run_to_end(layers().restore("vm", "nothing", "t"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::not_found);
  EXPECT_EQ(run_to_end(layers().tree("../vm")).error().code, Code::invalid);
}

TEST(LayerRecord, one_that_is_no_tree_is_refused_by_name) {
  std::pair<const char*, const char*> bad[] = {
      {R"({"current":2,"next":3,"layers":[{"id":1}]})", "cannot be current"},
      {R"({"current":1,"next":2,"layers":[{"id":1},{"id":1}]})", "there twice"},
      {R"({"current":1,"next":3,"layers":[{"id":1},{"id":2,"below":5}]})", "not there"},
      {R"({"current":1,"next":3,"layers":[{"id":1},{"id":2}]})", "stand on nothing"},
      {R"({"current":1,"next":2,"layers":[{"id":1,"files":{"disk0":"../x.qcow2"}}]})", "no file"},
      {R"({"current":1,"next":2,"layers":[{"id":1,"files":{"disk0":"/etc/shadow"}}]})", "no file"},
      {R"({"current":1,"next":2,"layers":[{"id":7}]})", "yet to come"},
  };
  for (auto [text, why] : bad) {
    auto tree = parse_layers(text);
    ASSERT_FALSE(tree) << text;
    EXPECT_NE(tree.error().message.find(why), std::string::npos) << tree.error().message;
  }
}

// A crash leaves the record from before or after a verb, with files of both.
class Crash : public LayersTest, public testing::WithParamInterface<int> {
 protected:
  struct Moment {
    Disks now;
    std::map<std::string, Disks> taken;
  };

  void act(std::mt19937& random) {
    auto pick = [&] {
      auto at = taken_.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(random() % taken_.size()));
      return at->first;
    };
    auto choice = random() % 10;
    if (choice < 3 && taken_.size() < 6) return take(fmt::format("s{}", ++names_));
    if (choice < 5 && !taken_.empty()) return restore(pick());
    if (choice < 7 && !taken_.empty()) return forget(pick());
    (void)merge_one();
  }
  void look_at(const fs::path& files, const fs::path& record, const Moment& then) {
    fs::remove_all(folder_of_vm_);
    fs::copy(files, folder_of_vm_, fs::copy_options::recursive);
    fs::remove(folder_of_vm_ / "layers.json");
    if (fs::exists(record / "layers.json"))
      fs::copy_file(record / "layers.json", folder_of_vm_ / "layers.json");
    ASSERT_TRUE(run_to_end(layers().settle("vm", {})));
    expect_all(then.now, then.taken);
  }
  int names_ = 0;
};

TEST_P(Crash, at_any_verb_leaves_the_disks_from_before_or_after) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  for (int step = 0; step < 6 && !HasFailure(); ++step) {
    for (int i = 0; i < 2; ++i)
      write(random() % 2 ? "disk0" : "disk1", random() % blocks,
            static_cast<unsigned char>(random()));
    auto before = folder_.path() / "before", after = folder_.path() / "after",
         both = folder_.path() / "both";
    for (const auto& old : {before, after, both}) fs::remove_all(old);
    fs::copy(folder_of_vm_, before, fs::copy_options::recursive);
    Moment then{now_, taken_};
    act(random);
    fs::copy(folder_of_vm_, after, fs::copy_options::recursive);
    fs::copy(before, both, fs::copy_options::recursive);
    fs::copy(after, both, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    look_at(both, before, then);
    look_at(both, after, {now_, taken_});
    look_at(after, after, {now_, taken_});
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, Crash, testing::Range(1, 5));

}  // namespace
}  // namespace truce::storage
