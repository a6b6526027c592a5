// Images that are written in order are what the others are, and have no more in them than they
// need.
#include "image/in_order.h"

#include "../support.h"
#include "image/convert.h"

namespace truce::image {
namespace {

/// A file that had something in it, and is written from its beginning.
class Taken final : public InOrder {
 public:
  Result<void> write(View bytes) override {
    if (writes_left-- == 0) return fail(Code::io, "the disk is full");
    auto done = file->write(at, bytes);
    at += bytes.size();
    written += bytes.size();
    return done;
  }
  Result<void> hole(std::uint64_t length) override {
    at += length;
    return at > file->size() ? file->resize(at) : Result<void>();
  }
  std::shared_ptr<MemoryFile> file = std::make_shared<MemoryFile>("taken");
  std::uint64_t at = 0, written = 0;
  int writes_left = -1;
};

std::unique_ptr<Image> disk_of(View content) {
  auto file = std::make_shared<MemoryFile>("source");
  EXPECT_TRUE(store(*find_format("qcow2"), file, content));
  auto image = open(file, {}, "qcow2");
  EXPECT_TRUE(image) << image.error().message;
  return *std::move(image);
}

Result<void> send(std::string_view format, InOrder& to, Image& from) {
  TRY(auto builder, build_in_order(*find_format(format), to, from));
  TRY_VOID(convert(from, *builder, {.threads = 3}));
  return {};
}

Content mostly_empty(std::size_t size) {
  Content content(size);
  for (std::size_t at : {std::size_t{0}, size / 2, size - 512}) content[at] = std::byte{'x'};
  return content;
}

class InOrderFormat : public testing::TestWithParam<const char*> {};

TEST_P(InOrderFormat, has_the_content_and_no_faults) {
  const std::string format = GetParam();
  TestFolder folder;
  for (auto size : {std::size_t{512}, std::size_t{65536}, (std::size_t{5} << 20) + 1536})
    for (const auto& content : {Content(size), mostly_empty(size), sparse_content(size, 7)}) {
      Taken taken;
      auto from = disk_of(content);
      auto sent = send(format, taken, *from);
      ASSERT_TRUE(sent) << sent.error().message;
      auto image = open(taken.file, {}, format);
      ASSERT_TRUE(image) << image.error().message;
      expect_content(**image, content);
      auto report = (*image)->check();
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_EQ(report->leaks + report->corruptions, 0U)
          << fmt::to_string(fmt::join(report->problems, "\n"));
      EXPECT_EQ(taken.at, taken.file->size());
      auto file = folder / ("a." + format);
      write_whole(file, taken.file->content());
      auto checked = run_command("qemu-img check -q '" + file.string() + "'");
      EXPECT_EQ(checked.status, 0) << checked.output;
      EXPECT_EQ(content_by_qemu(file, format), content);
    }
}

INSTANTIATE_TEST_SUITE_P(All, InOrderFormat, testing::Values("qcow2", "vhdx"),
                         [](const auto& format) { return std::string(format.param); });

TEST(InOrder, what_lies_beyond_the_reach_of_a_table_and_of_a_refcount_block_has_its_place) {
  constexpr std::uint64_t size = std::uint64_t{3} << 30;
  auto file = std::make_shared<MemoryFile>("source");
  auto builder = build(*find_format("qcow2"), file, {.size = size});
  ASSERT_TRUE(builder);
  Content block(65536, std::byte{'b'});
  for (std::uint64_t at : {std::uint64_t{0}, size / 2, size - 65536}) {
    auto place = (*builder)->placing()->place(at / (*builder)->block_size());
    ASSERT_TRUE(place);
    ASSERT_TRUE(place->file->write(place->offset + at % (*builder)->block_size(), block));
  }
  ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
  auto from = open(file, {}, "qcow2");
  ASSERT_TRUE(from);
  Taken taken;
  ASSERT_TRUE(send("qcow2", taken, **from));
  EXPECT_LT(taken.at, 4U << 20) << "what is empty has no place";
  auto image = open(taken.file, {}, "qcow2");
  ASSERT_TRUE(image) << image.error().message;
  auto differs = compare(**from, **image, {});
  ASSERT_TRUE(differs) << differs.error().message;
  EXPECT_FALSE(*differs);
}

TEST_P(InOrderFormat, shows_nothing_that_was_in_the_file) {
  Taken taken;
  // As long as what they make for an empty disk.
  auto before = sparse_content(std::string_view(GetParam()) == "vhdx" ? 4U << 20 : 196'616, 3);
  ASSERT_TRUE(taken.file->write(0, before));
  Content content(std::size_t{1} << 20);
  auto from = disk_of(content);
  ASSERT_TRUE(send(GetParam(), taken, *from));
  auto image = open(taken.file, {}, GetParam());
  ASSERT_TRUE(image) << image.error().message;
  expect_content(**image, content);
}

TEST(InOrder, a_vhdx_of_the_largest_disk_has_larger_blocks) {
  constexpr std::uint64_t size = std::uint64_t{64} << 40, at = (std::uint64_t{40} << 40) + 4096;
  auto file = std::make_shared<MemoryFile>("source");
  BuildOptions options{.size = size};
  options.options["cluster_size"] = "2M";
  auto builder = build(*find_format("qcow2"), file, options);
  ASSERT_TRUE(builder) << builder.error().message;
  auto block = (*builder)->block_size();
  auto place = (*builder)->placing()->place(at / block);
  ASSERT_TRUE(place);
  ASSERT_TRUE(place->file->write(place->offset + at % block, Content(4096, std::byte{'b'})));
  ASSERT_TRUE((*builder)->finish(Builder::Durability::none));
  auto from = open(file, {}, "qcow2");
  ASSERT_TRUE(from);
  Taken taken;
  auto sent = send("vhdx", taken, **from);
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_LE(taken.at, 64U << 20);
  auto image = open(taken.file, {}, "vhdx");
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ((*image)->size(), size);
  Content got(8192);
  ASSERT_TRUE((*image)->read(at, got));
  EXPECT_EQ(std::ranges::count(got, std::byte{'b'}), 4096);
}

TEST(InOrder, a_raw_disk_has_the_holes_that_it_had) {
  auto content = mostly_empty(std::size_t{8} << 20);
  Taken taken;
  auto from = disk_of(content);
  ASSERT_TRUE(send("raw", taken, *from));
  EXPECT_EQ(taken.file->content(), content);
  EXPECT_LE(taken.written, 3U << 20) << "no more than the blocks with something in them";
}

TEST(InOrder, what_cannot_be_written_ends_it) {
  Taken taken;
  taken.writes_left = 4;
  auto from = disk_of(sparse_content(std::size_t{4} << 20, 5));
  auto sent = send("qcow2", taken, *from);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Code::io);
  EXPECT_EQ(build_in_order(*find_format("vdi"), taken, *from).error().code, Code::unsupported);
}

/// Says that it is empty, and is not.
class Changing final : public Image {
 public:
  Changing() { description_.size = 1 << 20; }
  [[nodiscard]] const Description& description() const override { return description_; }
  Result<void> read(std::uint64_t, Span into) override {
    std::ranges::fill(into, std::byte{1});
    return {};
  }
  Result<Extent> extent(std::uint64_t offset, std::uint64_t length) override {
    return Extent{offset, length, full ? Kind::compressed : Kind::hole};
  }
  Result<CheckReport> check() override { return CheckReport(); }
  bool full = false;

 private:
  Description description_;
};

TEST_P(InOrderFormat, notices_a_disk_that_changes_meanwhile) {
  Taken taken;
  Changing from;
  auto builder = build_in_order(*find_format(GetParam()), taken, from);
  ASSERT_TRUE(builder);
  from.full = true;
  auto done = convert(from, **builder, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::conflict) << done.error().message;
}

}  // namespace
}  // namespace truce::image
