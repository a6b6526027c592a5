#include "guest/copies.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "image/create.h"
#include "image/formats.h"
#include "image/place.h"

namespace truce::guest {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t size = 8 << 20;

class TwoDisks : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "truce-guest-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    disks_ = {folder_ / "one.qcow2", folder_ / "two.raw"};
    ASSERT_TRUE(image::create_disk(disks_[0], *image::find_format("qcow2"), {.size = size}));
    ASSERT_TRUE(image::create_disk(disks_[1], *image::find_format("raw"), {.size = size}));
  }
  void TearDown() override { fs::remove_all(folder_); }
  /// As a guest would.
  static void put(const std::string& path, std::string_view text) {
    auto file = image::DiskFile::open(path, image::DiskFile::Access::read_write);
    ASSERT_TRUE(file) << file.error().message;
    auto folder = image::FolderNeighbours::open(path, fs::path(path).parent_path());
    ASSERT_TRUE(folder);
    auto image = image::open(
        *file,
        {.external = image::External::follow, .neighbours = folder->get(), .read_write = true}, {});
    ASSERT_TRUE(image) << image.error().message;
    ASSERT_TRUE((*image)->writable()->write(4096, std::as_bytes(std::span(text))));
    ASSERT_TRUE((*image)->writable()->close());
  }
  static std::string said(const std::string& path) {
    auto file = image::DiskFile::open(path, image::DiskFile::Access::read_only);
    auto image = image::open(*file);
    std::string text(5, '\0');
    EXPECT_TRUE((*image)->read(4096, std::as_writable_bytes(std::span(text))));
    return text;
  }
  std::size_t files() {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
  std::vector<std::string> disks_;
};

TEST_F(TwoDisks, are_as_they_were_unless_what_was_changed_is_kept) {
  {
    auto copies = Copies::beside(disks_);
    ASSERT_TRUE(copies) << copies.error().message;
    for (const auto& file : (*copies)->files()) put(file.path, "hello");
    EXPECT_EQ(image::DiskFile::open(disks_[0], image::DiskFile::Access::read_only).has_value(),
              true);
  }
  EXPECT_EQ(said(disks_[0]), std::string(5, '\0'));
  EXPECT_EQ(files(), 2U);
  auto copies = Copies::beside(disks_);
  ASSERT_TRUE(copies);
  for (const auto& file : (*copies)->files()) put(file.path, "hello");
  auto kept = (*copies)->keep();
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_GT(*kept, 0U);
  for (const auto& disk : disks_) EXPECT_EQ(said(disk), "hello") << disk;
  EXPECT_EQ(files(), 2U);
}

TEST_F(TwoDisks, that_a_crash_has_left_half_written_are_whole_at_the_next_time) {
  {
    auto copies = Copies::beside(disks_);
    ASSERT_TRUE(copies);
    for (const auto& file : (*copies)->files()) put(file.path, "hello");
    for (const auto& disk : disks_) fs::rename(disk + ".preparing", disk + ".prepared");
  }
  ASSERT_TRUE(Copies::beside(disks_));
  for (const auto& disk : disks_) EXPECT_EQ(said(disk), "hello") << disk;
  EXPECT_EQ(files(), 2U);
}

TEST_F(TwoDisks, of_which_not_all_were_whole_are_as_they_were) {
  {
    auto copies = Copies::beside(disks_);
    ASSERT_TRUE(copies);
    for (const auto& file : (*copies)->files()) put(file.path, "hello");
    fs::rename(disks_[1] + ".preparing", disks_[1] + ".prepared");
    fs::rename(disks_[0] + ".preparing", disks_[0] + ".saved");
  }
  fs::rename(disks_[0] + ".saved", disks_[0] + ".preparing");
  ASSERT_TRUE(Copies::beside(disks_));
  for (const auto& disk : disks_) EXPECT_EQ(said(disk), std::string(5, '\0')) << disk;
  EXPECT_EQ(files(), 2U);
}

TEST_F(TwoDisks, that_somebody_uses_or_that_stand_on_others_are_refused) {
  auto used = image::DiskFile::open(disks_[1], image::DiskFile::Access::read_write);
  ASSERT_TRUE(used);
  ASSERT_TRUE(image::lock_image(**used, image::Use::write));
  EXPECT_EQ(Copies::beside(disks_).error().code, Code::conflict);
  EXPECT_EQ(files(), 2U);
  used->reset();
  std::string child = folder_ / "child.qcow2";
  auto parent = image::parent_for(child, disks_[0]);
  ASSERT_TRUE(parent);
  ASSERT_TRUE(
      image::create_disk(child, *image::find_format("qcow2"), {.parent = *std::move(parent)}));
  EXPECT_EQ(Copies::beside({child}).error().code, Code::unsupported);
  EXPECT_EQ(Copies::beside({}).error().code, Code::invalid);
  // Nobody writes to a disk whose copy is being changed.
  auto copies = Copies::beside({disks_[1]});
  ASSERT_TRUE(copies);
  auto other = image::DiskFile::open(disks_[1], image::DiskFile::Access::read_write);
  EXPECT_EQ(image::lock_image(**other, image::Use::write).error().code, Code::conflict);
}

}  // namespace
}  // namespace truce::guest
