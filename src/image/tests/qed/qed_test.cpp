#include <gtest/gtest.h>

#include <utility>

#include "qed/layout.h"
#include "rows.h"
#include "support.h"

namespace truce::image::qed {
namespace {

std::shared_ptr<MemoryFile> in_memory(Content content) {
  return std::make_shared<MemoryFile>("disk.qed", std::move(content));
}

std::unique_ptr<Image> opened(Content file, const OpenOptions& options = {}) {
  auto image = open(in_memory(std::move(file)), options, "qed");
  EXPECT_TRUE(image) << image.error().message;
  return image ? *std::move(image) : nullptr;
}

Error open_error(Content file, const OpenOptions& options = {}) {
  auto image = open(in_memory(std::move(file)), options, "qed");
  EXPECT_FALSE(image) << "it opened";
  return image ? Error{} : image.error();
}

// What the command, run in the folder, leaves in `made.qed`.
Content made_by_qemu(const TestFolder& folder, const std::string& command) {
  auto ran = run_command("cd " + (folder / ".").string() + " && " + command);
  EXPECT_EQ(ran.status, 0) << ran.output;
  return read_whole(folder / "made.qed");
}

struct OneNeighbour final : Neighbours {
  std::shared_ptr<File> file;
  Result<std::shared_ptr<File>> open(const std::string&) override { return file; }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    return fail(Code::internal, "nothing is created: {}", name);
  }
};

TEST(Qed, reads_what_qemu_makes) {
  TestFolder folder;
  auto content = sparse_content((3 << 20) + 512, 3);
  write_whole(folder / "raw", content);
  for (const char* how : {"", "-o cluster_size=8192", "-o cluster_size=4096,table_size=16",
                          "-o cluster_size=1M,table_size=2"}) {
    auto file = made_by_qemu(
        folder, fmt::format("rm -f made.qed && qemu-img create -q -f qed {} made.qed 3146240 && "
                            "qemu-img convert -n -f raw -O qed raw made.qed",
                            how));
    EXPECT_EQ((*detect(*in_memory(file)))->name, "qed");
    auto image = opened(std::move(file));
    ASSERT_TRUE(image);
    expect_content(*image, content);
    EXPECT_EQ(image->check()->problems, std::vector<std::string>{});
  }
}

TEST(Qed, zero_clusters_are_zero_also_over_a_backing_file) {
  TestFolder folder;
  Content content(2 << 20, std::byte{5});
  write_whole(folder / "base", content);
  auto file =
      made_by_qemu(folder,
                   "qemu-img create -q -f qed -b base -F raw made.qed 3M && qemu-io -f qed -c "
                   "'write -z 1M 128k' -c 'write -P 7 64k 64k' made.qed");
  EXPECT_EQ(open_error(file).code, Code::forbidden);
  auto ignoring = opened(file, {.external = External::ignore});
  ASSERT_TRUE(ignoring);
  EXPECT_EQ(ignoring->description().references.at(0).name, "base");
  EXPECT_EQ(ignoring->description().references.at(0).format, "raw");
  Content sector(512);
  EXPECT_EQ(ignoring->read(0, sector).error().code, Code::forbidden);
  EXPECT_EQ(ignoring->extent(0, 512).error().code, Code::forbidden);
  EXPECT_EQ(ignoring->extent(1 << 20, 1 << 20)->kind, Kind::zero);
  OneNeighbour neighbour;
  neighbour.file = in_memory(content);
  auto image = opened(file, {.external = External::follow, .neighbours = &neighbour});
  ASSERT_TRUE(image);
  std::fill_n(content.begin() + 65536, 65536, std::byte{7});
  std::fill_n(content.begin() + (1 << 20), 2 * 65536, std::byte{});
  content.resize(3 << 20);
  expect_content(*image, content);
}

TEST(Qed, impossible_headers_are_refused_and_unclean_ones_warned_of) {
  TestFolder folder;
  const auto good = made_by_qemu(folder, "qemu-img create -q -f qed made.qed 3M");
  struct Case {
    std::size_t at;
    std::uint32_t value;
    Code code;
  };
  for (auto [at, value, code] :
       {Case{4, 0, Code::corrupt}, Case{4, 2048, Code::corrupt}, Case{4, 1U << 27, Code::corrupt},
        Case{4, 65537, Code::corrupt}, Case{8, 0, Code::corrupt}, Case{8, 3, Code::corrupt},
        Case{8, 32, Code::corrupt}, Case{12, 0, Code::corrupt}, Case{12, 9, Code::corrupt},
        Case{16, 8, Code::unsupported}, Case{40, 65537, Code::corrupt}, Case{44, 1, Code::corrupt},
        Case{40, 0, Code::corrupt}, Case{52, 0xFFFFFFFF, Code::corrupt},
        Case{16, 1, Code::corrupt}}) {
    auto file = good;
    put_le<std::uint32_t>(file, at, value);
    EXPECT_EQ(open_error(file).code, code) << at << ": " << value;
  }
  auto file = good;
  put_le<std::uint32_t>(file, 16, needs_check);
  EXPECT_EQ(opened(file)->description().warnings.size(), 1U);
  EXPECT_EQ(open_error(Content(40)).code, Code::corrupt);
}

TEST(Qed, damaged_tables_end_in_errors_and_are_found) {
  TestFolder folder;
  write_whole(folder / "raw", Content(1 << 20, std::byte{3}));
  const auto good = made_by_qemu(folder, "qemu-img convert -f raw -O qed raw made.qed");
  auto l1 = le<std::uint64_t>(good, 40), table = le<std::uint64_t>(good, l1);
  Content sector(512);
  for (std::uint64_t entry :
       {std::uint64_t{2}, std::uint64_t{65536}, std::uint64_t{1} << 40, ~std::uint64_t{65535}}) {
    auto file = good;
    put_le<std::uint64_t>(file, table + 8, entry);
    auto image = opened(file);
    EXPECT_EQ(image->read(65536, sector).error().code, Code::corrupt) << entry;
    EXPECT_TRUE(image->read(0, sector));
    EXPECT_EQ(image->check()->corruptions, 1U);
    file = good;
    put_le<std::uint64_t>(file, l1, entry);
    EXPECT_EQ(opened(file)->read(0, sector).error().code, Code::corrupt) << entry;
  }
  auto file = good;
  put_le<std::uint64_t>(file, table + 8, le<std::uint64_t>(file, table));
  EXPECT_EQ(opened(file)->check()->corruptions, 1U);
}

TEST(Qed, is_only_read) {
  EXPECT_EQ(build(qed_format, in_memory({}), {.size = 512}).error().code, Code::unsupported);
}

}  // namespace
}  // namespace truce::image::qed
