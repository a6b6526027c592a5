#include <gtest/gtest.h>

#include <chrono>

#include "rows.h"
#include "support.h"
#include "vhd/layout.h"
#include "vhd_make.h"

namespace truce::image::vhd {
namespace {

// qemu-img goes by the geometry of creators that it does not know, so it is told not to.
std::string by_size(const std::filesystem::path& path) {
  return "--image-opts driver=vpc,force_size_calc=current_size,file.filename=" + path.string();
}

Content read_by_qemu(const std::filesystem::path& path) {
  auto raw = path.string() + ".raw";
  auto ran = run_command("qemu-img convert -O raw " + by_size(path) + " " + raw);
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_EQ(ran.output, "");
  return read_whole(raw);
}

Content built(View content, std::map<std::string, std::string, std::less<>> options = {}) {
  return image::built(vhd_format, content, std::move(options));
}

std::unique_ptr<Image> opened(Content file, const OpenOptions& options = {}) {
  auto image = open(in_memory(std::move(file)), options, "vhd");
  EXPECT_TRUE(image) << image.error().message;
  return image ? *std::move(image) : nullptr;
}

Error open_error(Content file, const OpenOptions& options = {}) {
  auto image = open(in_memory(std::move(file)), options, "vhd");
  EXPECT_FALSE(image) << "it opened";
  return image ? Error{} : image.error();
}

void repair_footer(Content& file) {
  auto sum = [](Span footer) {
    put_be<std::uint32_t>(footer, 64, 0);
    std::uint32_t total = 0;
    for (auto byte : footer) total += std::to_integer<std::uint32_t>(byte);
    put_be<std::uint32_t>(footer, 64, ~total);
  };
  sum(Span(file).last(512));
  if (std::memcmp(file.data(), "conectix", 8) == 0) sum(Span(file).first(512));
}

void repair_header(Content& file) {
  auto header = Span(file).subspan(512, 1024);
  put_be<std::uint32_t>(header, 36, 0);
  std::uint32_t total = 0;
  for (auto byte : header) total += std::to_integer<std::uint32_t>(byte);
  put_be<std::uint32_t>(header, 36, ~total);
}

TEST(Vhd, what_is_built_reads_the_same_here_and_in_qemu) {
  TestFolder folder;
  int number = 0;
  for (const char* subformat : {"dynamic", "fixed"}) {
    for (const char* block : {"2M", "512K"}) {
      for (std::size_t size : {(5 << 20) + 512, 512}) {
        auto content = sparse_content(size, static_cast<unsigned>(size));
        auto bytes = built(content, {{"subformat", subformat}, {"block_size", block}});
        auto image = opened(bytes);
        ASSERT_TRUE(image);
        EXPECT_EQ(image->description().variant, subformat);
        expect_content(*image, content);
        EXPECT_EQ(image->check()->problems, std::vector<std::string>{});
        auto path = folder / fmt::format("{}.vhd", number++);
        write_whole(path, bytes);
        EXPECT_TRUE(read_by_qemu(path) == content) << subformat << block << size;
      }
    }
  }
}

TEST(Vhd, one_made_by_windows_is_read_by_qemu_in_its_whole_size) {
  TestFolder folder;
  auto content = sparse_content((9 << 20) + 512, 7);
  write_whole(folder / "d.vhd", built(content, {{"creator", "windows"}}));
  EXPECT_TRUE(content_by_qemu(folder / "d.vhd", "vpc") == content);
}

TEST(Vhd, reads_what_qemu_makes) {
  TestFolder folder;
  auto content = sparse_content(11 << 20, 3);
  write_whole(folder / "raw", content);
  for (const char* made : {"subformat=dynamic", "subformat=fixed",
                           "subformat=dynamic,force_size=on", "subformat=fixed,force_size=on"}) {
    auto path = folder / "made.vhd";
    auto ran = run_command(fmt::format("qemu-img convert -f raw -O vpc -o {} {} {}", made,
                                       (folder / "raw").string(), path.string()));
    ASSERT_EQ(ran.status, 0) << ran.output;
    auto expected = content_by_qemu(path, "vpc");
    ASSERT_GE(expected.size(), content.size());
    auto file = DiskFile::open(path, DiskFile::Access::read_only);
    ASSERT_TRUE(file);
    auto found = detect(**file);
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)->name, "vhd");
    auto image = open(*file);
    ASSERT_TRUE(image) << image.error().message;
    expect_content(**image, expected);
    EXPECT_TRUE(std::ranges::equal(View(expected).first(content.size()), content));
    EXPECT_EQ((*image)->check()->corruptions, 0U);
  }
}

