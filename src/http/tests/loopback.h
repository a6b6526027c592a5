// What the tests of the wire share: one loop, a temporary folder, a server on both transports.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <optional>

#include "base/async.h"
#include "base/file.h"
#include "http/client.h"
#include "http/server.h"

namespace truce::http {

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = "/tmp/truce-http-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The loop on which client and server of a test live.
class Loop {
 public:
  asio::any_io_executor executor() { return context_.get_executor(); }

  /// Runs the loop until `work` has ended. Fails the test when that takes a minute.
  template <class T>
  T run(Async<T> work) {
    std::optional<T> result;
    bool done = false;
    asio::co_spawn(context_, std::move(work), [&](std::exception_ptr e, T value) {
      done = true;
      if (e) std::rethrow_exception(e);
      result = std::move(value);
    });
    finish(done);
    return std::move(*result);
  }
  void run(Async<void> work) {
    bool done = false;
    asio::co_spawn(context_, std::move(work), [&](std::exception_ptr e) {
      done = true;
      if (e) std::rethrow_exception(e);
    });
    finish(done);
  }

 private:
  void finish(const bool& done) {
    auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    context_.restart();
    while (!done) {
      context_.run_one_until(end);
      if (std::chrono::steady_clock::now() >= end) throw std::runtime_error("the test hangs");
    }
  }

  asio::io_context context_{1};
};

/// A server on a unix socket and on TLS, and how to reach it.
class Loopback {
 public:
  explicit Loopback(Server::Handler handler, Limits limits = {})
      : server(loop.executor(), limits, std::move(handler)) {
    auto made = ensure_certificate(tls, {"truce.example"});
    if (!made) throw std::runtime_error(made.error().message);
    fingerprint = *made;
    auto unix_listener = server.listen_unix(socket, 0600);
    if (!unix_listener) throw std::runtime_error(unix_listener.error().message);
    auto listener = server.listen_tls("127.0.0.1", 0, tls);
    if (!listener) throw std::runtime_error(listener.error().message);
    port = *listener;
  }
  ~Loopback() { loop.run(server.stop()); }
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  [[nodiscard]] Endpoint unix_endpoint() const {
    Endpoint endpoint;
    endpoint.url = "unix:" + socket.string();
    return endpoint;
  }
  [[nodiscard]] Endpoint tls_endpoint() const {
    Endpoint endpoint;
    endpoint.url = fmt::format("https://127.0.0.1:{}", port);
    endpoint.fingerprint = fingerprint;
    return endpoint;
  }

  /// Sends bytes as they are to the unix socket, and answers all that comes back until the end.
  std::string raw(std::string bytes) { return loop.run(exchange(socket, std::move(bytes))); }

  static Async<std::string> exchange(std::filesystem::path path, std::string bytes) {
    asio::local::stream_protocol::socket s(co_await asio::this_coro::executor);
    auto [ec] =
        co_await s.async_connect(asio::local::stream_protocol::endpoint(path.string()), as_result);
    if (ec) co_return "not connected: " + ec.message();
    co_await asio::async_write(s, asio::buffer(bytes), as_result);
    std::string answer;
    co_await asio::async_read(s, asio::dynamic_buffer(answer), as_result);
    co_return answer;
  }

  Loop loop;
  TemporaryFolder folder;
  Tls tls{folder.path() / "server.crt", folder.path() / "server.key"};
  std::filesystem::path socket = folder.path() / "http.sock";
  Server server;
  std::string fingerprint;
  std::uint16_t port = 0;
};

/// Answers with what it was asked.
inline Async<Response> echo(Request request) {
  Response response;
  response.content_type = "text/plain";
  response.headers["X-Method"] = request.method;
  response.headers["X-Path"] = request.path;
  response.headers["X-Peer"] = request.peer.address;
  response.headers["X-Certificate"] = request.peer.certificate_sha256;
  response.body = request.body;
  co_return response;
}

inline int status_in(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

inline std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace truce::http
