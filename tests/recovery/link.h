// Connections that can be cut.
#pragma once

#include <array>
#include <filesystem>
#include <memory>

#include "base/async.h"
#include "base/frames.h"

namespace truce::recovery {

/// The way of a node to its manager. While it is cut nothing arrives, and nobody is told; what was
/// sent meanwhile arrives when it is whole again.
class Link {
 public:
  Link(asio::any_io_executor loop, std::filesystem::path from, std::filesystem::path to)
      : acceptor_(loop), scope_(loop), healed_(loop), to_(std::move(to)) {
    acceptor_.open(asio::local::stream_protocol());
    acceptor_.bind(from.string());
    acceptor_.listen();
    scope_.spawn(accept());
  }
  void cut() { cut_ = true; }
  void heal() {
    cut_ = false;
    healed_.wake();
  }
  Async<void> close() {
    acceptor_.close();
    scope_.cancel();
    co_await scope_.join();
  }

 private:
  using Socket = std::shared_ptr<UnixSocket>;
  Async<void> accept() {
    while (true) {
      auto [ec, socket] = co_await acceptor_.async_accept(as_result);
      if (ec) co_return;
      scope_.spawn(carry(std::make_shared<UnixSocket>(std::move(socket))));
    }
  }
  Async<void> carry(Socket node) {
    while (cut_) co_await sleep_for(1ms);
    auto manager = co_await connect_unix(to_.string());
    if (!manager) co_return node->close();
    auto other = std::make_shared<UnixSocket>(std::move(*manager));
    scope_.spawn(pump(node, other));
    co_await pump(other, node);
  }
  Async<void> pump(Socket from, Socket to) {
    std::array<char, 65536> piece{};
    while (true) {
      auto [ec, size] = co_await from->async_read_some(asio::buffer(piece), as_result);
      while (cut_) co_await sleep_for(1ms);
      if (!ec) {
        auto [failed, sent] =
            co_await asio::async_write(*to, asio::buffer(piece.data(), size), as_result);
        if (!failed) continue;
      }
      boost::system::error_code ignored;
      from->close(ignored);
      to->close(ignored);
      co_return;
    }
  }
  asio::local::stream_protocol::acceptor acceptor_;
  Scope scope_;
  Wakeup healed_;
  std::filesystem::path to_;
  bool cut_ = false;
};

}  // namespace truce::recovery