TEST(Vhd, libvhdi_agrees_on_size_and_type) {
  TestFolder folder;
  for (const char* subformat : {"dynamic", "fixed"}) {
    write_whole(folder / "d.vhd", built(sparse_content(7 << 20, 4), {{"subformat", subformat}}));
    auto ran = run_command("vhdiinfo " + (folder / "d.vhd").string());
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_NE(ran.output.find("7340032 bytes"), std::string::npos) << ran.output;
    EXPECT_NE(ran.output.find(*subformat == 'd' ? "Dynamic" : "Fixed"), std::string::npos)
        << ran.output;
  }
}

TEST(Vhd, data_are_aligned_so_that_file_systems_can_share_them) {
  auto file = std::make_shared<MemoryFile>("new.vhd");
  auto builder = build(vhd_format, file, {.size = 64 << 20});
  ASSERT_TRUE(builder);
  for (std::uint64_t block : {1, 2, 30})
    EXPECT_EQ((*builder)->placing()->place(block)->offset % 4096, 0U);
  ASSERT_TRUE((*builder)->finish(Builder::Durability::durable));
  auto image = opened(file->content());
  ASSERT_TRUE(image);
  auto extent = image->extent(5 << 20, 1 << 20);
  ASSERT_TRUE(extent);
  EXPECT_EQ(extent->kind, Kind::data);
  EXPECT_EQ(extent->offset % 4096, 0U);
  EXPECT_EQ(image->check()->corruptions, 0U);
}

TEST(Vhd, q2_the_size_is_kept_exactly_and_rounded_up_to_mebibytes_for_azure_only) {
  Content content((3 << 20) + 512, std::byte{1});
  EXPECT_EQ(opened(built(content))->size(), content.size());
  auto azure = built(content, {{"azure", "on"}});
  EXPECT_EQ(azure.size(), (4U << 20) + 512);
  auto image = opened(azure);
  EXPECT_EQ(image->size(), 4U << 20);
  EXPECT_EQ(image->description().variant, "fixed");
  BuildOptions both{.size = 1 << 20, .options = {{"azure", "on"}, {"subformat", "dynamic"}}};
  EXPECT_EQ(build(vhd_format, in_memory({}), both).error().code, Code::invalid);
}

TEST(Vhd, q2_the_current_size_counts_whoever_made_it_and_another_geometry_is_warned_of) {
  // 10 GiB has the geometry 20805/16/63, which ends 40,960 bytes earlier.
  auto footer = make_footer(Type::dynamic, 10ULL << 30, "vbox");
  EXPECT_EQ(footer.geometry, (Geometry{20805, 16, 63}));
  EXPECT_EQ(footer.current_size - footer.geometry.bytes(), 40960U);
  for (const char* creator : {"vbox", "vpc ", "qemu", "vs  ", "xo  ", "d2v ", "win "}) {
    auto file = built(sparse_content(1 << 20, 1));
    for (auto at : {std::size_t{28}, file.size() - 512 + 28})
      std::memcpy(file.data() + at, creator, 4);
    repair_footer(file);
    auto image = opened(file);
    ASSERT_TRUE(image);
    EXPECT_EQ(image->size(), 1U << 20);
    bool believed = std::string_view(creator) == "win ";
    ASSERT_EQ(image->description().warnings.size(), believed ? 0U : 1U) << creator;
    if (!believed) EXPECT_NE(image->description().warnings[0].find("geometry"), std::string::npos);
  }
}

TEST(Vhd, the_geometry_is_that_of_the_specification) {
  EXPECT_EQ(geometry_of(40 << 20), (Geometry{963, 5, 17}));
  EXPECT_EQ(geometry_of(1ULL << 30), (Geometry{2080, 16, 63}));
  EXPECT_EQ(geometry_of(127ULL << 30), (Geometry{65278, 16, 255}));
  EXPECT_EQ(geometry_of(2040ULL << 30), largest_geometry);
}

TEST(Vhd, another_geometry_than_that_of_the_size_is_told) {
  auto file = built(sparse_content(1 << 20, 1));
  EXPECT_EQ(opened(file)->description().geometry, "");
  for (auto at : {std::size_t{56}, file.size() - 512 + 56})
    put_be<std::uint32_t>(Span(file), at, 0x00100820);
  repair_footer(file);
  EXPECT_EQ(opened(file)->description().geometry, "16/8/32");
}

TEST(Vhd, q1_a_differencing_vhd_is_never_read_as_if_it_had_no_parent) {
  auto child = make_child({}, {{5, 0xAA}});
  EXPECT_EQ(open_error(child).code, Code::forbidden);
  auto image = opened(child, {.external = External::ignore});
  ASSERT_TRUE(image);
  EXPECT_EQ(image->description().variant, "differencing");
  ASSERT_EQ(image->description().references.size(), 1U);
  EXPECT_EQ(image->description().references[0].name, "parent.vhd");
  Content sector(512);
  EXPECT_TRUE(image->read(5 * 512, sector));
  EXPECT_EQ(sector, Content(512, std::byte{0xAA}));
  for (std::uint64_t at : {std::uint64_t{0}, std::uint64_t{6 * 512}, std::uint64_t{4 << 20}}) {
    EXPECT_EQ(image->read(at, sector).error().code, Code::forbidden);
    EXPECT_EQ(image->extent(at, 512).error().code, Code::forbidden);
  }
}

