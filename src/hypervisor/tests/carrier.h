// Joins a machine's departure to its landing, as two daemons would between hosts.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <set>

#include "base/frames.h"
#include "hypervisor/migration.h"

namespace truce::hypervisor {

class Carrier {
 public:
  using Acceptor = asio::local::stream_protocol::acceptor;

  /// Listens in `folder`. close() before it goes.
  Carrier(asio::any_io_executor loop, const std::filesystem::path& folder)
      : memory_path_(folder / "out-memory.sock"),
        disks_path_(folder / "out-disks.sock"),
        memory_(loop),
        disks_(loop),
        scope_(loop) {
    listen(memory_, memory_path_);
    listen(disks_, disks_path_);
  }

  /// The sender's side of it.
  void fill(Departure& departure) const {
    departure.memory = memory_path_;
    departure.disks = disks_path_;
  }
  /// From now on, what comes is carried there.
  void carry_to(const Landing& landing) {
    scope_.spawn(take(memory_, landing.memory, Further::swallowed));
    if (!landing.disks.empty()) scope_.spawn(take(disks_, landing.disks, Further::told));
  }
  /// All connections break when so many bytes more have gone in either direction.
  void cut_after(std::uint64_t bytes) { cut_at_ = carried_ + bytes; }
  void cut() {
    cut_ = true;
    for (const auto& pair : pairs_) break_off(*pair);
  }
  [[nodiscard]] std::uint64_t carried() const { return carried_; }
  Async<void> close() {
    cut();
    boost::system::error_code ignored;
    memory_.close(ignored);
    disks_.close(ignored);
    scope_.cancel();
    co_await scope_.join();
  }

 private:
  struct Joined {
    UnixSocket first, second;
    bool swallows = false;  ///< once it is cut: the sender's side stays (Departure::memory)
  };
  using Pair = std::shared_ptr<Joined>;
  enum class Further { told, swallowed };

  static void break_off(Joined& pair) {
    boost::system::error_code ignored;
    if (!pair.swallows) pair.first.close(ignored);
    pair.second.close(ignored);
  }

  static void listen(Acceptor& acceptor, const std::filesystem::path& path) {
    std::error_code none;
    std::filesystem::remove(path, none);
    acceptor.open();
    acceptor.bind(path.string());
    acceptor.listen();
  }

  Async<void> take(Acceptor& acceptor, std::filesystem::path target, Further further) {
    for (bool swallows = false; true; swallows = further == Further::swallowed) {
      auto [ec, from] = co_await acceptor.async_accept(as_result);
      if (ec) co_return;
      auto to = co_await connect_unix(target);
      if (!to) to = UnixSocket(from.get_executor());
      auto pair = std::make_shared<Joined>(std::move(from), *std::move(to), swallows);
      if (cut_) break_off(*pair);
      pairs_.insert(pair);
      scope_.spawn(join(pair));
    }
  }

  Async<void> join(Pair pair) {
    co_await (pump(pair->first, pair->second, pair->swallows) &&
              pump(pair->second, pair->first, false));
    pairs_.erase(pair);
  }

  Async<void> pump(UnixSocket& from, UnixSocket& to, bool swallows) {
    auto buffer = std::make_unique<std::array<char, 256 << 10>>();
    boost::system::error_code ignored;
    while (true) {
      auto [ec, size] = co_await from.async_read_some(asio::buffer(*buffer), as_result);
      if (ec) break;
      auto [failed, sent] =
          co_await asio::async_write(to, asio::buffer(buffer->data(), size), as_result);
      if (failed && swallows) cut();
      if (failed && swallows) continue;
      if (failed) break;
      carried_ += size;
      if (cut_at_ > 0 && carried_ >= cut_at_) cut();
    }
    to.shutdown(UnixSocket::shutdown_send, ignored);
  }

  std::filesystem::path memory_path_, disks_path_;
  Acceptor memory_, disks_;
  std::set<Pair> pairs_;
  std::uint64_t carried_ = 0, cut_at_ = 0;
  bool cut_ = false;
  Scope scope_;
};

}  // namespace truce::hypervisor
