// What is damaged or made to do harm.
#include "vhdx/log.h"
#include "vhdx_support.h"

namespace truce::image::vhdx {
namespace {

std::shared_ptr<MemoryFile> small() {
  static const auto made = disk_of(sparse_content(4 << 20, 7));
  return std::make_shared<MemoryFile>("disk", made->content());
}

/// A disk of 4 MiB of the letter o.
std::shared_ptr<MemoryFile> full() {
  static const auto made = disk_of(Content(4 << 20, std::byte{'o'}));
  return std::make_shared<MemoryFile>("disk", made->content());
}

TEST(VhdxHostile, a_header_that_is_damaged_is_told_of_and_the_other_is_used) {
  for (std::size_t slot : {0, 1}) {
    auto file = small();
    patch<std::uint8_t>(*file, header_offsets[slot] + 100, 1);
    auto image = open(file);
    ASSERT_TRUE(image) << image.error().message;
    ASSERT_EQ((*image)->description().warnings.size(), 1U);
    EXPECT_TRUE((*image)->description().warnings[0].starts_with(
        fmt::format("header {}: checksum is ", slot + 1)));
    patch<std::uint8_t>(*file, header_offsets[1 - slot], 1);
    EXPECT_TRUE(opening_error(file, Code::corrupt).contains("neither header is valid"));
  }
}

TEST(VhdxHostile, the_header_with_the_greater_sequence_number_counts) {
  for (std::uint64_t first : {1, 9}) {
    auto file = small();
    for (std::size_t slot : {0, 1}) {
      patch<std::uint64_t>(*file, header_offsets[slot] + 8, slot == 0 ? first : 5);
      patch<std::uint64_t>(*file, header_offsets[slot] + 32, slot == 0 ? 0xA : 0xB);
    }
    sum_headers(*file);
    auto image = open(file);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_TRUE(
        detail(**image, "data write guid").starts_with(first == 9 ? "0000000a" : "0000000b"));
  }
  auto file = small();
  for (auto at : header_offsets) patch<std::uint64_t>(*file, at + 8, 5);
  patch<std::uint8_t>(*file, header_offsets[0] + 16, 0);
  patch<std::uint8_t>(*file, header_offsets[1] + 16, 1);
  sum_headers(*file);
  EXPECT_TRUE(opening_error(file, Code::corrupt).contains("they differ"));
}

struct Patch {
  std::uint64_t at;
  std::uint64_t value;
  int bytes;
  Code code;
  std::string_view message;
};

void expect_refused(const Patch& wrong) {
  auto file = small();
  for (auto base : wrong.at < 65536
                       ? std::vector<std::uint64_t>(header_offsets.begin(), header_offsets.end())
                   : wrong.at < 131072 ? std::vector<std::uint64_t>{region_table_offsets[0] - 65536,
                                                                    region_table_offsets[1] - 65536}
                                       : std::vector<std::uint64_t>{0}) {
    for (int i = 0; i < wrong.bytes; ++i)
      patch<std::uint8_t>(*file, base + wrong.at + static_cast<std::uint64_t>(i),
                          static_cast<std::uint8_t>(wrong.value >> (8 * i)));
  }
  sum_headers(*file);
  sum_regions(*file);
  auto message = opening_error(file, wrong.code);
  EXPECT_TRUE(message.contains(wrong.message)) << message << "\nwanted: " << wrong.message;
}

TEST(VhdxHostile, headers_and_region_tables_that_cannot_be_are_refused) {
  constexpr std::uint64_t regions = 65536, bat = regions + 16, metadata = bat + 32;
  const std::vector<Patch> wrongs{
      {66, 2, 2, Code::unsupported, "version 2 of the format"},
      {68, 4096, 4, Code::corrupt, "the log cannot have 4096 bytes"},
      {68, 0xFFF00000, 4, Code::corrupt, "the log cannot have"},
      {72, 0, 8, Code::corrupt, "the log cannot have"},
      {72, 0xFFFFFFFFFFF00000, 8, Code::corrupt, "the log cannot have"},
      {72, 3 * mebibyte, 8, Code::corrupt, "runs into"},  // over the allocation table
      {regions + 8, 2048, 4, Code::corrupt, "2048 entries"},
      {regions + 8, 0xFFFFFFFF, 4, Code::corrupt, "4294967295 entries"},
      {regions + 8, 1, 4, Code::corrupt, "there is no metadata region"},
      {regions + 8, 0, 4, Code::corrupt, "there is no block allocation table"},
      {bat, 1, 1, Code::unsupported, "is required and not known"},
      {bat + 16, 512, 8, Code::corrupt, "cannot have"},
      {bat + 16, 0, 8, Code::corrupt, "cannot have"},
      {bat + 16, 0xFFFFFFFFFFF00000, 8, Code::corrupt, "cannot have"},
      {bat + 16, 100 * mebibyte, 8, Code::corrupt, "ends beyond the file's"},
      {bat + 16, 2 * mebibyte, 8, Code::corrupt, "runs into"},
      {bat + 24, 0xFFF00000, 4, Code::corrupt, "ends beyond the file's"},
      {metadata + 24, 0, 4, Code::corrupt, "cannot have"},
  };
  for (const auto& wrong : wrongs) expect_refused(wrong);
}

TEST(VhdxHostile, cve_2014_0148_sizes_of_blocks_and_sectors_that_cannot_be_are_refused) {
  const std::vector<Patch> wrongs{
      {items_at, 0, 4, Code::corrupt, "blocks of 0 bytes"},
      {items_at, 1, 4, Code::corrupt, "blocks of 1 bytes"},
      {items_at, 3 << 20, 4, Code::corrupt, "blocks of 3145728 bytes"},
      {items_at, 1 << 29, 4, Code::corrupt, "blocks of 536870912 bytes"},
      {items_at + 32, 0, 4, Code::corrupt, "logical sectors of 0 bytes"},
      {items_at + 32, 513, 4, Code::corrupt, "logical sectors of 513 bytes"},
      {items_at + 32, 0x80000000, 4, Code::corrupt, "logical sectors of 2147483648 bytes"},
      {items_at + 36, 0, 4, Code::corrupt, "physical sectors of 0 bytes"},
  };
  for (const auto& wrong : wrongs) expect_refused(wrong);
}

TEST(VhdxHostile, gitlab_4470_a_count_of_blocks_that_does_not_fit_32_bits_is_not_cut) {
  const std::vector<Patch> wrongs{
      // 2^32 + 4 blocks of 1 MiB: four, if they were counted in 32 bits.
      {items_at + 8, ((std::uint64_t{1} << 32) + 4) << 20, 8, Code::corrupt, "is not legal"},
      {items_at + 8, std::uint64_t{0} - 512, 8, Code::corrupt, "is not legal"},
      {items_at + 8, most_disk, 8, Code::corrupt, "131072 fit its region"},
      {items_at + 8, std::uint64_t{131072} << 20, 8, Code::corrupt, "131072 fit its region"},
      {items_at + 8, 511, 8, Code::corrupt, "is not legal"},
  };
  for (const auto& wrong : wrongs) expect_refused(wrong);
}

TEST(VhdxHostile, metadata_that_cannot_be_is_refused) {
  constexpr std::uint64_t entries = metadata_at + 32;
  const std::vector<Patch> wrongs{
      {metadata_at, 0, 1, Code::corrupt, "no signature"},
      {metadata_at + 10, 2048, 2, Code::corrupt, "2048 entries"},
      {metadata_at + 10, 4, 2, Code::corrupt, "there is no physical sector size"},
      {entries, 0, 8, Code::unsupported, "is required and not known"},
      {entries + 16, 65535, 4, Code::corrupt, "the file parameters cannot have 8 bytes at 65535"},
      {entries + 16, 0xFFFFFFFF, 4, Code::corrupt, "the file parameters cannot have"},
      {entries + 20, 0xFFFFFFFF, 4, Code::corrupt, "the file parameters cannot have"},
      {entries + 20, 4, 4, Code::corrupt, "the file parameters cannot have 4 bytes"},
      {items_at + 4, 2, 4, Code::corrupt, "there is no parent locator"},
  };
  for (const auto& wrong : wrongs) expect_refused(wrong);
  auto file = small();
  Content entry(16);
  ASSERT_TRUE(file->read(entries, entry));
  ASSERT_TRUE(file->write(entries + 32, entry));
  EXPECT_TRUE(opening_error(file, Code::corrupt).contains("there are two of the file parameters"));
}

TEST(VhdxHostile, blocks_in_tables_beyond_the_file_or_of_no_legal_state_are_not_read) {
  for (std::uint64_t entry :
       {std::uint64_t{6}, mebibyte + 6, 2 * mebibyte + 6, 3 * mebibyte + 6, 100 * mebibyte + 6,
        0xFFFFFFFFFFF00000 + 6, std::uint64_t{4}, std::uint64_t{5}, 4 * mebibyte + 7}) {
    auto file = small();
    patch<std::uint64_t>(*file, bat_at + 8, entry);
    auto image = open(file);
    ASSERT_TRUE(image);
    Content into(512);
    EXPECT_TRUE((*image)->read(0, into));
    auto read = (*image)->read(mebibyte, into);
    ASSERT_FALSE(read) << entry;
    EXPECT_EQ(read.error().code, Code::corrupt);
    EXPECT_TRUE(read.error().message.contains("block 1: ")) << read.error().message;
    EXPECT_EQ((*image)->extent(mebibyte, 512).error().code, Code::corrupt);
    auto first = (*image)->extent(0, 4 * mebibyte);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->length, mebibyte);  // does not run into what is wrong
    auto report = (*image)->check();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->corruptions, 1U);
  }
}