TEST(Vhd, a_differencing_disk_shows_its_own_sectors_over_those_of_its_parent) {
  auto content = sparse_content(7 << 20, 9);
  auto parent = built(content);
  auto parent_footer = parse_footer(View(parent).last(512));
  ASSERT_TRUE(parent_footer);
  ChildOptions options{.parent_id = parent_footer->id,
                       .parent_time_stamp = parent_footer->time_stamp};
  auto child = make_child(options, {{0, 1}, {9, 2}, {10, 3}, {4096, 4}, {16383, 5}});
  content.resize(8 << 20);  // the child is larger than its parent
  for (auto [sector, value] :
       std::map<std::size_t, int>{{0, 1}, {9, 2}, {10, 3}, {4096, 4}, {16383, 5}})
    std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(sector * 512), 512,
                static_cast<std::byte>(value));
  MemoryNeighbours neighbours;
  neighbours.files["parent.vhd"] = in_memory(parent);
  auto image = opened(child, {.external = External::follow, .neighbours = &neighbours});
  ASSERT_TRUE(image);
  expect_content(*image, content);
  for (const auto& warning : image->description().warnings)
    EXPECT_EQ(warning.find("may have changed"), std::string::npos) << warning;
}

TEST(Vhd, a_parent_with_another_id_is_refused_and_another_time_is_warned_of) {
  auto parent = built(sparse_content(4 << 20, 2));
  MemoryNeighbours neighbours;
  neighbours.files["parent.vhd"] = in_memory(parent);
  OpenOptions follow{.external = External::follow, .neighbours = &neighbours};
  EXPECT_EQ(open_error(make_child({}, {}), follow).code, Code::corrupt);
  auto id = parse_footer(View(parent).last(512))->id;
  auto image = opened(make_child({.parent_id = id, .parent_time_stamp = 1}, {}), follow);
  ASSERT_TRUE(image);
  EXPECT_TRUE(std::ranges::any_of(image->description().warnings, [](const std::string& warning) {
    return warning.find("may have changed") != std::string::npos;
  }));
}

TEST(Vhd, the_parent_is_looked_for_by_all_its_names_the_relative_one_first) {
  auto parent = built(sparse_content(4 << 20, 2));
  auto id = parse_footer(View(parent).last(512))->id;
  MemoryNeighbours neighbours;
  neighbours.files["/disks/base.vhd"] = in_memory(parent);
  ChildOptions options{.parent_id = id,
                       .relative_name = "..\\old\\parent.vhd",
                       .absolute_name = "file://localhost/disks/base.vhd"};
  auto image =
      opened(make_child(options, {}), {.external = External::follow, .neighbours = &neighbours});
  ASSERT_TRUE(image);
  EXPECT_EQ(neighbours.asked, (std::vector<std::string>{"../old/parent.vhd", "/disks/base.vhd"}));
  EXPECT_EQ(image->description().references.size(), 3U);
}

TEST(Vhd, a_disk_that_is_its_own_parent_ends_in_an_error) {
  auto child = make_child({}, {});
  MemoryNeighbours neighbours;
  neighbours.files["parent.vhd"] = in_memory(child);
  EXPECT_EQ(open_error(child, {.external = External::follow, .neighbours = &neighbours}).code,
            Code::corrupt);
}

TEST(Vhd, sectors_whose_bit_is_not_set_in_a_dynamic_disk_are_zero) {
  auto file = built(Content(2 << 20, std::byte{7}));
  auto bitmap = be<std::uint32_t>(file, 1536) * 512;
  file[bitmap] = std::byte{0x7F};  // sector 0
  file[bitmap + 511] = std::byte{0xFE};
  Content expected(2 << 20, std::byte{7});
  std::fill_n(expected.begin(), 512, std::byte{});
  std::fill_n(expected.end() - 512, 512, std::byte{});
  auto image = opened(file);
  ASSERT_TRUE(image);
  expect_content(*image, expected);
}

TEST(Vhd, the_copy_at_the_head_is_used_when_the_end_is_lost) {
  auto content = sparse_content(6 << 20, 5);
  auto file = built(content);
  file.resize(file.size() - 512);
  EXPECT_EQ((*detect(*in_memory(file)))->name, "vhd");
  auto image = opened(file);
  ASSERT_TRUE(image);
  expect_content(*image, content);
  EXPECT_NE(image->description().warnings.at(0).find("copy at the head is used"),
            std::string::npos);
}

