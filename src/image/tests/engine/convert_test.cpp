#include "image/convert.h"

#include <atomic>
#include <map>

#include "image/place.h"
#include "support.h"

namespace truce::image {
namespace {

/// Keeps blocks of 64 KiB, each with a gap after it, as a dynamic VHD would.
class Strides final : public Builder, public Placing {
 public:
  explicit Strides(std::shared_ptr<File> file) : file_(std::move(file)) {}
  [[nodiscard]] std::uint64_t block_size() const override { return 65536; }
  Placing* placing() override { return this; }
  Result<Place> place(std::uint64_t block) override {
    EXPECT_TRUE(places.empty() || block > places.rbegin()->first) << "not in ascending order";
    auto offset = (places.size() + 1) * (65536 + 4096);
    places[block] = offset;
    TRY_VOID(file_->resize(offset + 65536));
    return Place{file_.get(), offset};
  }
  Result<void> finish(Durability) override { return {}; }
  [[nodiscard]] Content content(std::size_t size) const {
    Content whole(size);
    for (auto [block, offset] : places) {
      auto part = Span(whole).subspan(block * 65536);
      EXPECT_TRUE(file_->read(offset, part.first(std::min<std::size_t>(part.size(), 65536))));
    }
    return whole;
  }
  std::map<std::uint64_t, std::uint64_t> places;

 private:
  std::shared_ptr<File> file_;
};

/// Keeps blocks turned upside down.
class Upside final : public Builder, public Packing {
 public:
  [[nodiscard]] std::uint64_t block_size() const override { return 65536; }
  Packing* packing() override { return this; }
  [[nodiscard]] Result<std::vector<std::byte>> encode(std::uint64_t, View content) const override {
    return std::vector<std::byte>(content.rbegin(), content.rend());
  }
  Result<void> append(std::uint64_t block, View encoded) override {
    if (blocks.size() == fail_after) return fail(Code::io, "the disk is full");
    EXPECT_TRUE(blocks.empty() || block > blocks.rbegin()->first) << "not in ascending order";
    blocks[block].assign(encoded.rbegin(), encoded.rend());
    return {};
  }
  Result<void> finish(Durability) override { return {}; }
  [[nodiscard]] Content content(std::size_t size) const {
    Content whole(size);
    for (const auto& [block, bytes] : blocks)
      std::ranges::copy(bytes, whole.begin() + static_cast<std::ptrdiff_t>(block * 65536));
    return whole;
  }
  std::map<std::uint64_t, Content> blocks;
  std::size_t fail_after = ~std::size_t{0};
};

class Convert : public testing::Test {
 protected:
  /// The content as a sparse raw file, opened.
  std::unique_ptr<Image> on_disk(const std::string& name, const Content& disk) {
    auto file = DiskFile::create(folder / name).value();
    EXPECT_TRUE(store(*find_format("raw"), file, disk));
    return open(file, {}, "raw").value();
  }
  static std::unique_ptr<Image> in_memory(const Content& disk) {
    return open(std::make_shared<MemoryFile>("memory", disk), {}, "raw").value();
  }

