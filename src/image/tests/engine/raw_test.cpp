#include <gtest/gtest.h>

#include "byte_order.h"
#include "image/formats.h"
#include "support.h"
#include "table_cache.h"
#include "table_writer.h"

namespace truce::image {
namespace {

std::vector<std::byte> same_bytes(std::size_t count, int value) {
  return std::vector<std::byte>(count, static_cast<std::byte>(value));
}

TEST(Raw, shows_what_is_stored_and_what_is_a_hole) {
  auto file = std::make_shared<MemoryFile>("disk");
  ASSERT_TRUE(file->resize(65536));
  ASSERT_TRUE(file->write(8192, same_bytes(4096, 7)));
  auto image = open(file);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ((*image)->description().format, "raw");
  auto first = (*image)->extent(0, 65536);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->kind, Kind::hole);
  EXPECT_EQ(first->length, 8192U);
  auto second = (*image)->extent(8192, 65536 - 8192);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->kind, Kind::data);
  EXPECT_EQ(second->length, 4096U);
  EXPECT_EQ(second->offset, 8192U);
}

TEST(Raw, refuses_to_read_beyond_its_end) {
  auto image = open(std::make_shared<MemoryFile>("disk", same_bytes(512, 1)));
  ASSERT_TRUE(image);
  std::vector<std::byte> into(512);
  EXPECT_TRUE((*image)->read(0, into));
  EXPECT_EQ((*image)->read(1, into).error().code, Code::invalid);
  EXPECT_EQ((*image)->extent(512, 1).error().code, Code::invalid);
}

TEST(TableCache, keeps_what_is_put_and_refuses_what_is_beyond_the_file) {
  MemoryFile file("tables", same_bytes(200000, 0));
  TableCache cache(file, 2);
  ASSERT_EQ(cache.le<std::uint32_t>(65536).value(), 0U);
  std::vector<std::byte> entry(4);
  put_le<std::uint32_t>(entry, 0, 0x01020304);
  ASSERT_TRUE(cache.put(file, 65536, entry));
  EXPECT_EQ(cache.le<std::uint32_t>(65536).value(), 0x01020304U);
  EXPECT_EQ(cache.be<std::uint32_t>(65536).value(), 0x04030201U);
  EXPECT_TRUE(cache.page(0) && cache.page(131072));  // two others: the first was given up
  EXPECT_EQ(cache.le<std::uint32_t>(65536).value(), 0x01020304U);
  EXPECT_EQ(cache.le<std::uint64_t>(200000 - 4).error().code, Code::corrupt);
  EXPECT_EQ(cache.page(200000).error().code, Code::corrupt);
}

TEST(TableCache, does_not_make_up_what_was_written_behind_the_end_of_a_page_by_another_way) {
  MemoryFile file("tables", same_bytes(512, 0));
  TableCache cache(file, 2);
  std::vector<std::byte> entry(8, std::byte{7});
  ASSERT_TRUE(cache.page(0));            // ends at 512
  ASSERT_TRUE(file.write(1024, entry));  // as data are written
  ASSERT_TRUE(cache.put(file, 2048, entry));
  EXPECT_EQ(cache.le<std::uint64_t>(1024).value(), 0x0707070707070707U);
}

TEST(TableWriter, leaves_untouched_pages_as_holes_and_fills_where_the_format_wants_it) {
  for (int fill : {0, 255}) {
    MemoryFile file("table");
    TableWriter table(file, 512, 100000, 4, static_cast<std::byte>(fill));
    std::vector<std::byte> entry(4);
    put_le<std::uint32_t>(entry, 0, 9);
    ASSERT_TRUE(table.set(3, entry));
    ASSERT_TRUE(table.set(70000, entry));
    ASSERT_TRUE(table.finish());
    EXPECT_EQ(le<std::uint32_t>(file.content(), 512 + 12), 9U);
    EXPECT_EQ(le<std::uint32_t>(file.content(), 512 + 280000), 9U);
    EXPECT_EQ(file.content()[512 + 65536 * 2], static_cast<std::byte>(fill));
    EXPECT_EQ(file.size(), 512U + (fill == 0 ? 5 * 65536 : 400000));
  }
}

TEST(Raw, holds_what_was_stored) {
  auto content = sparse_content(5 << 20, 1);
  auto file = std::make_shared<MemoryFile>("disk");
  ASSERT_TRUE(store(*find_format("raw"), file, content));
  auto image = open(file, {}, "raw");
  ASSERT_TRUE(image);
  expect_content(**image, content);
}

}  // namespace
}  // namespace truce::image
