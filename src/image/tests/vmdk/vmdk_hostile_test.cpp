// Images that were made to do harm, and damaged ones.
#include <libdeflate.h>

#include <chrono>

#include "vmdk_support.h"

namespace truce::image {
namespace {

std::shared_ptr<MemoryFile> text_file(const std::string& text) {
  return std::make_shared<MemoryFile>("disk.vmdk", text);
}

/// Without a permission nothing is opened and the error names the file; with External::ignore the
/// description is there, and no byte.
void expect_closed(const std::string& text, const std::string& name) {
  MemoryNeighbours neighbours;
  auto image = open(text_file(text), {.neighbours = &neighbours});
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::forbidden);
  EXPECT_NE(image.error().message.find(name), std::string::npos) << image.error().message;
  auto ignored = opened(text_file(text), {.external = External::ignore, .neighbours = &neighbours});
  ASSERT_NE(ignored, nullptr);
  EXPECT_EQ(ignored->description().references.back().name, name);
  Content buffer(512);
  EXPECT_EQ(ignored->read(0, buffer).error().code, Code::forbidden);
  EXPECT_EQ(ignored->extent(0, 512).error().code, Code::forbidden);
  EXPECT_EQ(neighbours.opened, std::vector<std::string>{});
}

TEST(VmdkHostile, cve_2022_47951_a_flat_descriptor_discloses_no_file_of_the_host) {
  for (std::string type : {"monolithicFlat", "vmfs", "twoGbMaxExtentFlat"})
    expect_closed(descriptor_text(type, "RW 20 FLAT \"/etc/passwd\" 0\n"), "/etc/passwd");
}

TEST(VmdkHostile, cve_2022_47951_a_sparse_extent_with_a_descriptor_of_other_files_is_refused) {
  auto file = sparse_image(noise(65536, 1));
  for (const auto& text :
       {descriptor_text("monolithicFlat", "RW 128 FLAT \"/etc/passwd\" 0\n"),
        descriptor_text("monolithicSparse", "RW 128 FLAT \"/etc/passwd\" 0\n"),
        descriptor_text("monolithicSparse",
                        "RW 64 SPARSE \"disk.vmdk\"\nRW 64 FLAT \"/etc/passwd\" 0\n")}) {
    ASSERT_TRUE(file->write_zeroes(512, 20 * 512));
    ASSERT_TRUE(file->write(512, std::as_bytes(std::span(text))));
    MemoryNeighbours neighbours;
    for (auto external : {External::ignore, External::refuse, External::follow}) {
      auto image = open(file, {.external = external, .neighbours = &neighbours});
      ASSERT_FALSE(image);
      EXPECT_EQ(image.error().code, Code::unsupported);
    }
    EXPECT_TRUE(neighbours.opened.empty());
  }
}

TEST(VmdkHostile, cloud_hypervisor_8713_an_extent_above_the_folder_is_not_followed) {
  expect_closed(descriptor_text("monolithicFlat", "RW 20 FLAT \"../../secret\" 0\n"),
                "../../secret");
}

TEST(VmdkHostile, cloud_hypervisor_8714_an_absolute_sparse_extent_is_not_followed) {
  expect_closed(descriptor_text("twoGbMaxExtentSparse", "RW 20 SPARSE \"/srv/other.vmdk\"\n"),
                "/srv/other.vmdk");
}

TEST(VmdkHostile, cve_2024_4467_a_pseudo_name_is_only_a_name) {
  expect_closed(descriptor_text("vmfs", "RW 20 VMFS \"json:{'driver':'file'}\"\n"),
                "json:{'driver':'file'}");
}

TEST(VmdkHostile, cve_2026_24708_a_header_in_a_flat_extent_is_data) {
  MemoryNeighbours neighbours;
  auto content = sparse_image(noise(65536, 1))->content();
  neighbours.files["flat"] = std::make_shared<MemoryFile>("flat", content);
  auto text = descriptor_text("monolithicFlat",
                              fmt::format("RW {} FLAT \"flat\" 0\n", content.size() / 512));
  expect_content(*opened(text_file(text), follow(neighbours)), content);
}

TEST(VmdkHostile, ten_thousand_extents_are_answered_at_once) {
  auto begun = std::chrono::steady_clock::now();
  std::string lines;
  for (int i = 0; i < 10000; ++i) lines += fmt::format("RW 8 FLAT \"f{}\" 0\n", i);
  auto image = open(text_file(descriptor_text("twoGbMaxExtentFlat", lines)));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::limit);
  lines.clear();
  for (int i = 0; i < 4097; ++i) lines += "RW 8 ZERO\n";
  image = open(text_file(descriptor_text("twoGbMaxExtentFlat", lines)));
  EXPECT_NE(message_of(image).find("more than 4096 extents"), std::string::npos);
  lines.resize(lines.size() - 10);
  image = open(text_file(descriptor_text("twoGbMaxExtentFlat", lines)));
  ASSERT_TRUE(image);
  EXPECT_EQ((*image)->size(), 4096U * 8 * 512);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
}

