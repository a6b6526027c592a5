// Targets that are not new: devices and servers' disks full of what was there before.
#include "files/cleared_file.h"

#include "image/convert.h"
#include "image/place.h"
#include "support.h"

namespace truce::image {
namespace {

Content noise(std::size_t size) {
  Content content(size);
  for (std::size_t i = 0; i < size; ++i)
    content[i] = static_cast<std::byte>((i * 2'654'435'761U >> 13) | 1U);
  return content;
}

TEST(ClearedFile, what_is_not_written_becomes_zero_and_the_rest_behind_it_stays) {
  auto below = std::make_shared<MemoryFile>("device", noise(100'000));
  ClearedFile file(below);
  Content model(90'000);
  std::mt19937 random(4);
  ASSERT_TRUE(file.resize(model.size()));
  for (int i = 0; i < 200; ++i) {
    auto length = 1 + random() % 900;
    auto at = random() % (model.size() - length);
    Content bytes(length, static_cast<std::byte>(1 + i));
    if (i % 5 == 0) {
      std::ranges::fill(Span(model).subspan(at, length), std::byte{});
      ASSERT_TRUE(file.write_zeroes(at, length));
    } else {
      std::ranges::copy(bytes, model.begin() + static_cast<std::ptrdiff_t>(at));
      ASSERT_TRUE(file.write(at, bytes));
    }
    if (i % 50 == 49) {
      Content got(3000);
      ASSERT_TRUE(file.read(40'000, got));
      ASSERT_TRUE(std::ranges::equal(got, View(model).subspan(40'000, got.size())));
    }
  }
  ASSERT_TRUE(file.settle());
  EXPECT_TRUE(std::ranges::equal(View(below->content()).first(model.size()), model));
  EXPECT_TRUE(std::ranges::equal(View(below->content()).subspan(90'000),
                                 View(noise(100'000)).subspan(90'000)));
}

TEST(ClearedFile, many_gaps_are_zeroed_early_and_memory_stays_bounded) {
  auto below = std::make_shared<MemoryFile>("device", noise(1'000'000));
  ClearedFile file(below);
  Content model(1'000'000);
  for (std::size_t at = 0; at < model.size(); at += 8) {
    model[at] = std::byte{7};
    ASSERT_TRUE(file.write(at, View(model).subspan(at, 1)));
  }
  ASSERT_TRUE(file.resize(model.size()));
  ASSERT_TRUE(file.flush());
  EXPECT_TRUE(below->content() == model);
}

TEST(ClearedFile, too_large_a_disk_is_refused_before_anything_is_written) {
  auto below = std::make_shared<MemoryFile>("device", noise(1 << 20));
  auto target = Target::in_place(below);
  auto builder = build(*find_format("raw"), target->file(), {.size = (1 << 20) + 512});
  ASSERT_FALSE(builder);
  EXPECT_EQ(builder.error().code, Code::limit);
  EXPECT_NE(builder.error().message.find("1048576"), std::string::npos);
  EXPECT_TRUE(below->content() == noise(1 << 20));
}

TEST(ClearedFile, every_format_that_a_device_can_hold_reads_back_from_one_full_of_noise) {
  auto disk = sparse_content(6 << 20, 3);
  for (const char* name : {"raw", "qcow2", "vhdx", "vdi"}) {
    auto raw = std::make_shared<MemoryFile>();
    ASSERT_TRUE(store(*find_format("raw"), raw, disk));
    auto source = open(raw, {}, "raw").value();
    auto below = std::make_shared<MemoryFile>("device", noise(40 << 20));
    auto target = Target::in_place(below);
    auto builder = build(*find_format(name), target->file(), {.size = disk.size()});
    ASSERT_TRUE(builder) << name << builder.error().message;
    auto moved = convert(*source, **builder, {});
    ASSERT_TRUE(moved) << name << moved.error().message;
    ASSERT_TRUE(target->commit(Target::Durability::durable));
    auto written = open(below, {}, name);
    ASSERT_TRUE(written) << name << written.error().message;
    Content got(disk.size());
    ASSERT_TRUE((*written)->read(0, got)) << name;
    EXPECT_TRUE(got == disk) << name;
  }
}

}  // namespace
}  // namespace truce::image
