// A manager on a store in memory, with a node that the test plays.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/file.h"
#include "base/frames.h"
#include "base/random.h"
#include "manager/manager.h"
#include "model/model.h"
#include "store/memory.h"

namespace truce::manager {

/// The node's end of the link, moved by hand.
class PlayedNode {
 public:
  explicit PlayedNode(asio::any_io_executor loop) : socket_(std::move(loop)) {}

  Async<void> connect(std::string path, std::string host) {
    auto socket = co_await connect_unix(path);
    EXPECT_TRUE(socket) << socket.error().message;
    if (!socket) co_return;
    socket_ = std::move(*socket);
    model::FromNode hello;
    hello.hello = model::Hello{host, ""};
    co_await send(hello);
    model::FromNode first;
    first.report.emplace();
    first.report->host = model::Host{};
    auto& described = *first.report->host;
    described.name = host;
    described.cpus = 4;
    described.memory = gib(16);
    described.hypervisor = "fake 1";
    described.accelerator = "fake";
    described.machine_types = {"q35"};
    described.network_modes = {model::NetworkMode::nat};
    co_await send(first);
  }

  Async<void> send(model::FromNode message) {
    auto sent = co_await write_frame(socket_, model::to_text(message));
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

 private:
  UnixSocket socket_;
};

/// Answers of the API as a test looks at them.
struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;
  boost::json::value body;

  [[nodiscard]] std::string text(std::string_view pointer) const {
    const auto* found = body.is_object() || body.is_array() ? find(pointer) : nullptr;
    if (!found) return "(none)";
    return found->is_string() ? std::string(found->as_string()) : boost::json::serialize(*found);
  }

 private:
  [[nodiscard]] const boost::json::value* find(std::string_view pointer) const {
    boost::system::error_code ec;
    return body.find_pointer(pointer, ec);
  }
};

class Estate {
 public:
  explicit Estate(asio::any_io_executor l)
      : loop(l),
        folder(std::filesystem::temp_directory_path() / ("truce-manager-" + random_hex(6))),
        store(l),
        node(l) {
    EXPECT_TRUE(make_folder(folder));
  }
  ~Estate() { EXPECT_TRUE(remove_tree(folder)); }

  Async<void> start() {
    Settings settings;
    settings.node_socket = folder / "node.sock";
    settings.subnet = "10.77.0.0/24";
    settings.network_mode = "auto";
    settings.task_history = task_history;
    settings.event_history = 200;
    manager = std::make_unique<Manager>(loop, store, settings);
    auto started = co_await manager->start();
    EXPECT_TRUE(started) << started.error().message;
  }
  Async<void> connect() {
    co_await node.connect((folder / "node.sock").string(), "h1");
    co_await node.assignment([](const auto& a) { return !a.networks.empty(); });
  }
  Async<void> restart() {
    node.close();
    co_await manager->stop();
    manager.reset();
    co_await start();
    co_await connect();
  }

  Async<Answer> call(std::string method, std::string target, std::string body = {},
                     std::map<std::string, std::string> headers = {}) {
    http::Request request;
    request.method = std::move(method);
    auto mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != target.npos) read_query(target.substr(mark + 1), request.query);
    request.body = std::move(body);
    request.headers = std::move(headers);
    request.peer.address = "unix";
    if (unix_user) request.peer.unix_user = *unix_user;
    auto response = co_await manager->handle(std::move(request));
    Answer answer{response.status, response.headers, {}};
    boost::system::error_code ec;
    answer.body = boost::json::parse(response.body, ec);
    co_return answer;
  }

  /// A template made the way it is made: a job that the node reports as done.
  Async<void> make_template(std::string name) {
    auto created = co_await call("POST", "/v1/templates",
                                 fmt::format(R"({{"name":"{}","recipe":"{}"}})", name, name));
    EXPECT_EQ(created.status, 202) << boost::json::serialize(created.body);
    model::JobReport done{.task = created.text("/name")};
    done.done = true;
    done.template_ = model::Template{};
    done.template_->name = created.text("/target").substr(std::string("templates/").size());
    done.template_->kind = model::TemplateKind::disk;
    done.template_->disk_size = gib(2);
    done.template_->created = now();
    co_await node.report(done);
    co_await task_ends(created.text("/name"));
  }
  /// A machine that is off, as its node has reported.
  Async<model::Vm> make_machine(std::string name) {
    auto created =
        co_await call("POST", "/v1/vms", fmt::format(R"({{"name":"{}","disk":1073741824}})", name));
    EXPECT_EQ(created.status, 202) << boost::json::serialize(created.body);
    auto vm = co_await node.machine(name, 1);
    co_await node.report(model::VmReport{vm.uuid, model::Observed::off, 1});
    EXPECT_EQ(co_await task_ends(created.text("/name")), "succeeded");
    co_return vm;
  }
  /// The state that a task ends in.
  Async<std::string> task_ends(std::string name) {
    auto task = co_await call("GET", "/v1/tasks/" + name + "?wait=5");
    co_return task.text("/state");
  }

  asio::any_io_executor loop;
  std::filesystem::path folder;
  store::MemoryStore store;
  std::unique_ptr<Manager> manager;
  PlayedNode node;
  std::optional<unsigned> unix_user = 0;
  std::size_t task_history = 50;

 private:
  static void read_query(std::string text, std::map<std::string, std::string>& into) {
    while (!text.empty()) {
      auto end = std::min(text.find('&'), text.size());
      auto pair = text.substr(0, end);
      auto equal = std::min(pair.find('='), pair.size());
      into[pair.substr(0, equal)] = equal < pair.size() ? pair.substr(equal + 1) : "";
      text.erase(0, std::min(end + 1, text.size()));
    }
  }
};

/// Runs a test's coroutine on a loop of its own with a started estate and a connected node.
template <class Work>
void with_estate(Work work) {
  asio::io_context context;
  auto run = [](asio::any_io_executor loop, Work inner) -> Async<void> {
    Estate estate(loop);
    co_await estate.start();
    co_await estate.connect();
    co_await inner(estate);
    estate.node.close();
    co_await estate.manager->stop();
  };
  asio::co_spawn(context, run(context.get_executor(), std::move(work)), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  context.run();
}

}  // namespace truce::manager