TEST(VmdkHostile, cve_2014_0142_no_grain_size_divides_by_zero) {
  for (std::uint64_t grain : {0ULL, 1ULL, 4ULL, 24ULL, 8192ULL, 1ULL << 63, ~0ULL}) {
    auto file = sparse_image(noise(65536, 1));
    poke(*file, 20, grain, 8);
    auto image = open(file);
    EXPECT_NE(message_of(image).find("grain size"), std::string::npos) << grain;
  }
}

TEST(VmdkHostile, cve_2014_0143_no_table_is_larger_than_the_file) {
  for (std::uint64_t capacity : {1ULL << 33, 1ULL << 37, 1ULL << 54}) {
    auto file = sparse_image(noise(65536, 1));
    poke(*file, 12, capacity, 8);
    EXPECT_NE(message_of(open(file)).find("not inside the file"), std::string::npos) << capacity;
  }
  auto file = sparse_image(noise(65536, 1));
  poke(*file, 12, ~0ULL, 8);
  EXPECT_EQ(open(file).error().code, Code::limit);
  auto whole = sparse_image(noise(65536, 1));
  poke(*whole, 44, 1 << 30, 4);
  EXPECT_EQ(open(whole).error().code, Code::unsupported);
}

TEST(VmdkHostile, cve_2014_0144_no_directory_lies_outside_the_file) {
  for (std::size_t field : {28U, 48U, 56U}) {
    for (std::uint64_t sector : {1ULL << 20, 1ULL << 55, 0xfffffffffffffffeULL}) {
      auto file = sparse_image(noise(65536, 1));
      poke(*file, field, sector, 8);
      EXPECT_NE(message_of(open(file)).find("not inside the file"), std::string::npos) << sector;
    }
  }
}

TEST(VmdkHostile, cve_2014_0147_sums_of_extents_do_not_overflow) {
  for (std::string lines : {"RW 18446744073709551615 ZERO\nRW 2 ZERO\n",
                            "RW 9223372036854775808 ZERO\nRW 9223372036854775808 ZERO\n",
                            "RW 36028797018963968 ZERO\n"}) {
    auto image = open(text_file(descriptor_text("vmfs", lines)));
    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().code, Code::limit);
  }
  MemoryNeighbours neighbours;
  neighbours.files["f"] = std::make_shared<MemoryFile>("f", Content(512));
  for (std::string offset : {"1", "36028797018963968", "18446744073709551615"}) {
    auto text = descriptor_text("monolithicFlat", "RW 1 FLAT \"f\" " + offset + "\n");
    EXPECT_NE(message_of(open(text_file(text), follow(neighbours))).find("not inside the file"),
              std::string::npos);
  }
}

