// A manager and several nodes on one loop, and a clock that the test moves.
#pragma once

#include <boost/json.hpp>

#include "base/random.h"
#include "host.h"
#include "manager/manager.h"
#include "store/memory.h"

namespace truce::recovery {

/// What the API said.
struct Answer {
  int status = 0;
  boost::json::value body;
  [[nodiscard]] std::string text(std::string_view pointer) const {
    boost::system::error_code ec;
    const auto* found = body.find_pointer(pointer, ec);
    if (found == nullptr) return "(none)";
    return found->is_string() ? std::string(found->as_string()) : boost::json::serialize(*found);
  }
};

/// The manager and its hosts.
class Lab {
 public:
  Lab(asio::any_io_executor loop, int hosts)
      : loop_(loop),
        folder_(std::filesystem::temp_directory_path() / ("truce-hosts-" + random_hex(6))),
        store_(loop) {
    EXPECT_TRUE(make_folder(folder_));
    for (int i = 1; i <= hosts; ++i)
      hosts_.push_back(
          std::make_unique<Host>(loop, folder_, fmt::format("h{}", i), folder_ / "node.sock"));
  }
  ~Lab() { EXPECT_TRUE(remove_tree(folder_)); }

  Async<void> start() {
    model::Pool shared{};
    shared.name = "shared";
    shared.source = shared.path = (folder_ / "shared").string();
    shared.shared = true;
    shared.total = shared.free = gib(1000);
    std::vector<store::Write> writes{{"pools/shared", model::to_text(shared)}};
    EXPECT_TRUE(co_await store_.commit({}, std::move(writes)));
    storage::FakeOpener opener;
    EXPECT_TRUE(co_await opener.make(shared));
    co_await start_manager();
    for (auto& host : hosts_) co_await host->start();
    for (auto& host : hosts_) {
      co_await pass_until(
          [this, name = host->name()]() -> Async<bool> {
            co_return (co_await call("GET", "/v1/hosts/" + name)).text("/state") == "online";
          },
          host->name() + " is there");
    }
    if (hosts_.size() < 2) co_return;
    model::Cluster cluster{.name = "estate", .store = model::StoreKind::sqlite};
    cluster.availability = true;
    std::vector<store::Write> founded{{"clusters/estate", model::to_text(cluster)}};
    EXPECT_TRUE(co_await store_.commit({}, std::move(founded)));
    for (auto& host : hosts_) {  // what starts before a host has a life is not protected
      co_await pass_until(
          [this, key = "node/" + host->name()]() -> Async<bool> {
            auto life = co_await store_.get(key);
            co_return life && life->has_value();
          },
          host->name() + " has a life");
    }
  }
  Async<void> start_manager() {
    manager::Settings settings;
    settings.node_socket = folder_ / "node.sock";
    settings.subnet = "10.77.0.0/24";
    settings.network_mode = "auto";
    settings.availability_poll = 2ms;
    settings.leader_clock = [this] { return leader_; };
    manager_ = std::make_unique<manager::Manager>(loop_, store_, settings);
    auto started = co_await manager_->start();
    EXPECT_TRUE(started) << started.error().message;
  }
  Async<void> stop_manager() {
    co_await manager_->stop();
    manager_.reset();
  }
  Async<void> close() {
    for (auto& host : hosts_) co_await host->close();
    co_await stop_manager();
  }

  Async<Answer> call(std::string method, std::string path, std::string body = {}) {
    http::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.body = std::move(body);
    request.peer.unix_user = 0;
    auto response = co_await manager_->handle(std::move(request));
    Answer answer{response.status, {}};
    boost::system::error_code ec;
    answer.body = boost::json::parse(response.body, ec);
    co_return answer;
  }
  Async<std::string> vm(std::string name, std::string pointer) {
    co_return (co_await call("GET", "/v1/vms/" + name)).text(pointer);
  }
  /// A machine that runs; `more` is what else is asked for. Its uuid.
  Async<std::string> run(std::string name, std::string pool, std::string more = {}) {
    auto made =
        co_await call("POST", "/v1/vms",
                      fmt::format(R"({{"name":"{}","disk":1073741824,"pool":"{}","start":true{}}})",
                                  name, pool, more));
    EXPECT_EQ(made.status, 202) << boost::json::serialize(made.body);
    auto uuid = co_await vm(name, "/uuid");
    co_await pass_until([this, uuid]() -> Async<bool> { co_return where(uuid).size() == 1; },
                        name + " runs");
    TRUCE_ASSERT(!where(uuid).empty(), "tests are about machines that run");
    uuids_.push_back(uuid);
    co_return uuid;
  }

  /// Lets time go by on all hosts that are up and at the manager. No machine may run twice at any
  /// step.
  Async<void> pass(Duration time) {
    constexpr Duration step = 50ms;
    for (Duration passed{0}; passed < time; passed += step) {
      for (auto& host : hosts_) host->advance(step);
      leader_ += step;
      for (int i = 0; i < 3; ++i) co_await sleep_for(2ms);
      look();
    }
  }
  template <class It>
  Async<void> pass_until(It it, std::string what) {
    for (int i = 0; i < 1200; ++i) {
      if (co_await it()) co_return;
      co_await pass(50ms);
    }
    ADD_FAILURE() << "never: " << what;
  }
  Async<void> pass_until_runs(std::string uuid, std::string host) {
    co_await pass_until(
        [this, uuid, host]() -> Async<bool> { co_return where(uuid) == std::vector{host}; },
        "it runs on " + host);
  }

  /// Hosts on which a machine runs.
  [[nodiscard]] std::vector<std::string> where(const std::string& uuid) const {
    std::vector<std::string> found;
    for (const auto& host : hosts_) {
      if (host->runs(uuid)) found.push_back(host->name());
    }
    return found;
  }
  Host& host(const std::string& name) {
    for (auto& host : hosts_) {
      if (host->name() == name) return *host;
    }
    ADD_FAILURE() << "no host " << name;
    return *hosts_.front();
  }
  [[nodiscard]] Duration clock() const {
    return std::chrono::duration_cast<Duration>(leader_.time_since_epoch());
  }

 private:
  void look() const {
    for (const auto& uuid : uuids_) {
      auto hosts = where(uuid);
      EXPECT_LE(hosts.size(), 1U) << uuid << " runs on "
                                  << fmt::format("{}", fmt::join(hosts, " and "));
    }
  }

  asio::any_io_executor loop_;
  std::filesystem::path folder_;
  store::MemoryStore store_;
  std::unique_ptr<manager::Manager> manager_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::string> uuids_;
  availability::LeaderTime leader_{std::chrono::hours(5)};
};

/// Runs a test's coroutine on a loop with so many hosts.
template <class Work>
void with_hosts(int hosts, Work work) {
  asio::io_context context;
  auto run = [](asio::any_io_executor loop, int count, Work inner) -> Async<void> {
    Lab lab(loop, count);
    co_await lab.start();
    co_await inner(lab);
    co_await lab.close();
  };
  asio::co_spawn(context, run(context.get_executor(), hosts, std::move(work)),
                 [](std::exception_ptr e) {
                   if (e) std::rethrow_exception(e);
                 });
  context.run();
}

}  // namespace truce::recovery
