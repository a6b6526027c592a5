// A daemon that says what a test tells it to, on a unix socket of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/process.h"
#include "http/server.h"

namespace truce::cli {

class FakeDaemon {
 public:
  using Answer = std::function<http::Response(const http::Request&)>;

  FakeDaemon();
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  /// What `GET /v1/vms` is answered. Before start() only.
  void on(const std::string& method_and_path, Answer answer);
  void on(const std::string& method_and_path, int status, std::string body);
  void start();

  /// `METHOD path?query body` of all requests so far.
  std::vector<std::string> requests();

  /// Runs the real program against this daemon, in a folder of its own, to its end.
  Output run(std::vector<std::string> words, std::string input = {});
  /// Starts it; its standard error goes to the file that is answered.
  Process start_program(std::vector<std::string> words, const std::filesystem::path& errors);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::string url() const { return "unix:" + (folder_ / "s").string(); }

 private:
  Command command(std::vector<std::string> words) const;

  std::filesystem::path folder_;
  asio::io_context loop_;
  http::Server server_;
  std::map<std::string, Answer> answers_;
  std::vector<std::string> requests_;  // written and read on the loop
  std::thread thread_;
};

/// Runs one coroutine on a loop of its own.
Output run_to_end(Command command, std::string input);

}  // namespace truce::cli
