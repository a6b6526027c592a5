// A web server that does whatever a test wants, right or wrong.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>

#include "base/file.h"
#include "support.h"

namespace truce::image::web {

struct Asked {
  unsigned number = 0;  ///< of the request, from 1 on
  std::string path;
  std::map<std::string, std::string> fields;  ///< names in lower case
  std::uint64_t first = 0, last = 0;          ///< of the range
};

/// What is sent, as it is; then the connection is closed, or left open for the next request, or
/// left open without any answer.
struct Reply {
  enum class Then { keep, close, stall };
  std::string bytes;
  Then then = Then::keep;
};

/// A socket that listens there, and its port.
inline std::pair<Fd, std::uint16_t> listen_on_loopback() {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener.get(), plain, length), 0);
  EXPECT_EQ(::listen(listener.get(), 64), 0);
  EXPECT_EQ(::getsockname(listener.get(), plain, &length), 0);
  return {std::move(listener), ntohs(address.sin_port)};
}

class TestServer {
 public:
  using Answering = std::function<Reply(const Asked&)>;
  explicit TestServer(Answering answering) : answering_(std::move(answering)) {
    std::tie(listener_, port_) = listen_on_loopback();
    accepting_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    accepting_.request_stop();
    accepting_.join();
    connections_.clear();
  }
  [[nodiscard]] std::string url(const std::string& path = "/disk.raw") const {
    return fmt::format("http://127.0.0.1:{}{}", port_, path);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] unsigned requests() const { return requests_; }
  [[nodiscard]] unsigned connections() const { return accepted_; }

 private:
  static bool ready(int fd) {
    pollfd one{.fd = fd, .events = POLLIN};
    return ::poll(&one, 1, 20) == 1;
  }
  void accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!ready(listener_.get())) continue;
      auto fd = ::accept(listener_.get(), nullptr, nullptr);
      if (fd < 0) continue;
      ++accepted_;
      connections_.emplace_back(
          [this, fd](const std::stop_token& ending) { talk(Fd(fd), ending); });
    }
  }
  void talk(Fd fd, const std::stop_token& stop) {
    std::string text;
    while (!stop.stop_requested()) {
      if (!ready(fd.get())) continue;
      char bytes[4096];
      auto count = ::recv(fd.get(), bytes, sizeof bytes, 0);
      if (count <= 0) return;
      text.append(bytes, static_cast<std::size_t>(count));
      auto end = text.find("\r\n\r\n");
      if (end == text.npos) continue;
      auto asked = read_head(text.substr(0, end + 2));
      text.erase(0, end + 4);
      asked.number = ++requests_;
      auto reply = answering_(asked);
      for (std::size_t at = 0; at < reply.bytes.size();) {
        auto sent =
            ::send(fd.get(), reply.bytes.data() + at, reply.bytes.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += static_cast<std::size_t>(sent);
      }
      if (reply.then == Reply::Then::close) return;
      while (reply.then == Reply::Then::stall && !stop.stop_requested())
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  static Asked read_head(const std::string& head) {
    Asked asked;
    auto space = head.find(' ');
    asked.path = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
    for (auto at = head.find("\r\n") + 2; at < head.size();) {
      auto end = head.find("\r\n", at);
      auto line = head.substr(at, end - at);
      at = end + 2;
      auto colon = line.find(':');
      auto name = line.substr(0, colon);
      for (auto& c : name) c = static_cast<char>(std::tolower(c));
      asked.fields[name] = line.substr(line.find_first_not_of(' ', colon + 1));
    }
    if (auto range = asked.fields.find("range"); range != asked.fields.end())
      std::sscanf(range->second.c_str(), "bytes=%lu-%lu", &asked.first, &asked.last);
    return asked;
  }

  Answering answering_;
  Fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<unsigned> requests_ = 0, accepted_ = 0;
  std::vector<std::jthread> connections_;
  std::jthread accepting_;
};

/// An answer as it should be, or nearly.
struct Part {
  std::string status = "206 Partial Content";
  std::string etag = "\"one\"";
  std::string more;  ///< further lines of the head
};
inline Reply part_of(const Content& content, const Asked& asked, const Part& how = {}) {
  auto last = std::min<std::uint64_t>(asked.last, content.size() - 1);
  auto length = last - asked.first + 1;
  auto head =
      fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nContent-Range: bytes {}-{}/{}\r\n{}{}\r\n",
                  how.status, length, asked.first, last, content.size(),
                  how.etag.empty() ? "" : "ETag: " + how.etag + "\r\n", how.more);
  const auto* bytes = reinterpret_cast<const char*>(content.data());
  return {head + std::string(bytes + asked.first, length)};
}

}  // namespace truce::image::web
