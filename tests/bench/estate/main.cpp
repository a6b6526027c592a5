// bench_hosts: plays many hosts with pretended machines for one truced: real nodes, each with a
// connection of its own. What it is told on its standard input, a word a line, it answers there:
//   count    how many guests run
//   crash N  host N is gone, with all its machines; how many these were
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <iostream>

#include "base/file.h"
#include "base/log.h"
#include "guard/fake.h"
#include "hypervisor/fake.h"
#include "network/fake.h"
#include "node/node.h"
#include "storage/fake_opener.h"

namespace truce::bench {
namespace {

struct Options {
  std::string socket;  ///< where truced listens for nodes
  std::string folder;
  std::string shared;  ///< folder of the pool that they share
  int hosts = 1;
};

std::string host_name(int number) {
  return fmt::format("h{:05}", number);
}

/// A host with its node. Its machines are numbers in memory.
class Host {
 public:
  using Shared = std::shared_ptr<storage::FakeOpener::Shared>;
  Host(asio::any_io_executor loop, const Options& options, int number, Shared shared)
      : folder_(std::filesystem::path(options.folder) / host_name(number)),
        world_(std::make_shared<hypervisor::FakeWorld>()),
        hypervisor_(world_),
        pool_(folder_ / "pool"),
        opener_(std::move(shared)),
        reaper_(std::make_shared<guard::FakeReaper>()) {
    node::Settings settings;
    settings.name = host_name(number);
    settings.manager_socket = options.socket;
    settings.run_dir = folder_ / "run";
    settings.recipes_dir = folder_;
    settings.moves_folder = folder_ / "moves";
    settings.open_guard = [this]() -> Async<Result<std::unique_ptr<guard::Guard>>> {
      co_return std::make_unique<guard::FakeGuard>(reaper_);
    };
    node_ = std::make_unique<node::Node>(loop, hypervisor_, pool_, opener_, network_, settings);
  }
  Async<Result<void>> start() {
    CO_TRY_VOID(make_folder(folder_ / "run"));
    CO_TRY_VOID(make_folder(folder_ / "pool"));
    co_return co_await node_->start();
  }
  Async<void> crash() {
    co_await node_->stop();
    co_await hypervisor_.close();
    node_.reset();
  }
  void advance(Duration time) { reaper_->advance(time); }
  /// What is free changes a little all the time, as it does where people work.
  void use(std::uint64_t part) { pool_.set_free({gib(900).count - mib(16).count * part}); }
  [[nodiscard]] bool is_up() const { return node_ != nullptr; }
  [[nodiscard]] std::size_t guests() const { return world_->guests().size(); }

 private:
  std::filesystem::path folder_;
  std::shared_ptr<hypervisor::FakeWorld> world_;
  hypervisor::FakeHypervisor hypervisor_;
  storage::FakePool pool_;
  storage::FakeOpener opener_;
  network::FakeNetwork network_;
  std::shared_ptr<guard::FakeReaper> reaper_;
  std::unique_ptr<node::Node> node_;
};

class Hosts {
 public:
  Hosts(asio::any_io_executor loop, Options options)
      : loop_(loop), options_(std::move(options)), scope_(loop), input_(loop, 0) {}

  // A few milliseconds apart: hosts do not start in one moment, either.
  Async<Result<void>> run() {
    scope_.spawn(pass_time());
    auto shared = std::make_shared<storage::FakeOpener::Shared>();
    CO_TRY_VOID(co_await make_shared_pool(shared));
    for (int number = 0; number < options_.hosts; ++number) {
      hosts_.push_back(std::make_unique<Host>(loop_, options_, number, shared));
      CO_TRY_VOID(co_await hosts_.back()->start());
      co_await sleep_for(2ms);
    }
    std::cout << "started" << std::endl;
    asio::streambuf line;
    while (true) {
      auto [ec, size] = co_await asio::async_read_until(input_, line, '\n', as_result);
      if (ec) break;
      std::istream words(&line);
      std::string word;
      int number = 0;
      words >> word;
      if (word == "crash") words >> number;
      line.consume(line.size());
      std::cout << co_await obey(word, static_cast<std::size_t>(number)) << std::endl;
    }
    ::_exit(0);  // nothing of it is worth an orderly end
  }

 private:
  Async<Result<void>> make_shared_pool(Host::Shared shared) {
    model::Pool pool;
    pool.name = "shared";
    pool.source = pool.path = options_.shared;
    pool.shared = true;
    storage::FakeOpener opener(std::move(shared));
    co_return co_await opener.make(std::move(pool));
  }
  Async<std::size_t> obey(std::string word, std::size_t number) {
    std::size_t guests = 0;
    if (word == "crash") {
      guests = hosts_.at(number)->guests();
      co_await hosts_.at(number)->crash();
      co_return guests;
    }
    for (const auto& host : hosts_) guests += host->is_up() ? host->guests() : 0;
    co_return guests;
  }
  // Of the reapers' clocks.
  Async<void> pass_time() {
    auto last = std::chrono::steady_clock::now();
    while (true) {
      co_await sleep_for(100ms);
      auto passed = std::chrono::steady_clock::now();
      for (const auto& host : hosts_)
        host->advance(std::chrono::duration_cast<Duration>(passed - last));
      if (++turns_ % 100 == 0)
        for (const auto& host : hosts_) host->use(turns_ / 100 % 1000);
      last = passed;
    }
  }

  asio::any_io_executor loop_;
  Options options_;
  Scope scope_;
  asio::posix::stream_descriptor input_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::uint64_t turns_ = 0;
};

int main_with(Options options) {
  start_log("warn");
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  asio::io_context context(1);
  Hosts hosts(context.get_executor(), std::move(options));
  Result<void> done;
  asio::co_spawn(context, hosts.run(), [&](std::exception_ptr e, Result<void> result) {
    if (e) std::rethrow_exception(e);
    done = std::move(result);
    context.stop();
  });
  context.run();
  std::cerr << "bench_hosts: " << done.error().message << '\n';
  ::_exit(1);
}

}  // namespace
}  // namespace truce::bench

int main(int argc, char** argv) {
  truce::bench::Options options;
  CLI::App app("Plays many hosts for one truced", "bench_hosts");
  app.add_option("--socket", options.socket, "Where truced listens for nodes")->required();
  app.add_option("--folder", options.folder, "For what hosts keep")->required();
  app.add_option("--shared", options.shared, "Folder of the pool that they share")->required();
  app.add_option("--hosts", options.hosts, "How many")->required();
  CLI11_PARSE(app, argc, argv);
  return truce::bench::main_with(std::move(options));
}
