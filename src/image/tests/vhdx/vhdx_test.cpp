#include <chrono>

#include "vhdx_support.h"

namespace truce::image::vhdx {
namespace {

using Options = std::map<std::string, std::string, std::less<>>;

std::uint32_t sum_bit_by_bit(View bytes) {
  std::uint32_t crc = ~0U;
  for (auto byte : bytes) {
    crc ^= static_cast<std::uint32_t>(byte);
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78U : 0);
  }
  return ~crc;
}

TEST(Vhdx, sums_with_the_castagnoli_polynomial) {
  EXPECT_EQ(crc32c(std::as_bytes(std::span("123456789", 9))), 0xE3069283U);
  auto bytes = sparse_content(1000, 3);
  for (std::size_t length : {0, 1, 7, 8, 9, 63, 1000})
    EXPECT_EQ(crc32c(View(bytes).first(length)), sum_bit_by_bit(View(bytes).first(length)));
  EXPECT_EQ(crc32c(View(bytes).subspan(13), crc32c(View(bytes).first(13))), crc32c(bytes));
  auto without = bytes;
  std::ranges::fill(Span(without).subspan(4, 4), std::byte{});
  EXPECT_EQ(crc32c_without(bytes, 4), crc32c(without));
}

TEST(Vhdx, writes_an_identifier_as_windows_does) {
  EXPECT_EQ(to_string(bat_region), "2dc27766-f623-4200-9d64-115e9bfd4a08");
  EXPECT_EQ(bat_region.bytes[0], std::byte{0x66});
  EXPECT_EQ(Guid::parse("{2DC27766-F623-4200-9D64-115E9BFD4A08}"), bat_region);
  EXPECT_FALSE(Guid::parse("{2DC27766-F623-4200-9D64-115E9BFD4A08"));
  EXPECT_FALSE(Guid::parse("2DC27766-F623-4200-9D64-115E9BFD4AxY"));
}

std::vector<Options> variants() {
  std::vector<Options> all;
  for (auto subformat : {"dynamic", "fixed"}) {
    for (auto block_size : {"1MiB", "2MiB", "8MiB"}) {
      for (auto sectors : {"512", "4096"})
        all.push_back({{"subformat", subformat},
                       {"block_size", block_size},
                       {"logical_sector_size", sectors}});
    }
  }
  return all;
}

TEST(Vhdx, holds_what_was_stored_in_every_variant) {
  auto content = sparse_content((3 << 20) + 4096, 1);
  for (const auto& options : variants()) {
    auto file = disk_of(content, options);
    auto image = open(file);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ((*image)->description().format, "vhdx");
    EXPECT_EQ((*image)->description().variant, options.at("subformat"));
    EXPECT_EQ(std::to_string((*image)->description().sector_size),
              options.at("logical_sector_size"));
    EXPECT_TRUE((*image)->description().warnings.empty());
    expect_content(**image, content);
    auto report = (*image)->check();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->leaks + report->corruptions + report->problems.size(), 0U);
  }
}

TEST(Vhdx, is_read_by_qemu_as_it_was_stored) {
  TestFolder folder;
  auto content = sparse_content((9 << 20) + 4096, 2);
  for (const auto& options : variants()) {
    if (options.at("logical_sector_size") == "4096") continue;  // QEMU 7.2 opens none of these
    auto path = folder / "disk.vhdx";
    write_whole(path, disk_of(content, options)->content());
    EXPECT_TRUE(content_by_qemu(path, "vhdx") == content);
    auto ran = run_command("qemu-img check -f vhdx " + path.string());
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_NE(ran.output.find("No errors"), std::string::npos) << ran.output;
  }
}

TEST(Vhdx, reads_what_qemu_makes) {
  TestFolder folder;
  auto content = sparse_content(12 << 20, 3);
  write_whole(folder / "raw", content);
  for (auto options : {"subformat=dynamic", "subformat=dynamic,block_size=1M", "subformat=fixed",
                       "subformat=dynamic,block_size=256M,log_size=4M",
                       "subformat=fixed,block_size=2M", "subformat=dynamic,block_state_zero=off"}) {
    auto path = folder / "disk.vhdx";
    auto ran = run_command(fmt::format("qemu-img convert -S 4k -f raw -O vhdx -o {} {} {}", options,
                                       (folder / "raw").string(), path.string()));
    ASSERT_EQ(ran.status, 0) << ran.output;
    auto file = DiskFile::open(path, DiskFile::Access::read_only);
    ASSERT_TRUE(file);
    auto image = open(*file);
    ASSERT_TRUE(image) << options << ": " << image.error().message;
    if (std::string_view(options).contains("zero=off")) continue;  // QEMU writes zeros otherwise
    expect_content(**image, content);
    auto report = (*image)->check();
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->corruptions, 0U) << options << ": " << report->problems.front();
    std::filesystem::remove(path);
  }
}

