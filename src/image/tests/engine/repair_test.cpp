// Repair of VHD, VHDX, VMDK and VDI; that of qcow2 has a file of its own.
#include <gtest/gtest.h>

#include "repair_replay.h"
#include "rows.h"
#include "vdi/layout.h"
#include "vhdx/headers.h"

namespace truce::image {
namespace {

void expect_clean_by_qemu(const Format& format, const Content& damaged) {
  auto file = std::make_shared<MemoryFile>("disk", damaged);
  ASSERT_TRUE(repair(file, {}, format.name));
  TestFolder folder;
  write_whole(folder / "disk", file->content());
  auto ran =
      run_command(fmt::format("qemu-img check -f {} {}", format.name, (folder / "disk").string()));
  EXPECT_EQ(ran.status, 0) << ran.output;
}

void zero(Content& file, std::size_t at, std::size_t length) {
  std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(at), length, std::byte{});
}

TEST(Repair, nothing_is_written_where_nothing_is_wrong) {
  auto content = sparse_content(3 << 20, 4);
  for (const auto* format : {&vhd_format, &vhdx_format, &vmdk_format, &vdi_format})
    expect_untouched(*format, built(*format, content));
}

TEST(Repair, a_format_that_is_only_read_is_not_mended) {
  auto file = std::make_shared<MemoryFile>("disk", Content(65536));
  EXPECT_EQ(repair(file, {}, "qed").error().code, Code::unsupported);
  EXPECT_EQ(repair(file, {}, "raw").error().code, Code::unsupported);
}

TEST(Repair, the_footer_of_a_vhd_that_is_lost_is_written_from_the_other) {
  auto content = sparse_content(3 << 20, 4);
  auto whole = built(vhd_format, content, {{"block_size", "512K"}});
  auto headless = whole;
  zero(headless, 40, 20);
  auto endless = whole;
  endless.resize(endless.size() - 512);
  auto broken_end = whole;
  zero(broken_end, broken_end.size() - 512 + 40, 8);
  for (const auto& damaged : {headless, endless, broken_end}) {
    auto report = (*open(std::make_shared<MemoryFile>("d", damaged), {}, "vhd"))->check();
    EXPECT_EQ(report->corruptions, 1U);
    expect_repaired(vhd_format, damaged, content);
    auto file = std::make_shared<MemoryFile>("disk", damaged);
    ASSERT_TRUE(repair(file, {}, "vhd"));
    EXPECT_TRUE(file->content() == whole);
  }
}

TEST(Repair, a_header_or_region_table_of_a_vhdx_is_written_from_the_other) {
  auto content = sparse_content(3 << 20, 4);
  auto whole = built(vhdx_format, content, {{"block_size", "1MiB"}});
  for (auto at : {vhdx::header_offsets[0], vhdx::header_offsets[1], vhdx::region_table_offsets[0],
                  vhdx::region_table_offsets[1]}) {
    SCOPED_TRACE(at);
    auto damaged = whole;
    damaged[at + 20] ^= std::byte{1};
    auto report = (*open(std::make_shared<MemoryFile>("d", damaged), {}, "vhdx"))->check();
    EXPECT_EQ(report->corruptions, 1U);
    expect_repaired(vhdx_format, damaged, content);
    expect_clean_by_qemu(vhdx_format, damaged);
  }
}

TEST(Repair, what_the_log_of_a_vhdx_promises_is_written) {
  auto file = std::make_shared<MemoryFile>("disk", built(vhdx_format, Content(6 << 20)));
  Content content(6 << 20);
  {
    auto image = open(file, {.read_write = true}, "vhdx");
    Content part(5000, std::byte{9});
    ASSERT_TRUE((*image)->writable()->write(1 << 20, part));
    ASSERT_TRUE((*image)->writable()->flush());
    std::ranges::copy(part, content.begin() + (1 << 20));
  }  // not closed
  expect_repaired(vhdx_format, file->content(), content);
  expect_clean_by_qemu(vhdx_format, file->content());
}

TEST(Repair, blocks_of_a_vdi_that_nothing_uses_are_given_back) {
  auto content = sparse_content(6 << 20, 4);
  std::ranges::fill(content, std::byte{5});
  for (std::size_t i = 0; i < content.size(); i += 512)
    content[i] = static_cast<std::byte>(i >> 20);
  auto whole = built(vdi_format, content);
  auto header = vdi::read_header(MemoryFile("d", whole));
  ASSERT_TRUE(header);
  for (std::vector<std::size_t> lost : {std::vector<std::size_t>{1, 3}, {5}, {0, 1, 2, 3, 4, 5}}) {
    auto damaged = whole;
    auto expected = content;
    for (auto block : lost) {
      put_le<std::uint32_t>(damaged, header->map_offset + block * 4, vdi::free_entry);
      zero(expected, block << 20, 1 << 20);
    }
    expect_repaired(vdi_format, damaged, expected);
    expect_clean_by_qemu(vdi_format, damaged);
  }
  auto miscounted = whole;
  put_le<std::uint32_t>(miscounted, vdi::at_allocated, 2);
  expect_repaired(vdi_format, miscounted, content);
  expect_clean_by_qemu(vdi_format, miscounted);
}

TEST(Repair, two_blocks_of_a_vdi_in_one_place_remain_and_nothing_is_written) {
  auto whole = built(vdi_format, Content(3 << 20, std::byte{1}));
  auto header = vdi::read_header(MemoryFile("d", whole));
  put_le<std::uint32_t>(whole, header->map_offset, 1);
  auto file = std::make_shared<MemoryFile>("disk", whole);
  auto repaired = repair(file, {}, "vdi");
  ASSERT_TRUE(repaired);
  EXPECT_FALSE(repaired->left.empty());
  EXPECT_TRUE(file->content() == whole);
}

TEST(Repair, the_two_directories_of_a_vmdk_say_the_same_again) {
  auto content = sparse_content(3 << 20, 4);
  std::fill_n(content.begin(), 1 << 20, std::byte{5});
  auto whole = built(vmdk_format, content);
  auto directory = le<std::uint64_t>(whole, 56) * 512, second = le<std::uint64_t>(whole, 48) * 512;
  auto table = le<std::uint32_t>(whole, directory) * 512ULL;
  auto copy = le<std::uint32_t>(whole, second) * 512ULL;
  auto damaged_at = [&](std::uint64_t at, std::uint32_t value) {
    auto damaged = whole;
    put_le<std::uint32_t>(damaged, at, value);
    return damaged;
  };
  std::vector<Content> all{damaged_at(copy + 8, 0), damaged_at(copy + 8, 0x7fffffff),
                           damaged_at(second, 0x7fffffff)};
  auto unclean = whole;
  unclean[72] = std::byte{1};
  all.push_back(unclean);
  for (const auto& damaged : all) {
    expect_repaired(vmdk_format, damaged, content);
    expect_clean_by_qemu(vmdk_format, damaged);
  }
  // The first cannot be: its part of the disk is not readable before.
  for (auto at : std::vector<std::uint64_t>{table + 8, directory}) {
    auto file = std::make_shared<MemoryFile>("disk", damaged_at(at, 0x7fffffff));
    auto repaired = repair(file, {}, "vmdk");
    ASSERT_TRUE(repaired) << repaired.error().message;
    EXPECT_EQ(repaired->done.size(), 1U);
    auto image = open(file, {}, "vmdk");
    expect_content(**image, content);
    EXPECT_EQ((*image)->check()->problems, std::vector<std::string>{});
  }
}

}  // namespace
}  // namespace truce::image