  TestFolder folder;
  Content content = sparse_content((9 << 20) + 512, 7);
};

TEST_F(Convert, keeps_the_content_for_every_way_of_moving) {
  for (bool disk : {false, true}) {
    auto from = disk ? on_disk("from", content) : in_memory(content);
    for (auto moving : {Moving::automatic, Moving::copy}) {
      for (unsigned threads : {1U, 4U}) {
        auto target = std::make_shared<MemoryFile>("target");
        if (disk) std::filesystem::remove(folder / "to");
        auto file = disk ? std::shared_ptr<File>(DiskFile::create(folder / "to").value()) : target;
        Strides strides(file);
        auto moved = convert(*from, strides, {.threads = threads, .moving = moving});
        ASSERT_TRUE(moved) << moved.error().message;
        EXPECT_EQ(strides.content(content.size()), content);
        Upside upside;
        ASSERT_TRUE(convert(*from, upside, {.threads = threads, .moving = moving}));
        EXPECT_EQ(upside.content(content.size()), content);
        EXPECT_EQ(moved->kernel + moved->shared > 0, disk && moving == Moving::automatic);
      }
    }
  }
}

TEST_F(Convert, reads_and_writes_between_file_systems_of_two_kinds) {
  std::string pattern = "/dev/shm/truce-image-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) GTEST_SKIP() << "no /dev/shm";
  auto from = on_disk("from", content);
  for (unsigned threads : {1U, 4U}) {
    for (auto durability : {Builder::Durability::none, Builder::Durability::durable}) {
      auto name = std::filesystem::path(pattern) / "to";
      Strides strides(DiskFile::create(name).value());
      auto moved = convert(*from, strides, {.threads = threads, .durability = durability});
      ASSERT_TRUE(moved) << moved.error().message;
      EXPECT_EQ(strides.content(content.size()), content);
      EXPECT_EQ(moved->shared, 0U);
      EXPECT_GT(moved->through + moved->kernel, 0U);
      std::filesystem::remove(name);
    }
  }
  std::filesystem::remove_all(pattern);
}

TEST_F(Convert, gives_no_place_to_what_is_zero) {
  Content mostly(4 << 20);
  mostly[3 << 20] = std::byte{1};
  Strides strides(std::make_shared<MemoryFile>("target"));
  auto moved = convert(*in_memory(mostly), strides, {.moving = Moving::copy});
  ASSERT_TRUE(moved);
  ASSERT_EQ(strides.places.size(), 1U);
  EXPECT_EQ(strides.places.begin()->first, 48U);
}

TEST_F(Convert, stops_when_it_is_cancelled_or_the_target_is_full) {
  auto from = in_memory(content);
  std::atomic<bool> cancelled = true;
  Upside never;
  auto stopped = convert(*from, never, {.cancelled = &cancelled});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::cancelled);
  for (unsigned threads : {1U, 4U}) {
    Upside full;
    full.fail_after = 5;
    auto failed = convert(*from, full, {.threads = threads});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "the disk is full");
    EXPECT_EQ(full.blocks.size(), 5U);
  }
}

TEST_F(Convert, progress_grows_to_the_total) {
  Progress last;
  Upside upside;
  auto note = [&](const Progress& progress) {
    EXPECT_GE(progress.done, last.done);
    last = progress;
  };
  ASSERT_TRUE(convert(*in_memory(content), upside, {.progress = note}));
  EXPECT_GT(last.total, 0U);
  EXPECT_EQ(last.done, last.total);
}

TEST_F(Convert, holds_little_when_small_pieces_lie_far_apart) {
  Content sparse(300 << 20);
  for (std::size_t at = 5000; at < sparse.size(); at += 3 << 20) sparse[at] = std::byte{9};
  auto from = on_disk("far", sparse);
  Upside upside;
  ASSERT_TRUE(convert(*from, upside, {}));
  EXPECT_EQ(upside.blocks.size(), 100U);
  EXPECT_TRUE(upside.content(sparse.size()) == sparse);
}

TEST(Losses, are_what_the_target_does_not_keep) {
  Description about{.format = "vhd", .sector_size = 4096};
  about.geometry = "16/8/32";
  about.snapshots.push_back({.id = "1", .name = "before"});
  about.bitmaps.push_back({.name = "daily"});
  for (const auto* format : formats()) {
    auto lost = losses(about, format->name, format->sector_size(about.sector_size));
    EXPECT_EQ(lost.size(), format->name == "vhdx" ? 3U : 4U) << format->name;
  }
  EXPECT_EQ(losses({}, "raw", 512), std::vector<std::string>{});
}

TEST_F(Convert, compare_names_the_first_byte_that_differs) {
  auto other = content;
  auto same = compare(*in_memory(content), *on_disk("same", content), {});
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_FALSE(same->has_value());
  for (std::size_t at : {8U << 20, 5000001U, 77U}) {
    other[at] ^= std::byte{0x80};
    auto differs = compare(*in_memory(content), *in_memory(other), {.threads = 4});
    ASSERT_TRUE(differs);
    EXPECT_EQ(*differs, at);
  }
  auto longer = content;
  longer.resize(content.size() + 100000);
  EXPECT_EQ(compare(*in_memory(content), *in_memory(longer), {}).value(), std::nullopt);
  longer.back() = std::byte{1};
  EXPECT_EQ(compare(*in_memory(longer), *in_memory(content), {}).value(), longer.size() - 1);
}

}  // namespace
}  // namespace truce::image
