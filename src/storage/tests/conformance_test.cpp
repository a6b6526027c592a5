#include "conformance.h"

#include <boost/asio/thread_pool.hpp>

#include "loop_file_system.h"
#include "storage/fake_pool.h"
#include "storage/folder_opener.h"

namespace truce::storage {

struct FakeFixture {
  TestFolder folder;
  FakePool fake{folder.path() / "pool"};
  Pool& pool() { return fake; }
  static std::string why_not() { return {}; }
  [[nodiscard]] std::filesystem::path recipe() const {
    return folder.write("recipe", "#!/bin/sh\n");
  }
  static void damage(const std::filesystem::path& file) {
    ASSERT_TRUE(write_file_durably(file, "other"));
  }
};

struct RecipeFixture {
  TestFolder folder;
  [[nodiscard]] std::filesystem::path recipe() const {
    return folder.write(
        "recipe",
        "#!/bin/sh\nset -e\nqemu-img create -q -f qcow2 \"$1/disk.qcow2\" 16M\n"
        "echo '{\"disk\": \"disk.qcow2\", \"cloud_init\": true}' >\"$1/manifest.json\"\n");
  }
  static void damage(const std::filesystem::path& file) {
    auto content = read_file(file);
    ASSERT_TRUE(content);
    content->back() = static_cast<char>(content->back() ^ 1);
    ASSERT_TRUE(write_file_durably(file, *content, 0444));
  }
  static std::string why_not() { return {}; }
};

struct FolderFixture : RecipeFixture {
  asio::thread_pool threads{1};
  FolderPool folder_pool{threads, folder.path() / "pool", this_program()};
  FolderFixture() {
    auto recovered = folder_pool.recover();
    EXPECT_TRUE(recovered) << recovered.error().message;
  }
  Pool& pool() { return folder_pool; }
};

// A pool beside the first, whose templates it uses.
struct LeaningFixture : FolderFixture {
  FolderOpener opener{threads, folder_pool, {}};
  std::shared_ptr<Pool> other;
  explicit LeaningFixture(std::filesystem::path place = {}) {
    if (place.empty()) place = folder.path() / "other";
    model::Pool wish;
    wish.name = "other";
    wish.source = place.string();
    auto made = run_to_end(opener.make(wish));
    EXPECT_TRUE(made) << made.error().message;
    auto opened = run_to_end(opener.open(wish));
    EXPECT_TRUE(opened) << opened.error().message;
    if (opened) other = *opened;
  }
  Pool& pool() { return *other; }
};

// The first pool, and everything in it, on a file system of its own.
template <class Kind>
struct MountedFixture : RecipeFixture {
  LoopFileSystem system{Kind::name, mib(Kind::size_mib)};
  asio::thread_pool threads{1};
  FolderPool folder_pool{threads, system.root() / "pool", this_program()};
  MountedFixture() {
    if (system.why_not().empty()) EXPECT_TRUE(folder_pool.recover());
  }
  Pool& pool() { return folder_pool; }
  [[nodiscard]] std::string why_not() const { return system.why_not(); }
};

// Templates on one file system, disks on another.
template <class Kind>
struct FarFixture : RecipeFixture {
  LoopFileSystem system{Kind::name, mib(Kind::size_mib)};
  std::optional<LeaningFixture> leaning;
  FarFixture() {
    if (system.why_not().empty()) leaning.emplace(system.root());
  }
  Pool& pool() { return leaning->pool(); }
  [[nodiscard]] std::string why_not() const { return system.why_not(); }
};

struct Ext4 {
  static constexpr const char* name = "ext4";
  static constexpr int size_mib = 64;
};
struct Xfs {
  static constexpr const char* name = "xfs";
  static constexpr int size_mib = 320;
};
struct Btrfs {
  static constexpr const char* name = "btrfs";
  static constexpr int size_mib = 256;
};

using Pools =
    testing::Types<FakeFixture, FolderFixture, LeaningFixture, MountedFixture<Ext4>,
                   MountedFixture<Xfs>, MountedFixture<Btrfs>, FarFixture<Xfs>, FarFixture<Btrfs>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Each, PoolConformance, Pools);

}  // namespace truce::storage