TEST(VhdxHostile, check_finds_two_blocks_in_one_place_and_what_belongs_to_nothing) {
  auto file = disk_of(Content(4 << 20, std::byte{1}));
  patch<std::uint64_t>(*file, bat_at + 8, 4 * mebibyte + 6);
  auto image = open(file);
  ASSERT_TRUE(image);
  auto report = (*image)->check();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->corruptions, 1U);
  EXPECT_EQ(report->leaks, 1U);
  EXPECT_EQ(report->problems[0], "corrupt: block 1: its place at 4194304 is another's, too");
  EXPECT_EQ(report->problems[1], "leak: 1 MiB at 5242880 belong to nothing");
}

TEST(VhdxHostile, what_is_damaged_is_not_written_to) {
  OpenOptions writing;
  writing.read_write = true;
  auto file = full();
  patch<std::uint64_t>(*file, bat_at + 8, 4 * mebibyte + 6);
  auto before = file->content();
  auto image = open(file, writing);
  ASSERT_TRUE(image);
  auto written = (*image)->writable()->write(3 * mebibyte, Content(512));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::corrupt);
  EXPECT_TRUE(written.error().message.contains("its place at 4194304 is another's"));
  EXPECT_TRUE(file->content() == before);

  file = full();
  for (auto at : header_offsets) patch<std::uint64_t>(*file, at + 8, ~std::uint64_t{0});
  ASSERT_TRUE(file->write(header_offsets[1], Content(4096)));
  sum_headers(*file);
  image = open(file, writing);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ((*image)->writable()->write(0, Content(512)).error().code, Code::corrupt);
}

