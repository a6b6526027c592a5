// What is built is read by qemu-img, what qemu-img makes is read by us.
#include <thread>

#include "vmdk_support.h"

namespace truce::image {
namespace {

const std::vector<std::string> subformats{"monolithicSparse", "streamOptimized", "monolithicFlat",
                                          "twoGbMaxExtentSparse", "twoGbMaxExtentFlat"};

std::shared_ptr<File> vmdk_disk(const std::filesystem::path& path) {
  auto file = DiskFile::open(path, DiskFile::Access::read_write);
  EXPECT_TRUE(file) << file.error().message;
  return file ? *file : nullptr;
}

class Subformat : public ::testing::TestWithParam<std::string> {
 protected:
  TestFolder folder_;
  VmdkFolder neighbours_{folder_ / ""};
};
INSTANTIATE_TEST_SUITE_P(Vmdk, Subformat, ::testing::ValuesIn(subformats),
                         [](const auto& each) { return each.param; });

TEST_P(Subformat, that_we_build_is_read_by_qemu_img_and_by_us) {
  // More than one table of grains, where there are tables.
  std::size_t large = (GetParam().ends_with("Flat") ? 3 << 20 : 34 << 20) + 512 * 77;
  for (std::size_t size : {std::size_t{512}, std::size_t{65536}, large}) {
    auto content = content_at_ends(size, 1 << 20, 1);
    auto name = fmt::format("disk{}.vmdk", size);
    auto file = DiskFile::create(folder_ / name);
    ASSERT_TRUE(file);
    auto stored = store(*find_format("vmdk"), *file, content, subformat(GetParam(), &neighbours_));
    ASSERT_TRUE(stored) << stored.error().message;
    auto image = opened(*file, follow(neighbours_));
    ASSERT_NE(image, nullptr);
    EXPECT_EQ(image->description().variant, GetParam());
    expect_content(*image, content);
    auto report = image->check();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->problems, std::vector<std::string>{});
    ASSERT_EQ(content_by_qemu(folder_ / name, "vmdk"), content) << size;
    auto ran = run_command("qemu-img check -f vmdk " + (folder_ / name).string());
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_NE(ran.output.find("No errors were found"), std::string::npos) << ran.output;
  }
}

TEST_P(Subformat, that_qemu_img_makes_is_read) {
  auto content = sparse_content((2 << 20) + 512 * 13, 5);
  write_whole(folder_ / "raw", content);
  for (std::string more : {"", ",zeroed_grain=on", ",compat6=on,adapter_type=lsilogic"}) {
    auto path = (folder_ / "made.vmdk").string();
    auto ran = run_command("qemu-img convert -f raw -O vmdk -o subformat=" + GetParam() + more +
                           " " + (folder_ / "raw").string() + " " + path);
    if (more.starts_with(",zeroed") && ran.status != 0) continue;  // flat disks have none
    ASSERT_EQ(ran.status, 0) << ran.output;
    auto image = opened(vmdk_disk(path), follow(neighbours_));
    ASSERT_NE(image, nullptr);
    EXPECT_EQ(image->description().variant, GetParam());
    expect_content(*image, content);
    auto report = image->check();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->problems, std::vector<std::string>{});
  }
}

TEST_P(Subformat, is_the_same_for_vmdkinfo) {
  auto content = sparse_content(3 << 20, 6);
  auto file = DiskFile::create(folder_ / "disk.vmdk");
  ASSERT_TRUE(file);
  ASSERT_TRUE(store(*find_format("vmdk"), *file, content, subformat(GetParam(), &neighbours_)));
  auto ran = run_command("vmdkinfo " + (folder_ / "disk.vmdk").string());
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_NE(ran.output.find("3.0 MiB (3145728 bytes)"), std::string::npos) << ran.output;
}

TEST_P(Subformat, has_no_header_before_it_is_finished) {
  auto file = std::make_shared<MemoryFile>("disk.vmdk");
  MemoryNeighbours neighbours;
  auto options = subformat(GetParam(), &neighbours);
  options.size = 1 << 20;
  auto builder = build(*find_format("vmdk"), file, options);
  ASSERT_TRUE(builder) << builder.error().message;
  EXPECT_FALSE(open(file, follow(neighbours), "vmdk"));
  ASSERT_TRUE((*builder)->finish(Builder::Durability::durable));
  EXPECT_TRUE(open(file, follow(neighbours), "vmdk"));
}

