// Management controllers for tests: a model of Redfish, and Debian's simulator of IPMI.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/ip/udp.hpp>
#include <fstream>
#include <optional>
#include <tuple>

#include "base/file.h"
#include "base/process.h"
#include "power/power.h"

namespace truce::power {

/// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = "/tmp/truce-power-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }
  [[nodiscard]] std::string string() const { return path_.string(); }
  /// What a file there holds; empty when there is none.
  [[nodiscard]] std::string read(std::string_view name) const {
    auto text = read_file(path_ / name);
    return text ? *text : std::string();
  }
  void write(std::string_view name, std::string_view text, unsigned mode = 0600) const {
    auto done = write_file_durably(path_ / name, text, mode);
    if (!done) throw std::runtime_error(done.error().message);
  }

 private:
  std::filesystem::path path_;
};

/// Runs the loop until `work` has ended. Fails the test when that takes three minutes.
class Loop {
 public:
  asio::any_io_executor executor() { return context_.get_executor(); }

  template <class T>
  T run(Async<T> work) {
    std::optional<T> result;
    asio::co_spawn(context_, std::move(work), [&](std::exception_ptr e, T value) {
      if (e) std::rethrow_exception(e);
      result = std::move(value);
    });
    auto end = std::chrono::steady_clock::now() + std::chrono::minutes(3);
    context_.restart();
    while (!result) {
      context_.run_one_until(end);
      if (std::chrono::steady_clock::now() >= end) throw std::runtime_error("the test hangs");
    }
    return *std::move(result);
  }

 private:
  asio::io_context context_{1};
};

/// A program that ends with the test.
class Running {
 public:
  Running(Loop& loop, Command command) : loop_(loop) {
    auto started = Process::start(command);
    if (!started) throw std::runtime_error(started.error().message);
    process_.emplace(*std::move(started));
  }
  ~Running() {
    std::ignore = process_->signal(SIGKILL);
    std::ignore = loop_.run(process_->wait());
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Loop& loop_;
  std::optional<Process> process_;
};

inline Async<Result<std::string>> text_in(std::filesystem::path path) {
  while (true) {
    auto text = read_file(path);
    if (text && !text->empty()) co_return text;
    co_await sleep_for(std::chrono::milliseconds(20));
  }
}

/// tests/redfish_model.py with faults. Its folder may be that of one before it.
class RedfishModel {
 public:
  RedfishModel(Loop& loop, const Folder& folder, std::vector<std::string> faults = {}) {
    std::filesystem::remove(folder / "port");
    Command command;
    command.argv = {"/usr/bin/python3", TRUCE_TEST_FILES "/redfish_model.py", folder.string()};
    command.argv.insert(command.argv.end(), faults.begin(), faults.end());
    running_.emplace(loop, std::move(command));
    url = "https://127.0.0.1:" + *loop.run(text_in(folder / "port"));
  }
  std::string url;

 private:
  std::optional<Running> running_;
};

/// `ipmi_sim` of OpenIPMI: its power is the file `power`, its orders are in `log`.
class IpmiSimulator {
 public:
  IpmiSimulator(Loop& loop, const Folder& folder, bool stuck = false) {
    port = free_port(loop);
    folder.write("lan.conf", fmt::format(R"(name "bmc"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  user 1 true "" "none" user 10 none md2 md5 straight
  user 2 true "truce" "correct-horse" admin 10 none md2 md5 straight
  chassis_control "{}/chassis"
)",
                                         port, folder.string()));
    folder.write("cmds",
                 "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 "
                 "persist_sdr\nmc_enable 0x20\n");
    folder.write(
        "chassis",
        fmt::format("#!/bin/sh\ncd {}\necho \"$@\" >> log\nif [ \"$1\" = get ]; then echo "
                    "power:$(cat power); exit 0; fi\n{}case \"$2\" in power) echo \"$3\" > "
                    "power;; shutdown) echo 0 > power;; esac\n",
                    folder.string(), stuck ? "exit 0\n" : ""),
        0700);
    folder.write("power", "0");
    Command command;
    command.argv = {"ipmi_sim",
                    "-c",
                    (folder / "lan.conf").string(),
                    "-f",
                    (folder / "cmds").string(),
                    "-s",
                    folder.string(),
                    "-n"};
    // It ends with its input.
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    Fd theirs(ends[0]);
    input_ = Fd(ends[1]);
    command.descriptors = {{theirs.get(), 0}};
    running_.emplace(loop, std::move(command));
  }
  std::uint16_t port = 0;

 private:
  static std::uint16_t free_port(Loop& loop) {
    asio::ip::udp::socket socket(loop.executor(), {asio::ip::make_address("127.0.0.1"), 0});
    return socket.local_endpoint().port();
  }
  Fd input_;
  std::optional<Running> running_;
};

}  // namespace truce::power
