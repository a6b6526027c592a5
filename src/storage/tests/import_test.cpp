// Images from outside through the pool: the process that reads them, what becomes of it, and what
// is left when something goes wrong. This program is that process, too.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <iostream>

#include "base/process.h"
#include "image/confine.h"
#include "import_image.h"
#include "run.h"
#include "storage/folder_pool.h"

namespace truce::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view halting_word = "--halting-import", prisoner_word = "--prisoner";

class Import : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(pool_.recover()); }
  Result<TemplateContent> import(const std::string& name, Progress progress = {}) {
    return run_to_end(pool_.import_template("base@1", folder_.path() / name, progress));
  }
  void sh(const std::string& script) {
    Command command;
    command.argv = {"sh", "-c", script};
    command.folder = folder_.path();
    auto output = run_to_end(run_checked(std::move(command), 60s));
    EXPECT_TRUE(output) << output.error().message;
  }
  Result<TemplateContent> import_halting(const std::function<void(pid_t)>& meanwhile);
  // A disk whose content does not repeat, as raw and as `other`.
  void make_disk(const std::string& size, const std::string& other) {
    // Letters, so that compression has work and packed disks take a while to be read.
    sh("base64 -w0 /dev/urandom | head -c " + size +
       " >disk.raw && printf 'label: dos\n64,,83\n' | sfdisk -q disk.raw && " + other);
  }
  [[nodiscard]] fs::path templates() const { return root_ / "templates"; }
  [[nodiscard]] bool nothing_is_left() const { return fs::is_empty(templates()); }

  TestFolder folder_;
  fs::path root_ = folder_.path() / "pool";
  asio::thread_pool threads_{1};
  FolderPool pool_{threads_, root_, this_program()};
};

/// The import processes that this program has started: those that have not been waited for.
std::vector<pid_t> import_processes(std::string_view word = "--import-image") {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    auto pid = std::atoi(entry.path().filename().c_str());
    auto line = pid > 0 ? read_file(entry.path() / "cmdline") : std::string();
    auto status = pid > 0 ? read_file(entry.path() / "stat") : std::string();
    if (!line || !status || !line->contains(word)) continue;
    auto after = status->rfind(") ");
    if (std::atoi(status->c_str() + after + 4) == ::getpid()) found.push_back(pid);
  }
  return found;
}

char state_of(pid_t pid) {
  auto status = read_file(fmt::format("/proc/{}/stat", pid));
  auto after = status ? status->rfind(") ") : std::string::npos;
  return after == std::string::npos ? 'X' : (*status)[after + 2];
}

// Imports a disk that takes a while through a process that halts itself in the middle, calls
// `meanwhile` with its pid, and lets it go on.
Result<TemplateContent> Import::import_halting(const std::function<void(pid_t)>& meanwhile) {
  make_disk("32M", "qemu-img convert -f raw -O qcow2 -c disk.raw disk.qcow2");
  auto halting = this_program();
  halting.command.insert(halting.command.begin() + 1, std::string(halting_word));
  FolderPool pool(threads_, folder_.path() / "pool2", halting);
  EXPECT_TRUE(pool.recover());
  std::atomic<bool> ended = false;
  std::thread watcher([&] {
    while (!ended) {
      ::usleep(1000);
      for (auto pid : import_processes(halting_word)) {
        if (state_of(pid) != 'T') continue;
        meanwhile(pid);
        ::kill(pid, SIGCONT);
        return;
      }
    }
  });
  auto content = run_to_end(pool.import_template("base@1", folder_.path() / "disk.qcow2", {}));
  ended = true;
  watcher.join();
  return content;
}

TEST_F(Import, the_process_that_reads_is_nobody_and_confined_and_gone_afterwards) {
  std::string status;
  auto content = import_halting(
      [&](pid_t pid) { status = read_file(fmt::format("/proc/{}/status", pid)).value_or(""); });
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_TRUE(status.contains("Seccomp:\t2")) << status;
  EXPECT_TRUE(status.contains("NoNewPrivs:\t1")) << status;
  if (::geteuid() == 0) {
    EXPECT_TRUE(status.contains("Uid:\t65534\t65534\t65534\t65534")) << status;
    EXPECT_TRUE(status.contains("CapEff:\t0000000000000000")) << status;
  }
  EXPECT_TRUE(import_processes(halting_word).empty());
}