TEST(VhdxHostile, every_state_without_a_place_reads_as_zeros) {
  auto file = disk_of(Content(4 << 20, std::byte{1}));
  for (std::uint64_t state = 0; state < 4; ++state)
    patch<std::uint64_t>(*file, bat_at + 8 * state, (4 + state) * mebibyte + state);
  auto image = open(file);
  ASSERT_TRUE(image);
  expect_content(**image, Content(4 << 20));
  EXPECT_EQ((*image)->extent(0, 4 << 20)->kind, Kind::hole);
  EXPECT_EQ((*image)->extent(2 << 20, 2 << 20)->kind, Kind::zero);
}

/// A disk whose log holds one entry: sector 0 of its first block is `x` and of its second zero.
class Logged {
 public:
  Logged() : file(full()) {
    Overlay changes(file);
    Content sector_of_x(4096, std::byte{'x'});
    EXPECT_TRUE(changes.write(4 * mebibyte, sector_of_x));
    EXPECT_TRUE(changes.write(5 * mebibyte, Content(4096)));
    entry = make_log_entry(changes, id, 7, 8192, file->size());
    EXPECT_TRUE(file->write(log_at + 8192, entry));
    for (auto at : header_offsets) {
      Content bytes(16);
      id.store(bytes, 0);
      EXPECT_TRUE(file->write(at + 48, bytes));
    }
    sum_headers(*file);
    expected = Content(4 << 20, std::byte{'o'});
    std::ranges::fill(Span(expected).first(4096), std::byte{'x'});
    std::ranges::fill(Span(expected).subspan(mebibyte, 4096), std::byte{});
  }
  void sum_entry() { sum(*file, log_at + 8192, entry.size()); }

