// A node with pretended machines, disks and networks; the test plays its manager.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <deque>

#include "base/file.h"
#include "base/frames.h"
#include "base/random.h"
#include "hypervisor/fake.h"
#include "network/fake.h"
#include "node/node.h"
#include "storage/fake_opener.h"

namespace truce::node {

inline constexpr const char* uuid = "11111111-2222-4333-8444-555555555555";

class Stage {
 public:
  using Shared = storage::FakeOpener::Shared;
  explicit Stage(asio::any_io_executor l, std::string name = "h1",
                 std::shared_ptr<Shared> shared = std::make_shared<Shared>())
      : loop(l),
        folder(std::filesystem::temp_directory_path() / ("truce-node-" + random_hex(6))),
        acceptor(l),
        socket(l),
        world(std::make_shared<hypervisor::FakeWorld>()),
        pool(folder / "pool"),
        host(std::move(name)),
        opener(std::move(shared)) {
    EXPECT_TRUE(make_folder(folder / "run"));
    EXPECT_TRUE(make_folder(folder / "pool"));
    acceptor.open(asio::local::stream_protocol());
    acceptor.bind((folder / "node.sock").string());
    acceptor.listen();
  }
  ~Stage() { EXPECT_TRUE(remove_tree(folder)); }

  /// A new life of the daemon on the same machines, disks and networks.
  Async<void> start() {
    fake = std::make_unique<hypervisor::FakeHypervisor>(world);
    Settings settings;
    settings.name = host;
    settings.manager_socket = folder / "node.sock";
    settings.run_dir = folder / "run";
    settings.recipes_dir = folder;
    settings.sample_round = sample_round;
    settings.pulse_round = pulse_round;
    // Each look comes ten seconds after the one before.
    settings.pulse_clock = [this] { return pulse_time += std::chrono::seconds(10); };
    settings.power_off = [this]() -> Async<Result<void>> {
      ++switched_off;
      co_return Result<void>();
    };
    settings.retry = settings.retry_at_most = 50ms;
    node = std::make_unique<Node>(loop, *fake, pool, opener, network, settings);
    auto started = co_await node->start();
    EXPECT_TRUE(started) << started.error().message;
    co_await accept();
  }
  Async<void> accept() {
    auto [ec, accepted] = co_await acceptor.async_accept(as_result);
    EXPECT_FALSE(ec);
    socket = std::move(accepted);
    auto hello = co_await next();
    EXPECT_TRUE(hello.hello && hello.hello->host == host);
    model::Assignment all = first;
    all.full = true;
    model::Network plain{.name = "default"};
    plain.subnet = "10.77.0.0/24";
    plain.domain = "truce.internal";
    all.networks.push_back(plain);
    co_await send(all);
  }
  Async<void> stop() {
    co_await node->stop();
    co_await fake->close();
    node.reset();
    socket.close();
  }

  Async<void> send(model::Assignment assignment) {
    model::ToNode message;
    message.assignment = std::move(assignment);
    EXPECT_TRUE(co_await write_frame(socket, model::to_text(message)));
  }
  Async<model::FromNode> next() {
    auto frame = co_await within(10s, read_frame(socket, mib(16)), "message of the node");
    EXPECT_TRUE(frame) << frame.error().message;
    auto message = model::from_text<model::FromNode>(frame ? *frame : "{}", model::Unknown::ignore);
    co_return message ? *message : model::FromNode{};
  }
  /// What the machine shall be now; a later one is remembered for the next connection.
  Async<void> want(model::Wanted wanted, std::int64_t generation) {
    vm.uuid = uuid;
    vm.name = "web01";
    vm.number = 1;
    vm.cpus = 1;
    vm.memory = mib(256);
    vm.host = host;
    vm.wanted = wanted;
    vm.generation = generation;
    if (vm.disks.empty()) vm.disks.push_back({.id = "disk0", .size = gib(1)});
    if (vm.nics.empty()) vm.nics.push_back({.network = "default", .mac = "52:54:00:00:00:01"});
    model::Assignment change;
    model::VmAssignment assigned;
    assigned.vm = vm;
    change.vms.push_back(assigned);
    first.vms = change.vms;
    if (socket.is_open()) co_await send(change);
  }
  /// The first report of the machine that `fits`.
  template <class Fits>
  Async<model::VmReport> report(Fits fits) {
    for (int i = 0; i < 100; ++i) {
      while (!unread.empty()) {
        auto seen = std::move(unread.front());
        unread.pop_front();
        if (fits(seen)) co_return seen;
      }
      auto message = co_await next();
      if (message == model::FromNode{}) break;  // nothing came
      if (!message.report) continue;
      for (auto& seen : message.report->vms) unread.push_back(std::move(seen));
    }
    ADD_FAILURE() << "no such report came";
    co_return model::VmReport{};
  }
  Async<model::VmReport> reached(std::int64_t generation) {
    return report([generation](const model::VmReport& r) { return r.generation == generation; });
  }
  Async<model::JobReport> job_ends() {
    for (int i = 0; i < 100; ++i) {
      auto message = co_await next();
      if (!message.report) continue;
      for (const auto& seen : message.report->jobs) {
        if (seen.done) co_return seen;
      }
    }
    ADD_FAILURE() << "the job did not end";
    co_return model::JobReport{};
  }

  asio::any_io_executor loop;
  std::filesystem::path folder;
  asio::local::stream_protocol::acceptor acceptor;
  UnixSocket socket;
  std::shared_ptr<hypervisor::FakeWorld> world;
  std::unique_ptr<hypervisor::FakeHypervisor> fake;
  storage::FakePool pool;
  std::string host;
  storage::FakeOpener opener;
  network::FakeNetwork network;
  std::unique_ptr<Node> node;
  model::Vm vm;
  model::Assignment first;
  std::deque<model::VmReport> unread;  ///< that came in one message with what was waited for
  int switched_off = 0;                ///< how often this host was told to switch itself off
  Duration sample_round = 0ms, pulse_round = 20ms;
  availability::NodeTime pulse_time{std::chrono::hours(1)};
};

template <class Work>
void on_stage(Work work) {
  asio::io_context context;
  auto run = [](asio::any_io_executor loop, Work inner) -> Async<void> {
    Stage stage(loop);
    co_await stage.start();
    co_await inner(stage);
    co_await stage.stop();
  };
  asio::co_spawn(context, run(context.get_executor(), std::move(work)), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  context.run();
}

}  // namespace truce::node