TEST(Vhdx, has_blocks_of_32_mebibytes_as_new_vhd_makes_them_and_moves_smaller_pieces) {
  auto file = std::make_shared<MemoryFile>("disk");
  BuildOptions options{
      .size = 100 << 20, .sector_size = 4096, .options = {}, .neighbours = nullptr};
  auto builder = build(format(), file, options);
  ASSERT_TRUE(builder) << builder.error().message;
  EXPECT_EQ((*builder)->block_size(), mebibyte);
  auto place = [&](std::uint64_t piece) { return (*builder)->placing()->place(piece)->offset; };
  auto first = place(3);
  EXPECT_EQ(first % 4096, 0U);
  EXPECT_EQ(place(4), first + mebibyte);
  EXPECT_EQ(place(31), first + 28 * mebibyte);
  EXPECT_EQ(place(32), first + 29 * mebibyte);
  EXPECT_EQ(place(99), first + (29 + 32 + 3) * mebibyte);  // the third block holds nothing
  EXPECT_EQ((*builder)->placing()->place(100).error().code, Code::invalid);
  ASSERT_TRUE((*builder)->finish(Builder::Durability::durable));
  auto image = open(file);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ((*image)->description().block_size, 32U << 20);
  EXPECT_EQ((*image)->description().sector_size, 4096U);
  Content start(4 * mebibyte);
  ASSERT_TRUE((*image)->read(0, start));
  EXPECT_TRUE(all_zero(start));
}

/// Keeps the order of what happens to a file.
class Watched final : public File {
 public:
  std::vector<std::pair<char, std::uint64_t>> events;  ///< write at, flush
  [[nodiscard]] std::string name() const override { return "watched"; }
  [[nodiscard]] std::uint64_t size() const override { return memory_.size(); }
  Result<void> read(std::uint64_t offset, Span into) const override {
    return memory_.read(offset, into);
  }
  Result<void> write(std::uint64_t offset, View from) override {
    events.emplace_back('w', offset);
    return memory_.write(offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    return memory_.write_zeroes(offset, length);
  }
  Result<void> resize(std::uint64_t size) override { return memory_.resize(size); }
  Result<void> flush() override {
    events.emplace_back('f', 0);
    return {};
  }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override {
    return memory_.run(offset, length);
  }

 private:
  MemoryFile memory_;
};

TEST(Vhdx, writes_what_makes_it_a_disk_last_and_after_a_flush) {
  auto file = std::make_shared<Watched>();
  auto builder = build(format(), file, {.size = 8 << 20, .options = {}, .neighbours = nullptr});
  ASSERT_TRUE(builder);
  auto place = (*builder)->placing()->place(0);
  ASSERT_TRUE(place && place->file->write(place->offset, Content(4096, std::byte{1})));
  EXPECT_EQ(opening_error(file, Code::corrupt), "watched: vhdx: it does not begin with 'vhdxfile'");
  ASSERT_TRUE((*builder)->finish(Builder::Durability::durable));
  ASSERT_GE(file->events.size(), 3U);
  EXPECT_EQ(file->events.back(), std::pair('w', std::uint64_t{0}));
  EXPECT_EQ(file->events[file->events.size() - 2].first, 'f');
  EXPECT_EQ(std::ranges::count(file->events, std::pair('w', std::uint64_t{0})), 1);
}

TEST(Vhdx, walks_16_empty_tebibytes_at_once) {
  constexpr auto disk_size = most_disk / 4;
  auto file = std::make_shared<MemoryFile>("disk");
  auto builder = build(format(), file, {.size = disk_size, .options = {}, .neighbours = nullptr});
  ASSERT_TRUE(builder) << builder.error().message;
  ASSERT_TRUE((*builder)->placing()->place(disk_size / mebibyte - 1));
  ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
  auto image = open(file);
  ASSERT_TRUE(image) << image.error().message;
  auto begun = std::chrono::steady_clock::now();
  std::uint64_t extents = 0, stored = 0;
  for (std::uint64_t at = 0; at < disk_size; ++extents) {
    auto extent = (*image)->extent(at, disk_size - at);
    ASSERT_TRUE(extent) << extent.error().message;
    if (extent->kind == Kind::data) stored += extent->length;
    at += extent->length;
  }
  EXPECT_EQ(stored, 32 * mebibyte);
  EXPECT_LT(extents, 80U);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2));
}

