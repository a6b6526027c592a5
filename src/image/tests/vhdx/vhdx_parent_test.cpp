// Differencing disks.
#include "vhdx_support.h"

namespace truce::image::vhdx {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// A parent, and a child of 8 blocks of 1 MiB: 0 from the parent, 1 its own, 2 in part its own, 3
/// zeros, 4 unmapped, 5..7 from the parent, which ends within 6.
class Family : public ::testing::Test {
 protected:
  void SetUp() override {
    parent_content = sparse_content((6 << 20) + 4096, 11);
    parent = disk_of(parent_content);
    auto opened = image::open(parent);
    ASSERT_TRUE(opened);
    linkage = "{" + detail(**opened, "data write guid") + "}";
    child = disk_of(Content(8 << 20, std::byte{'c'}));
    make({{"parent_linkage", linkage},
          {"relative_path", ".\\base\\parent.vhdx"},
          {"absolute_win32_path", "\\\\?\\d:\\vms\\base\\parent.vhdx"}});
    expected = parent_content;
    expected.resize(8 << 20);
    std::ranges::fill(Span(expected).subspan(mebibyte, mebibyte), std::byte{'c'});
    for (std::uint64_t i : own_sectors)
      std::ranges::fill(Span(expected).subspan(2 * mebibyte + 512 * i, 512), std::byte{'c'});
    std::ranges::fill(Span(expected).subspan(3 * mebibyte, 2 * mebibyte), std::byte{});
    files.files["base/parent.vhdx"] = parent;
    follow.external = External::follow;
    follow.neighbours = &files;
  }

  void make(const Pairs& pairs) {
    make_child(*child, pairs, 8);
    patch<std::uint64_t>(*child, bat_at + 8, 5 * mebibyte + 6);
    patch<std::uint64_t>(*child, bat_at + 16, 6 * mebibyte + 7);
    patch<std::uint64_t>(*child, bat_at + 24, 2);
    patch<std::uint64_t>(*child, bat_at + 32, 3);
    patch<std::uint64_t>(*child, bat_at + 8 * 4096, 11 * mebibyte + 6);  // ratio 4096
    Content bits(mebibyte);
    for (std::uint64_t i : own_sectors)
      bits[(2 * 2048 + i) / 8] |= static_cast<std::byte>(1 << (i % 8));
    ASSERT_TRUE(child->write(11 * mebibyte, bits));
  }

  std::vector<std::uint64_t> own_sectors{0,   1,   9,   100, 101, 102, 103, 104, 105, 106, 107,
                                         108, 109, 110, 111, 112, 113, 114, 115, 116, 2047};
  Content parent_content, expected;
  std::shared_ptr<MemoryFile> parent, child;
  std::string linkage;
  NamedFiles files;
  OpenOptions follow;
};

TEST_F(Family, is_read_through_the_parent_by_blocks_and_by_sectors) {
  auto image = open(child, follow);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ((*image)->description().variant, "differencing");
  EXPECT_EQ(files.asked, std::vector<std::string>{"base/parent.vhdx"});
  expect_content(**image, expected);
  auto report = (*image)->check();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->corruptions, 0U);
}

TEST_F(Family, names_what_it_refers_to_and_opens_nothing_when_that_is_refused_or_ignored) {
  auto message = opening_error(child, Code::forbidden);
  EXPECT_TRUE(message.contains("parent 'base/parent.vhdx'")) << message;
  auto ignoring = follow;
  ignoring.external = External::ignore;
  auto image = open(child, ignoring);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_TRUE(files.asked.empty());
  const auto& references = (*image)->description().references;
  ASSERT_EQ(references.size(), 2U);
  EXPECT_EQ(references[0].name, ".\\base\\parent.vhdx");
  EXPECT_EQ(references[0].role, "parent");
  EXPECT_EQ(references[0].format, "vhdx");
  EXPECT_EQ(detail(**image, "parent_linkage"), linkage);
  Content into(512);
  EXPECT_EQ((*image)->read(0, into).error().code, Code::forbidden);
  EXPECT_EQ((*image)->extent(0, 512).error().code, Code::forbidden);
  EXPECT_EQ((*image)->extent((2 << 20) + 1024, 512).error().code, Code::forbidden);
  EXPECT_TRUE((*image)->read(mebibyte, into));
  EXPECT_TRUE((*image)->read(2 * mebibyte, into));
  EXPECT_EQ((*image)->writable(), nullptr);
}

TEST_F(Family, q1_a_differencing_disk_is_never_read_as_if_it_had_no_parent) {
  auto image = open(child);
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::forbidden);
  files.files.clear();
  image = open(child, follow);
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::not_found);
}

TEST_F(Family, tries_the_paths_in_the_order_of_the_specification) {
  make({{"absolute_win32_path", "c:\\third"},
        {"volume_path", "second"},
        {"parent_linkage", linkage},
        {"relative_path", "..\\first"}});
  files.files = {{"c:\\third", parent}};
  ASSERT_TRUE(open(child, follow));
  EXPECT_EQ(files.asked, (std::vector<std::string>{"../first", "second", "c:\\third"}));
}

