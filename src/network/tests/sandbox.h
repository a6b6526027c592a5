// What tests with real bridges stand on: a network namespace of this test program's own, so that
// the machine's network is not touched, and folders that dnsmasq may enter.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <string>

#include "base/async.h"
#include "base/process.h"
#include "kernel/links.h"

namespace truce::network {

/// Whether this program is in a network namespace of its own. Entered before main(), because a
/// thread that starts earlier would stay in the machine's.
inline const bool own_namespace =
    ::geteuid() == 0 && ::unshare(CLONE_NEWNET) == 0 && set_up("lo").has_value();

/// A folder that all may enter and that goes with its object.
class TempFolder {
 public:
  TempFolder() {
    char name[] = "/tmp/truce-network-XXXXXX";
    path_ = ::mkdtemp(name);
    ::chmod(path_.c_str(), 0755);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Runs one coroutine to its end.
template <class T>
T wait_for(asio::io_context& loop, Async<T> work) {
  auto future = asio::co_spawn(loop, std::move(work), asio::use_future);
  loop.restart();
  loop.run();
  return future.get();
}

/// The output of a program that is expected to succeed.
inline std::string output_of(asio::io_context& loop, std::vector<std::string> argv,
                             std::string input = {}) {
  Command command;
  command.argv = std::move(argv);
  auto output = wait_for(loop, run_checked(std::move(command), 20s, std::move(input)));
  EXPECT_TRUE(output) << (output ? "" : output.error().message);
  return output.value_or("");
}

}  // namespace truce::network