TEST_F(Import, a_source_that_is_replaced_meanwhile_is_read_as_it_was_opened) {
  make_disk("4M", "head -c 4194304 /dev/zero >other && cp disk.raw kept");
  auto content = import("disk.raw", [&](double, const std::string&) {
    std::error_code ec;
    fs::rename(folder_.path() / "other", folder_.path() / "disk.raw", ec);
  });
  ASSERT_TRUE(content) << content.error().message;
  sh("! cmp -s disk.raw kept && qemu-img compare -f raw -F qcow2 kept "
     "pool/templates/base@1/disk.qcow2");
}

TEST_F(Import, cancelling_in_the_middle_ends_the_process_and_leaves_nothing) {
  make_disk("32M", "qemu-img convert -f raw -O qcow2 -c disk.raw disk.qcow2");
  asio::io_context loop;
  asio::cancellation_signal cancel;
  std::optional<Result<TemplateContent>> imported;
  auto progress = [&](double fraction, const std::string&) {
    if (fraction > 0) asio::post(loop, [&] { cancel.emit(asio::cancellation_type::terminal); });
  };
  asio::co_spawn(
      loop,
      [](FolderPool& pool, fs::path path, Progress on, auto& into) -> Async<void> {
        into = co_await pool.import_template("base@1", path, on);
      }(pool_, folder_.path() / "disk.qcow2", progress, imported),
      asio::bind_cancellation_slot(cancel.slot(), [](const std::exception_ptr&) {}));
  loop.run();
  ASSERT_TRUE(imported) << "the cancellation is told as a result";
  EXPECT_EQ(imported->error().code, Code::cancelled);
  EXPECT_TRUE(import_processes().empty());
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(Import, a_process_that_is_killed_is_an_error_and_leaves_nothing) {
  auto content = import_halting([](pid_t pid) { ::kill(pid, SIGKILL); });
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, Code::io);
  EXPECT_TRUE(content.error().message.contains("signal 9")) << content.error().message;
  EXPECT_TRUE(fs::is_empty(folder_.path() / "pool2/templates"));
}

TEST_F(Import, a_damaged_image_is_refused_in_the_words_of_the_engine) {
  make_disk("4M",
            "qemu-img convert -f raw -O qcow2 disk.raw disk.qcow2 && "
            "printf '\\377\\377\\377\\377\\377\\377' | dd of=disk.qcow2 bs=1 seek=40 conv=notrunc");
  auto content = import("disk.qcow2");
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, Code::corrupt);
  EXPECT_TRUE(content.error().message.starts_with(
      fmt::format("import {}: the image: qcow2: ", (folder_.path() / "disk.qcow2").string())))
      << content.error().message;
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(Import, names_inside_an_image_do_not_forge_what_the_process_says) {
  sh("qemu-img create -q -f qcow2 -u -F raw -b \"/x\nprogress 0.9\nerror ok y\" e.qcow2 1M");
  auto content = import("e.qcow2");
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, Code::invalid);
  EXPECT_TRUE(content.error().message.contains("'/x?progress 0.9?error ok y'"))
      << content.error().message;
}

TEST_F(Import, a_full_disk_is_told_and_leaves_nothing) {
  make_disk("16M", "true");
  auto place = folder_.path() / "small";
  fs::create_directory(place);
  if (::mount("truce-test", place.c_str(), "tmpfs", 0, "size=8M") != 0)
    GTEST_SKIP() << "skipped, because a tmpfs cannot be mounted here";
  {
    FolderPool pool(threads_, place / "pool", this_program());
    ASSERT_TRUE(pool.recover());
    auto content = run_to_end(pool.import_template("base@1", folder_.path() / "disk.raw", {}));
    ASSERT_FALSE(content);
    EXPECT_TRUE(content.error().message.contains("No space left")) << content.error().message;
    EXPECT_TRUE(fs::is_empty(place / "pool/templates"));
  }
  ::umount2(place.c_str(), MNT_DETACH);
}

