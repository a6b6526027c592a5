// Damaged and hostile images: they are refused, or told of; they never disclose another file.
#include <gtest/gtest.h>

#include "qcow2_support.h"

namespace truce::image {
namespace {

constexpr std::uint64_t cluster = 65536;
constexpr std::uint64_t copied = std::uint64_t{1} << 63;

/// A small image of ours: header, L1 at 64 KiB, the L2 table at 128 KiB, data from 192 KiB on.
std::shared_ptr<MemoryFile> sample(std::map<std::string, std::string, std::less<>> chosen = {}) {
  auto file = std::make_shared<MemoryFile>("disk");
  BuildOptions options;
  options.options = std::move(chosen);
  Content content(8 * cluster, std::byte{1});
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i / 999);
  auto stored = store(*find_format("qcow2"), file, content, options);
  EXPECT_TRUE(stored) << stored.error().message;
  return file;
}

Code code_of(const std::shared_ptr<File>& file, const OpenOptions& options = {}) {
  auto image = open(file, options, "qcow2");
  return image ? Code::internal : image.error().code;
}

/// The answers of both checkers to one image.
void expect_agreement(const MemoryFile& file, int expected, const char* about) {
  SCOPED_TRACE(about);
  TestFolder folder;
  write_whole(folder / "disk", file.content());
  auto ran = check_by_qemu(folder / "disk");
  EXPECT_EQ(ran.status, expected) << ran.output;
  auto report = open_qcow2(folder / "disk")->check();
  EXPECT_EQ(exit_code(report), expected) << problems(report);
}

TEST(Qcow2Damage, header_fields_out_of_their_bounds_are_refused) {
  auto refused = [](std::uint64_t at, auto value) {
    auto file = sample();
    poke(*file, at, value);
    return code_of(file);
  };
  EXPECT_EQ(refused(0, std::uint32_t{0}), Code::corrupt);
  EXPECT_EQ(refused(4, std::uint32_t{4}), Code::unsupported);
  for (std::uint32_t bits : {0U, 8U, 22U, 64U, ~0U}) EXPECT_EQ(refused(20, bits), Code::corrupt);
  EXPECT_EQ(refused(32, std::uint32_t{1}), Code::unsupported);  // AES
  EXPECT_EQ(refused(32, std::uint32_t{2}), Code::corrupt);      // LUKS, and nowhere its header
  EXPECT_EQ(refused(24, ~std::uint64_t{0}), Code::corrupt);
  EXPECT_EQ(refused(40, std::uint64_t{65537}), Code::corrupt);
  EXPECT_EQ(refused(40, std::uint64_t{0}), Code::corrupt);
  EXPECT_EQ(refused(96, std::uint32_t{7}), Code::corrupt);
  EXPECT_EQ(refused(104, std::uint8_t{1}), Code::corrupt);
  EXPECT_EQ(refused(72, std::uint64_t{8}), Code::corrupt);  // another compression, and none named
}

TEST(Qcow2Damage, cve_2014_0142_no_number_of_zero_is_divided_by) {
  auto file = sample();
  poke<std::uint32_t>(*file, 20, 0);
  EXPECT_EQ(code_of(file), Code::corrupt);
  poke<std::uint32_t>(*file, 20, 16);
  poke<std::uint32_t>(*file, 56, 0);  // no refcount table
  EXPECT_EQ(code_of(file), Code::corrupt);
}

TEST(Qcow2Damage, cve_2014_0143_sizes_of_tables_do_not_overflow) {
  auto file = sample();
  poke<std::uint32_t>(*file, 36, 0x20000001);  // times 8 is 8 in 32 bits
  EXPECT_EQ(code_of(file), Code::limit);
  file = sample();
  poke<std::uint32_t>(*file, 56, 0x10001);  // clusters of the refcount table
  EXPECT_EQ(code_of(file), Code::limit);
}

TEST(Qcow2Damage, cve_2014_0144_tables_and_names_lie_in_the_file) {
  auto refused = [](std::uint64_t at, auto value) {
    auto file = sample();
    poke(*file, at, value);
    return code_of(file);
  };
  EXPECT_EQ(refused(40, std::uint64_t{1} << 40), Code::corrupt);
  EXPECT_EQ(refused(40, ~std::uint64_t{0} << 16), Code::corrupt);
  EXPECT_EQ(refused(48, std::uint64_t{1} << 40), Code::corrupt);
  EXPECT_EQ(refused(48, ~std::uint64_t{0} << 16), Code::corrupt);
  EXPECT_EQ(refused(100, std::uint32_t{65600}), Code::corrupt);
  EXPECT_EQ(refused(100, std::uint32_t{96}), Code::corrupt);
  auto file = sample();
  poke<std::uint64_t>(*file, 8, 200);  // a name that is too long, then one beyond the cluster
  poke<std::uint32_t>(*file, 16, 1024);
  EXPECT_EQ(code_of(file), Code::corrupt);
  poke<std::uint64_t>(*file, 8, 65530);
  poke<std::uint32_t>(*file, 16, 10);
  EXPECT_EQ(code_of(file), Code::corrupt);
  poke<std::uint64_t>(*file, 8, ~std::uint64_t{0});
  EXPECT_EQ(code_of(file), Code::corrupt);
}

TEST(Qcow2Damage, cve_2014_0145_a_snapshot_with_an_oversized_table_is_refused) {
  TestFolder folder;
  write_whole(folder / "disk", sample()->content());
  must("qemu-img snapshot -c one " + quoted(folder / "disk"));
  auto file = disk_file(folder / "disk");
  auto row = peek<std::uint64_t>(*file, 64);
  auto code = [&] {
    auto opened = qcow2::open_snapshot(file, {}, "one");
    return opened ? Code::internal : opened.error().code;
  };
  ASSERT_EQ(code(), Code::internal);
  poke<std::uint32_t>(*file, row + 8, 0x20000001);
  EXPECT_EQ(code(), Code::limit);
  poke<std::uint32_t>(*file, row + 8, 0);
  EXPECT_EQ(code(), Code::corrupt);
  poke<std::uint32_t>(*file, row + 8, 1);
  poke<std::uint64_t>(*file, row, std::uint64_t{1} << 50);
  EXPECT_EQ(code(), Code::corrupt);
}

TEST(Qcow2Damage, cve_2014_0146_an_error_while_opening_leaves_nothing_behind) {
  auto file = sample();
  poke<std::uint32_t>(*file, 60, 5);  // snapshots, whose table is zeros of the file's end
  poke<std::uint64_t>(*file, 64, cluster * 400);
  EXPECT_EQ(code_of(file), Code::corrupt);
  EXPECT_EQ(code_of(file), Code::corrupt);
}

TEST(Qcow2Damage, cve_2014_0147_refcounts_that_lie_are_found_and_never_followed) {
  auto file = sample();
  auto table = peek<std::uint64_t>(*file, 48);
  poke<std::uint64_t>(*file, table, ~std::uint64_t{0});
  auto image = open(file, {}, "qcow2");
  ASSERT_TRUE(image);
  EXPECT_EQ(exit_code((*image)->check()), 2);
}

TEST(Qcow2Damage, cve_2014_0148_counts_of_snapshots_are_bounded) {
  auto file = sample();
  poke<std::uint64_t>(*file, 64, cluster);
  poke<std::uint32_t>(*file, 60, 65537);
  EXPECT_EQ(code_of(file), Code::limit);
  poke<std::uint32_t>(*file, 60, 65536);  // rows of the bytes that happen to be there: they end
  EXPECT_NE(code_of(file), Code::internal);
}

TEST(Qcow2Damage, cve_2024_32498_a_data_file_is_not_opened_unless_it_is_allowed) {
  TestFolder folder;
  TestNeighbours neighbours(folder / "");
  BuildOptions options;
  options.options = {{"data_file", "data"}};
  options.neighbours = &neighbours;
  auto file = std::make_shared<MemoryFile>("disk");
  ASSERT_TRUE(store(*find_format("qcow2"), file, Content(cluster, std::byte{1}), options));
  EXPECT_EQ(code_of(file), Code::forbidden);
  auto image = open(file, {.external = External::ignore, .neighbours = &neighbours}, "qcow2");
  ASSERT_TRUE(image);
  EXPECT_EQ((*image)->description().references.at(0).name, "data");
  Content into(512);
  EXPECT_EQ((*image)->read(0, into).error().code, Code::forbidden);
  EXPECT_EQ((*image)->extent(0, 512).error().code, Code::forbidden);
  EXPECT_TRUE(neighbours.opened.empty());
}

TEST(Qcow2Damage, cve_2024_4467_the_name_of_a_data_file_is_a_name_and_nothing_else) {
  TestFolder folder;
  TestNeighbours neighbours(folder / "");
  auto file = std::make_shared<MemoryFile>("disk");
  BuildOptions options;
  options.options = {{"data_file", "json:{\"driver\":\"file\"}"}};
  options.neighbours = &neighbours;
  ASSERT_TRUE(store(*find_format("qcow2"), file, Content(cluster, std::byte{1}), options));
  ASSERT_TRUE(open(file, {.external = External::follow, .neighbours = &neighbours}, "qcow2"));
  EXPECT_EQ(neighbours.opened, std::vector<std::string>{"json:{\"driver\":\"file\"}"});
}

TEST(Qcow2Damage, q8_an_image_that_is_its_own_backing_file_is_refused) {
  TestFolder folder;
  auto file = DiskFile::create(folder / "disk");
  ASSERT_TRUE(file);
  BuildOptions options;
  options.options = {{"backing_file", "disk"}, {"backing_format", "qcow2"}};
  ASSERT_TRUE(store(*find_format("qcow2"), *file, Content(cluster), options));
  TestNeighbours neighbours(folder / "");
  EXPECT_EQ(code_of(*file, {.external = External::follow, .neighbours = &neighbours}),
            Code::corrupt);
  EXPECT_EQ(code_of(*file), Code::forbidden);
  auto image = open(*file, {.external = External::ignore}, "qcow2");
  ASSERT_TRUE(image);
  Content into(512);
  EXPECT_EQ((*image)->read(0, into).error().code, Code::forbidden);
}

TEST(Qcow2Damage, q8_an_image_that_is_its_own_data_file_is_refused) {
  TestFolder folder;
  TestNeighbours neighbours(folder / "");
  auto file = DiskFile::create(folder / "disk");
  BuildOptions options;
  options.options = {{"data_file", "data"}};
  options.neighbours = &neighbours;
  ASSERT_TRUE(store(*find_format("qcow2"), *file, Content(cluster, std::byte{1}), options));
  std::filesystem::remove(folder / "data");
  std::filesystem::create_hard_link(folder / "disk", folder / "data");
  EXPECT_EQ(code_of(*file, {.external = External::follow, .neighbours = &neighbours}),
            Code::corrupt);
}

TEST(Qcow2Damage, unknown_features_are_refused_by_name) {
  auto file = sample();
  poke<std::uint64_t>(*file, 72, std::uint64_t{1} << 5);
  // The table of names is the first extension: give its first row to bit 5.
  poke<std::uint16_t>(*file, 112 + 8, 5);
  auto image = open(file, {}, "qcow2");
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::unsupported);
  EXPECT_NE(image.error().message.find("'dirty bit'"), std::string::npos) << image.error().message;
}

