#include <gtest/gtest.h>

#include "crash_replay.h"
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

void expect_clean_by_qemu(const std::filesystem::path& path) {
  auto check = run_command("qemu-img check -f vdi " + path.string());
  EXPECT_EQ(check.status, 0) << check.output;
}

TEST(VdiWrite, a_crash_at_any_time_leaves_a_disk_that_opens_with_what_was_flushed) {
  // Small blocks, so that there are many.
  Header header{.map_offset = header_bytes,
                .data_offset = 4096,
                .disk_size = (1 << 20) + 512,
                .block_bytes = smallest_block,
                .blocks = 17};
  auto head = make_header(header);
  Content file(head.begin(), head.end());
  file.resize(header_bytes + 17 * 4, std::byte{0xFF});
  file.resize(header.data_offset);
  for (unsigned seed : {1U}) expect_crash_safe(vdi_format, file, Content(header.disk_size), seed);
}

TEST(VdiWrite, qemu_reads_what_was_written_and_what_qemu_made_can_be_written) {
  TestFolder folder;
  for (const char* made : {"static=off", "static=on"}) {
    auto path = folder / "d.vdi";
    auto ran =
        run_command(fmt::format("qemu-img create -q -f vdi -o {} {} 5M", made, path.string()));
    ASSERT_EQ(ran.status, 0) << ran.output;
    std::mt19937_64 random(5);
    DiskModel model(Content(5 << 20));
    for (int session = 0; session < 2; ++session) {
      auto file = DiskFile::open(path, DiskFile::Access::read_write);
      ASSERT_TRUE(file);
      auto image = open(*file, {.read_write = true});
      ASSERT_TRUE(image) << image.error().message;
      for (int i = 0; i < 8; ++i) change(*(*image)->writable(), model, random);
      Content before(model.content().size());
      ASSERT_TRUE((*image)->read(0, before));
      EXPECT_TRUE(before == model.content()) << "before the flush";
      ASSERT_TRUE((*image)->writable()->close());
      expect_content(**image, model.content());
      EXPECT_TRUE(content_by_qemu(path, "vdi") == model.content()) << made;
      expect_clean_by_qemu(path);
    }
  }
}

TEST(VdiWrite, it_grows_and_shrinks_and_shows_zeros_where_it_has_grown) {
  auto content = sparse_content((2 << 20) + 512, 6);
  auto file = in_memory(built(content));
  auto disk = open(file, {.read_write = true}, "vdi");
  ASSERT_TRUE(disk);
  for (std::size_t size : {1 << 20, (1 << 20) + 1024, 5 << 20, 9 << 20, 512, 3 << 20}) {
    auto done = (*disk)->writable()->resize(size);
    ASSERT_TRUE(done) << done.error().message;
    content.resize(size);
    Content end(512, std::byte{8});
    ASSERT_TRUE((*disk)->writable()->write(size - 512, end));
    std::ranges::copy(end, content.end() - 512);
    ASSERT_TRUE((*disk)->writable()->flush());
    Content got(size);
    ASSERT_TRUE((*disk)->read(0, got));
    ASSERT_TRUE(got == content) << size;
    auto again = open(in_memory(file->content()), {}, "vdi");
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_EQ((*again)->size(), size);
    ASSERT_TRUE((*again)->read(0, got));
    ASSERT_TRUE(got == content) << size;
    EXPECT_EQ((*again)->check()->corruptions, 0U);
  }
  EXPECT_EQ((*disk)->writable()->resize(1000).error().code, Code::invalid);
  EXPECT_EQ((*disk)->writable()->resize(1ULL << 40).error().code, Code::unsupported);
}

TEST(VdiWrite, a_crash_while_it_is_resized_leaves_the_old_size_or_the_new_one) {
  auto content = sparse_content(2 << 20, 6);
  auto start = built(content);
  for (std::size_t size : {1 << 20, 9 << 20}) {
    auto file = std::make_shared<RecordingFile>(start);
    auto image = open(file, {.read_write = true}, "vdi");
    ASSERT_TRUE(image);
    ASSERT_TRUE((*image)->writable()->resize(size));
    MemoryFile crashed("crashed", start);
    for (const auto& step : file->steps) {
      apply(step, crashed);
      auto after = open(in_memory(crashed.content()), {}, "vdi");
      ASSERT_TRUE(after) << after.error().message;
      EXPECT_TRUE((*after)->size() == content.size() || (*after)->size() == size);
      Content got(1 << 20);
      ASSERT_TRUE((*after)->read(0, got));
      EXPECT_TRUE(std::ranges::equal(got, View(content).first(got.size())));
    }
  }
}

TEST(VdiWrite, places_that_a_crash_has_lost_are_used_again) {
  auto leaking = built(Content(4 << 20));
  put_le<std::uint32_t>(leaking, at_allocated, 4);
  auto file = in_memory(leaking);
  auto disk = open(file, {.read_write = true}, "vdi");
  ASSERT_TRUE(disk);
  EXPECT_EQ((*disk)->check()->leaks, 1U);
  Content content(4 << 20, std::byte{7});
  ASSERT_TRUE((*disk)->writable()->write(0, content));
  ASSERT_TRUE((*disk)->writable()->close());
  expect_content(**disk, content);
  EXPECT_EQ((*disk)->check()->problems, std::vector<std::string>{});
}

TEST(VdiWrite, no_flush_goes_with_each_block) {
  auto file = std::make_shared<RecordingFile>(built(Content(20 << 20)));
  auto image = open(file, {.read_write = true}, "vdi");
  ASSERT_TRUE(image);
  Content sector(512, std::byte{1});
  for (std::uint64_t block = 0; block < 20; ++block)
    ASSERT_TRUE((*image)->writable()->write(block << 20, sector));
  ASSERT_TRUE((*image)->writable()->close());
  EXPECT_LE(std::ranges::count(file->steps, FileStep::Kind::flush, &FileStep::kind), 3);
}

TEST(VdiWrite, a_damaged_disk_is_not_written_to) {
  auto file = built(Content(3 << 20, std::byte{3}));
  put_le<std::uint32_t>(file, 512 + 4, 0);
  auto image = open(in_memory(file), {.read_write = true}, "vdi");
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::corrupt);
}

}  // namespace
}  // namespace truce::image::vdi
