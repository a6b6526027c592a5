#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "qcow/layout.h"
#include "rows.h"
#include "support.h"

namespace truce::image::qcow {
namespace {

std::shared_ptr<MemoryFile> in_memory(Content content) {
  return std::make_shared<MemoryFile>("disk.qcow", std::move(content));
}

Content built(View content) {
  return image::built(qcow_format, content);
}

std::unique_ptr<Image> opened(Content file, const OpenOptions& options = {}) {
  auto image = open(in_memory(std::move(file)), options, "qcow");
  EXPECT_TRUE(image) << image.error().message;
  return image ? *std::move(image) : nullptr;
}

constexpr std::uint64_t cluster = 32768;  // of what we build

Error open_error(Content file, const OpenOptions& options = {}) {
  auto image = open(in_memory(std::move(file)), options, "qcow");
  EXPECT_FALSE(image) << "it opened";
  return image ? Error{} : image.error();
}

Content made_by_qemu(const TestFolder& folder, const std::string& arguments) {
  auto path = (folder / "made.qcow").string();
  auto ran =
      run_command(fmt::format("cd {} && qemu-img {} ", folder.operator/(".").string(), arguments));
  EXPECT_EQ(ran.status, 0) << ran.output;
  return read_whole(path);
}

struct OneNeighbour final : Neighbours {
  std::shared_ptr<File> file;
  std::string asked;
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    asked = name;
    return file;
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    return fail(Code::internal, "nothing is created: {}", name);
  }
};

TEST(Qcow, what_is_built_reads_the_same_here_and_in_qemu) {
  TestFolder folder;
  for (std::size_t size : {(3 << 20) + 512, 512}) {
    auto content = sparse_content(size, static_cast<unsigned>(size));
    auto bytes = built(content);
    EXPECT_EQ((*detect(*in_memory(bytes)))->name, "qcow");
    auto image = opened(bytes);
    ASSERT_TRUE(image);
    expect_content(*image, content);
    EXPECT_EQ(image->check()->problems, std::vector<std::string>{});
    write_whole(folder / "d.qcow", bytes);
    EXPECT_TRUE(content_by_qemu(folder / "d.qcow", "qcow") == content) << size;
    auto info = run_command("qcowinfo " + (folder / "d.qcow").string());
    EXPECT_EQ(info.status, 0) << info.output;
    EXPECT_NE(info.output.find(fmt::format("({} bytes)", size)), std::string::npos) << info.output;
  }
}

TEST(Qcow, a_disk_of_several_tables_reads_the_same_here_and_in_qemu) {
  TestFolder folder;
  auto path = folder / "d.qcow";
  auto file = DiskFile::create(path);
  ASSERT_TRUE(file);
  auto builder = build(qcow_format, *file, {.size = 3ULL << 30});
  ASSERT_TRUE(builder);
  Content block(cluster, std::byte{9});
  for (std::uint64_t number : {1, 4095, 4096, 20000, 98303}) {
    auto place = (*builder)->placing()->place(number);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->offset % 4096, 0U);
    ASSERT_TRUE(place->file->write(place->offset, block));
  }
  ASSERT_TRUE((*builder)->finish(Builder::Durability::durable));
  auto image = open(*file);
  ASSERT_TRUE(image) << image.error().message;
  for (std::uint64_t number : {1, 4095, 4096, 20000, 98303}) {
    EXPECT_EQ((*image)->extent(number * cluster, cluster)->kind, Kind::data);
    EXPECT_EQ((*image)->extent((number - 1) * cluster, cluster)->kind,
              number == 4096 ? Kind::data : Kind::hole);
    auto ran = run_command(fmt::format("qemu-io -r -f qcow -c 'read -P 9 {} 32k' {}",
                                       number * cluster, path.string()));
    EXPECT_EQ(ran.output.find("failed"), std::string::npos) << ran.output;
    EXPECT_EQ(ran.status, 0);
  }
  EXPECT_EQ((*image)->check()->corruptions, 0U);
}

TEST(Qcow, reads_what_qemu_makes) {
  TestFolder folder;
  auto content = sparse_content((2 << 20) + 512, 3);
  write_whole(folder / "raw", content);
  auto image = opened(made_by_qemu(folder, "convert -f raw -O qcow raw made.qcow"));
  ASSERT_TRUE(image);
  expect_content(*image, content);
  EXPECT_EQ(image->check()->problems, std::vector<std::string>{});
}

// `convert -c` to this format ends with an error in QEMU 7.2: its clusters are written one by one.
TEST(Qcow, reads_compressed_clusters) {
  TestFolder folder;
  Content content(1 << 20);
  std::string writes;
  for (std::size_t number : {0, 1, 2, 77, 200, 254}) {
    std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(number * 4096), 4096,
                static_cast<std::byte>(number + 1));
    writes += fmt::format(" -c 'write {} -P {} {} 4k'", number == 2 ? "" : "-c", number + 1,
                          number * 4096);
  }
  auto image = opened(made_by_qemu(
      folder, "create -q -f qcow made.qcow 1M && qemu-io -f qcow" + writes + " made.qcow"));
  ASSERT_TRUE(image);
  expect_content(*image, content);
  EXPECT_EQ(image->extent(0, 1 << 20)->kind, Kind::compressed);
  EXPECT_EQ(image->extent(8192, 4096)->kind, Kind::data);
  EXPECT_EQ(image->check()->problems, std::vector<std::string>{});
}