TEST(Qcow2Damage, dirty_and_corrupt_images_are_read_with_a_warning) {
  auto file = sample();
  poke<std::uint64_t>(*file, 72, 3);
  auto image = open(file, {.read_write = true}, "qcow2");
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ((*image)->description().warnings.size(), 2U);
  EXPECT_EQ((*image)->writable(), nullptr);
}

TEST(Qcow2Damage, wrong_entries_end_in_an_error_and_never_in_wrong_bytes) {
  std::uint64_t l1 = cluster, l2 = 2 * cluster;
  auto refused = [](std::uint64_t at, std::uint64_t value) {
    auto file = sample();
    poke(*file, at, value);
    auto image = open(file, {}, "qcow2");
    if (!image) return image.error().code;
    EXPECT_EQ(exit_code((*image)->check()), 2);
    Content into(512);
    auto read = (*image)->read(0, into);
    auto extent = (*image)->extent(0, 512);
    EXPECT_EQ(read.has_value(), extent.has_value());
    return read ? Code::internal : read.error().code;
  };
  EXPECT_EQ(refused(l1, copied | (l2 + 512)), Code::corrupt);     // not aligned
  EXPECT_EQ(refused(l1, copied | cluster << 20), Code::corrupt);  // beyond the end
  EXPECT_EQ(refused(l1, copied | l2 | 1), Code::corrupt);         // reserved bits
  EXPECT_EQ(refused(l2, copied | (3 * cluster + 512)), Code::corrupt);
  EXPECT_EQ(refused(l2, copied | cluster << 20), Code::corrupt);
  EXPECT_EQ(refused(l2, copied | 3 * cluster | 2), Code::corrupt);
  EXPECT_EQ(refused(l2, copied), Code::corrupt);  // over the header
  EXPECT_EQ(refused(l2, std::uint64_t{1} << 62 | 100), Code::corrupt);
  EXPECT_EQ(refused(l2, std::uint64_t{1} << 62 | cluster << 20), Code::corrupt);
}