TEST_F(Family, a_parent_that_was_changed_since_is_refused) {
  OpenOptions writing;
  writing.read_write = true;
  {
    auto image = open(parent, writing);
    ASSERT_TRUE(image && (*image)->writable());
    ASSERT_TRUE((*image)->writable()->write(0, Content(512)));
    ASSERT_TRUE((*image)->writable()->close());
  }
  auto message = opening_error(child, Code::corrupt, follow);
  EXPECT_TRUE(message.contains("is not as it was when this disk was made")) << message;
  auto now = "{" + detail(**open(parent), "data write guid") + "}";
  make({{"parent_linkage", linkage},
        {"parent_linkage2", now},
        {"relative_path", "base\\parent.vhdx"}});
  EXPECT_TRUE(open(child, follow));  // one of the two
}

TEST_F(Family, a_chain_that_runs_in_a_circle_ends) {
  files.files["base/parent.vhdx"] = child;
  opening_error(child, Code::corrupt, follow);
}

TEST_F(Family, locators_that_cannot_be_are_refused) {
  make({{"relative_path", "parent.vhdx"}});
  EXPECT_TRUE(opening_error(child, Code::corrupt, follow).contains("parent_linkage is ''"));
  make({{"parent_linkage", "nonsense"}, {"relative_path", "parent.vhdx"}});
  EXPECT_TRUE(opening_error(child, Code::corrupt, follow).contains("not an identifier"));
  make({{"parent_linkage", linkage}});
  EXPECT_TRUE(opening_error(child, Code::corrupt, follow).contains("names no path"));
  make({{"parent_linkage", linkage}, {"relative_path", "a"}, {"relative_path", "b"}});
  EXPECT_TRUE(opening_error(child, Code::corrupt, follow).contains("is there twice"));
  make({{"parent_linkage", linkage}, {"relative_path", std::string("a\0b", 3)}});
  EXPECT_TRUE(opening_error(child, Code::corrupt, follow).contains("holds a zero"));
  make({{"parent_linkage", linkage}, {"relative_path", "a"}});
  patch<std::uint32_t>(*child, metadata_at + 131072 + 20, 0xFFFFFFFE);
  EXPECT_TRUE(opening_error(child, Code::corrupt, follow).contains("lies beyond the item"));
  patch<std::uint16_t>(*child, metadata_at + 131072 + 18, 0xFFFF);
  EXPECT_TRUE(opening_error(child, Code::corrupt, follow).contains("65535 entries do not fit"));
  patch<std::uint8_t>(*child, metadata_at + 131072, 0);
  EXPECT_TRUE(opening_error(child, Code::unsupported, follow).contains("is not known"));
}

TEST_F(Family, a_bitmap_that_is_missing_or_lies_in_a_table_is_not_read) {
  for (std::uint64_t entry :
       {std::uint64_t{0}, 2 * mebibyte + 6, 11 * mebibyte + 2, 900 * mebibyte + 6}) {
    patch<std::uint64_t>(*child, bat_at + 8 * 4096, entry);
    auto image = open(child, follow);
    ASSERT_TRUE(image);
    Content into(512);
    EXPECT_EQ((*image)->read(2 * mebibyte, into).error().code, Code::corrupt);
    auto report = (*image)->check();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->corruptions, 1U);
  }
}

TEST_F(Family, is_written_without_touching_the_parent) {
  auto before = parent->content();
  follow.read_write = true;
  std::mt19937_64 random(5);
  {
    auto image = open(child, follow);
    ASSERT_TRUE(image) << image.error().message;
    auto* writable = (*image)->writable();
    ASSERT_NE(writable, nullptr);
    for (int i = 0; i < 120; ++i) {
      auto at = random() % (expected.size() - 1);
      auto length =
          std::min<std::uint64_t>(expected.size() - at, 1 + random() % (i % 10 ? 5000 : 3 << 20));
      auto part = Span(expected).subspan(at, length);
      if (i % 4 == 3) {
        std::ranges::fill(part, std::byte{});
        ASSERT_TRUE(writable->write_zeroes(at, length));
      } else {
        std::ranges::fill(part, static_cast<std::byte>(random()));
        auto written = writable->write(at, part);
        ASSERT_TRUE(written) << written.error().message;
      }
      if (i % 30 == 29) {
        ASSERT_TRUE(writable->flush());
      }
    }
    expect_content(**image, expected);
    EXPECT_EQ(writable->resize(1 << 20).error().code, Code::unsupported);
    ASSERT_TRUE(writable->close());
  }
  EXPECT_TRUE(parent->content() == before);
  auto image = open(child, follow);
  ASSERT_TRUE(image) << image.error().message;
  expect_content(**image, expected);
  auto report = (*image)->check();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->corruptions, 0U) << report->problems.front();
}

}  // namespace
}  // namespace truce::image::vhdx