TEST(Qcow, a_backing_file_is_refused_ignored_or_followed_and_never_passed_over) {
  TestFolder folder;
  auto content = sparse_content(2 << 20, 8);
  write_whole(folder / "base", content);
  auto file = made_by_qemu(folder,
                           "create -q -f qcow -b base -F raw made.qcow 3M && qemu-io -f qcow -c "
                           "'write -P 7 1M 64k' made.qcow");
  EXPECT_EQ(open_error(file).code, Code::forbidden);
  auto ignoring = opened(file, {.external = External::ignore});
  ASSERT_TRUE(ignoring);
  EXPECT_EQ(ignoring->description().references.at(0).name, "base");
  Content sector(512);
  EXPECT_EQ(ignoring->read(0, sector).error().code, Code::forbidden);
  EXPECT_EQ(ignoring->extent(0, 512).error().code, Code::forbidden);
  OneNeighbour neighbour;
  neighbour.file = in_memory(content);
  auto image = opened(file, {.external = External::follow, .neighbours = &neighbour});
  ASSERT_TRUE(image);
  EXPECT_EQ(neighbour.asked, "base");
  std::fill_n(content.begin() + (1 << 20), 65536, std::byte{7});
  content.resize(3 << 20);
  expect_content(*image, content);
}

TEST(Qcow, impossible_headers_are_refused) {
  const auto good = built(sparse_content(1 << 20, 6));
  for (auto [at, value] :
       std::map<std::size_t, int>{{32, 8}, {32, 17}, {32, 64}, {33, 5}, {33, 14}, {33, 200}}) {
    auto file = good;  // CVE-2014-0222, CVE-2014-0223
    file[at] = static_cast<std::byte>(value);
    EXPECT_EQ(open_error(file).code, Code::corrupt) << at;
  }
  auto with = [&](std::size_t at, std::uint64_t value) {
    auto file = good;
    put_be<std::uint64_t>(file, at, value);
    return open_error(file).code;
  };
  EXPECT_EQ(with(24, ~0ULL), Code::limit);
  EXPECT_EQ(with(24, 1ULL << 56), Code::corrupt);
  EXPECT_EQ(with(40, ~7ULL), Code::corrupt);
  EXPECT_EQ(with(40, 8), Code::corrupt);
  EXPECT_EQ(with(8, 1ULL << 40), Code::corrupt);
  auto file = good;
  put_be<std::uint32_t>(file, 36, 1);
  EXPECT_EQ(open_error(file).code, Code::unsupported);
  EXPECT_EQ(open_error(Content(40)).code, Code::corrupt);
}

TEST(Qcow, damaged_tables_end_in_errors_and_are_found) {
  const auto good = built(Content(1 << 20, std::byte{3}));
  auto table = be<std::uint64_t>(good, cluster);
  Content sector(512);
  for (std::uint64_t entry :
       {std::uint64_t{1}, std::uint64_t{512}, std::uint64_t{1} << 40,
        std::uint64_t{compressed_flag}, std::uint64_t{compressed_flag | ~0ULL >> 2}}) {
    auto file = good;
    put_be<std::uint64_t>(file, table + 8, entry);
    auto image = opened(file);
    EXPECT_EQ(image->read(cluster, sector).error().code, Code::corrupt) << entry;
    EXPECT_TRUE(image->read(0, sector));
  }
  for (std::uint64_t offset : {std::uint64_t{8}, table + 1, ~std::uint64_t{7}}) {
    auto file = good;
    put_be<std::uint64_t>(file, cluster, offset);
    auto image = opened(file);
    EXPECT_EQ(image->read(0, sector).error().code, Code::corrupt) << offset;
    EXPECT_EQ(image->check()->corruptions, 1U);
  }
  auto file = good;
  put_be<std::uint64_t>(file, table + 8, be<std::uint64_t>(file, table));
  EXPECT_EQ(opened(file)->check()->corruptions, 1U);
}

TEST(Qcow, an_empty_disk_of_a_tebibyte_is_walked_at_once) {
  std::uint64_t size = 1ULL << 40;
  auto file = in_memory({});
  auto builder = build(qcow_format, file, {.size = size});
  ASSERT_TRUE(builder);
  ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
  auto image = open(file);
  ASSERT_TRUE(image);
  auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t at = 0; at < size;) {
    auto extent = (*image)->extent(at, size - at);
    ASSERT_TRUE(extent) << extent.error().message;
    ASSERT_EQ(extent->kind, Kind::hole);
    at += extent->length;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

}  // namespace
}  // namespace truce::image::qcow
