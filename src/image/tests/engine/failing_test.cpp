// Files that fail while a conversion is at work.
#include <atomic>

#include "image/convert.h"
#include "support.h"

namespace truce::image {
namespace {

/// Bytes in memory of which some cannot be read, and into which no more than some can be written.
class FailingFile final : public File {
 public:
  explicit FailingFile(Content content = {}) : file_("failing", std::move(content)) {}
  std::uint64_t unreadable = ~std::uint64_t{0};  ///< this byte
  std::atomic<std::uint64_t> writes_left = ~std::uint64_t{0};
  [[nodiscard]] std::string name() const override { return file_.name(); }
  [[nodiscard]] std::uint64_t size() const override { return file_.size(); }
  Result<void> read(std::uint64_t offset, Span into) const override {
    if (offset <= unreadable && unreadable - offset < into.size())
      return fail(Code::io, "failing: read at {}: Input/output error", offset);
    return file_.read(offset, into);
  }
  Result<void> write(std::uint64_t offset, View from) override {
    auto left = writes_left.load();
    while (left != 0 && !writes_left.compare_exchange_weak(left, left - 1)) {
    }
    if (left == 0) return fail(Code::io, "failing: write: No space left on device");
    return file_.write(offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    return file_.write_zeroes(offset, length);
  }
  Result<void> resize(std::uint64_t size) override { return file_.resize(size); }
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override {
    return file_.run(offset, length);
  }
  [[nodiscard]] const Content& content() const { return file_.content(); }

 private:
  MemoryFile file_;
};

Result<Moved> convert_to(const std::string& format, Image& from, std::shared_ptr<File> target,
                         bool compressed) {
  BuildOptions options;
  options.size = from.size();
  if (compressed) options.options["compression"] = "zlib";
  TRY(auto builder, build(*find_format(format), std::move(target), options));
  return convert(from, *builder, {.threads = 2});
}

TEST(Failing, a_source_that_cannot_be_read_is_told_with_the_place_on_the_disk) {
  auto disk = sparse_content(5 << 20, 8);
  for (std::uint64_t at :
       {std::uint64_t{0}, std::uint64_t{1234567}, std::uint64_t{disk.size() - 1}}) {
    for (bool compressed : {false, true}) {
      disk[at] = std::byte{9};
      auto file = std::make_shared<FailingFile>();
      ASSERT_TRUE(store(*find_format("vhdx"), file, disk));
      auto from = open(file, {}, "vhdx").value();
      auto where = from->extent(at, 1).value();
      file->unreadable = where.offset;
      auto failed = convert_to("qcow2", *from, std::make_shared<MemoryFile>("target"), compressed);
      ASSERT_FALSE(failed);
      auto told = fmt::format("(byte {} of the guest's disk)", at / 512 * 512);
      EXPECT_NE(failed.error().message.find(told), std::string::npos) << failed.error().message;
    }
  }
}

TEST(Failing, a_source_that_shrinks_is_told_and_never_read_as_zeros) {
  TestFolder folder;
  Content disk(3 << 20, std::byte{5});
  write_whole(folder / "source", disk);
  for (auto moving : {Moving::automatic, Moving::copy}) {
    std::filesystem::resize_file(folder / "source", 3 << 20);
    auto file = DiskFile::open(folder / "source", DiskFile::Access::read_only).value();
    auto from = open(file, {}, "raw").value();
    std::filesystem::resize_file(folder / "source", 1 << 20);
    std::filesystem::remove(folder / "target");
    auto target = DiskFile::create(folder / "target").value();
    BuildOptions options;
    options.size = disk.size();
    auto builder = build(*find_format("vhdx"), target, options).value();
    auto failed = convert(*from, *builder, {.moving = moving});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::corrupt);
    EXPECT_NE(failed.error().message.find("the file ends at byte"), std::string::npos);
  }
}

TEST(Failing, a_target_that_is_full_at_any_write_fails_the_conversion) {
  auto disk = sparse_content(2 << 20, 8);
  for (const auto* format : {"raw", "qcow2", "vhd", "vhdx", "vmdk", "vdi", "qcow"}) {
    for (std::uint64_t writes = 0;; ++writes) {
      auto from = open(std::make_shared<MemoryFile>("source", disk), {}, "raw").value();
      auto target = std::make_shared<FailingFile>();
      target->writes_left = writes;
      auto done = convert_to(format, *from, target, false);
      if (done) break;
      EXPECT_NE(done.error().message.find("No space left"), std::string::npos) << format;
      ASSERT_LT(writes, 10000U);
      // Without its header it is no image of its format, or it lacks nothing but a copy of that.
      auto found = detect(*target);
      if (found && (*found)->name != "raw") {
        auto image = open(target);
        ASSERT_TRUE(image) << format << " after " << writes << ": " << image.error().message;
        expect_content(**image, disk);
      }
      if (writes > 40) writes += writes / 8;
    }
  }
}

}  // namespace
}  // namespace truce::image