/// Blocks here and there of a disk that is larger than one extent of a split one.
TEST_P(Subformat, holds_a_disk_of_5_gib) {
  constexpr std::uint64_t size = (5ULL << 30) + 4096;
  const std::vector<std::uint64_t> offsets{0,          65536,      2146435072 - 65536,
                                           2146435072, 4294967296, size - 4096};
  auto options = subformat(GetParam(), &neighbours_);
  options.size = size;
  auto file = DiskFile::create(folder_ / "disk.vmdk"), raw = DiskFile::create(folder_ / "raw");
  ASSERT_TRUE(file && raw);
  ASSERT_TRUE((*raw)->resize(size));
  auto builder = build(*find_format("vmdk"), *file, options);
  ASSERT_TRUE(builder) << builder.error().message;
  for (auto offset : offsets) {
    auto bytes = noise(std::min<std::uint64_t>(65536, size - offset), 1 + offset % 1000);
    ASSERT_TRUE((*raw)->write(offset, bytes));
    if (auto* placing = (*builder)->placing()) {
      auto place = placing->place(offset / 65536);
      ASSERT_TRUE(place) << place.error().message;
      EXPECT_EQ(place->offset % 4096, 0U);
      ASSERT_TRUE(place->file->write(place->offset, bytes));
    } else {
      auto packed = (*builder)->packing()->encode(offset / 65536, bytes);
      ASSERT_TRUE(packed && (*builder)->packing()->append(offset / 65536, *packed));
    }
  }
  ASSERT_TRUE((*builder)->finish(Builder::Durability::durable));
  auto image = opened(*file, follow(neighbours_));
  ASSERT_NE(image, nullptr);
  std::uint64_t steps = 0, stored = 0;
  for (std::uint64_t at = 0; at < size; ++steps) {
    auto extent = image->extent(at, size - at);
    ASSERT_TRUE(extent) << extent.error().message;
    if (extent->kind == Kind::data || extent->kind == Kind::compressed) stored += extent->length;
    at += extent->length;
  }
  EXPECT_LT(steps, 60U);
  EXPECT_EQ(stored, 5 * 65536U + 4096);
  auto ran = run_command("qemu-img compare -f vmdk -F raw " + (folder_ / "disk.vmdk").string() +
                         " " + (folder_ / "raw").string());
  EXPECT_EQ(ran.status, 0) << ran.output;
}

TEST(Vmdk, q4_a_stream_has_markers_a_footer_and_an_end) {
  auto file = stream_image(content_at_ends(40 << 20, 1 << 20, 4));
  View bytes = file->content();
  EXPECT_EQ(le<std::uint32_t>(bytes, 4), 3U);
  EXPECT_EQ(le<std::uint32_t>(bytes, 8), 0x30001U);
  EXPECT_EQ(le<std::uint64_t>(bytes, 56), ~std::uint64_t{0});
  EXPECT_EQ(bytes.size() % 512, 0U);
  // Every marker is followed: grains in order, a table behind the grains of each 32 MiB, the
  // directory, the footer and the end.
  std::uint64_t next_sector = 0, tables = 0, at = 65536;
  std::vector<std::uint32_t> types;
  while (at < bytes.size()) {
    auto value = le<std::uint64_t>(bytes, at);
    auto length = le<std::uint32_t>(bytes, at + 8);
    if (length != 0) {
      EXPECT_GE(value, next_sector);
      EXPECT_EQ(value % 128, 0U);
      next_sector = value + 128;
      at += round_up(12 + length, 512);
      continue;
    }
    types.push_back(le<std::uint32_t>(bytes, at + 12));
    tables += types.back() == 1;
    at += 512 + value * 512;
  }
  EXPECT_EQ(tables, 2U);
  EXPECT_EQ(types, (std::vector<std::uint32_t>{1, 1, 2, 3, 0}));
  EXPECT_EQ(at, bytes.size());
  EXPECT_EQ(le<std::uint32_t>(bytes, bytes.size() - 1024), vmdk::hosted_magic);
}

/// Refuses to be written anywhere but at its end.
class PipeFile final : public File {
 public:
  [[nodiscard]] std::string name() const override { return "pipe.vmdk"; }
  [[nodiscard]] std::uint64_t size() const override { return content.size(); }
  Result<void> read(std::uint64_t, Span) const override { return fail(Code::io, "a pipe"); }
  Result<void> write(std::uint64_t offset, View from) override {
    if (offset != content.size()) return fail(Code::io, "a pipe is not sought in");
    content.insert(content.end(), from.begin(), from.end());
    return {};
  }
  Result<void> write_zeroes(std::uint64_t, std::uint64_t) override { return fail(Code::io, "no"); }
  Result<void> resize(std::uint64_t) override { return fail(Code::io, "no"); }
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t, std::uint64_t) const override {
    return fail(Code::io, "no");
  }
  Content content;
};

TEST(Vmdk, a_stream_can_be_written_to_a_pipe) {
  auto content = sparse_content(3 << 20, 8);
  auto pipe = std::make_shared<PipeFile>();
  auto stored = store(*find_format("vmdk"), pipe, content, subformat("streamOptimized"));
  ASSERT_TRUE(stored) << stored.error().message;
  auto image = opened(std::make_shared<MemoryFile>("copy.vmdk", pipe->content));
  ASSERT_NE(image, nullptr);
  expect_content(*image, content);
}