TEST(Qcow2Damage, a_compressed_cluster_must_decode_to_exactly_one_cluster) {
  for (const char* compression : {"zlib", "zstd"}) {
    auto file = sample({{"compression", compression}});
    auto good = open(file, {}, "qcow2");
    Content into(512);
    ASSERT_TRUE(good && (*good)->read(0, into));
    auto first = peek<std::uint64_t>(*file, 2 * cluster) & 0x3fffffffffffff;
    for (std::uint64_t at = 0; at < 64; at += 8)
      poke<std::uint64_t>(*file, first + at, 0x7777777777777777);
    auto image = open(file, {}, "qcow2");
    ASSERT_TRUE(image);
    EXPECT_EQ((*image)->read(0, into).error().code, Code::corrupt);
  }
}

TEST(Qcow2Damage, check_agrees_with_qemu) {
  std::uint64_t l1 = cluster, l2 = 2 * cluster;
  expect_agreement(*sample(), 0, "good");
  expect_agreement(*sample({{"compression", "zlib"}}), 0, "compressed");
  auto changed = [&](std::uint64_t at, auto value) {
    auto file = sample();
    poke(*file, at, value);
    return file;
  };
  auto block = peek<std::uint64_t>(*sample(), peek<std::uint64_t>(*sample(), 48));
  expect_agreement(*changed(l2 + 8, std::uint64_t{0}), 3, "a cluster nobody refers to");
  expect_agreement(*changed(block + 2 * 3, std::uint16_t{0}), 2, "a refcount too small");
  expect_agreement(*changed(block + 2 * 3, std::uint16_t{7}), 2,
                   "a refcount too large, and the copied flag is wrong");
  expect_agreement(*changed(l2, 3 * cluster), 2, "the copied flag is missing");
  expect_agreement(*changed(l2, copied | 4 * cluster), 2, "two guest clusters in one place");
  expect_agreement(*changed(l2, copied | l1), 2, "data over the L1 table");
  expect_agreement(*changed(l2, copied | cluster << 20), 2, "data beyond the end");
  expect_agreement(*changed(l2, copied | (3 * cluster + 512)), 2, "data not aligned");
  expect_agreement(*changed(l2, copied | 3 * cluster | 2), 2, "reserved bits");
  expect_agreement(*changed(l1, copied | (l2 + 512)), 2, "a table not aligned");
  expect_agreement(*changed(l1, l2), 2, "the copied flag of a table");
  expect_agreement(*changed(l1, std::uint64_t{0}), 3, "a table lost");
}