  Guid id = Guid::random();
  std::shared_ptr<MemoryFile> file;
  Content entry, expected;
};

TEST(VhdxHostile, q7_a_log_is_replayed_in_memory_and_the_file_stays_as_it_is) {
  Logged logged;
  auto before = logged.file->content();
  auto image = open(logged.file);
  ASSERT_TRUE(image) << image.error().message;
  expect_content(**image, logged.expected);
  EXPECT_EQ(detail(**image, "log"), "1 entries replayed, up to 7");
  EXPECT_NE((*image)->extent(0, mebibyte)->file, logged.file.get());
  EXPECT_EQ((*image)->extent(3 << 20, mebibyte)->file, logged.file.get());
  EXPECT_TRUE(logged.file->content() == before);
}

TEST(VhdxHostile, q7_a_log_is_replayed_into_a_file_that_is_opened_to_be_written) {
  Logged logged;
  OpenOptions options;
  options.read_write = true;
  {
    auto image = open(logged.file, options);
    ASSERT_TRUE(image) << image.error().message;
    expect_content(**image, logged.expected);
  }
  EXPECT_EQ(logged.file->content()[4 * mebibyte], std::byte{'x'});
  auto image = open(logged.file);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(detail(**image, "log"), "empty");
  expect_content(**image, logged.expected);
}

TEST(VhdxHostile, q7_qemu_finds_the_same_when_it_has_replayed_the_log) {
  Logged logged;
  TestFolder folder;
  auto path = folder / "disk.vhdx";
  write_whole(path, logged.file->content());
  auto ran = run_command("qemu-img check -r all -f vhdx " + path.string());
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_TRUE(content_by_qemu(path, "vhdx") == logged.expected);
}

TEST(VhdxHostile, a_log_that_is_damaged_is_refused) {
  for (std::uint64_t at : {0, 4, 8, 16, 24, 32, 48, 64, 72, 96, 4096, 4100, 5000, 8191, 12287}) {
    Logged logged;
    patch<std::uint8_t>(*logged.file, log_at + 8192 + at,
                        static_cast<std::uint8_t>(~static_cast<unsigned>(logged.entry[at])));
    EXPECT_TRUE(opening_error(logged.file, Code::corrupt).contains("no valid entry")) << at;
  }
}

TEST(VhdxHostile, a_log_whose_checksum_is_right_and_whose_content_cannot_be_is_refused) {
  struct Wrong {
    std::uint64_t at, value;
    int bytes;
    std::string_view message;
  };
  const std::vector<Wrong> wrongs{
      {12, 4096, 4, "no valid entry"},                            // tail: not this entry
      {48, 1 << 30, 8, "the file had 1073741824 bytes"},          // FlushedFileOffset: cut since
      {56, std::uint64_t{1} << 60, 8, "it wants a file of"},      // LastFileOffset
      {64, 0x41414141, 4, "signature 41414141 is not known"},     // descriptor
      {64 + 16, 512, 8, "it may not change 4096 bytes at 512"},   // not a whole sector
      {64 + 16, 65536, 8, "it may not change"},                   // a header
      {64 + 16, log_at, 8, "it may not change"},                  // the log itself
      {64 + 16, std::uint64_t{1} << 40, 8, "it may not change"},  // beyond LastFileOffset
      {64 + 16, 0xFFFFFFFFFFFFF000, 8, "it may not change"},
      {64 + 24, 6, 8, "its sequence number differs"},
      {24, 3, 4, "signature 00000000 is not known"},  // one descriptor more than there are
      {4096, 0, 4, "another entry's"},                // data sector's signature
      {4100, 1, 4, "another entry's"},                // high half of its number
      {8188, 6, 4, "another entry's"},                // low half
  };
  for (const auto& wrong : wrongs) {
    Logged logged;
    for (int i = 0; i < wrong.bytes; ++i)
      patch<std::uint8_t>(*logged.file, log_at + 8192 + wrong.at + static_cast<std::uint64_t>(i),
                          static_cast<std::uint8_t>(wrong.value >> (8 * i)));
    logged.sum_entry();
    auto message = opening_error(logged.file, Code::corrupt);
    if (wrong.at == 24 && message.contains("its sequence number differs")) continue;
    EXPECT_TRUE(message.contains(wrong.message)) << message << "\nwanted: " << wrong.message;
  }
}

