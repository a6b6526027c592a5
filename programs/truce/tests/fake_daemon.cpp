#include "fake_daemon.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#include "base/random.h"

namespace truce::cli {
namespace {

http::Response not_there(const http::Request& request) {
  return http::problem(Error{Code::not_found, "there is no " + request.path, {}});
}

std::string shown(const http::Request& request) {
  std::string text = request.method + " " + request.path;
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    text += separator + name + "=" + value;
    separator = '&';
  }
  return request.body.empty() ? text : text + " " + request.body;
}

}  // namespace

FakeDaemon::FakeDaemon()
    : folder_(std::filesystem::temp_directory_path() / ("truce-cli-" + random_hex(6))),
      server_(loop_.get_executor(), http::Limits{},
              [this](http::Request request) -> Async<http::Response> {
                requests_.push_back(shown(request));
                auto found = answers_.find(request.method + " " + request.path);
                co_return found == answers_.end() ? not_there(request) : found->second(request);
              }) {
  std::filesystem::create_directory(folder_);
}

FakeDaemon::~FakeDaemon() {
  if (thread_.joinable()) {
    asio::co_spawn(loop_, server_.stop(), asio::use_future).wait();
    thread_.join();
  }
  std::filesystem::remove_all(folder_);
}

void FakeDaemon::on(const std::string& method_and_path, Answer answer) {
  answers_[method_and_path] = std::move(answer);
}

void FakeDaemon::on(const std::string& method_and_path, int status, std::string body) {
  on(method_and_path, [status, body](const http::Request&) {
    http::Response response;
    response.status = status;
    response.body = body;
    return response;
  });
}

void FakeDaemon::start() {
  auto listening = server_.listen_unix(folder_ / "s", 0600);
  ASSERT_TRUE(listening) << listening.error().message;
  thread_ = std::thread([this] { loop_.run(); });
}

std::vector<std::string> FakeDaemon::requests() {
  auto all = asio::post(loop_, asio::use_future([this] { return requests_; }));
  return all.get();
}

Command FakeDaemon::command(std::vector<std::string> words) const {
  words.insert(words.begin(), TRUCE_PROGRAM);
  return {.argv = std::move(words),
          .environment = {{"TRUCE_URL", url()},
                          {"TRUCE_CONFIG", (folder_ / "client.json").string()},
                          {"TZ", "UTC"}},
          .descriptors = {},
          .user = {},
          .file_rules = {},
          .cgroups = {},
          .folder = folder_};
}

Output FakeDaemon::run(std::vector<std::string> words, std::string input) {
  return run_to_end(command(std::move(words)), std::move(input));
}

Process FakeDaemon::start_program(std::vector<std::string> words,
                                  const std::filesystem::path& errors) {
  auto file = open_file(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  auto started = command(std::move(words));
  started.descriptors = {{file->get(), 2}};
  return Process::start(started).value();
}

Output run_to_end(Command command, std::string input) {
  asio::io_context loop;
  auto result =
      asio::co_spawn(loop, run(std::move(command), 60s, std::move(input)), asio::use_future);
  loop.run();
  return result.get().value();
}

}  // namespace truce::cli