TEST(VmdkHostile, a_disk_that_is_its_own_parent_is_refused_at_once) {
  MemoryNeighbours neighbours;
  auto text =
      descriptor_text("vmfs", "RW 1 ZERO\n", "parentCID=12345678\nparentFileNameHint=\"self\"\n");
  neighbours.files["self"] = text_file(text);
  auto image = open(neighbours.files["self"], follow(neighbours));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::corrupt);
  EXPECT_EQ(neighbours.opened.size(), 1U);
}

TEST(VmdkHostile, q1_a_delta_is_never_read_as_if_it_had_no_parent) {
  auto file = sparse_image(Content(1 << 20));
  auto text = descriptor_text("monolithicSparse", "RW 2048 SPARSE \"disk.vmdk\"\n",
                              "parentCID=0badcafe\nparentFileNameHint=\"base.vmdk\"\n");
  ASSERT_TRUE(file->write_zeroes(512, 20 * 512));
  ASSERT_TRUE(file->write(512, std::as_bytes(std::span(text))));
  auto image = open(file);
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::forbidden);
  EXPECT_NE(image.error().message.find("base.vmdk"), std::string::npos);
  auto ignored = opened(file, {.external = External::ignore});
  Content buffer(512);
  EXPECT_EQ(ignored->read(0, buffer).error().code, Code::forbidden);
  EXPECT_EQ(ignored->extent(0, 512).error().code, Code::forbidden);
  for (std::string more : {"parentCID=0badcafe\n", "parentFileNameHint=\"base.vmdk\"\n"}) {
    auto half = open(text_file(descriptor_text("vmfs", "RW 1 ZERO\n", more)));
    ASSERT_FALSE(half);
    EXPECT_EQ(half.error().code, Code::corrupt);
  }
}

TEST(VmdkHostile, descriptors_that_say_too_little_or_too_much_are_refused) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases{
      {"fullDevice", "RW 1 ZERO\n", "createType 'fullDevice'"},
      {"vmfsRawDeviceMap", "RW 1 ZERO\n", "createType"},
      {"vmfs", "RW 1 VMFSRDM \"x\"\n", "no kind that is known"},
      {"vmfs", "NOACCESS 1 ZERO\n", "without access"},
      {"vmfs", "RW x ZERO\n", "has no size"},
      {"vmfs", "RW -1 ZERO\n", "has no size"},
      {"vmfs", "RW 1 VMFS x\n", "names no file"},
      {"vmfs", "RW 1 VMFS \"\"\n", "names no file"},
      {"vmfs", "RW 1 VMFS \"x\" y\n", "begins nowhere"},
      {"vmfs", "RW 1 ZERO\nCID=1\n", "two lines 'CID'"},
      {"vmfs", "RW 1 ZERO\nCREATETYPE=vmfs\n", "two lines 'createType'"},
      {"vmfs", "RW 1 ZERO\nversion=9\n", "two lines 'version'"}};
  for (const auto& [type, lines, why] : cases) {
    auto message = message_of(open(text_file(descriptor_text(type, lines))));
    EXPECT_NE(message.find(why), std::string::npos) << lines << message;
  }
  EXPECT_FALSE(open(text_file("# Disk DescriptorFile\nversion=1\n")));
  EXPECT_FALSE(open(text_file("version=1\nCID=x\ncreateType=\"vmfs\"\n")));
}

TEST(VmdkHostile, headers_that_were_changed_are_refused) {
  const std::vector<std::tuple<std::size_t, std::uint64_t, std::size_t, std::string>> cases{
      {73, '\r', 1, "transferred as text"},
      {4, 0, 4, "of version 0"},
      {4, 4, 4, "of version 4"},
      {8, 0x13, 4, "with flags"},
      {8, 0x10003, 4, "by no method"},
      {77, 2, 2, "compression method 2"},
      {77, 1, 2, "it opened"},
      {72, 1, 1, "it opened"},
      {36, 1 << 20, 8, "not inside"},
      {64, 1 << 20, 8, "cut off"}};
  for (const auto& [at, value, bytes, why] : cases) {
    auto file = sparse_image(noise(65536, 1));
    poke(*file, at, value, bytes);
    auto image = open(file);
    EXPECT_NE(message_of(image).find(why), std::string::npos) << at << message_of(image);
    if (at == 72) EXPECT_EQ((*image)->description().warnings.size(), 1U);
  }
}

