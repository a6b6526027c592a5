// A manager on a store in memory, with a node that the test plays.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "manager/manager.h"
#include "model/model.h"
#include "on_loop.h"
#include "played_node.h"
#include "store/memory.h"

namespace truce::manager {

/// Answers of the API as a test looks at them.
struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;
  boost::json::value body;
  std::string raw;  ///< the body as it was sent

  [[nodiscard]] double number(std::string_view pointer) const {
    const auto* found = body.is_object() || body.is_array() ? find(pointer) : nullptr;
    return found && found->is_number() ? found->to_number<double>() : -1;
  }
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
    settings.metrics_folder = folder / "metrics";
    settings.seals = &seals;
    settings.platforms_folder = folder / "platforms";
    if (adjust) adjust(settings);
    settings.sender = sender;
    settings.alarm_pace = alarm_pace;
    settings.mail = mail;
    manager = std::make_unique<Manager>(loop, *before, settings);
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
    request.peer.address = address;
    if (!unix_user) request.peer.network = address.substr(0, address.rfind(':'));
    if (unix_user) request.peer.unix_user = *unix_user;
    request.peer.host = host;
    request.peer.administrator = administrator;
    auto response = co_await manager->handle(std::move(request));
    Answer answer{response.status, response.headers, {}, response.body};
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
  store::Store* before = &store;  ///< what the manager writes to: it, or what is put before it
  std::unique_ptr<Manager> manager;
  access::Seals seals = access::Seals::fresh();
  PlayedNode node;
  std::optional<unsigned> unix_user = 0;
  std::string address = "unix";
  std::string host = {};           ///< of the cluster, that passes the requests on
  std::string administrator = {};  ///< whom it says that they are from
  std::size_t task_history = 50;
  std::function<void(Settings&)> adjust;
  Sender* sender = nullptr;
  AlarmPace alarm_pace;
  MailSettings mail;

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
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    Estate estate(loop);
    co_await estate.start();
    co_await estate.connect();
    co_await work(estate);
    estate.node.close();
    co_await estate.manager->stop();
  });
}

}  // namespace truce::manager
