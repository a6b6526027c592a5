// A node that a test plays.
#pragma once

#include <gtest/gtest.h>

#include "base/async.h"
#include "base/frames.h"
#include "model/model.h"

namespace truce::manager {

/// The node's end of the link, moved by hand.
class PlayedNode {
 public:
  explicit PlayedNode(asio::any_io_executor loop) : socket_(std::move(loop)) {}

  Async<void> connect(std::string path, std::string host) {
    auto socket = co_await connect_unix(path);
    EXPECT_TRUE(socket) << socket.error().message;
    if (socket) co_await introduce(std::move(*socket), std::move(host));
  }

  /// On a socket that is connected to the manager already.
  Async<void> introduce(UnixSocket socket, std::string host) {
    socket_ = std::move(socket);
    model::FromNode hello;
    hello.hello = model::Hello{host, ""};
    hello.hello->format = format;
    co_await send(hello);
    model::FromNode first;
    first.report.emplace();
    first.report->host = model::Host{};
    auto& described = *first.report->host;
    described.name = host;
    described.cpus = 4;
    described.memory = gib(16);
    described.version = "1.2.3";
    described.format = format;
    described.hypervisor = "fake 1";
    described.accelerator = "fake";
    described.machine_types = {"q35"};
    described.network_modes = {model::NetworkMode::nat};
    co_await send(first);
  }

  Async<void> send(model::FromNode message) { return send(model::to_text(message)); }
  Async<void> send(std::string text) {
    auto sent = co_await write_frame(socket_, std::move(text));
    EXPECT_TRUE(sent);
  }

  Async<void> report(model::VmReport seen) {
    model::FromNode message;
    message.report.emplace();
    message.report->vms.push_back(std::move(seen));
    co_await send(std::move(message));
  }

  Async<void> report(model::JobReport seen) {
    model::FromNode message;
    message.report.emplace();
    message.report->jobs.push_back(std::move(seen));
    co_await send(std::move(message));
  }

  /// The next message as it comes, or why there is none.
  Async<Result<std::string>> frame() { return read_frame(socket_, mib(16)); }

  Async<model::ToNode> next() {
    auto frame = co_await within(5s, read_frame(socket_, mib(16)), "message to the node");
    EXPECT_TRUE(frame) << frame.error().message;
    auto message = model::from_text<model::ToNode>(frame ? *frame : "{}", model::Unknown::ignore);
    EXPECT_TRUE(message);
    co_return message ? *message : model::ToNode{};
  }

  /// The next assignment that speaks of a machine, job or network as `wanted` says.
  template <class Wanted>
  Async<model::Assignment> assignment(Wanted wanted) {
    for (int i = 0; i < 50; ++i) {
      auto message = co_await next();
      if (message.assignment && wanted(*message.assignment)) co_return *message.assignment;
    }
    ADD_FAILURE() << "no such assignment came";
    co_return model::Assignment{};
  }
  Async<model::Vm> machine(std::string name, std::int64_t generation) {
    model::Vm found;
    co_await assignment([&](const model::Assignment& assignment) {
      for (const auto& assigned : assignment.vms) {
        if (assigned.vm.name != name || assigned.vm.generation != generation) continue;
        found = assigned.vm;
        return true;
      }
      return false;
    });
    co_return found;
  }

  void close() { socket_.close(); }

  std::int64_t format = 1;  ///< of the state, the newest that it knows

 private:
  UnixSocket socket_;
};

}  // namespace truce::manager