TEST(Qcow2Damage, cloud_hypervisor_8606_an_l2_table_given_away_as_data_is_found) {
  auto file = sample();
  auto block = peek<std::uint64_t>(*file, peek<std::uint64_t>(*file, 48));
  poke<std::uint64_t>(*file, 2 * cluster + 8, copied | 2 * cluster);  // data over its own table
  poke<std::uint16_t>(*file, block + 2 * 2, 2);
  auto image = open(file, {}, "qcow2");
  ASSERT_TRUE(image);
  EXPECT_EQ(exit_code((*image)->check()), 2);
}

TEST(Qcow2Damage, openvmm_4347_offsets_of_refcount_blocks_are_checked) {
  for (std::uint64_t wrong : {std::uint64_t{512}, std::uint64_t{1} << 50, ~std::uint64_t{0} << 16,
                              std::uint64_t{65536 + 8}}) {
    auto file = sample();
    poke<std::uint64_t>(*file, peek<std::uint64_t>(*file, 48), wrong);
    auto image = open(file, {}, "qcow2");
    ASSERT_TRUE(image);
    auto report = (*image)->check();
    ASSERT_TRUE(report);
    EXPECT_GT(report->corruptions, 0U);
  }
}

TEST(Qcow2Damage, a_file_that_is_cut_off_never_gives_wrong_bytes) {
  TestFolder folder;
  auto expected = sparse_content(1 << 20, 21);
  write_whole(folder / "raw", expected);
  must("qemu-img convert -O qcow2 " + quoted(folder / "raw") + " " + quoted(folder / "disk"));
  auto whole = read_whole(folder / "disk");
  unsigned refused = 0;
  for (std::uint64_t size = 0; size < whole.size(); size += cluster) {
    auto bytes = whole;
    bytes.resize(size);
    auto image = open(std::make_shared<MemoryFile>("cut", bytes), {}, "qcow2");
    refused += !image;
    for (std::uint64_t at = 0; image && at < expected.size(); at += 4096) {
      Content got(4096);
      if (!(*image)->read(at, got)) {
        ++refused;
      } else {
        EXPECT_TRUE(std::ranges::equal(got, View(expected).subspan(at, 4096))) << size << " " << at;
      }
    }
  }
  EXPECT_GT(refused, 50U);
}

}  // namespace
}  // namespace truce::image
