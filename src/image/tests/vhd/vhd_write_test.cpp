#include <gtest/gtest.h>

#include "crash_replay.h"
#include "rows.h"
#include "support.h"
#include "vhd/layout.h"
#include "vhd_make.h"

namespace truce::image::vhd {
namespace {

Content built(View content, const std::string& subformat = "dynamic") {
  std::map<std::string, std::string, std::less<>> options{{"subformat", subformat},
                                                          {"creator", "windows"}};
  if (subformat == "dynamic") options["block_size"] = "512K";
  return image::built(vhd_format, content, options);
}

struct Opened {
  std::shared_ptr<MemoryFile> file;
  std::unique_ptr<Image> image;
  Writable* writable = nullptr;
};

Opened opened(Content content, OpenOptions options = {}) {
  Opened made{in_memory(std::move(content)), nullptr};
  options.read_write = true;
  auto image = open(made.file, options, "vhd");
  EXPECT_TRUE(image) << image.error().message;
  if (!image) return made;
  made.image = *std::move(image);
  made.writable = made.image->writable();
  EXPECT_NE(made.writable, nullptr);
  return made;
}

TEST(VhdWrite, a_crash_at_any_time_leaves_a_dynamic_disk_that_opens_with_what_was_flushed) {
  constexpr std::size_t size = (1 << 20) + 512;
  for (unsigned seed : {1U}) expect_crash_safe(vhd_format, make_empty(size), Content(size), seed);
}

TEST(VhdWrite, a_crash_at_any_time_leaves_a_fixed_disk_that_opens_with_what_was_flushed) {
  auto content = sparse_content(512 << 10, 3);
  expect_crash_safe(vhd_format, built(content, "fixed"), content, 3);
}

TEST(VhdWrite, a_crash_at_any_time_leaves_a_differencing_disk_that_opens_with_what_was_flushed) {
  auto content = sparse_content(1 << 20, 9);
  auto parent = built(content);
  auto footer = parse_footer(View(parent).last(512));
  ASSERT_TRUE(footer);
  auto child = make_child({.size = 1 << 20, .parent_id = footer->id}, {{9, 2}});
  std::fill_n(content.begin() + 9 * 512, 512, std::byte{2});
  MemoryNeighbours neighbours;
  neighbours.files["parent.vhd"] = in_memory(parent);
  expect_crash_safe(vhd_format, child, content, 4,
                    {.external = External::follow, .neighbours = &neighbours});
}

TEST(VhdWrite, qemu_reads_what_was_written_and_what_qemu_made_can_be_written) {
  TestFolder folder;
  for (const char* made : {"subformat=dynamic,force_size=on", "subformat=fixed,force_size=on"}) {
    auto path = folder / "d.vhd";
    auto ran =
        run_command(fmt::format("qemu-img create -q -f vpc -o {} {} 9M", made, path.string()));
    ASSERT_EQ(ran.status, 0) << ran.output;
    std::mt19937_64 random(5);
    DiskModel model(content_by_qemu(path, "vpc"));
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
      EXPECT_TRUE(content_by_qemu(path, "vpc") == model.content()) << made;
    }
  }
}

TEST(VhdWrite, it_grows_and_shrinks_and_shows_zeros_where_it_has_grown) {
  for (const char* subformat : {"dynamic", "fixed"}) {
    auto content = sparse_content((2 << 20) + 512, 6);
    auto disk = opened(built(content, subformat));
    ASSERT_NE(disk.writable, nullptr);
    for (std::size_t size : {1 << 20, (1 << 20) + 1024, 5 << 20, 9 << 20, 512, 1 << 20}) {
      auto done = disk.writable->resize(size);
      ASSERT_TRUE(done) << done.error().message;
      content.resize(size);
      Content end(512, std::byte{8});
      ASSERT_TRUE(disk.writable->write(size - 512, end));
      std::ranges::copy(end, content.end() - 512);
      ASSERT_TRUE(disk.writable->flush());
      Content got(size);
      ASSERT_TRUE(disk.image->read(0, got));
      ASSERT_TRUE(got == content) << subformat << size;
      auto again = open(in_memory(disk.file->content()), {}, "vhd");
      ASSERT_TRUE(again) << again.error().message;
      ASSERT_EQ((*again)->size(), size);
      ASSERT_TRUE((*again)->read(0, got));
      ASSERT_TRUE(got == content) << subformat << size;
      EXPECT_EQ((*again)->check()->corruptions, 0U);
    }
    EXPECT_EQ(disk.writable->resize(1000).error().code, Code::invalid);
  }
}

TEST(VhdWrite, a_crash_while_it_is_resized_leaves_the_old_size_or_the_new_one) {
  for (const char* subformat : {"dynamic", "fixed"}) {
    auto content = sparse_content(2 << 20, 6);
    auto start = built(content, subformat);
    for (std::size_t size : {1 << 20, 9 << 20}) {
      auto file = std::make_shared<RecordingFile>(start);
      auto image = open(file, {.read_write = true}, "vhd");
      ASSERT_TRUE(image);
      ASSERT_TRUE((*image)->writable()->resize(size));
      MemoryFile crashed("crashed", start);
      for (const auto& step : file->steps) {
        apply(step, crashed);
        auto after = open(in_memory(crashed.content()), {}, "vhd");
        ASSERT_TRUE(after) << subformat << after.error().message;
        EXPECT_TRUE((*after)->size() == content.size() || (*after)->size() == size);
        Content got(1 << 20);
        ASSERT_TRUE((*after)->read(0, got));
        EXPECT_TRUE(std::ranges::equal(got, View(content).first(got.size())));
      }
    }
  }
}

TEST(VhdWrite, no_flush_goes_with_each_block) {
  auto file = std::make_shared<RecordingFile>(built(Content(40 << 20)));
  auto image = open(file, {.read_write = true}, "vhd");
  ASSERT_TRUE(image);
  Content sector(512, std::byte{1});
  for (std::uint64_t block = 0; block < 80; ++block)
    ASSERT_TRUE((*image)->writable()->write(block << 19, sector));
  ASSERT_TRUE((*image)->writable()->close());
  auto flushes = std::ranges::count(file->steps, FileStep::Kind::flush, &FileStep::kind);
  EXPECT_LE(flushes, 80 / 16 + 4);
}

TEST(VhdWrite, a_guests_sector_is_never_where_a_footer_is_looked_for) {
  // The guest writes footers of another disk everywhere, then the power goes.
  auto file = std::make_shared<RecordingFile>(built(Content(4 << 20)));
  auto image = open(file, {.read_write = true}, "vhd");
  ASSERT_TRUE(image);
  auto forged = make_footer(Type::fixed, 512, "evil");
  for (std::uint64_t at = 0; at < 4 << 20; at += 512)
    ASSERT_TRUE((*image)->writable()->write(at, forged.bytes));
  MemoryFile crashed("crashed", built(Content(4 << 20)));
  for (const auto& step : file->steps) {
    if (step.kind == FileStep::Kind::write && step.length == 512 && step.offset % 65536 != 0 &&
        step.offset + 1024 < crashed.size()) {
      apply(step, crashed);
      continue;  // not near an end: nothing new to see
    }
    apply(step, crashed);
    auto after = open(in_memory(crashed.content()), {}, "vhd");
    ASSERT_TRUE(after) << after.error().message;
    ASSERT_EQ((*after)->size(), 4U << 20);
  }
}

TEST(VhdWrite, a_damaged_disk_is_not_written_to) {
  auto file = built(Content(2 << 20, std::byte{3}));
  put_be<std::uint32_t>(file, 1536 + 4, be<std::uint32_t>(file, 1536) + 1);
  auto image = open(in_memory(file), {.read_write = true}, "vhd");
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::corrupt);
}

TEST(VhdWrite, footers_that_are_lost_are_written_anew) {
  auto content = sparse_content(2 << 20, 6);
  auto whole = built(content);
  auto headless = whole;
  std::fill_n(headless.begin(), 512, std::byte{});
  auto endless = whole;
  endless.resize(endless.size() - 512);
  for (const auto& file : {headless, endless}) {
    auto disk = opened(file);
    ASSERT_NE(disk.writable, nullptr);
    ASSERT_TRUE(disk.writable->close());
    EXPECT_TRUE(disk.file->content() == whole);
  }
}

}  // namespace
}  // namespace truce::image::vhd
