// One host of a region: what stays when its daemon dies, and its daemon.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/file.h"
#include "hypervisor/fake.h"
#include "network/fake.h"
#include "node/node.h"
#include "storage/fake_opener.h"

namespace truce {

/// What lies between: connections that can be cut, now and for a while.
class Way {
 public:
  bool open = true;
  bool held = false;  ///< whoever begins one waits
  /// Joins two ends until either closes, or the way is cut.
  Async<void> join(UnixSocket one, UnixSocket other) {
    auto ends =
        std::make_shared<std::pair<UnixSocket, UnixSocket>>(std::move(one), std::move(other));
    joined_.push_back(ends);
    if (open) co_await splice(ends->first, ends->second);
  }
  void cut() {
    open = false;
    boost::system::error_code ignored;
    for (const auto& joined : joined_) {
      auto ends = joined.lock();
      if (!ends) continue;
      ends->first.shutdown(UnixSocket::shutdown_both, ignored);
      ends->second.shutdown(UnixSocket::shutdown_both, ignored);
    }
    joined_.clear();
  }

 private:
  std::vector<std::weak_ptr<std::pair<UnixSocket, UnixSocket>>> joined_;
};

/// One host: what stays when its daemon dies, and its daemon.
class HostStage {
 public:
  HostStage(asio::any_io_executor l, std::string n, const std::filesystem::path& all,
            std::filesystem::path manager_socket)
      : loop(l),
        name(std::move(n)),
        folder(all / name),
        world(std::make_shared<hypervisor::FakeWorld>()),
        pool(folder / "pool"),
        scope_(l),
        acceptor_(l),
        manager_(std::move(manager_socket)) {
    EXPECT_TRUE(make_folder(folder / "run"));
    EXPECT_TRUE(make_folder(folder / "pool"));
    acceptor_.open(asio::local::stream_protocol());
    acceptor_.bind((folder / "m.sock").string());
    acceptor_.listen();
    scope_.spawn(relay());
  }

  /// A new life of the daemon.
  Async<void> start() {
    if (node) co_return;
    fake = std::make_unique<hypervisor::FakeHypervisor>(world);
    node::Settings settings;
    settings.name = name;
    settings.manager_socket = folder / "m.sock";
    settings.run_dir = folder / "run";
    settings.recipes_dir = folder;
    settings.moves_folder = folder / "moves";
    settings.sample_round = 0ms;
    settings.dial_peer = dial_peer;
    node = std::make_unique<node::Node>(loop, *fake, pool, *opener, network, settings);
    auto started = co_await node->start();
    EXPECT_TRUE(started) << started.error().message;
  }
  /// The daemon ends in the middle of whatever it does; machines go on.
  Async<void> kill() {
    if (!node) co_return;
    co_await node->stop();
    co_await fake->close();
    node.reset();
    fake.reset();
  }
  /// The host loses its power: what it keeps on disks is there when it comes back.
  Async<void> lose_power() {
    co_await kill();
    auto names = world->guests();
    for (const auto& [uuid, guest] : names) world->lose(uuid);
    EXPECT_TRUE(remove_tree(folder / "run"));
    EXPECT_TRUE(make_folder(folder / "run"));
  }
  Async<void> close() {
    co_await kill();
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    scope_.cancel();
    co_await scope_.join();
  }
  [[nodiscard]] std::filesystem::path home(const std::string& uuid) const {
    return folder / "pool/vms" / uuid;
  }

  asio::any_io_executor loop;
  std::string name;
  std::filesystem::path folder;
  std::shared_ptr<hypervisor::FakeWorld> world;
  std::unique_ptr<hypervisor::FakeHypervisor> fake;
  storage::FakePool pool;
  storage::FakeOpener* opener = nullptr;
  network::FakeNetwork network;
  std::unique_ptr<node::Node> node;
  std::function<Async<Result<UnixSocket>>(std::string, std::string)> dial_peer;
  Way to_manager;

 private:
  Async<void> relay() {
    while (true) {
      auto [ec, socket] = co_await acceptor_.async_accept(as_result);
      if (ec) co_return;
      if (to_manager.open) scope_.spawn(carry(std::move(socket)));
    }
  }
  Async<void> carry(UnixSocket socket) {
    auto other = co_await connect_unix(manager_.string());
    if (!other) co_return;
    co_await to_manager.join(std::move(socket), *std::move(other));
  }
  Scope scope_;
  asio::local::stream_protocol::acceptor acceptor_;
  std::filesystem::path manager_;
};

}  // namespace truce