TEST(Vhd, a_footer_of_511_bytes_is_read) {
  auto content = sparse_content(1 << 20, 6);
  auto file = built(content, {{"subformat", "fixed"}});
  file.pop_back();
  EXPECT_EQ((*detect(*in_memory(file)))->name, "vhd");
  expect_content(*opened(file), content);
}

TEST(Vhd, wrong_checksums_and_impossible_headers_are_refused) {
  auto fixed = built(sparse_content(1 << 20, 6), {{"subformat", "fixed"}});
  fixed[fixed.size() - 1] ^= std::byte{1};
  auto error = open_error(fixed);
  EXPECT_EQ(error.code, Code::corrupt);
  EXPECT_NE(error.message.find("checksum is"), std::string::npos) << error.message;
  const auto good = built(sparse_content(6 << 20, 6));
  auto header_with = [&](std::size_t at, std::uint32_t value) {
    auto file = good;
    put_be<std::uint32_t>(file, 512 + at, value);
    repair_header(file);
    return open_error(file);
  };
  for (std::uint32_t block :
       {0U, 1U, 0x80000000U, 0x00200001U, 512U})  // CVE-2014-0142: block sizes
    EXPECT_EQ(header_with(32, block).code, Code::corrupt) << block;
  EXPECT_EQ(header_with(28, 2).code, Code::corrupt);           // fewer entries than the disk needs
  EXPECT_EQ(header_with(16, 0xFFFFFFFF).code, Code::corrupt);  // a table beyond the file
  EXPECT_EQ(header_with(20, 512).code, Code::corrupt);         // on the header
  EXPECT_EQ(header_with(20, 0xFFFFFE00).code, Code::corrupt);
  auto file = good;
  file[512 + 36] ^= std::byte{1};
  EXPECT_NE(open_error(file).message.find("header: checksum is"), std::string::npos);
  for (std::size_t at : {std::size_t{16}, std::size_t{48}}) {  // where the header lies; the size
    file = good;
    for (auto base : {std::size_t{0}, file.size() - 512})
      put_be<std::uint64_t>(file, base + at, ~511ULL);
    repair_footer(file);
    auto code = open_error(file).code;
    EXPECT_TRUE(code == Code::corrupt || code == Code::limit);
  }
  EXPECT_EQ(open_error(Content(100)).code, Code::corrupt);
}

TEST(Vhd, blocks_that_lie_on_tables_or_beyond_the_file_or_on_one_another_are_found) {
  const auto good = built(Content(6 << 20, std::byte{3}));
  Content sector(512);
  for (std::uint32_t place : {0U, 1U, 3U, 0x7FFFFFFFU, 0xFFFFFFFEU}) {
    auto file = good;
    put_be<std::uint32_t>(file, 1536 + 4, place);
    auto image = opened(file);
    EXPECT_EQ(image->read(2 << 20, sector).error().code, Code::corrupt) << place;
    EXPECT_EQ(image->extent(2 << 20, 512).error().code, Code::corrupt);
    EXPECT_EQ(image->check()->corruptions, 1U);
    EXPECT_TRUE(image->read(0, sector));
  }
  auto file = good;
  put_be<std::uint32_t>(file, 1536 + 4, be<std::uint32_t>(file, 1536) + 1);
  EXPECT_EQ(opened(file)->check()->corruptions, 1U);
}

TEST(Vhd, an_empty_disk_of_the_largest_size_is_walked_at_once) {
  auto file = std::make_shared<MemoryFile>("large.vhd");
  auto builder = build(vhd_format, file, {.size = largest_disk});
  ASSERT_TRUE(builder);
  ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
  EXPECT_EQ(build(vhd_format, in_memory({}), {.size = largest_disk + 512}).error().code,
            Code::limit);
  auto image = open(file);
  ASSERT_TRUE(image);
  auto begin = std::chrono::steady_clock::now();
  int steps = 0;
  for (std::uint64_t at = 0; at < largest_disk; ++steps) {
    auto extent = (*image)->extent(at, largest_disk - at);
    ASSERT_TRUE(extent) << extent.error().message;
    ASSERT_EQ(extent->kind, Kind::hole);
    at += extent->length;
  }
  EXPECT_LT(steps, 100);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST(Vhd, a_parent_locator_outside_the_file_is_left_out_and_told) {
  auto child = make_child({}, {});
  put_be<std::uint64_t>(child, 512 + 576 + 16, 1ULL << 40);
  repair_header(child);
  auto image = opened(child, {.external = External::ignore});
  ASSERT_TRUE(image);
  EXPECT_EQ(image->description().references.size(), 1U);  // the name in the header is left
  EXPECT_NE(image->description().warnings.back().find("parent locator 0"), std::string::npos);
}

}  // namespace
}  // namespace truce::image::vhd
