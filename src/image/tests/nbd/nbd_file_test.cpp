// Our client: against our server and against QEMU's.
#include "image/nbd_file.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include "image/convert.h"
#include "nbd_support.h"

namespace truce::image::nbd {
namespace {

constexpr std::size_t disk_size = std::size_t{8} << 20U;
using FileAccess = NbdFileOptions::Access;

NbdFileOptions for_writing() {
  NbdFileOptions options;
  options.access = FileAccess::read_write;
  return options;
}

/// qemu-nbd on a socket, ended with the object.
class QemuNbd {
 public:
  QemuNbd(const std::filesystem::path& disk, const std::filesystem::path& socket,
          const std::string& more = "--shared=8")
      : uri_("nbd+unix:///?socket=" + socket.string()), child_(::fork()) {
    if (child_ == 0) {
      ::execlp("qemu-nbd", "qemu-nbd", "-f", "raw", "-t", "--discard=unmap", more.c_str(), "-k",
               socket.c_str(), disk.c_str(), nullptr);
      ::_exit(1);
    }
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(socket); }));
  }
  QemuNbd(const QemuNbd&) = delete;
  QemuNbd& operator=(const QemuNbd&) = delete;
  ~QemuNbd() { kill(); }
  void kill() {
    if (child_ > 0) ::kill(child_, SIGKILL), ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }
  [[nodiscard]] const std::string& uri() const { return uri_; }

 private:
  std::string uri_;
  pid_t child_;
};

/// Reads, writes, zeroes and looks in odd pieces, as a model in memory does.
void expect_to_behave(NbdFile& file, Content model) {
  ASSERT_EQ(file.size(), model.size());
  Content got(model.size());
  ASSERT_TRUE(file.read(0, got));
  ASSERT_TRUE(got == model);
  std::mt19937 random(3);
  for (int i = 0; i < 60; ++i) {
    auto length = 1 + random() % (i % 8 == 0 ? 1000000 : 9000);
    auto at = random() % (model.size() - length);
    auto part = Span(model).subspan(at, length);
    if (i % 3 == 0) {
      std::ranges::fill(part, std::byte{});
      auto done = file.write_zeroes(at, length);
      ASSERT_TRUE(done) << done.error().message;
    } else {
      std::ranges::fill(part, static_cast<std::byte>(i));
      auto done = file.write(at, part);
      ASSERT_TRUE(done) << done.error().message;
    }
    auto run = file.run(at, length);
    ASSERT_TRUE(run);
    ASSERT_LE(run->length, length);
    if (!run->stored) EXPECT_TRUE(all_zero(part.first(run->length)));
  }
  ASSERT_TRUE(file.flush());
  ASSERT_TRUE(file.read(0, got));
  ASSERT_TRUE(got == model);
  std::uint64_t holes = 0;
  for (std::uint64_t at = 0; at < model.size();) {
    auto run = file.run(at, model.size() - at);
    ASSERT_TRUE(run);
    if (!run->stored) {
      ASSERT_TRUE(all_zero(View(model).subspan(at, run->length)));
      holes += run->length;
    }
    at += run->length;
  }
  EXPECT_GT(holes, 0U);
  EXPECT_EQ(file.read(model.size() - 1, Span(got).first(2)).error().code, Code::corrupt);
  EXPECT_EQ(file.resize(1).error().code, Code::unsupported);
}

TEST(NbdFile, behaves_over_our_server_as_a_file) {
  auto content = sparse_content(disk_size, 21);
  Running running;
  running.start(disk_file(running.folder / "disk", content), Access::read_write);
  auto file = NbdFile::open(running.uri(), for_writing());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ((*file)->connections(), 4U);
  expect_to_behave(**file, content);
}

TEST(NbdFile, behaves_over_qemu_nbd_as_a_file) {
  auto content = sparse_content(disk_size, 22);
  TestFolder folder;
  disk_file(folder / "disk", content);
  QemuNbd server(folder / "disk", folder / "socket");
  auto file = NbdFile::open(server.uri(), for_writing());
  ASSERT_TRUE(file) << file.error().message;
  expect_to_behave(**file, content);
}