TEST_F(Import, the_one_disk_of_a_package_becomes_a_template) {
  make_disk("4M",
            "qemu-img convert -f raw -O vmdk -o subformat=streamOptimized disk.raw disk.vmdk\n"
            "cat >web.ovf <<'END'\n"
            "<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\" "
            "xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\">\n"
            "<References><File ovf:href=\"disk.vmdk\" ovf:id=\"f\"/></References>\n"
            "<DiskSection><Disk ovf:capacity=\"4194304\" ovf:diskId=\"d\" ovf:fileRef=\"f\"/>"
            "</DiskSection>\n"
            "<VirtualSystem ovf:id=\"web\"><VirtualHardwareSection/></VirtualSystem>\n"
            "</Envelope>\nEND\n"
            "sha256sum disk.vmdk | sed 's/^\\([0-9a-f]*\\).*/SHA256(disk.vmdk)= \\1/' >web.mf\n"
            "tar --format=ustar -cf web.ova web.ovf web.mf disk.vmdk");
  auto content = import("web.ova");
  ASSERT_TRUE(content) << content.error().message;
  sh("qemu-img compare -f raw -F qcow2 disk.raw pool/templates/base@1/disk.qcow2");
  ASSERT_TRUE(run_to_end(pool_.delete_template("base@1")));
  sh("sed -i 's/= ./= g/; s/= g/= 0/; s/= 0./= 00/' web.mf && "
     "tar --format=ustar -cf web.ova web.ovf web.mf disk.vmdk");
  auto changed = import("web.ova");
  ASSERT_FALSE(changed) << "its manifest says otherwise";
  EXPECT_EQ(changed.error().code, Code::corrupt) << changed.error().message;
}

// What the process says when it tries whatever it must not; one word for each that worked.
TEST_F(Import, nothing_but_two_files_is_in_reach_of_the_process) {
  auto output = open_file(folder_.path() / "target", O_RDWR | O_CREAT, 0600);
  ASSERT_TRUE(output);
  Command command;
  command.argv = {"/proc/self/exe", std::string(prisoner_word)};
  command.descriptors = {{output->get(), 4}};
  auto done = run_to_end(run(std::move(command), 30s));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->status.success()) << done->err;
  EXPECT_EQ(done->out, "confined\nwrites\nthreads\nmust end\nfull\n");
}

int prisoner() {
  auto say = [](std::string_view word) {
    [[maybe_unused]] auto written = ::write(1, word.data(), word.size());
  };
  if (!give_up_all_else(1 << 20)) return 1;
  say("confined\n");
  if (::write(4, "x", 1) == 1) say("writes\n");
  std::thread([&] { say("threads\n"); }).join();
  if (::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0) say("opens a file\n");
  if (::open("/proc/self/fd/4", O_RDWR | O_CLOEXEC) >= 0) say("opens its own file anew\n");
  if (::open("/proc/self/mem", O_RDWR | O_CLOEXEC) >= 0) say("opens its memory\n");
  if (::unlink("/tmp/truce-no-such-file") == 0 || errno != EPERM) say("removes\n");
  if (::rename("/tmp/truce-no-such-file", "/tmp/x") == 0 || errno != EPERM) say("renames\n");
  if (::socket(AF_UNIX, SOCK_STREAM, 0) >= 0) say("has sockets\n");
  if (::socket(AF_INET, SOCK_STREAM, 0) >= 0) say("has the network\n");
  if (auto child = ::fork(); child >= 0) {
    if (child == 0) ::_exit(0);
    say("forks\n");
  }
  const char* words[] = {"true", nullptr};
  ::execve("/bin/true", const_cast<char**>(words), nullptr);
  if (::kill(::getppid(), 0) == 0 || errno != EPERM) say("signals others\n");
  rlimit bound{};
  if (::getrlimit(RLIMIT_CPU, &bound) == 0 && bound.rlim_max == 600) say("must end\n");
  if (image::limit_file_size(4096) && ::lseek(4, 4096, SEEK_SET) == 4096 &&
      ::write(4, "x", 1) < 0 && errno == EFBIG)
    say("full\n");
  return 0;
}

}  // namespace
}  // namespace truce::storage

int main(int count, char** words) {
  using namespace truce::storage;
  if (count > 1 && words[1] == prisoner_word) ::_exit(prisoner());
  if (count > 1 && words[1] == halting_word) {
    ::signal(SIGPROF, [](int) { ::raise(SIGSTOP); });
    itimerval computed{{}, {0, 15'000}};
    ::setitimer(ITIMER_PROF, &computed, nullptr);
    words[1] = words[0];
    run_as_import_process(count - 1, words + 1);
  }
  run_as_import_process(count, words);
  testing::InitGoogleTest(&count, words);
  return RUN_ALL_TESTS();
}