TEST(Vmdk, grains_of_a_stream_are_encoded_by_several_threads_at_once) {
  auto options = subformat("streamOptimized");
  auto content = sparse_content(2 << 20, 10);
  options.size = content.size();
  auto builder = build(*find_format("vmdk"), std::make_shared<MemoryFile>("d.vmdk"), options);
  ASSERT_TRUE(builder);
  auto encode = [&](std::uint64_t block) {
    return (*builder)
        ->packing()
        ->encode(block, View(content).subspan(block * 65536, 65536))
        .value();
  };
  std::vector<Content> together(32);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (auto block = i; block < together.size(); block += 4) together[block] = encode(block);
    });
  for (auto& thread : threads) thread.join();
  for (std::size_t block = 0; block < together.size(); ++block)
    EXPECT_EQ(together[block], encode(block)) << block;
}

TEST(Vmdk, a_stream_gets_smaller_with_its_level) {
  auto content = sparse_content(1 << 20, 9);
  std::map<std::string, std::uint64_t> sizes;
  for (std::string level : {"fast", "1", "2", "9", "12"}) {
    auto options = subformat("streamOptimized");
    options.options["level"] = level;
    auto file = std::make_shared<MemoryFile>("disk.vmdk");
    ASSERT_TRUE(store(*find_format("vmdk"), file, content, options));
    sizes[level] = file->size();
    expect_content(*opened(file), content);
  }
  EXPECT_LT(sizes["fast"], content.size());
  EXPECT_LE(sizes["12"], sizes["1"]);
}

TEST(Vmdk, an_empty_disk_of_1_tib_is_walked_at_once) {
  TestFolder folder;
  for (std::string type : {"monolithicSparse", "streamOptimized"}) {
    auto options = subformat(type);
    options.size = 1ULL << 40;
    auto file = DiskFile::create(folder / (type + ".vmdk"));
    ASSERT_TRUE(file);
    auto builder = build(*find_format("vmdk"), *file, options);
    ASSERT_TRUE(builder && (*builder)->finish(Builder::Durability::none));
    auto image = opened(*file);
    ASSERT_NE(image, nullptr);
    auto begun = std::chrono::steady_clock::now();
    std::uint64_t at = 0;
    while (at < image->size()) {
      auto extent = image->extent(at, image->size() - at);
      ASSERT_TRUE(extent) << extent.error().message;
      ASSERT_EQ(extent->kind, Kind::hole);
      at += extent->length;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1)) << type;
  }
}

TEST(Vmdk, neighbouring_grains_are_one_extent) {
  auto content = noise(3 << 20, 3);
  auto image = opened(sparse_image(content));
  ASSERT_NE(image, nullptr);
  auto extent = image->extent(12345, content.size() - 12345);
  ASSERT_TRUE(extent);
  EXPECT_EQ(extent->length, content.size() - 12345);
}

TEST(Vmdk, builders_refuse_what_a_descriptor_cannot_say) {
  MemoryNeighbours neighbours;
  auto begin = [&](const std::string& file_name, BuildOptions options, std::uint64_t size) {
    options.size = size;
    auto made = build(*find_format("vmdk"), std::make_shared<MemoryFile>(file_name), options);
    return made ? "it began" : std::string(to_string(made.error().code));
  };
  EXPECT_EQ(begin("a\"\nRW 1 FLAT \"x.vmdk", subformat("monolithicSparse"), 512), "invalid");
  EXPECT_EQ(begin("a.vmdk", subformat("monolithicSparse"), 513), "invalid");
  EXPECT_EQ(begin("a.vmdk", subformat("monolithicSparse"), 0), "invalid");
  EXPECT_EQ(begin("a.vmdk", subformat("monolithicFlat"), 512), "invalid");
  EXPECT_EQ(begin("a.vmdk", subformat("twoGbMaxExtentSparse", &neighbours), 64ULL << 40), "limit");
  EXPECT_EQ(begin("a.vmdk", subformat("custom"), 512), "invalid");
  auto options = subformat("monolithicSparse");
  options.options["hw_version"] = "7\"\nRW 1 FLAT \"/etc/passwd\" 0";
  EXPECT_EQ(begin("a.vmdk", options, 512), "invalid");
  options.options["hw_version"] = "21";
  EXPECT_EQ(begin("a.vmdk", options, 512), "it began");
  options.sector_size = 4096;
  EXPECT_EQ(begin("a.vmdk", options, 4096), "unsupported");
  EXPECT_TRUE(neighbours.files.empty());
}

TEST(Vmdk, extents_are_named_after_the_image_even_while_it_has_a_temporary_name) {
  MemoryNeighbours neighbours;
  auto file = std::make_shared<MemoryFile>("/disks/web.vmdk.part");
  auto options = subformat("twoGbMaxExtentFlat", &neighbours);
  ASSERT_TRUE(store(*find_format("vmdk"), file, Content(512), options));
  options = subformat("monolithicFlat", &neighbours);
  ASSERT_TRUE(store(*find_format("vmdk"), file, Content(512), options));
  ASSERT_EQ(neighbours.files.size(), 2U);
  EXPECT_TRUE(neighbours.files.contains("web-f001.vmdk"));
  EXPECT_TRUE(neighbours.files.contains("web-flat.vmdk"));
}

}  // namespace
}  // namespace truce::image
