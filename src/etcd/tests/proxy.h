// A wire to one port that loses what goes over it when it is told to, for tests.
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <thread>

#include "cluster.h"

namespace truce::etcd {

class Proxy {
 public:
  enum class Way {
    open,
    deaf,    ///< what the server says is lost
    holds,   ///< what the client says is kept, and lost after a quarter of a second
    closed,  ///< who connects is cut off
  };

  explicit Proxy(int target) : target_(target), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    auto address = loopback(0);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), raw, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), raw, &size) != 0)
      throw std::runtime_error("no port for the proxy");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~Proxy() {
    ends_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    cut();
    for (auto& link : links_) {
      link.up.join();
      link.down.join();
    }
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  void set(Way way) {
    since_ = now();
    way_ = way;
  }
  /// Ends all connections.
  void cut() {
    std::lock_guard lock(mutex_);
    for (auto& link : links_) {
      ::shutdown(link.client.get(), SHUT_RDWR);
      ::shutdown(link.server.get(), SHUT_RDWR);
    }
  }
  /// Delivers what was held.
  void release() {
    std::lock_guard lock(mutex_);
    for (const auto& [server, bytes] : held_) send(server, bytes);
    held_.clear();
  }

 private:
  struct Link {
    Fd client, server;
    std::thread up, down;
  };

  static void send(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void accept() {
    while (!ends_) {
      Fd client(::accept(listener_.get(), nullptr, nullptr));
      if (!client || way_ == Way::closed) continue;
      Fd server(::socket(AF_INET, SOCK_STREAM, 0));
      auto address = loopback(target_);
      if (::connect(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        continue;
      std::lock_guard lock(mutex_);
      auto& link = links_.emplace_back(Link{std::move(client), std::move(server), {}, {}});
      link.up = std::thread([this, &link] { pump(link.client.get(), link.server.get(), true); });
      link.down = std::thread([this, &link] { pump(link.server.get(), link.client.get(), false); });
    }
  }

  void pump(int from, int to, bool up) {
    char buffer[16 << 10];
    for (ssize_t got = 0; (got = ::recv(from, buffer, sizeof buffer, 0)) > 0;) {
      std::string_view bytes(buffer, static_cast<std::size_t>(got));
      auto way = way_.load();
      if (up && way == Way::holds) {
        std::lock_guard lock(mutex_);
        if (now() - since_.load() < 250ms) held_.emplace_back(to, bytes);
      } else if (up || way != Way::deaf) {
        send(to, bytes);
      }
    }
    if (way_ != Way::holds) ::shutdown(to, SHUT_RDWR);
  }

  int target_, port_ = 0;
  Fd listener_;
  std::thread acceptor_;
  std::atomic<Way> way_ = Way::open;
  std::atomic<Time> since_;
  std::atomic<bool> ends_ = false;
  std::mutex mutex_;
  std::list<Link> links_;
  std::vector<std::pair<int, std::string>> held_;
};

}  // namespace truce::etcd
