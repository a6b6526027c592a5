// What is known to lie at the end of a disk that is made smaller.
#include "image/partitions.h"

#include "support.h"

namespace truce::image {
namespace {

std::unique_ptr<Image> raw_disk(const Content& content) {
  return *open(std::make_shared<MemoryFile>("disk", content), {}, "raw");
}

std::vector<std::string> lost(const Content& content, std::uint64_t size) {
  auto disk = raw_disk(content);
  auto found = cut_off(*disk, size);
  EXPECT_TRUE(found) << found.error().message;
  return found ? *found : std::vector<std::string>{};
}

void put_partition(Content& disk, std::size_t at, unsigned type, std::uint32_t start,
                   std::uint32_t count) {
  disk[at + 4] = static_cast<std::byte>(type);
  put_le<std::uint32_t>(disk, at + 8, start);
  put_le<std::uint32_t>(disk, at + 12, count);
  put_le<std::uint16_t>(disk, at / 512 * 512 + 510, 0xaa55);
}

TEST(Partitions, of_an_mbr_are_named_when_they_reach_beyond_the_new_end) {
  Content disk(8 << 20);
  put_partition(disk, 446, 0x83, 2048, 4096);               // 1 to 3 MiB
  put_partition(disk, 462, 0x05, 6144, 8192);               // extended: 3 to 7 MiB
  put_partition(disk, 6144 * 512 + 446, 0x83, 2048, 2048);  // 4 to 5 MiB
  put_partition(disk, 6144 * 512 + 462, 0x05, 4096, 4096);
  put_partition(disk, 10240 * 512 + 446, 0x83, 2048, 1024);  // 6 to 6.5 MiB
  EXPECT_TRUE(lost(disk, 7 << 20).empty());
  EXPECT_EQ(lost(disk, 6 << 20).size(), 2U);
  auto all = lost(disk, 2 << 20);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0], "partition 1 (bytes 1048576 to 3145728) is cut off");
  EXPECT_NE(all[1].find("partition 2"), std::string::npos);
  EXPECT_NE(all[3].find("partition 6 (bytes 6291456 to 6815744) lies beyond"), std::string::npos);
}

TEST(Partitions, a_chain_of_logical_ones_that_runs_in_a_circle_ends) {
  Content disk(8 << 20);
  put_partition(disk, 446, 0x05, 2048, 4096);
  put_partition(disk, 2048 * 512 + 462, 0x05, 0, 4096);
  EXPECT_EQ(lost(disk, 1 << 20).size(), 1U);
}

TEST(Partitions, of_a_gpt_and_its_backup_are_named) {
  Content disk(8 << 20);
  put_partition(disk, 446, 0xee, 1, 0xffffffff);
  std::memcpy(disk.data() + 512, "EFI PART", 8);
  put_le<std::uint64_t>(disk, 512 + 32, (8 << 20) / 512 - 1);
  put_le<std::uint64_t>(disk, 512 + 72, 2);
  put_le<std::uint32_t>(disk, 512 + 80, 128);
  put_le<std::uint32_t>(disk, 512 + 84, 128);
  disk[1024] = std::byte{1};
  put_le<std::uint64_t>(disk, 1024 + 32, 2048);
  put_le<std::uint64_t>(disk, 1024 + 40, 4095);
  put_le<std::uint16_t>(disk, 1024 + 56, 'r');
  auto at_7 = lost(disk, 7 << 20);
  ASSERT_EQ(at_7.size(), 1U);
  EXPECT_NE(at_7[0].find("backup partition table"), std::string::npos);
  EXPECT_EQ(lost(disk, 1 << 20)[0],
            "partition 1 'r' (bytes 1048576 to 2097152) lies beyond the new end");
  put_le<std::uint32_t>(disk, 512 + 84, 3);
  EXPECT_EQ(cut_off(*raw_disk(disk), 512).error().code, Code::corrupt);
}

TEST(Partitions, a_file_system_on_the_whole_disk_is_named) {
  TestFolder folder;
  for (const char* make : {"mke2fs -q -t ext4", "mkfs.xfs -q", "mkfs.btrfs -q"}) {
    auto path = (folder / "disk").string();
    std::filesystem::remove(path);
    auto ran = run_command(fmt::format("truncate -s 320M {0} && {1} {0}", path, make));
    if (ran.status != 0) continue;  // not installed
    auto file = DiskFile::open(path, DiskFile::Access::read_only);
    auto disk = open(*file, {}, "raw");
    ASSERT_TRUE(disk);
    EXPECT_EQ(cut_off(**disk, 300 << 20)->size(), 1U) << make;
    EXPECT_EQ(cut_off(**disk, 320 << 20)->size(), 0U) << make;
  }
}

}  // namespace
}  // namespace truce::image
