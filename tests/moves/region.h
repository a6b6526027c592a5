// A manager and hosts that can be killed, cut off and brought back, each by itself.
#pragma once

#include <boost/asio/local/connect_pair.hpp>

#include "estate.h"
#include "host_stage.h"

namespace truce {

using model::Observed;
using model::Wanted;

class Region {
 public:
  explicit Region(asio::any_io_executor l, int count = 2) : loop(l), estate(l), scope_(l) {
    for (int i = 1; i <= count; ++i) {
      auto host = std::make_unique<HostStage>(l, fmt::format("h{}", i), estate.folder,
                                              estate.folder / "node.sock");
      host->opener = &opener;
      host->dial_peer = [this](std::string, std::string to) { return dial(std::move(to)); };
      hosts.push_back(std::move(host));
    }
  }
  Async<void> start() {
    co_await estate.start();
    for (auto& host : hosts) co_await host->start();
    for (auto& host : hosts) co_await online(host->name);
    scope_.spawn(watch());
  }
  Async<void> stop() {
    for (auto& host : hosts) co_await host->close();
    if (estate.manager) co_await estate.manager->stop();
    scope_.cancel();
    co_await scope_.join();
  }
  Async<void> online(std::string name) {
    co_await until([this, name]() -> Async<bool> {
      auto host = co_await estate.call("GET", "/v1/hosts/" + name);
      co_return host.text("/state") == "online";
    });
  }
  Async<void> kill_manager() {
    if (!estate.manager) co_return;
    co_await estate.manager->stop();
    estate.manager.reset();
  }
  /// Everything is there again that was killed or cut.
  Async<void> mend() {
    peers.open = true;
    peers.held = false;
    if (!estate.manager) co_await estate.start();
    for (auto& host : hosts) {
      host->to_manager.open = true;
      for (const auto* verb : {"land", "kill", "take_back"}) host->world->mend(verb);
      host->world->hold_flights(false);
      co_await host->start();
    }
    for (auto& host : hosts) co_await online(host->name);
  }

  /// Waits for it; a crowded machine may take its time.
  Async<bool> until(std::function<Async<bool>()> so, Duration limit = 60s) {
    auto deadline = std::chrono::steady_clock::now() + limit;
    while (!co_await so()) {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "waited in vain";
        co_return false;
      }
      co_await sleep_for(2ms);
    }
    co_return true;
  }
  Async<bool> until_so(std::function<bool()> so) {
    co_return co_await until([so]() -> Async<bool> { co_return so(); });
  }

