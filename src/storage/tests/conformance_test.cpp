#include "conformance.h"

#include <boost/asio/thread_pool.hpp>

#include "storage/fake_pool.h"
#include "storage/folder_pool.h"

namespace truce::storage {

struct FakeFixture {
  TestFolder folder;
  FakePool fake{folder.path() / "pool"};
  Pool& pool() { return fake; }
  [[nodiscard]] std::filesystem::path recipe() const {
    return folder.write("recipe", "#!/bin/sh\n");
  }
  static void damage(const std::filesystem::path& file) {
    ASSERT_TRUE(write_file_durably(file, "other"));
  }
};

struct FolderFixture {
  TestFolder folder;
  asio::thread_pool threads{1};
  FolderPool folder_pool{threads, folder.path() / "pool", this_program()};
  FolderFixture() {
    auto recovered = folder_pool.recover();
    EXPECT_TRUE(recovered) << recovered.error().message;
  }
  Pool& pool() { return folder_pool; }
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
};

using Pools = testing::Types<FakeFixture, FolderFixture>;
INSTANTIATE_TYPED_TEST_SUITE_P(Each, PoolConformance, Pools);

}  // namespace truce::storage
