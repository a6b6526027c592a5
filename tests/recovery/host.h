// A host with pretended machines, disks, networks and reaper.
#pragma once

#include <gtest/gtest.h>

#include "base/file.h"
#include "guard/fake.h"
#include "hypervisor/fake.h"
#include "link.h"
#include "network/fake.h"
#include "node/node.h"
#include "storage/fake_opener.h"

namespace truce::recovery {

/// One host: what outlives its daemon, and the daemon.
class Host {
 public:
  Host(asio::any_io_executor loop, std::filesystem::path folder, std::string name,
       const std::filesystem::path& manager)
      : name_(std::move(name)),
        folder_(folder / name_),
        loop_(loop),
        world_(std::make_shared<hypervisor::FakeWorld>()),
        pool_(folder_ / "pool"),
        reaper_(std::make_shared<guard::FakeReaper>()) {
    EXPECT_TRUE(make_folder(folder_ / "run"));
    EXPECT_TRUE(make_folder(folder_ / "pool"));
    link_ = std::make_unique<Link>(loop, folder_ / "link.sock", manager);
    reaper_->end = [this] {
      for (const auto& uuid : guarded())
        world_->end(uuid, hypervisor::EndReason::crashed, "killed");
    };
    reaper_->left = [this] { return !guarded().empty(); };
  }

  Async<void> start() {
    hypervisor_ = std::make_unique<hypervisor::FakeHypervisor>(world_);
    node::Settings settings;
    settings.name = name_;
    settings.manager_socket = folder_ / "link.sock";
    settings.run_dir = folder_ / "run";
    settings.recipes_dir = folder_;
    settings.sample_round = 0ms;
    settings.life_poll = 1ms;
    settings.retry = settings.retry_at_most = 100ms;
    settings.was_guarded = guarded_;
    settings.open_guard = [this]() -> Async<Result<std::unique_ptr<guard::Guard>>> {
      guarded_ = true;
      co_return std::make_unique<guard::FakeGuard>(reaper_);
    };
    node_ = std::make_unique<node::Node>(loop_, *hypervisor_, pool_, opener_, network_, settings);
    auto started = co_await node_->start();
    EXPECT_TRUE(started) << started.error().message;
  }
  /// As kill -9 of the daemon: machines and the reaper stay.
  Async<void> stop() {
    if (!node_) co_return;
    co_await node_->stop();
    co_await hypervisor_->close();
    node_.reset();
    hypervisor_.reset();
  }
  /// The whole host is gone, reaper, machines and all.
  Async<void> crash() {
    co_await stop();
    up_ = false;
    world_ = std::make_shared<hypervisor::FakeWorld>();  // nobody tells how its machines ended
    (void)remove_tree(folder_ / "run");
    EXPECT_TRUE(make_folder(folder_ / "run"));
    auto end = reaper_->end;
    auto left = reaper_->left;
    reaper_ = std::make_shared<guard::FakeReaper>();
    reaper_->end = std::move(end);
    reaper_->left = std::move(left);
    guarded_ = false;
  }
  Async<void> boot() {
    up_ = true;
    co_await start();
  }
  Async<void> close() {
    co_await stop();
    co_await link_->close();
  }

  void advance(Duration time) {
    if (up_) reaper_->advance(time);
  }
  [[nodiscard]] bool runs(const std::string& uuid) const { return world_->find(uuid) != nullptr; }
  [[nodiscard]] bool is_guarded() const { return guarded_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] hypervisor::FakeWorld& world() { return *world_; }
  [[nodiscard]] storage::FakeOpener& opener() { return opener_; }
  Link& link() { return *link_; }

 private:
  [[nodiscard]] std::vector<std::string> guarded() const {
    std::vector<std::string> found;
    for (const auto& [uuid, guest] : world_->guests()) {
      if (guest.machine.gate) found.push_back(uuid);
    }
    return found;
  }
  std::string name_;
  std::filesystem::path folder_;
  asio::any_io_executor loop_;
  std::shared_ptr<hypervisor::FakeWorld> world_;
  std::unique_ptr<hypervisor::FakeHypervisor> hypervisor_;
  storage::FakePool pool_;
  storage::FakeOpener opener_;
  network::FakeNetwork network_;
  std::shared_ptr<guard::FakeReaper> reaper_;
  std::unique_ptr<Link> link_;
  std::unique_ptr<node::Node> node_;
  bool up_ = true, guarded_ = false;
};

}  // namespace truce::recovery