struct Damaged {
  std::shared_ptr<MemoryFile> file;
  std::uint64_t directory, table;
};
Damaged sparse_to_damage(const Content& content = noise(256 << 10, 7)) {
  auto file = sparse_image(content);
  auto directory = le<std::uint64_t>(file->content(), 56) * 512;
  return {file, directory, le<std::uint32_t>(file->content(), directory) * 512ULL};
}

void expect_damage(const std::shared_ptr<MemoryFile>& file, const std::string& why) {
  auto image = opened(file);
  ASSERT_NE(image, nullptr);
  Content buffer(image->size());
  auto read = image->read(0, buffer);
  ASSERT_FALSE(read) << why;
  EXPECT_EQ(read.error().code, Code::corrupt);
  EXPECT_NE(read.error().message.find(why), std::string::npos) << read.error().message;
  auto report = image->check();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_GE(report->corruptions, 1U);
}

TEST(VmdkHostile, entries_that_point_outside_or_into_the_tables_are_damage) {
  for (std::uint64_t sector : {0xffffffffULL, 1ULL << 20, 1ULL, 2ULL}) {
    auto damaged = sparse_to_damage();
    poke(*damaged.file, damaged.table + 4, sector, 4);
    expect_damage(damaged.file, "grain 1");
    damaged = sparse_to_damage();
    poke(*damaged.file, damaged.directory, sector, 4);
    expect_damage(damaged.file, "grain directory: entry 0");
  }
}

TEST(VmdkHostile, check_finds_two_grains_in_one_place_copies_that_differ_and_leaks) {
  auto damaged = sparse_to_damage();
  auto first = le<std::uint32_t>(damaged.file->content(), damaged.table);
  poke(*damaged.file, damaged.table + 4, first, 4);
  auto report = opened(damaged.file)->check().value();
  EXPECT_EQ(report.corruptions, 2U);  // also the redundant table is not the same
  EXPECT_EQ(report.leaks, 1U);
  damaged = sparse_to_damage();
  poke(*damaged.file, damaged.table + 4, first + 1, 4);
  EXPECT_GE(opened(damaged.file)->check().value().corruptions, 2U);
  damaged = sparse_to_damage();
  poke(*damaged.file, le<std::uint64_t>(damaged.file->content(), 48) * 512, 0, 4);
  report = opened(damaged.file)->check().value();
  EXPECT_EQ(report.corruptions, 1U);
  EXPECT_NE(report.problems.at(0).find("redundant"), std::string::npos);
  damaged = sparse_to_damage(content_at_ends(65 << 20, 65536, 7));
  poke(*damaged.file, damaged.directory + 4, damaged.table / 512, 4);
  report = opened(damaged.file)->check().value();
  EXPECT_NE(report.problems.at(0).find("two entries of the grain directory"), std::string::npos);
}

TEST(VmdkHostile, a_header_that_disagrees_with_its_descriptor_is_reported) {
  auto file = sparse_image(noise(65536, 1));
  poke(*file, 12, 120, 8);
  auto image = opened(file);
  EXPECT_EQ(image->description().warnings.size(), 1U);
  EXPECT_EQ(image->check().value().corruptions, 1U);
}

TEST(VmdkHostile, grains_of_a_stream_must_be_where_they_belong_and_fit) {
  auto content = noise(256 << 10, 7);
  auto grain_at = [](View bytes) { return std::size_t{65536} + 0 * bytes.size(); };
  auto file = stream_image(content);
  poke(*file, grain_at(file->content()), 128, 8);
  expect_damage(file, "belongs to sector 128");
  file = stream_image(content);
  poke(*file, grain_at(file->content()) + 8, 0x7fffffff, 4);
  expect_damage(file, "cannot be there");
  file = stream_image(content);
  poke(*file, grain_at(file->content()) + 100, 0x1234567890, 8);
  expect_damage(file, "cannot be decompressed");
}

