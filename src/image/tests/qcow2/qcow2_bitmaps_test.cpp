// Persistent bitmaps: what is written is in them, or they say that they are out of date.
#include "crash_replay.h"
#include "qcow2/upkeep/directory.h"
#include "qcow2_support.h"

namespace truce::image {
namespace {

const Format& format() {
  return *find_format("qcow2");
}

/// An image of QEMU's with bitmaps of these granularities, named by them; one is disabled.
Content with_bitmaps(const std::filesystem::path& path, const std::string& options,
                     const std::string& size) {
  must("qemu-img create -q -f qcow2 " + options + " " + quoted(path) + " " + size);
  for (const char* granularity : {"4096", "65536", "2097152"})
    must("qemu-img bitmap --add -g " + std::string(granularity) + " " + quoted(path) + " g" +
         granularity);
  must("qemu-img bitmap --add --disable " + quoted(path) + " still");
  return read_whole(path);
}

/// The bits of a bitmap as the file has them.
std::vector<bool> bits_of(const File& file, const qcow2::Header& header,
                          const qcow2::BitmapRow& row) {
  auto cluster = header.geometry.cluster_size();
  std::vector<bool> bits(divide_up(header.size, row.granularity()));
  for (std::uint64_t i = 0; i < row.table_entries; ++i) {
    auto entry = peek<std::uint64_t>(file, row.table_offset + i * 8);
    Content content(cluster, entry == 1 ? std::byte{0xff} : std::byte{});
    if (entry > 1) EXPECT_TRUE(file.read(entry, content));
    for (std::uint64_t bit = 0; bit < cluster * 8 && i * cluster * 8 + bit < bits.size(); ++bit)
      bits[i * cluster * 8 + bit] =
          (std::to_integer<unsigned>(content[bit / 8]) >> bit % 8 & 1) != 0;
  }
  return bits;
}

/// Each bitmap that records and is in order has every part of the disk that differs from `start`.
void expect_no_lie(const std::shared_ptr<File>& file, const Content& start, const Content& now) {
  auto header = qcow2::read_header(*file);
  ASSERT_TRUE(header);
  if (!header->bitmaps_consistent()) return;
  auto rows = qcow2::read_bitmaps(*file, *header);
  ASSERT_TRUE(rows) << rows.error().message;
  for (const auto& row : *rows) {
    if (row.in_use() || !row.enabled()) continue;
    auto bits = bits_of(*file, *header, row);
    for (std::uint64_t at = 0; at < std::min(start.size(), now.size()); at += 512) {
      if (std::memcmp(start.data() + at, now.data() + at, 512) != 0)
        ASSERT_TRUE(bits[at >> row.granularity_bits]) << row.name << " at " << at;
    }
  }
}

TEST(Qcow2Bitmaps, what_is_written_is_recorded_and_qemu_takes_it) {
  for (const char* options : {"", "-o cluster_size=512", "-o cluster_size=4k,extended_l2=off"}) {
    SCOPED_TRACE(options);
    TestFolder folder;
    auto path = folder / "disk";
    with_bitmaps(path, options, "4M");
    std::mt19937_64 random(9);
    DiskModel model(Content(4 << 20));
    {
      auto file = disk_file(path);
      auto image = open(file, {.read_write = true}, "qcow2");
      ASSERT_TRUE(image);
      for (int i = 0; i < 6; ++i) change(*(*image)->writable(), model, random);
      ASSERT_TRUE((*image)->writable()->close());
      expect_no_lie(file, Content(4 << 20), model.content());
      auto header = qcow2::read_header(*file);
      auto rows = qcow2::read_bitmaps(*file, *header);
      ASSERT_EQ(rows->size(), 4U);
      for (const auto& row : *rows) {
        EXPECT_FALSE(row.in_use()) << row.name;
        auto bits = bits_of(*file, *header, row);
        auto set = static_cast<std::size_t>(std::ranges::count(bits, true));
        EXPECT_EQ(set == 0, row.name == "still") << row.name;
        if (row.name == "g4096") EXPECT_LT(set, bits.size());
      }
    }
    expect_clean(path);
    // QEMU loads them, and adds to them.
    must("qemu-io -f qcow2 -c 'write 0 512' " + quoted(path));
    auto ran = run_command("qemu-img info " + quoted(path));
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_EQ(ran.output.find("in-use"), std::string::npos) << ran.output;
    expect_clean(path);
  }
}

TEST(Qcow2Bitmaps, a_crash_at_any_write_leaves_no_bitmap_that_lies) {
  TestFolder folder;
  auto start = with_bitmaps(folder / "disk", "-o cluster_size=4k", "1M");
  auto file = std::make_shared<RecordingFile>(start);
  auto image = open(file, {.read_write = true}, "qcow2");
  ASSERT_TRUE(image);
  std::mt19937_64 random(4);
  DiskModel model(Content(1 << 20));
  for (int i = 0; i < 4; ++i) change(*(*image)->writable(), model, random);
  ASSERT_TRUE((*image)->writable()->close());
  at_each_crash(start, file->steps, 5, [&](const Content& crashed) {
    auto left = std::make_shared<MemoryFile>("left", crashed);
    auto opened = open(left, {}, "qcow2");
    ASSERT_TRUE(opened) << opened.error().message;
    Content got((*opened)->size());
    ASSERT_TRUE((*opened)->read(0, got));
    expect_no_lie(left, Content(1 << 20), got);
    ASSERT_EQ((*opened)->check()->corruptions, 0U) << problems((*opened)->check());
  });
}

TEST(Qcow2Bitmaps, they_follow_the_size_of_the_disk) {
  TestFolder folder;
  auto path = folder / "disk";
  with_bitmaps(path, "-o cluster_size=512", "1M");
  for (std::uint64_t size : {40U << 20, (2U << 20) + 512, 512U, 3U << 20}) {
    SCOPED_TRACE(size);
    auto file = disk_file(path);
    auto image = open(file, {.read_write = true}, "qcow2");
    ASSERT_TRUE(image) << image.error().message;
    auto done = (*image)->writable()->resize(size);
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_TRUE((*image)->writable()->write(size - 512, Content(512, std::byte{1})));
    ASSERT_TRUE((*image)->writable()->close());
    expect_clean(path);
    auto ran = run_command("qemu-img bitmap --add " + quoted(path) + " x && qemu-img bitmap " +
                           "--remove " + quoted(path) + " x && qemu-img info " + quoted(path));
    EXPECT_EQ(ran.status, 0) << ran.output;
    EXPECT_EQ(ran.output.find("in-use"), std::string::npos) << ran.output;
    EXPECT_NE(ran.output.find("g4096"), std::string::npos) << ran.output;
  }
}

TEST(Qcow2Bitmaps, going_back_to_a_snapshot_is_refused_and_snapshots_keep_them) {
  TestFolder folder;
  auto path = folder / "disk";
  with_bitmaps(path, "", "1M");
  auto file = disk_file(path);
  ASSERT_TRUE(qcow2::create_snapshot(*file, "one", 1700000000));
  EXPECT_EQ(qcow2::revert_to_snapshot(*file, "one").error().code, Code::precondition);
  ASSERT_TRUE(qcow2::delete_snapshot(*file, "one"));
  expect_clean(path);
  EXPECT_NE(run_command("qemu-img info " + quoted(path)).output.find("g4096"), std::string::npos);
}

TEST(Qcow2Bitmaps, one_that_is_out_of_date_stays_so_and_reading_touches_none) {
  TestFolder folder;
  auto path = folder / "disk";
  with_bitmaps(path, "", "1M");
  auto file = disk_file(path);
  auto header = qcow2::read_header(*file);
  auto rows = qcow2::read_bitmaps(*file, *header);
  poke<std::uint32_t>(*file, (*rows)[0].position + 12, 3);
  auto before = read_whole(path);
  {
    auto image = open(file, {.read_write = true}, "qcow2");
    Content got(512);
    ASSERT_TRUE((*image)->read(0, got) && (*image)->writable()->flush() &&
                (*image)->writable()->close());
    EXPECT_TRUE(read_whole(path) == before);
    ASSERT_TRUE((*image)->writable()->write(0, Content(512, std::byte{1})));
    ASSERT_TRUE((*image)->writable()->close());
  }
  rows = qcow2::read_bitmaps(*file, *header);
  EXPECT_TRUE((*rows)[0].in_use());
  EXPECT_FALSE((*rows)[1].in_use());
  auto opened = open(file);
  ASSERT_TRUE(opened);
  const auto& bitmaps = (*opened)->description().bitmaps;
  ASSERT_EQ(bitmaps.size(), 4U);
  EXPECT_TRUE(bitmaps[0].inconsistent && bitmaps[0].enabled);
  EXPECT_EQ(bitmaps[0].granularity, 4096U);
  EXPECT_FALSE(bitmaps[3].enabled);
}

TEST(Qcow2Bitmaps, they_are_taken_over_into_an_image_of_other_clusters) {
  TestFolder folder;
  auto path = folder / "disk";
  with_bitmaps(path, "-o cluster_size=512", "20M");
  auto file = disk_file(path);
  {
    auto image = open(file, {.read_write = true}, "qcow2");
    ASSERT_TRUE((*image)->writable()->write(0, Content(1 << 20, std::byte{1})));
    ASSERT_TRUE((*image)->writable()->write(17 << 20, Content(70000, std::byte{1})));
    ASSERT_TRUE((*image)->writable()->close());
  }
  auto header = qcow2::read_header(*file);
  auto rows = qcow2::read_bitmaps(*file, *header);
  for (const char* size : {"512", "65536"}) {
    auto made = DiskFile::create(folder / size);
    BuildOptions options;
    options.options = {{"cluster_size", size}};
    ASSERT_TRUE(store(format(), *made, Content(20 << 20), options));
    auto copied = qcow2::copy_bitmaps(*file, **made);
    ASSERT_TRUE(copied) << copied.error().message;
    auto copied_header = qcow2::read_header(**made);
    ASSERT_TRUE(copied_header) << copied_header.error().message;
    auto copied_rows = qcow2::read_bitmaps(**made, *copied_header);
    ASSERT_EQ(copied_rows->size(), rows->size());
    for (std::size_t i = 0; i < rows->size(); ++i) {
      EXPECT_EQ((*copied_rows)[i].name, (*rows)[i].name);
      EXPECT_EQ((*copied_rows)[i].flags, (*rows)[i].flags);
      EXPECT_TRUE(bits_of(**made, *copied_header, (*copied_rows)[i]) ==
                  bits_of(*file, *header, (*rows)[i]));
    }
    expect_clean(folder / size);
    must("qemu-img bitmap --remove " + quoted(folder / size) + " still");
  }
}

}  // namespace
}  // namespace truce::image
