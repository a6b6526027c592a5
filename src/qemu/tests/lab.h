// Real QEMUs for tests: a temporary host with its own folders and control groups, and guests that
// obey letters on their serial line (guest.S).
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/local/stream_protocol.hpp>
#include <fstream>

#include "../../hypervisor/tests/conformance_lab.h"
#include "base/file.h"
#include "base/process.h"
#include "base/random.h"
#include "guest_image.h"
#include "qemu/qemu.h"
#include "runtime.h"

namespace truce::qemu {

/// A guest's serial line.
class Serial {
 public:
  static Async<Result<Serial>> open(std::filesystem::path path) {
    Serial serial(co_await asio::this_coro::executor);
    auto [ec] = co_await serial.socket_.async_connect(path.string(), as_result);
    if (ec) co_return fail(Code::unavailable, "{}: {}", path.string(), ec.message());
    co_return serial;
  }
  Async<void> send(char letter) {
    co_await asio::async_write(socket_, asio::buffer(&letter, 1), as_result);
  }
  /// The next byte from the guest but `R`, which it says when it boots; 0 when none comes.
  Async<char> next() {
    char byte = 0;
    do {
      byte = co_await any();
    } while (byte == 'R');
    co_return byte;
  }
  /// Until the guest boots: what it is sent before may be lost.
  Async<void> boots() {
    char byte = 0;
    do {
      byte = co_await any();
    } while (byte != 'R' && byte != 0);
  }
  /// Sends a letter, and answers what the guest says to it.
  Async<char> ask(char letter) {
    co_await send(letter);
    co_return co_await next();
  }

 private:
  explicit Serial(const asio::any_io_executor& loop) : socket_(loop) {}
  Async<char> any() {
    auto read = [](asio::local::stream_protocol::socket& socket) -> Async<Result<char>> {
      char byte = 0;
      auto [ec, size] = co_await asio::async_read(socket, asio::buffer(&byte, 1), as_result);
      if (ec) co_return fail(Code::unavailable, "serial: {}", ec.message());
      co_return byte;
    };
    auto byte = co_await within(60s, read(socket_), "serial");
    if (!byte) ADD_FAILURE() << byte.error().message;
    co_return byte ? *byte : '\0';
  }
  asio::local::stream_protocol::socket socket_;
};

class QemuLab final : public hypervisor::ConformanceLab {
 public:
  QemuLab() : name_("truce-test-" + random_hex(4)), folder_("/tmp/" + name_) {
    EXPECT_TRUE(make_folder(folder_, 0711));
    EXPECT_TRUE(make_folder(folder_ / "run", 0711));
  }
  ~QemuLab() override {
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "run")) << "a machine was left behind";
    for (const char* controller : {"memory/", "cpu/", "pids/", ""}) {
      auto group = std::filesystem::path("/sys/fs/cgroup") / (controller + name_);
      bool gone = ::rmdir(group.c_str()) == 0 || errno != EBUSY;
      EXPECT_TRUE(gone) << group << ": control groups were left behind";
    }
    (void)remove_tree(folder_);
  }

  std::string why_not() override {
    if (::access("/usr/bin/qemu-system-x86_64", X_OK) != 0)
      return "qemu-system-x86_64 is not installed";
    return {};
  }
  [[nodiscard]] Options options() const {
    Options made;
    made.runtimes = folder_ / "run";
    made.control_group = name_;
    return made;
  }
  Async<Result<std::unique_ptr<Qemu>>> open_qemu() { co_return co_await Qemu::open(options()); }
  Async<Result<std::unique_ptr<hypervisor::Hypervisor>>> open() override {
    CO_TRY(auto made, co_await Qemu::open(options()));
    co_return std::unique_ptr<hypervisor::Hypervisor>(std::move(made));
  }
  hypervisor::Machine machine() override {
    hypervisor::Machine made;
    made.uuid = random_uuid();
    made.number = ++last_number_;
    made.name = fmt::format("guest{}", made.number);
    made.memory = mib(256);
    made.folder = folder_ / made.uuid;
    made.runtime = folder_ / "run" / made.uuid;
    EXPECT_TRUE(make_folder(made.folder, 0711));
    auto disk = made.folder / "disk0.raw";
    EXPECT_TRUE(write_file_durably(disk, guest_image()));
    made.disks = {{"disk0", disk, "raw", {}}};
    return made;
  }
  hypervisor::Machine twin(const hypervisor::Machine& machine, bool copied) override {
    auto made = machine;
    made.number = machine.number + 100;
    made.folder = folder_ / made.uuid;
    made.runtime = folder_ / "run" / made.uuid;
    EXPECT_TRUE(make_folder(made.folder, 0711));
    for (auto& disk : made.disks) {
      if (!copied) continue;
      std::error_code ec;
      auto path = made.folder / disk.path.filename();
      std::ofstream(path).flush();
      std::filesystem::resize_file(path, std::filesystem::file_size(disk.path), ec);
      EXPECT_FALSE(ec) << ec.message();
      disk.path = path;
    }
    return made;
  }
  Async<void> booted(hypervisor::Hypervisor& h, std::string uuid) override {
    EXPECT_NE(co_await say(h, uuid, 'c', true), '\0');
  }
  Async<void> guest_powers_off(hypervisor::Hypervisor& h, std::string uuid) override {
    co_await say(h, uuid, 'p', false);
  }
  Async<void> guest_resets(hypervisor::Hypervisor& h, std::string uuid) override {
    co_await say(h, uuid, 'r', false);
  }
  Async<void> process_dies(std::string uuid) override {
    auto record = Runtime(folder_ / "run" / uuid).read();
    CO_ASSERT_OK(record);
    auto process = Process::adopt(record->pid, record->start_ticks);
    CO_ASSERT_OK(process);
    EXPECT_TRUE(process->signal(SIGKILL));
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Async<char> say(hypervisor::Hypervisor& h, std::string uuid, char letter, bool answered) {
    auto serial = co_await Serial::open(h.socket(uuid, "serial"));
    if (!serial) ADD_FAILURE() << serial.error().message;
    if (!serial) co_return '\0';
    if (answered) co_return co_await serial->ask(letter);
    co_await serial->send(letter);
    co_return '\0';
  }

  std::string name_;
  std::filesystem::path folder_;
  int last_number_ = 0;
};

}  // namespace truce::qemu
