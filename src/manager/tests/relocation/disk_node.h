// A node that a test plays: its disks are in memory, and are given out by NBD as a real node gives
// them; and what tests of moves with it share.
#pragma once

#include "image/formats.h"
#include "image/nbd_server.h"
#include "relocation_lab.h"

namespace truce::manager {

inline std::shared_ptr<image::Image> raw(std::shared_ptr<image::MemoryFile> file) {
  auto opened = image::open(std::move(file), {.read_write = true}, "raw");
  EXPECT_TRUE(opened);
  return std::move(*opened);
}

/// A host whose disks are in memory.
class DiskNode {
 public:
  explicit DiskNode(Estate& estate) : estate_(estate) {}
  std::map<std::string, std::shared_ptr<image::MemoryFile>> disks;  ///< by uuid/disk
  std::set<std::string> removed;
  std::map<std::string, model::Vm> vms;  ///< as they were assigned last, by uuid
  /// What it answers when it is asked anything else than for a disk; without one that is a failure.
  std::function<model::CallReply(const model::Call& call)> answers;
  bool tells = true;        ///< what becomes of the machines that it is to have
  bool starts = false;      ///< a machine that shall run does
  std::string start_fails;  ///< with this, where it is not empty

  /// Until the connection ends.
  Async<void> play() {
    while (true) {
      auto frame = co_await estate_.node.frame();
      if (!frame) co_return;
      auto message = model::from_text<model::ToNode>(*frame, model::Unknown::ignore);
      if (message->assignment) co_await take(*message->assignment);
      if (message->call) co_await answer(*message->call);
    }
  }

 private:
  Async<void> take(model::Assignment assignment) {
    for (const auto& assigned : assignment.vms) {
      const auto& vm = assigned.vm;
      vms[vm.uuid] = vm;
      model::VmReport seen{.uuid = vm.uuid, .observed = model::Observed::off};
      if (starts && vm.wanted == model::Wanted::running) {
        if (start_fails.empty()) seen.observed = model::Observed::running;
        seen.failed = start_fails;
      }
      if (vm.wanted == model::Wanted::absent) {
        seen.observed = model::Observed::absent;
        removed.insert(vm.uuid);
      }
      seen.generation = vm.generation;
      for (const auto& disk : vm.disks) {
        auto& file = disks[vm.uuid + "/" + disk.id];
        if (file) continue;
        file = std::make_shared<image::MemoryFile>(disk.id);
        EXPECT_TRUE(file->resize(disk.size.count));
      }
      if (tells) co_await estate_.node.report(seen);
    }
  }
  Async<void> answer(model::Call call) {
    model::FromNode message;
    message.reply.emplace();
    message.reply->id = call.id;
    if (call.verb != model::CallVerb::serve_disk && answers) {
      message.reply = answers(call);
      message.reply->id = call.id;
      co_return co_await estate_.node.send(message);
    }
    EXPECT_EQ(call.verb, model::CallVerb::serve_disk);
    auto found = disks.find(call.vm + "/" + call.part);
    if (found == disks.end()) message.reply->error = "no such disk";
    co_await estate_.node.send(message);
    if (found == disks.end()) co_return;
    auto socket = co_await connect_unix((estate_.folder / "node.sock").string());
    model::FromNode hello;
    hello.hello = model::Hello{"h1", "1", call.stream};
    EXPECT_TRUE(co_await write_frame(*socket, model::to_text(hello)));
    auto end = blocking_end(std::move(*socket));
    EXPECT_TRUE(end);
    using image::nbd::ExportOptions;
    image::nbd::ServeOptions options;
    options.exports.push_back({.name = "",
                               .description = {},
                               .image = raw(found->second),
                               .access = call.write ? ExportOptions::Access::read_write
                                                    : ExportOptions::Access::read_only});
    options.client = std::move(*end);
    options.until = image::nbd::ServeOptions::Until::unused;
    auto server = image::nbd::Server::start(std::move(options));
    EXPECT_TRUE(server);
    servers_.push_back(std::move(*server));
  }

  Estate& estate_;
  std::vector<std::unique_ptr<image::nbd::Server>> servers_;
};

/// What a test has: all of it outlives the work.
struct Stage {
  Estate& estate;
  platform::FakeEstate& theirs;
  DiskNode node;
  Scope scope;
  std::string machine;  ///< `web01`, there
};

template <class Work>
void with_stage(Work work) {
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    Theirs theirs;
    Estate estate(loop);
    estate.adjust = [&](Settings& settings) {
      settings.platform_kinds["fake"] = [&](asio::any_io_executor on, platform::Account) {
        return std::make_unique<platform::FakePlatform>(std::move(on), theirs.estate);
      };
      settings.guest_program = estate.folder / "prepare";
      hurry(settings);
    };
    co_await estate.start();
    co_await estate.connect();
    co_await add_platform(estate);
    Stage stage{estate, *theirs.estate, DiskNode(estate), Scope(loop), {}};
    stage.machine = prepare(*theirs.estate);
    stage.scope.spawn(stage.node.play());
    co_await work(stage);
    estate.node.close();
    co_await stage.scope.join();
    co_await estate.manager->stop();
  });
}

/// The manager, which has been stopped, comes back, and hears the node again: it sends anew what
/// the node is to have.
inline Async<void> come_back(Stage& stage) {
  auto& estate = stage.estate;
  estate.node.close();
  co_await stage.scope.join();
  estate.manager.reset();
  co_await estate.start();
  co_await estate.node.connect((estate.folder / "node.sock").string(), "h1");
  stage.scope.spawn(stage.node.play());
}

inline Async<std::string> come(Stage& stage, std::string more = {}) {
  co_await platform_when(stage.estate,
                         [](const Answer& shown) { return shown.number("/vms") == 1; });
  co_await until_sized(stage.estate);
  co_return co_await begin(stage.estate, "/v1/platforms/prod/vms/web01/move",
                           fmt::format(R"({{"to":"here"{}}})", more));
}

inline Async<std::string> uuid_of(Stage& stage) {
  co_return (co_await stage.estate.call("GET", "/v1/vms/web01")).text("/uuid");
}

inline Async<void> until_gone(Stage& stage) {
  while ((co_await stage.estate.call("GET", "/v1/vms/web01")).status != 404)
    co_await sleep_for(2ms);
}

}  // namespace truce::manager
