// A manager and several nodes on one loop.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "hypervisor/fake.h"
#include "manager/manager.h"
#include "model/model.h"
#include "network/fake.h"
#include "node/node.h"
#include "storage/fake_opener.h"
#include "store/memory.h"

namespace truce {

/// One host: what it has outlives its daemon.
struct PlayedHost {
  PlayedHost(asio::any_io_executor l, std::filesystem::path root, std::string n,
             std::filesystem::path socket, std::shared_ptr<storage::FakeOpener::Shared> shared)
      : loop(std::move(l)),
        name(std::move(n)),
        folder(std::move(root) / name),
        manager_socket(std::move(socket)),
        pool(folder / "pool"),
        opener(std::move(shared)) {
    EXPECT_TRUE(make_folder(folder / "run"));
    EXPECT_TRUE(make_folder(folder / "pool"));
  }
  Async<void> start() {
    hypervisor = std::make_unique<hypervisor::FakeHypervisor>(world);
    node::Settings settings;
    settings.name = name;
    settings.manager_socket = manager_socket;
    settings.run_dir = folder / "run";
    settings.recipes_dir = folder;
    settings.pool_path = folder / "pool";
    settings.sample_round = 0ms;
    node = std::make_unique<node::Node>(loop, *hypervisor, pool, opener, network, settings);
    auto started = co_await node->start();
    EXPECT_TRUE(started) << started.error().message;
  }
  Async<void> stop() {
    if (!node) co_return;
    co_await node->stop();
    co_await hypervisor->close();
    node.reset();
  }

  asio::any_io_executor loop;
  std::string name;
  std::filesystem::path folder, manager_socket;
  std::shared_ptr<hypervisor::FakeWorld> world = std::make_shared<hypervisor::FakeWorld>();
  std::unique_ptr<hypervisor::FakeHypervisor> hypervisor;
  storage::FakePool pool;
  storage::FakeOpener opener;
  network::FakeNetwork network;
  std::unique_ptr<node::Node> node;
};

/// An answer of the API.
struct HostsAnswer {
  int status = 0;
  boost::json::value body;
  std::string raw;

  [[nodiscard]] std::string text(std::string_view pointer) const {
    boost::system::error_code ec;
    const auto* found = body.is_object() ? body.find_pointer(pointer, ec) : nullptr;
    if (found == nullptr) return "(none)";
    return found->is_string() ? std::string(found->as_string()) : boost::json::serialize(*found);
  }
};

class Hosts {
 public:
  Hosts(asio::any_io_executor l, std::size_t count)
      : loop(l),
        folder(std::filesystem::temp_directory_path() / ("truce-hosts-" + random_hex(6))),
        store(l) {
    EXPECT_TRUE(make_folder(folder));
    auto shared = std::make_shared<storage::FakeOpener::Shared>();
    for (std::size_t i = 1; i <= count; ++i) {
      hosts.push_back(std::make_unique<PlayedHost>(loop, folder, fmt::format("h{}", i),
                                                   folder / "node.sock", shared));
    }
  }
  ~Hosts() { EXPECT_TRUE(remove_tree(folder)); }

  Async<void> start() {
    manager::Settings settings;
    settings.node_socket = folder / "node.sock";
    settings.host = "h1";
    settings.subnet = "10.77.0.0/24";
    settings.network_mode = "auto";
    manager = std::make_unique<manager::Manager>(loop, store, settings);
    auto started = co_await manager->start();
    EXPECT_TRUE(started) << started.error().message;
    for (auto& host : hosts) co_await host->start();
    for (auto& host : hosts) {
      co_await until([&]() -> Async<bool> {
        auto pool = co_await call("GET", "/v1/pools/default");
        co_return pool.raw.contains("\"" + host->name + "\"");
      });
    }
  }
  Async<void> stop() {
    for (auto& host : hosts) co_await host->stop();
    co_await manager->stop();
    manager.reset();
  }

  Async<HostsAnswer> call(std::string method, std::string target, std::string body = {}) {
    http::Request request;
    request.method = std::move(method);
    auto mark = std::min(target.find('?'), target.size());
    request.path = target.substr(0, mark);
    auto query = target.substr(std::min(mark + 1, target.size()));
    auto equal = std::min(query.find('='), query.size());
    if (!query.empty())
      request.query[query.substr(0, equal)] = query.substr(std::min(equal + 1, query.size()));
    request.body = std::move(body);
    request.peer.address = "unix";
    request.peer.unix_user = 0;
    auto response = co_await manager->handle(std::move(request));
    HostsAnswer answer{response.status, {}, response.body};
    boost::system::error_code ec;
    answer.body = boost::json::parse(response.body, ec);
    co_return answer;
  }
  /// Asks for something that takes long; its task once that has ended.
  Async<HostsAnswer> carry_out(std::string method, std::string target, std::string body = {}) {
    auto begun = co_await call(method, target, body);
    EXPECT_EQ(begun.status, 202) << begun.raw;
    auto task = begun.text("/name");
    for (int i = 0; i < 20; ++i) {
      begun = co_await call("GET", "/v1/tasks/" + task + "?wait=5");
      if (begun.text("/state") != "running") break;
    }
    co_return begun;
  }
  template <class So>
  Async<void> until(So so) {
    for (int i = 0; i < 1500; ++i) {
      if (co_await so()) co_return;
      co_await sleep_for(10ms);
    }
    ADD_FAILURE() << "it did not come to be";
  }

  asio::any_io_executor loop;
  std::filesystem::path folder;
  store::MemoryStore store;
  std::unique_ptr<manager::Manager> manager;
  std::vector<std::unique_ptr<PlayedHost>> hosts;
};

/// Runs a test's coroutine on a loop of its own, with hosts that are all connected.
template <class Work>
void with_hosts(std::size_t count, Work work) {
  asio::io_context context;
  auto run = [](asio::any_io_executor loop, std::size_t how_many, Work inner) -> Async<void> {
    Hosts hosts(loop, how_many);
    co_await hosts.start();
    co_await inner(hosts);
    co_await hosts.stop();
  };
  asio::co_spawn(context, run(context.get_executor(), count, std::move(work)),
                 [](std::exception_ptr e) {
                   if (e) std::rethrow_exception(e);
                 });
  context.run();
}

}  // namespace truce