  /// A machine on h1, running or off.
  Async<void> make_machine(bool running, std::string pool = "default") {
    auto body = fmt::format(
        R"({{"name":"web01","disk":1073741824,"pool":"{}","memory":268435456,"start":{}}})", pool,
        running);
    auto made = co_await estate.call("POST", "/v1/vms", body);
    EXPECT_EQ(made.status, 202) << made.raw;
    EXPECT_EQ(co_await this->ends(made.text("/name")), "succeeded");
    auto vm = co_await this->vm();
    uuid = vm.uuid;
    mac = vm.nics.at(0).mac;
    EXPECT_EQ(vm.host, "h1");
  }
  /// A pool that both hosts share.
  Async<void> make_shared_pool() {
    model::Pool pool{.name = "shared"};
    pool.source = (estate.folder / "shared").string();
    pool.path = pool.source;
    pool.shared = true;
    pool.created = now();
    EXPECT_TRUE(co_await opener.make(pool));
    EXPECT_TRUE(co_await put("pools/shared", model::to_text(pool)));
    co_await until([this]() -> Async<bool> {
      auto pool = co_await estate.call("GET", "/v1/pools/shared");
      co_return pool.text("/places/0/host") == "h1" && pool.text("/places/1/host") == "h2";
    });
  }
  /// The state that a task ends in, however long that takes.
  Async<std::string> ends(std::string task) {
    std::string state;
    co_await until([&]() -> Async<bool> {
      state = co_await estate.task_ends(task);
      co_return state != "running";
    });
    said = (co_await estate.call("GET", "/v1/tasks/" + task)).raw;
    co_return state;
  }
  Async<manager::Answer> migrate(std::string options = "{}") {
    co_return co_await estate.call("POST", "/v1/vms/web01/migrate", std::move(options));
  }
  /// After an earlier move: the manager sees a little later what is stored of its end.
  Async<manager::Answer> migrate_again(std::string options) {
    manager::Answer again;
    co_await until([&]() -> Async<bool> {
      again = co_await migrate(options);
      co_return again.status != 409;
    });
    co_return again;
  }
  Async<model::Vm> vm(std::string name = "web01") {
    auto found = co_await estate.store.get("vms/" + name);
    if (!found || !*found) co_return model::Vm{};
    auto vm = model::from_text<model::Vm>((*found)->value, model::Unknown::ignore);
    co_return vm ? *vm : model::Vm{};
  }
  Async<std::vector<model::Job>> jobs() {
    std::vector<model::Job> all;
    auto listed = co_await estate.store.list("jobs/");
    if (!listed) co_return all;
    for (const auto& entry : listed->entries) {
      auto job = model::from_text<model::Job>(entry.value, model::Unknown::ignore);
      if (job) all.push_back(*job);
    }
    co_return all;
  }
  Async<std::optional<model::MigrationPhase>> phase() {
    for (const auto& job : co_await jobs()) {
      if (job.kind == model::JobKind::migrate_vm) co_return job.phase;
    }
    co_return std::nullopt;
  }
  [[nodiscard]] const hypervisor::FakeWorld::Guest* guest(std::size_t host) const {
    return hosts[host]->world->find(uuid);
  }
  [[nodiscard]] bool runs(std::size_t host) const {
    return guest(host) != nullptr && guest(host)->state == Observed::running;
  }
  /// What there is of the machine on a host, for people.
  [[nodiscard]] std::string left_on(std::size_t index) const {
    const auto& host = *hosts[index];
    std::string left;
    std::error_code ec;
    auto moves = host.folder / "moves";
    if (host.world->find(uuid) != nullptr) left += " process";
    if (std::filesystem::exists(host.home(uuid))) left += " home";
    if (std::filesystem::exists(host.folder / "run/vms" / uuid)) left += " runtime";
    if (std::filesystem::exists(moves) && !std::filesystem::is_empty(moves, ec)) left += " notes";
    if (host.network.reserved("default", mac)) left += " address";
    return left;
  }
  Async<void> nothing_left_on(std::size_t index) {
    co_await until_so([this, index] { return left_on(index).empty(); });
    EXPECT_EQ(left_on(index), "") << hosts[index]->name;
  }

  asio::any_io_executor loop;
  manager::Estate estate;
  storage::FakeOpener opener;
  std::vector<std::unique_ptr<HostStage>> hosts;
  Way peers;
  std::string uuid, mac;
  std::string said;  ///< the task that was waited for last
  bool ran_twice = false;

 private:
  Async<bool> put(std::string key, std::string value) {
    auto done = co_await estate.store.commit({}, {{std::move(key), std::move(value)}});
    co_return done.has_value();
  }
  Async<Result<UnixSocket>> dial(std::string to) {
    while (peers.held) co_await sleep_for(2ms);
    for (auto& host : hosts) {
      if (host->name != to || !host->node || !peers.open) continue;
      UnixSocket one(loop), between(loop), here(loop), other(loop);
      asio::local::connect_pair(one, between);
      asio::local::connect_pair(here, other);
      scope_.spawn(peers.join(std::move(between), std::move(here)));
      host->node->welcome(std::move(other));
      co_return std::move(one);
    }
    co_return fail(Code::unavailable, "{} is not there", to);
  }
  // At every moment.
  Async<void> watch() {
    while (true) {
      co_await sleep_for(1ms);
      std::size_t running = 0;
      for (std::size_t i = 0; i < hosts.size(); ++i) running += runs(i) ? 1 : 0;
      ran_twice = ran_twice || running > 1;
    }
  }
  Scope scope_;
};

template <class Work>
void in_region(Work work, int count = 2) {
  asio::io_context context;
  auto run = [](asio::any_io_executor loop, Work inner, int hosts) -> Async<void> {
    Region region(loop, hosts);
    co_await region.start();
    co_await inner(region);
    co_await region.stop();
    EXPECT_FALSE(region.ran_twice) << "a machine ran on two hosts";
  };
  asio::co_spawn(context, run(context.get_executor(), std::move(work), count),
                 [](std::exception_ptr e) {
                   if (e) std::rethrow_exception(e);
                 });
  context.run();
}

}  // namespace truce
