// Random operations on an image and, beside it, on plain bytes that it must always agree with.
#pragma once

#include "image/qcow2.h"
#include "variants.h"

namespace truce::image::proof {

/// One image that is worked on, the disk it should be, and the dice.
class Workload {
 public:
  Workload(const Variant& variant, std::shared_ptr<File> file, Neighbours& neighbours, Content disk,
           std::uint64_t seed)
      : variant_(variant),
        file_(std::move(file)),
        neighbours_(neighbours),
        disk_(std::move(disk)),
        random_(seed) {}

  /// Opens it to be written; again after close().
  void open_it() {
    auto opened = open(file_, options(true), variant_.format);
    ASSERT_TRUE(opened) << opened.error().message;
    image_ = std::move(*opened);
    const auto& warnings = image_->description().warnings;
    ASSERT_NE(image_->writable(), nullptr) << (warnings.empty() ? "" : warnings.front());
  }

  /// For images whose other writer is not to learn of a new size.
  void leave_the_size() { resizes_ = false; }

  void operate(unsigned operations) {
    for (unsigned i = 0; i < operations && !testing::Test::HasFatalFailure(); ++i) step();
  }

  /// Closed, opened anew, the image holds the disk and its tables are in order.
  void finish() {
    close_it();
    auto image = open(file_, options(false), variant_.format);
    ASSERT_TRUE(image) << image.error().message;
    expect_content(**image, disk_);
    expect_sound(**image, true);
  }

  void close_it() {
    auto closed = image_->writable()->close();
    ASSERT_TRUE(closed) << closed.error().message;
    image_.reset();
  }

  [[nodiscard]] const Content& disk() const { return disk_; }

 private:
  OpenOptions options(bool read_write) {
    return {.external = External::follow, .neighbours = &neighbours_, .read_write = read_write};
  }

  void step() {
    switch (random_() % 24) {
      case 0:
        return flush();
      case 1:
        return reopen();
      case 2:
        return drop();
      case 3:
        return resize();
      case 4:
        return snapshot();
      case 5:
        return expect_sound(*image_, false);
      case 6:
      case 7:
      case 8:
      case 9:
        return compare_a_range();
      case 10:
      case 11:
      case 12:
      case 13:
      case 14:
        return write_zeroes();
      default:
        return write();
    }
  }

  /// A range of the disk: small and anywhere, whole sectors, large, up to the very end.
  std::pair<std::size_t, std::size_t> some_range() {
    auto size = disk_.size();
    auto at = random_() % size;
    auto length = 1 + random_() % (random_() % 4 != 0 ? 6000 : 400000);
    if (random_() % 2 == 0) at = at / 512 * 512, length = round_up(length, 512);
    if (random_() % 8 == 0) at = at / 65536 * 65536, length = round_up(length, 65536);
    if (random_() % 10 == 0) at = size - std::min(length, size);
    return {at, std::min(length, size - at)};
  }

  void write() {
    auto [at, length] = some_range();
    Content bytes(length);
    auto kind = random_() % 4;
    std::uint64_t salt = random_();
    for (std::size_t i = 0; kind != 0 && i < length; ++i)
      bytes[i] =
          static_cast<std::byte>(kind == 1 ? salt : (salt = salt * 0x5851F42D4C957F2D + 1) >> 56);
    auto done = image_->writable()->write(at, bytes);
    ASSERT_TRUE(done) << done.error().message;
    std::ranges::copy(bytes, disk_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void write_zeroes() {
    auto [at, length] = some_range();
    auto done = image_->writable()->write_zeroes(at, length);
    ASSERT_TRUE(done) << done.error().message;
    std::ranges::fill(Span(disk_).subspan(at, length), std::byte{});
  }

  void flush() {
    auto done = image_->writable()->flush();
    ASSERT_TRUE(done) << done.error().message;
  }

  void reopen() {
    close_it();
    open_it();
  }

  /// Lost without having been closed, as by kill -9, but flushed.
  void drop() {
    flush();
    image_.reset();
    dropped_ = true;
    open_it();
  }

  void resize() {
    if (variant_.can == Can::write || !resizes_) return;
    auto size = some_size(variant_, random_);
    auto done = image_->writable()->resize(size);
    ASSERT_TRUE(done) << "to " << size << ": " << done.error().message;
    disk_.resize(size);
    ASSERT_EQ(image_->size(), size);
  }

  void snapshot() {
    if (variant_.can != Can::snapshot || !resizes_) return;
    close_it();
    auto known = snapshots_.begin();
    auto what = snapshots_.empty() ? 0 : random_() % 3;
    auto done = Result<void>{};
    if (what == 0) {
      auto name = std::to_string(++named_) + "th";
      done = qcow2::create_snapshot(*file_, name, 1'700'000'000);
      snapshots_[name] = disk_;
    } else {
      std::advance(known, static_cast<std::ptrdiff_t>(random_() % snapshots_.size()));
      if (what == 1) {
        done = qcow2::revert_to_snapshot(*file_, known->first);
        disk_ = known->second;
      } else {
        done = qcow2::delete_snapshot(*file_, known->first);
        snapshots_.erase(known);
      }
    }
    ASSERT_TRUE(done) << done.error().message;
    open_it();
    for (const auto& [name, content] : snapshots_) {
      auto old = qcow2::open_snapshot(file_, {}, name);
      ASSERT_TRUE(old) << old.error().message;
      expect_range(**old, content, 0, content.size());
    }
  }

  void compare_a_range() {
    auto [at, length] = some_range();
    expect_range(*image_, disk_, at, length);
    auto extent = image_->extent(at, length);
    ASSERT_TRUE(extent) << extent.error().message;
    ASSERT_TRUE(extent->start == at && extent->length > 0 && extent->length <= length);
    if (extent->kind == Kind::hole || extent->kind == Kind::zero)
      ASSERT_TRUE(all_zero(View(disk_).subspan(at, extent->length)));
  }

  static void expect_range(Image& image, View expected, std::size_t at, std::size_t length) {
    ASSERT_EQ(image.size(), expected.size());
    Content got(length);
    auto read = image.read(at, got);
    ASSERT_TRUE(read) << read.error().message;
    auto wanted = expected.subspan(at, length);
    auto differs = std::ranges::mismatch(got, wanted).in1 - got.begin();
    ASSERT_EQ(differs, static_cast<std::ptrdiff_t>(length)) << "differs in the read at " << at;
  }

  void expect_sound(Image& image, bool closed) {
    auto report = image.check();
    if (!report) {
      ASSERT_EQ(report.error().code, Code::unsupported) << report.error().message;
      return;
    }
    ASSERT_EQ(report->corruptions, 0U) << report->problems.front();
    if (closed && !dropped_ && variant_.format == "qcow2")
      ASSERT_EQ(report->leaks, 0U) << report->problems.front();
  }

  const Variant& variant_;
  std::shared_ptr<File> file_;
  Neighbours& neighbours_;
  Content disk_;
  std::mt19937_64 random_;
  std::unique_ptr<Image> image_;
  std::map<std::string, Content> snapshots_;
  unsigned named_ = 0;
  bool resizes_ = true;
  bool dropped_ = false;  ///< space that nothing refers to may be left
};

}  // namespace truce::image::proof
