#include <gtest/gtest.h>

#include <chrono>

#include "rows.h"
#include "support.h"
#include "vdi/layout.h"

namespace truce::image::vdi {
namespace {

std::shared_ptr<MemoryFile> in_memory(Content content) {
  return std::make_shared<MemoryFile>("disk.vdi", std::move(content));
}

Content built(View content, const std::string& subformat = "dynamic") {
  return image::built(vdi_format, content, {{"subformat", subformat}});
}

std::unique_ptr<Image> opened(Content file, const OpenOptions& options = {}) {
  auto image = open(in_memory(std::move(file)), options, "vdi");
  EXPECT_TRUE(image) << image.error().message;
  return image ? *std::move(image) : nullptr;
}

Error open_error(Content file) {
  auto image = open(in_memory(std::move(file)), {}, "vdi");
  EXPECT_FALSE(image) << "it opened";
  return image ? Error{} : image.error();
}

TEST(Vdi, what_is_built_reads_the_same_here_and_in_qemu_and_is_clean) {
  TestFolder folder;
  int number = 0;
  for (const char* subformat : {"dynamic", "static"}) {
    for (std::size_t size : {(3 << 20) + 512, 512}) {
      auto content = sparse_content(size, static_cast<unsigned>(size));
      auto bytes = built(content, subformat);
      EXPECT_EQ((*detect(*in_memory(bytes)))->name, "vdi");
      auto image = opened(bytes);
      ASSERT_TRUE(image);
      EXPECT_EQ(image->description().variant, subformat);
      expect_content(*image, content);
      EXPECT_EQ(image->check()->problems, std::vector<std::string>{});
      auto path = folder / fmt::format("{}.vdi", number++);
      write_whole(path, bytes);
      EXPECT_TRUE(content_by_qemu(path, "vdi") == content) << subformat << size;
      auto check = run_command("qemu-img check -f vdi " + path.string());
      EXPECT_EQ(check.status, 0) << check.output;
      EXPECT_NE(check.output.find("No errors were found"), std::string::npos) << check.output;
    }
  }
}

TEST(Vdi, reads_what_qemu_makes) {
  TestFolder folder;
  auto content = sparse_content((7 << 20) + 512, 3);
  write_whole(folder / "raw", content);
  for (const char* made : {"static=off", "static=on", "preallocation=metadata"}) {
    auto path = folder / "made.vdi";
    auto ran = run_command(fmt::format("qemu-img convert -f raw -O vdi -o {} {} {}", made,
                                       (folder / "raw").string(), path.string()));
    if (ran.status != 0 && made[0] == 'p') continue;  // not in every version
    ASSERT_EQ(ran.status, 0) << ran.output;
    auto file = DiskFile::open(path, DiskFile::Access::read_only);
    ASSERT_TRUE(file);
    auto image = open(*file);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ((*image)->description().format, "vdi");
    expect_content(**image, content);
    EXPECT_EQ((*image)->check()->problems, std::vector<std::string>{});
  }
}

TEST(Vdi, data_begin_at_a_whole_mebibyte_and_follow_one_another) {
  Content content(4 << 20, std::byte{5});
  auto image = opened(built(content));
  ASSERT_TRUE(image);
  auto extent = image->extent(4096, content.size() - 4096);
  ASSERT_TRUE(extent);
  EXPECT_EQ(extent->length, content.size() - 4096);
  EXPECT_EQ(extent->offset, (1U << 20) + 4096);
}

TEST(Vdi, free_and_zero_blocks_read_as_zeros_and_say_what_they_are) {
  Content content(4 << 20, std::byte{5});
  auto file = built(content);
  put_le<std::uint32_t>(file, 512 + 4, zero_entry);
  put_le<std::uint32_t>(file, 512 + 8, free_entry);
  std::fill_n(content.begin() + (1 << 20), 2 << 20, std::byte{});
  auto image = opened(file);
  ASSERT_TRUE(image);
  expect_content(*image, content);
  EXPECT_EQ(image->extent(1 << 20, 3 << 20)->kind, Kind::zero);
  EXPECT_EQ(image->extent(2 << 20, 2 << 20)->kind, Kind::hole);
  EXPECT_EQ(image->check()->leaks, 1U);
}

TEST(Vdi, a_differencing_disk_is_never_read_as_if_it_had_no_parent) {
  auto file = built(Content(1 << 20, std::byte{1}));
  put_le<std::uint32_t>(file, 76, 4);
  file[424] = std::byte{7};
  auto error = open_error(file);
  EXPECT_EQ(error.code, Code::unsupported);
  EXPECT_NE(error.message.find("00000007-0000"), std::string::npos) << error.message;
  put_le<std::uint32_t>(file, 512, free_entry);
  auto image = opened(file, {.external = External::ignore});
  ASSERT_TRUE(image);
  EXPECT_EQ(image->description().references.size(), 1U);
  Content sector(512);
  EXPECT_EQ(image->read(0, sector).error().code, Code::forbidden);
  EXPECT_EQ(image->extent(0, 512).error().code, Code::forbidden);
  // Also where only the link says so, and not the type.
  put_le<std::uint32_t>(file, 76, 1);
  EXPECT_EQ(open_error(file).code, Code::unsupported);
}

TEST(Vdi, impossible_headers_are_refused) {
  const auto good = built(sparse_content(3 << 20, 6));
  struct Case {
    std::size_t at;
    std::uint32_t value;
    Code code;
  };
  for (auto [at, value, code] :
       {Case{68, 0x00020001, Code::unsupported}, Case{72, 0x17F, Code::corrupt},
        Case{76, 9, Code::unsupported}, Case{340, 513, Code::corrupt}, Case{340, 0, Code::corrupt},
        Case{340, 0xFFFFFE00, Code::corrupt}, Case{344, 512, Code::corrupt},
        Case{360, 4096, Code::unsupported}, Case{368, 4 << 20, Code::corrupt},
        Case{372, 0x80000000, Code::corrupt},  // CVE-2014-0144
        Case{376, 0, Code::corrupt}, Case{376, 3 << 20, Code::corrupt},
        Case{380, 512, Code::unsupported}, Case{384, 0xFFFFFFFF, Code::limit},
        Case{384, 1 << 26, Code::corrupt}}) {
    auto file = good;
    put_le<std::uint32_t>(file, at, value);
    EXPECT_EQ(open_error(file).code, code) << at << ": " << value;
  }
  EXPECT_EQ(open_error(Content(511)).code, Code::corrupt);
}

TEST(Vdi, blocks_beyond_the_file_or_on_one_another_are_found) {
  const auto good = built(Content(3 << 20, std::byte{3}));
  Content sector(512);
  for (std::uint32_t entry : {3U, 0x7FFFFFFFU, 0xFFFFFFFDU}) {
    auto file = good;
    put_le<std::uint32_t>(file, 512 + 4, entry);
    auto image = opened(file);
    EXPECT_EQ(image->read(1 << 20, sector).error().code, Code::corrupt);
    EXPECT_EQ(image->extent(1 << 20, 1 << 20).error().code, Code::corrupt);
    EXPECT_TRUE(image->read(0, sector));
    EXPECT_EQ(image->check()->corruptions, 1U);
  }
  auto file = good;
  put_le<std::uint32_t>(file, 512 + 4, 0);
  EXPECT_EQ(opened(file)->check()->corruptions, 1U);
}

TEST(Vdi, an_empty_disk_of_a_tebibyte_is_walked_at_once) {
  std::uint64_t size = 1ULL << 40;
  auto file = in_memory({});
  auto builder = build(vdi_format, file, {.size = size});
  ASSERT_TRUE(builder);
  ASSERT_TRUE((*builder)->finish(Builder::Durability::durable));
  auto image = open(file);
  ASSERT_TRUE(image);
  auto begin = std::chrono::steady_clock::now();
  int steps = 0;
  for (std::uint64_t at = 0; at < size; ++steps) {
    auto extent = (*image)->extent(at, size - at);
    ASSERT_TRUE(extent) << extent.error().message;
    ASSERT_EQ(extent->kind, Kind::hole);
    at += extent->length;
  }
  EXPECT_LT(steps, 100);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST(Vdi, a_size_that_is_not_whole_sectors_cannot_be_built) {
  EXPECT_EQ(build(vdi_format, in_memory({}), {.size = 1000}).error().code, Code::invalid);
  EXPECT_EQ(build(vdi_format, in_memory({}), {.size = 512, .sector_size = 4096}).error().code,
            Code::unsupported);
}

}  // namespace
}  // namespace truce::image::vdi