TEST(VmdkHostile, a_grain_that_decompresses_to_more_than_a_grain_or_less_is_damage) {
  for (std::size_t size : {std::size_t{1} << 20, std::size_t{65536} + 1, std::size_t{60000}}) {
    auto file = stream_image(noise(128 << 10, 7));
    auto* compressor = libdeflate_alloc_compressor(1);
    Content plain(size), packed(4096);
    auto length = libdeflate_zlib_compress(compressor, plain.data(), plain.size(), packed.data(),
                                           packed.size());
    libdeflate_free_compressor(compressor);
    ASSERT_GT(length, 0U);
    poke(*file, 65536 + 8, length, 4);
    ASSERT_TRUE(file->write(65536 + 12, View(packed).first(length)));
    expect_damage(file, size < 65536 ? "it has only 60000 bytes" : "cannot be decompressed");
  }
}

TEST(VmdkHostile, a_look_at_the_tables_alone_decodes_no_grain) {
  auto file = stream_image(noise(128 << 10, 7));
  poke(*file, 65536 + 100, 0x1234567890, 8);
  auto image = opened(file);
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(image->check().value().corruptions, 1U);
  EXPECT_EQ(image->check_tables().value().corruptions, 0U);
  auto damaged = sparse_to_damage();
  poke(*damaged.file, damaged.table + 4, le<std::uint32_t>(damaged.file->content(), damaged.table),
       4);
  EXPECT_EQ(opened(damaged.file)->check_tables().value().corruptions, 2U);
}

TEST(VmdkHostile, a_stream_that_was_cut_off_or_has_another_footer_is_refused) {
  auto file = stream_image(noise(128 << 10, 7));
  auto size = file->size();
  for (auto cut : {size - 1, size - 512, size - 1536, std::uint64_t{65536}, std::uint64_t{1536}}) {
    auto copy = std::make_shared<MemoryFile>("cut.vmdk", file->content());
    ASSERT_TRUE(copy->resize(cut));
    auto image = open(copy);
    ASSERT_FALSE(image) << cut;
    EXPECT_EQ(image.error().code, Code::corrupt);
  }
  auto footer = size - 1024;
  const std::vector<std::tuple<std::uint64_t, std::uint64_t, std::string>> cases{
      {footer + 12, 999, "differ in capacity"},
      {footer + 56, ~std::uint64_t{0}, "another footer"},
      {footer + 56, 1 << 20, "not inside the file"},
      {footer, 0, "no magic number"}};
  for (const auto& [at, value, why] : cases) {
    auto copy = std::make_shared<MemoryFile>("changed.vmdk", file->content());
    poke(*copy, at, value, 8);
    EXPECT_NE(message_of(open(copy)).find(why), std::string::npos) << message_of(open(copy));
  }
}

TEST(VmdkHostile, any_byte_of_the_front_may_be_wrong) {
  for (const auto& whole : {sparse_image(noise(65536, 7)), stream_image(noise(65536, 7))}) {
    for (std::size_t at = 0; at < 80; ++at) {
      for (unsigned value : {0x00U, 0x7fU, 0xffU}) {
        auto file = std::make_shared<MemoryFile>("x.vmdk", whole->content());
        poke(*file, at, value, 1);
        auto image = open(file, {}, "vmdk");
        if (!image) continue;
        Content buffer(65536);
        (void)(*image)->read(0,
                             Span(buffer).first(std::min<std::uint64_t>(65536, (*image)->size())));
        EXPECT_TRUE((*image)->check());
      }
    }
  }
}

}  // namespace
}  // namespace truce::image
