#include "../engine/chain_support.h"
#include "vhd/parent.h"

namespace truce::image {
namespace {

const Format& vhd_of_table() {
  return *find_format("vhd");
}

std::string text_at(const File& file, std::uint64_t offset, std::size_t length) {
  Content bytes(length);
  EXPECT_TRUE(file.read(offset, bytes));
  return {reinterpret_cast<const char*>(bytes.data()), length};
}

TEST(VhdLayer, a_child_names_its_parent_in_all_the_ways_of_the_specification) {
  NamedMemory files;
  make_base(files, "base.vhd", vhd_of_table(), sparse_content(3 << 20, 1));
  make_child(files, "child.vhd", "base.vhd", vhd_of_table());
  const auto& file = *files.files.at("child.vhd");
  auto found = vhd::find_footer(file).value();
  EXPECT_EQ(found.footer.type, vhd::Type::differencing);
  EXPECT_TRUE(found.twice);
  auto base = vhd::find_footer(*files.files.at("base.vhd")).value();
  auto header = vhd::read_header(file, found.footer, found.end).value();
  EXPECT_EQ(header.parent_id, base.footer.id);
  EXPECT_EQ(header.parent_time_stamp, base.footer.time_stamp);
  // [VHD] Dynamic Disk Header Format: the name in UTF-16, high byte first.
  EXPECT_EQ(text_at(file, 512 + 64, 16), std::string("\0b\0a\0s\0e\0.\0v\0h\0d", 16));
  std::string relative(".\0\\\0b\0a\0s\0e\0.\0v\0h\0d\0", 20);
  View bytes = header.bytes;
  EXPECT_EQ(text_at(file, 512 + 576, 4), "W2ru");
  EXPECT_EQ(be<std::uint32_t>(bytes, 576 + 4), 512U);  // room, in bytes as Windows says it
  EXPECT_EQ(be<std::uint32_t>(bytes, 576 + 8), relative.size());
  EXPECT_EQ(text_at(file, be<std::uint64_t>(bytes, 576 + 16), relative.size()), relative);
  EXPECT_EQ(text_at(file, 512 + 600, 4), "W2ku");
  std::vector<std::string> warnings;
  auto names = vhd::parent_names(file, header, warnings).value();
  ASSERT_EQ(names.size(), 2U);
  EXPECT_EQ(names[0].name, "base.vhd");
  EXPECT_EQ(names[1].name, "/images/base.vhd");
  EXPECT_TRUE(warnings.empty());
}

TEST(VhdLayer, names_beyond_ascii_come_back_as_they_were) {
  NamedMemory files;
  std::string name = "größe/磁盘-😀.vhd";
  make_base(files, name, vhd_of_table(), Content(1 << 20));
  make_child(files, "child", name, vhd_of_table());
  auto child = open_named(files, "child", vhd_of_table());
  ASSERT_NE(child, nullptr);
  EXPECT_EQ(child->description().references.front().name, name);
  auto bad = parent_named(files, name, vhd_of_table());
  bad.name = "bad\xff.vhd";
  auto made = build(vhd_of_table(), files.create("bad").value(), {.size = 1 << 20, .parent = bad});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::invalid);
}

TEST(VhdLayer, a_part_of_a_block_is_written_and_the_rest_is_the_parents) {
  NamedMemory files;
  auto content = sparse_content(4 << 20, 2);
  make_base(files, "base", vhd_of_table(), content);
  make_child(files, "child", "base", vhd_of_table());
  auto child = open_named(files, "child", vhd_of_table(), true);
  ASSERT_TRUE(child->writable()->write(5 * 512, Content(3 * 512, std::byte{9})));
  ASSERT_TRUE(child->writable()->write_zeroes(3 << 20, 1024));
  ASSERT_TRUE(child->writable()->close());
  std::fill_n(content.begin() + 5 * 512, 3 * 512, std::byte{9});
  std::fill_n(content.begin() + (3 << 20), 1024, std::byte{});
  child = open_named(files, "child", vhd_of_table());
  expect_content(*child, content);
  EXPECT_FALSE(child->layer()->held(0, 4 << 20)->here);
  EXPECT_EQ(child->layer()->held(0, 4 << 20)->length, 5U * 512);
  EXPECT_EQ(child->layer()->held(5 * 512, 1 << 20)->length, 3U * 512);
}

}  // namespace
}  // namespace truce::image
