#include "../engine/chain_support.h"

namespace truce::image {
namespace {

const Format& vhdx_of_table() {
  return *find_format("vhdx");
}

std::string detail(const Image& image, std::string_view name) {
  for (const auto& [key, value] : image.description().details)
    if (key == name) return value;
  return "";
}

TEST(VhdxLayer, a_child_is_linked_to_what_its_parent_holds) {
  NamedMemory files;
  make_base(files, "base.vhdx", vhdx_of_table(), sparse_content(3 << 20, 1));
  make_child(files, "child.vhdx", "base.vhdx", vhdx_of_table());
  auto child = open_named(files, "child.vhdx", vhdx_of_table());
  auto base = open_named(files, "base.vhdx", vhdx_of_table());
  EXPECT_EQ(child->description().variant, "differencing");
  EXPECT_EQ(detail(*child, "parent_linkage"), "{" + detail(*base, "data write guid") + "}");
  EXPECT_EQ(detail(*child, "relative_path"), ".\\base.vhdx");
  EXPECT_EQ(detail(*child, "absolute_win32_path"), "/images/base.vhdx");
  base = open_named(files, "base.vhdx", vhdx_of_table(), true);
  ASSERT_TRUE(base->writable()->write(0, Content(512, std::byte{1})));
  ASSERT_TRUE(base->writable()->close());
  auto opened = open(files.files.at("child.vhdx"), following(files), "vhdx");
  ASSERT_FALSE(opened);  // the parent is no longer what it was
  EXPECT_EQ(opened.error().code, Code::corrupt);
}

TEST(VhdxLayer, after_a_commit_only_the_image_that_was_committed_knows_the_parent) {
  NamedMemory files;
  auto content = sparse_content(3 << 20, 1);
  make_base(files, "base", vhdx_of_table(), content);
  make_child(files, "child", "base", vhdx_of_table());
  make_child(files, "sister", "base", vhdx_of_table());
  auto child = open_named(files, "child", vhdx_of_table(), true);
  ASSERT_TRUE(child->writable()->write(1000, Content(5000, std::byte{1})));
  std::fill_n(content.begin() + 1000, 5000, std::byte{1});
  ASSERT_TRUE(child->writable()->flush());
  auto options = following(files, true);
  options.identity = Identity::kept;
  auto base = open(files.files.at("base"), options, "vhdx").value();
  auto written = commit_into(*child, *base, {});
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_TRUE(child->layer()->forget());
  ASSERT_TRUE(child->writable()->close());
  expect_content(*open_named(files, "child", vhdx_of_table()), content);
  EXPECT_EQ(open(files.files.at("sister"), following(files), "vhdx").error().code, Code::corrupt);
}

TEST(VhdxLayer, a_name_can_be_changed_any_number_of_times) {
  NamedMemory files;
  make_base(files, "base", vhdx_of_table(), sparse_content(2 << 20, 1));
  make_child(files, "child", "base", vhdx_of_table());
  for (int i = 0; i < 300; ++i) {
    auto name = std::string(static_cast<std::size_t>(1 + i * 7 % 1000), 'n') + std::to_string(i);
    files.files[name] = files.files.at("base");
    auto child =
        open(files.files.at("child"), {.external = External::ignore, .read_write = true}, "vhdx")
            .value();
    auto parent = parent_named(files, name, vhdx_of_table());
    auto named = child->layer()->stand_on(&parent);
    ASSERT_TRUE(named) << i << ": " << named.error().message;
  }
  auto child = open_named(files, "child", vhdx_of_table());
  EXPECT_TRUE(child->description().references.front().name.ends_with("299"));
  EXPECT_LE(files.files.at("child")->size(), 8U << 20);
}

TEST(VhdxLayer, a_part_of_a_block_is_written_and_the_rest_is_the_parents) {
  NamedMemory files;
  auto content = sparse_content(4 << 20, 2);
  make_base(files, "base", vhdx_of_table(), content);
  make_child(files, "child", "base", vhdx_of_table());
  auto child = open_named(files, "child", vhdx_of_table(), true);
  ASSERT_TRUE(child->writable()->write(5 * 512, Content(3 * 512, std::byte{9})));
  ASSERT_TRUE(child->writable()->close());
  std::fill_n(content.begin() + 5 * 512, 3 * 512, std::byte{9});
  child = open_named(files, "child", vhdx_of_table());
  expect_content(*child, content);
  EXPECT_EQ(child->layer()->held(0, 4 << 20)->length, 5U * 512);
  EXPECT_TRUE(child->layer()->held(5 * 512, 1 << 20)->here);
  EXPECT_EQ(child->layer()->held(5 * 512, 1 << 20)->length, 3U * 512);
}

TEST(VhdxLayer, sectors_of_a_child_are_those_of_its_parent) {
  NamedMemory files;
  auto content = sparse_content(4 << 20, 2);
  BuildOptions large{.sector_size = 4096};
  ASSERT_TRUE(store(vhdx_of_table(), files.create("base").value(), content, large));
  BuildOptions options{.size = content.size(), .sector_size = 512};
  options.parent = parent_named(files, "base", vhdx_of_table());
  auto file = files.create("child").value();
  EXPECT_EQ(build(vhdx_of_table(), file, options).error().code, Code::invalid);
  options.sector_size = 4096;
  auto builder = build(vhdx_of_table(), file, options).value();
  ASSERT_TRUE(builder->finish(Builder::Durability::none));
  auto child = open_named(files, "child", vhdx_of_table(), true);
  ASSERT_TRUE(child->writable()->write(100, Content(10, std::byte{1})));
  std::fill_n(content.begin() + 100, 10, std::byte{1});
  expect_content(*child, content);
}

}  // namespace
}  // namespace truce::image