TEST(VhdxHostile, gitlab_3860_a_count_of_descriptors_that_overflows_is_refused) {
  for (std::uint32_t count : {0xFFFFFFFFU, 0x08000000U, 0x07FFFFFEU, 0x7FFFFFFFU, 1000U}) {
    Logged logged;
    patch<std::uint32_t>(*logged.file, log_at + 8192 + 24, count);
    logged.sum_entry();
    EXPECT_TRUE(opening_error(logged.file, Code::corrupt).contains("no valid entry")) << count;
  }
}

TEST(VhdxHostile, the_newest_sequence_of_a_log_is_replayed_even_around_its_end) {
  auto file = full();
  Guid id = Guid::random();
  auto log = [&](std::uint64_t at, std::uint64_t sequence, std::uint32_t tail, std::uint64_t target,
                 char c) {
    Overlay changes(file);
    ASSERT_TRUE(changes.write(target, Content(4096, static_cast<std::byte>(c))));
    auto entry = make_log_entry(changes, id, sequence, tail, file->size());
    auto first = std::min<std::uint64_t>(entry.size(), mebibyte - at);
    ASSERT_TRUE(file->write(log_at + at, View(entry).first(first)));
    ASSERT_TRUE(file->write(log_at, View(entry).subspan(first)));
  };
  log(40960, 3, 40960, 4 * mebibyte, 'a');                        // older, alone
  log(mebibyte - 12288, 8, mebibyte - 12288, 4 * mebibyte, 'b');  // the tail, whole
  log(mebibyte - 4096, 9, mebibyte - 12288, 5 * mebibyte, 'c');   // around the end
  log(4096, 10, mebibyte - 12288, 5 * mebibyte, 'd');             // over the one before
  for (auto at : header_offsets) {
    Content bytes(16);
    id.store(bytes, 0);
    ASSERT_TRUE(file->write(at + 48, bytes));
  }
  sum_headers(*file);
  auto image = open(file);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(detail(**image, "log"), "3 entries replayed, up to 10");
  Content expected(4 << 20, std::byte{'o'});
  std::ranges::fill(Span(expected).first(4096), std::byte{'b'});
  std::ranges::fill(Span(expected).subspan(mebibyte, 4096), std::byte{'d'});
  expect_content(**image, expected);
}

TEST(VhdxHostile, a_log_full_of_false_entries_costs_little) {
  auto file = full();
  Guid id = Guid::random();
  Content header(64);
  put_le<std::uint32_t>(header, 0, 0x65676f6c);
  put_le<std::uint32_t>(header, 8, mebibyte);
  put_le<std::uint64_t>(header, 16, 1);
  id.store(header, 32);
  for (std::uint64_t at = 0; at < mebibyte; at += 4096)
    ASSERT_TRUE(file->write(log_at + at, header));
  for (auto at : header_offsets) ASSERT_TRUE(file->write(at + 48, View(header).subspan(32, 16)));
  sum_headers(*file);
  EXPECT_TRUE(
      opening_error(file, Code::corrupt).contains("full of entries whose checksums are wrong"));
}

}  // namespace
}  // namespace truce::image::vhdx