TEST(Vhdx, joins_blocks_that_follow_one_another_in_the_file) {
  auto image = open(disk_of(Content(20 << 20, std::byte{1})));
  ASSERT_TRUE(image);
  auto extent = (*image)->extent(5, (20 << 20) - 5);
  ASSERT_TRUE(extent);
  EXPECT_EQ(extent->length, (20U << 20) - 5);
  EXPECT_EQ(extent->offset, 4 * mebibyte + 5);
}

TEST(Vhdx, refuses_options_that_no_disk_can_have) {
  auto file = std::make_shared<MemoryFile>("disk");
  auto code = [&](std::uint64_t size, Options options, std::uint32_t sectors = 512) {
    auto begun = build(format(), file,
                       {.size = size,
                        .sector_size = sectors,
                        .options = std::move(options),
                        .neighbours = nullptr});
    return begun ? Code::internal : begun.error().code;
  };
  EXPECT_EQ(code(mebibyte, {{"block_size", "3MiB"}}), Code::invalid);
  EXPECT_EQ(code(mebibyte, {{"block_size", "512KiB"}}), Code::invalid);
  EXPECT_EQ(code(mebibyte, {{"block_size", "512MiB"}}), Code::invalid);
  EXPECT_EQ(code(mebibyte, {{"block_size", "large"}}), Code::invalid);
  EXPECT_EQ(code(mebibyte, {{"subformat", "thick"}}), Code::invalid);
  EXPECT_EQ(code(mebibyte, {{"logical_sector_size", "520"}}), Code::invalid);
  EXPECT_EQ(code(mebibyte, {}, 1024), Code::invalid);
  EXPECT_EQ(code(0, {}), Code::invalid);
  EXPECT_EQ(code(513, {}), Code::invalid);
  EXPECT_EQ(code(512, {{"logical_sector_size", "4096"}}), Code::invalid);
  EXPECT_EQ(code(most_disk + 512, {}), Code::limit);
}

TEST(Vhdx, q3_a_fixed_disk_has_all_its_blocks_in_the_file) {
  auto file =
      disk_of(sparse_content(20 << 20, 4), {{"subformat", "fixed"}, {"block_size", "2MiB"}});
  for (std::uint64_t block = 0; block < 10; ++block) {
    EXPECT_EQ(le<std::uint64_t>(file->content(), bat_at + 8 * block),
              (4 + 2 * block) * mebibyte + 6);
  }
  EXPECT_EQ(file->size(), 24 * mebibyte);
  EXPECT_EQ(le<std::uint32_t>(file->content(), items_at + 4), 1U);      // LeaveBlocksAllocated
  EXPECT_EQ(le<std::uint32_t>(file->content(), items_at + 36), 4096U);  // physical sectors
  for (auto table : region_table_offsets) {
    for (std::uint64_t entry : {16, 48})
      EXPECT_EQ(le<std::uint32_t>(file->content(), table + entry + 28), 1U) << "required";
  }
}

TEST(Vhdx, q3_a_fixed_disk_of_qemu_with_blocks_that_have_no_place_is_told_of) {
  TestFolder folder;
  auto path = (folder / "disk.vhdx").string();
  write_whole(folder / "raw", sparse_content(12 << 20, 3));
  ASSERT_EQ(run_command("qemu-img convert -f raw -O vhdx -o subformat=fixed,block_size=1M " +
                        (folder / "raw").string() + " " + path)
                .status,
            0);
  auto file = DiskFile::open(path, DiskFile::Access::read_only);
  ASSERT_TRUE(file);
  auto image = open(*file);
  ASSERT_TRUE(image);
  EXPECT_EQ((*image)->description().variant, "fixed");
  auto report = (*image)->check();
  ASSERT_TRUE(report);
  EXPECT_TRUE(std::ranges::any_of(report->problems, [](const auto& problem) {
    return problem.contains("have no place in the file");
  }));
  EXPECT_GT(report->leaks, 0U);
}

}  // namespace
}  // namespace truce::image::vhdx
