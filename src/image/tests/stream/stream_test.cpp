// Disks through pipes, in both directions.
#include "image/stream.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "base/file.h"
#include "support.h"

namespace truce::image {
namespace {

/// A pipe into which a thread writes some bytes.
class Feeding {
 public:
  explicit Feeding(Content bytes) {
    ::signal(SIGPIPE, SIG_IGN);  // who reads may end early
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    from_ = Fd(ends[0]);
    writer_ = std::jthread([end = ends[1], bytes = std::move(bytes)] {
      Fd to(end);
      for (std::size_t at = 0; at < bytes.size();) {
        auto count =
            ::write(to.get(), bytes.data() + at, std::min<std::size_t>(bytes.size() - at, 9999));
        if (count <= 0) return;
        at += static_cast<std::size_t>(count);
      }
    });
  }
  [[nodiscard]] int fd() const { return from_.get(); }
  ~Feeding() { from_ = Fd(); }
  Feeding(const Feeding&) = delete;
  Feeding& operator=(const Feeding&) = delete;

 private:
  std::jthread writer_;
  Fd from_;
};

Content stream_of(View disk) {
  auto file = std::make_shared<MemoryFile>();
  EXPECT_TRUE(
      store(*find_format("vmdk"), file, disk, {.options = {{"subformat", "streamOptimized"}}}));
  return file->content();
}

/// What a conversion of the stream into `format` holds.
Result<Content> converted(const Content& bytes, std::string_view format,
                          const StreamOptions& options = {}) {
  Feeding feeding(bytes);
  TRY(auto stream, open_stream(feeding.fd(), "input", options));
  TRY(auto image, image_of(std::move(stream)));
  auto file = std::make_shared<MemoryFile>();
  TRY(auto builder, build(*find_format(format), file, {.size = image->size()}));
  TRY_VOID(convert(*image, *builder, {.threads = 3}));
  TRY(auto made, open(file, {}, format));
  Content got(made->size());
  TRY_VOID(made->read(0, got));
  return got;
}

const Content& disk() {
  static const Content content = sparse_content((9 << 20) + 512 * 3, 6);
  return content;
}

TEST(Stream, raw_and_stream_optimized_become_any_format) {
  for (const char* format : {"raw", "qcow2", "vhdx", "vmdk", "vdi"}) {
    auto raw = converted(disk(), format, {.size = disk().size()});
    ASSERT_TRUE(raw) << format << raw.error().message;
    EXPECT_TRUE(*raw == disk()) << format;
    auto vmdk = converted(stream_of(disk()), format);
    ASSERT_TRUE(vmdk) << format << vmdk.error().message;
    EXPECT_TRUE(*vmdk == disk()) << format;
  }
}

TEST(Stream, a_raw_one_of_unknown_length_becomes_a_raw_disk) {
  for (std::size_t size : {0UL, 512UL, 1UL << 20, (3UL << 20) + 1}) {
    auto content = sparse_content(size, 2);
    Feeding feeding(content);
    auto stream = open_stream(feeding.fd(), "input").value();
    EXPECT_FALSE(stream->size_known());
    MemoryFile file;
    auto stored = store_raw(*stream, file, [](std::uint64_t) { return Result<void>{}; });
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(*stored, size);
    EXPECT_TRUE(file.content() == content);
  }
}

TEST(Stream, of_unknown_length_is_refused_where_the_length_comes_first) {
  Feeding feeding(disk());
  auto image = image_of(open_stream(feeding.fd(), "input").value());
  ASSERT_FALSE(image);
  EXPECT_NE(image.error().message.find("--source-size"), std::string::npos);
}

TEST(Stream, an_image_of_one_can_be_asked_from_anywhere_on) {
  auto size = disk().size();
  for (std::size_t from :
       {std::size_t{0}, std::size_t{512}, (1UL << 20) + 512, 5UL << 20, size - 512}) {
    for (bool raw : {true, false}) {
      Feeding feeding(raw ? disk() : stream_of(disk()));
      StreamOptions options;
      if (raw) options.size = size;
      auto image = image_of(open_stream(feeding.fd(), "input", options).value()).value();
      Content rest(size - from);
      for (auto at = from; at < size;) {
        auto extent = image->extent(at, size - at);
        ASSERT_TRUE(extent) << extent.error().message;
        ASSERT_EQ(extent->start, at);
        auto part = Span(rest).subspan(at - from, extent->length);
        if (extent->kind == Kind::compressed) ASSERT_TRUE(image->read(at, part));
        at += extent->length;
      }
      EXPECT_TRUE(std::ranges::equal(rest, View(disk()).subspan(from))) << from << raw;
      EXPECT_FALSE(image->extent(0, size)) << "twice";
    }
  }
}

TEST(Stream, another_length_than_announced_is_an_error) {
  for (std::size_t wrong : {disk().size() - 512, disk().size() + 512, std::size_t{1} << 20})
    EXPECT_EQ(converted(disk(), "raw", {.size = wrong}).error().code, Code::corrupt) << wrong;
}

TEST(Stream, cut_off_anywhere_is_an_error) {
  auto whole = stream_of(disk());
  for (std::size_t cut = 512; cut < whole.size(); cut += whole.size() / 40 / 512 * 512) {
    Content part(whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(cut));
    EXPECT_FALSE(converted(part, "raw")) << cut;
  }
}

TEST(Stream, what_cannot_come_in_order_is_refused_with_advice) {
  for (const char* format : {"qcow2", "vhdx", "vdi", "vmdk"}) {
    auto file = std::make_shared<MemoryFile>();
    ASSERT_TRUE(store(*find_format(format), file, sparse_content(3 << 20, 1)));
    Feeding feeding(file->content());
    auto stream = open_stream(feeding.fd(), "input");
    ASSERT_FALSE(stream) << format;
    EXPECT_EQ(stream.error().code, Code::unsupported);
    EXPECT_NE(stream.error().message.find("save it to a file"), std::string::npos);
  }
}

TEST(Stream, a_fixed_vhd_is_not_taken_for_a_raw_disk) {
  auto file = std::make_shared<MemoryFile>();
  ASSERT_TRUE(store(*find_format("vhd"), file, sparse_content(3 << 20, 1),
                    {.options = {{"subformat", "fixed"}}}));
  for (bool sure : {false, true}) {
    Feeding feeding(file->content());
    auto stream = open_stream(feeding.fd(), "input", {.format = sure ? "raw" : ""}).value();
    MemoryFile into;
    EXPECT_EQ(store_raw(*stream, into, [](std::uint64_t) { return Result<void>{}; }).has_value(),
              sure);
  }
}

TEST(Stream, writes_raw_and_stream_optimized_in_order_and_nothing_else) {
  auto raw = std::make_shared<MemoryFile>();
  ASSERT_TRUE(store(*find_format("raw"), raw, disk()));
  TestFolder folder;
  for (std::string format : {"raw", "vmdk"}) {
    auto out = open_file(folder / format, O_WRONLY | O_CREAT | O_APPEND).value();
    BuildOptions options{.size = disk().size()};
    if (format == "vmdk") options.options["subformat"] = "streamOptimized";
    auto source = open(raw, {}, "raw").value();
    auto builder = build_in_order(*find_format(format), out.get(), "output", options);
    ASSERT_TRUE(builder) << builder.error().message;
    ASSERT_TRUE(convert(*source, **builder, {.threads = 3}));
    auto made =
        open(DiskFile::open(folder / format, DiskFile::Access::read_only).value(), {}, format);
    ASSERT_TRUE(made) << made.error().message;
    expect_content(**made, disk());
  }
  for (const char* format : {"qcow2", "vhd", "vmdk", "vdi"}) {
    auto refused = build_in_order(*find_format(format), 1, "output", {.size = 1 << 20});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unsupported);
  }
}

TEST(Stream, a_reader_that_has_ended_is_an_error) {
  ::signal(SIGPIPE, SIG_IGN);
  auto raw = std::make_shared<MemoryFile>();
  ASSERT_TRUE(store(*find_format("raw"), raw, disk()));
  auto source = open(raw, {}, "raw").value();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  Fd to(ends[1]);
  auto builder =
      build_in_order(*find_format("raw"), to.get(), "output", {.size = disk().size()}).value();
  auto done = convert(*source, *builder, {.threads = 2});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::io);
  EXPECT_NE(done.error().message.find("output: broken pipe"), std::string::npos);
}

TEST(Stream, a_wait_for_more_ends_when_it_is_cancelled) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Fd from(ends[0]), to(ends[1]);
  std::atomic<bool> cancelled = false;
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancelled = true;
  });
  auto stream = open_stream(from.get(), "input", {.cancelled = &cancelled});
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, Code::cancelled);
}

}  // namespace
}  // namespace truce::image