TEST(NbdFile, keeps_to_the_blocks_that_a_server_wants) {
  auto content = sparse_content(disk_size, 23);
  TestFolder folder;
  disk_file(folder / "disk", content);
  auto filter = "nbdkit -U " + (folder / "socket").string() + " -P " + (folder / "pid").string() +
                " --filter=blocksize-policy file " + (folder / "disk").string() +
                " blocksize-minimum=4096 blocksize-maximum=64k blocksize-error-policy=error";
  ASSERT_EQ(run_command(filter + " >/dev/null 2>&1").status, 0);
  auto file = NbdFile::open("nbd+unix:///?socket=" + (folder / "socket").string(), for_writing());
  ASSERT_TRUE(file) << file.error().message;
  expect_to_behave(**file, content);
  run_command("kill $(cat " + (folder / "pid").string() + ")");
}

TEST(NbdFile, is_converted_by_several_threads_in_both_directions) {
  auto content = sparse_content(disk_size, 24);
  Running from, to;
  from.start(disk_file(from.folder / "disk", content), Access::read_only);
  to.start(disk_file(to.folder / "disk", Content(disk_size)), Access::read_write);
  auto source = NbdFile::open(from.uri());
  auto target = NbdFile::open(to.uri(), for_writing());
  ASSERT_TRUE(source && target);
  auto image = raw_image(*source, false);
  BuildOptions options;
  options.size = disk_size;
  auto builder = build(*find_format("raw"), *target, options);
  ASSERT_TRUE(builder) << builder.error().message;
  ConvertOptions how;
  how.threads = 4;
  auto moved = convert(*image, **builder, how);
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_LT(moved->through, disk_size);
  EXPECT_TRUE((*target)->flush());
  EXPECT_TRUE(read_whole(to.folder / "disk") == content);
}

TEST(NbdFile, does_not_write_what_it_may_only_read) {
  Running running;
  running.start(std::make_shared<MemoryFile>("disk", "content"), Access::read_only);
  EXPECT_EQ(NbdFile::open(running.uri(), for_writing()).error().code, Code::forbidden);
  auto file = NbdFile::open(running.uri());
  ASSERT_TRUE(file);
  EXPECT_TRUE((*file)->read_only());
  EXPECT_EQ((*file)->write(0, std::as_bytes(std::span("x", 1))).error().code, Code::forbidden);
  EXPECT_EQ((*file)->write_zeroes(0, 1).error().code, Code::forbidden);
}

TEST(NbdFile, stays_lost_when_its_server_has_gone) {
  TestFolder folder;
  disk_file(folder / "disk", Content(disk_size, std::byte{1}));
  QemuNbd server(folder / "disk", folder / "socket");
  auto file = NbdFile::open(server.uri(), for_writing());
  ASSERT_TRUE(file) << file.error().message;
  Content bytes(4096);
  EXPECT_TRUE((*file)->write(0, bytes));
  server.kill();
  EXPECT_FALSE((*file)->flush());
  std::filesystem::remove(folder / "socket");
  QemuNbd again(folder / "disk", folder / "socket");
  EXPECT_FALSE((*file)->flush());
  EXPECT_FALSE((*file)->read(0, bytes));
}

TEST(NbdFile, waits_for_no_server_longer_than_it_was_told) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  Fd ours(ends[0]), silent(ends[1]);
  NbdFileOptions options;
  options.connect = std::chrono::milliseconds(200);
  EXPECT_EQ(NbdFile::adopt(std::move(ours), "disk", options).error().code, Code::timeout);
}

TEST(NbdFile, opens_nothing_but_addresses_of_servers) {
  for (const char* uri : {"file:///etc/passwd", "nbd+vsock://2:10809/", "nbd+ssh://host/", "",
                          "/dev/sda", "json:{}"}) {
    EXPECT_EQ(NbdFile::open(uri).error().code, Code::invalid) << uri;
  }
  EXPECT_FALSE(NbdFile::open("nbds://localhost:1/?tls-psk-file=/etc/passwd"));
  auto absent = NbdFile::open("nbd+unix:///?socket=/nowhere/socket");
  ASSERT_FALSE(absent);
  EXPECT_TRUE(absent.error().message.contains("/nowhere/socket"));
}

}  // namespace
}  // namespace truce::image::nbd
