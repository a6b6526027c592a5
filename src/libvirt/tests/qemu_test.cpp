// A host with QEMU whose libvirt others use, too, and that fails.
#include <sys/socket.h>
#include <sys/un.h>

#include "../../platform/tests/conformance_lab.h"
#include "libvirt/open.h"
#include "link.h"
#include "peer.h"

namespace truce::libvirt {
namespace {

using model::Observed;
using platform::Inventory;
using platform::Platform;
using platform::Watcher;

class HostWithQemu : public testing::Test {
 protected:
  void SetUp() override {
    if (!host_.why_not().empty()) GTEST_SKIP() << "skipped, because " << host_.why_not();
  }
  /// Runs `body` with a watcher that has seen all there is.
  void with_watcher(std::function<Async<void>(Watcher&)> body, KeepAlive keep = {}) {
    asio::io_context loop;
    auto all = [&](std::function<Async<void>(Watcher&)> inner) -> Async<void> {
      Watcher watcher{open_with(loop.get_executor(), host_.account(), keep), {}};
      EXPECT_TRUE(co_await watcher.sees([](const Inventory&) { return true; }));
      co_await inner(watcher);
      co_await watcher.platform->close();
    };
    store::in_loop(loop, all(std::move(body)));
  }
  static std::string id_of(const Watcher& watcher, const std::string& name) {
    for (const auto& [id, machine] : watcher.inventory.machines())
      if (machine.name == name) return id;
    ADD_FAILURE() << "no machine " << name;
    return "none";
  }
  static const platform::Machine& machine(const Watcher& watcher, const std::string& id) {
    return watcher.inventory.machines().at(id);
  }

  QemuHost host_;
};

TEST_F(HostWithQemu, what_virsh_does_is_seen) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web01");
    host_.virsh({"start", "web01"});
    EXPECT_TRUE(co_await w.sees_state(id, Observed::running));
    EXPECT_GT(machine(w, id).use.memory.count, 0U);
    host_.virsh({"suspend", "web01"});
    EXPECT_TRUE(co_await w.sees_state(id, Observed::paused));
    CO_ASSERT_OK(co_await w.platform->start(id));
    EXPECT_TRUE(co_await w.sees_state(id, Observed::running));
    host_.virsh({"managedsave", "web01"});
    EXPECT_TRUE(co_await w.sees_state(id, Observed::suspended));
    host_.virsh({"managedsave-remove", "web01"});
    EXPECT_TRUE(co_await w.sees_state(id, Observed::off));
    host_.virsh({"snapshot-create-as", "web01", "by another"});
    EXPECT_TRUE(
        co_await w.sees([&](const Inventory&) { return machine(w, id).snapshots.size() == 1; }));
    host_.virsh({"snapshot-delete", "web01", "by another"});
    host_.make_disk("more.qcow2");
    host_.virsh({"attach-disk", "web01", (host_.images() / "more.qcow2").string(), "vdb",
                 "--config", "--subdriver", "qcow2"});
    EXPECT_TRUE(
        co_await w.sees([&](const Inventory&) { return machine(w, id).disks.size() == 2; }));
    EXPECT_EQ(machine(w, id).disks[1].size, mib(16));
    host_.define("web03");
    EXPECT_TRUE(co_await w.sees([](const Inventory& all) { return all.machines().size() == 3; }));
    host_.virsh({"undefine", "web03"});
    EXPECT_TRUE(co_await w.sees([](const Inventory& all) { return all.machines().size() == 2; }));
    host_.virsh({"domrename", "web01", "web09"});
    EXPECT_TRUE(co_await w.sees([&](const Inventory&) { return machine(w, id).name == "web09"; }));
    host_.virsh({"pool-destroy", "images"});
    EXPECT_TRUE(co_await w.sees(
        [](const Inventory& all) { return !all.pools().begin()->second.reachable; }));
  });
}

TEST_F(HostWithQemu, a_server_that_is_killed_and_comes_back_is_told_and_machines_go_on) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web01");
    CO_ASSERT_OK(co_await w.platform->start(id));
    EXPECT_TRUE(co_await w.sees_state(id, Observed::running));
    host_.kill();
    std::optional<Error> told;
    for (int i = 0; i < 60 && !told; ++i)
      if (auto update = co_await w.platform->next(2s); !update) told = update.error();
    CO_ASSERT(told);
    EXPECT_EQ(told->code, Code::unavailable) << told->message;
    auto again = co_await w.platform->next(2s);
    CO_ASSERT(!again);
    EXPECT_EQ(again.error().code, Code::unavailable) << again.error().message;
    auto verb = co_await w.platform->kill(id);
    CO_ASSERT(!verb);
    EXPECT_EQ(verb.error().code, Code::unavailable) << verb.error().message;
    host_.start();
    auto whole = co_await w.platform->next(2s);
    CO_ASSERT_OK(whole);
    EXPECT_EQ(whole->extent, platform::Update::Extent::whole);
    w.inventory.apply(*std::move(whole));
    EXPECT_EQ(machine(w, id).state, Observed::running);
  });
}

TEST_F(HostWithQemu, a_server_that_no_longer_answers_holds_nobody_up) {
  with_watcher(
      [&](Watcher& w) -> Async<void> {
        host_.freeze();
        auto id = id_of(w, "web01");
        // Several at once, which libvirt's client does not survive on one connection.
        auto [verbs, look] =
            co_await (w.platform->start(id) && w.platform->kill(id) && w.platform->next(1min));
        auto& [one, other] = verbs;
        CO_ASSERT(!one);
        CO_ASSERT(!other);
        EXPECT_EQ(one.error().code, Code::unavailable) << one.error().message;
        EXPECT_EQ(other.error().code, Code::unavailable) << other.error().message;
        EXPECT_FALSE(look);
        host_.thaw();
        bool whole = false;
        for (int i = 0; i < 60 && !whole; ++i) {
          auto update = co_await w.platform->next(2s);
          whole = update && update->extent == platform::Update::Extent::whole;
        }
        EXPECT_TRUE(whole);
      },
      KeepAlive{.interval = 1, .count = 1});
}

TEST_F(HostWithQemu, a_call_that_hangs_can_be_left) {
  asio::io_context loop;
  host_.freeze();  // who connects now waits
  {
    auto platform = libvirt::open(loop.get_executor(), host_.account());
    auto tried = store::in_loop(loop, within(100ms, platform->connect(), "host"));
    ASSERT_FALSE(tried);
    EXPECT_EQ(tried.error().code, Code::timeout) << tried.error().message;
    auto again = store::in_loop(loop, platform->connect());
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::unavailable) << again.error().message;
  }
  host_.thaw();
}

TEST_F(HostWithQemu, nobody_at_an_address_is_unavailable) {
  asio::io_context loop;
  auto account = host_.account();
  account.url = "qemu+unix:///system?socket=/nowhere/libvirt-sock";
  auto platform = libvirt::open(loop.get_executor(), account);
  auto tried = store::in_loop(loop, platform->connect());
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().code, Code::unavailable) << tried.error().message;
}

TEST_F(HostWithQemu, what_can_be_stopped_is_what_runs) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web01");
    CO_ASSERT_OK(co_await w.platform->start(id));
    CO_ASSERT_OK(co_await w.platform->request_stop(id));  // nothing boots there: nobody hears it
    CO_ASSERT_OK(co_await w.platform->suspend(id));
    auto stop = co_await w.platform->request_stop(id);
    EXPECT_TRUE(!stop && stop.error().code == Code::precondition);
    CO_ASSERT_OK(co_await w.platform->kill(id));
    EXPECT_EQ(host_.virsh({"list", "--all", "--with-managed-save", "--name"}).find("web01"),
              std::string::npos);
  });
}

TEST_F(HostWithQemu, a_snapshot_of_what_runs_has_its_memory) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web01");
    auto& snapshots = *w.platform->snapshots();
    CO_ASSERT_OK(co_await w.platform->start(id));
    auto without = co_await snapshots.create(id, {.name = "bare"});
    EXPECT_TRUE(!without && without.error().code == Code::precondition);
    auto quiet = co_await snapshots.create(id, {.name = "bare", .quiesce = true});
    EXPECT_TRUE(!quiet && quiet.error().code == Code::unsupported);
    auto made = co_await snapshots.create(id, {.name = "lives", .memory = true});
    CO_ASSERT_OK(made);
    auto again = co_await snapshots.create(id, {.name = "lives", .memory = true});
    EXPECT_TRUE(!again && again.error().code == Code::conflict);
    CO_ASSERT_OK(co_await w.platform->kill(id));
    CO_ASSERT_OK(co_await snapshots.restore(id, *made));
    EXPECT_TRUE(co_await w.sees_state(id, Observed::running));
    EXPECT_TRUE(co_await w.sees([&](const Inventory&) {
      const auto& all = machine(w, id).snapshots;
      return all.size() == 1 && all[0].state == Observed::running;
    }));
  });
}

TEST_F(HostWithQemu, removing_takes_its_own_disks_and_no_others) {
  auto outside = host_.folder() / "outside.img";
  ASSERT_TRUE(write_file_durably(outside, std::string(65536, 'x')));
  host_.define("web03", host_.disk(outside.string(), "vdb", "raw"));
  host_.define("web04", host_.disk((host_.images() / "web03.qcow2").string(), "vdb", "qcow2"));
  with_watcher([&](Watcher& w) -> Async<void> {
    auto& making = *w.platform->making();
    auto shared = co_await making.remove(id_of(w, "web03"));
    CO_ASSERT(!shared);
    EXPECT_EQ(shared.error().code, Code::precondition) << shared.error().message;
    EXPECT_TRUE(shared.error().message.contains("web04")) << shared.error().message;
    host_.virsh({"detach-disk", "web04", "vdb", "--config"});
    EXPECT_TRUE(host_.run_here({"qemu-img", "create", "-q", "-f", "qcow2", "-b", "web03.qcow2",
                                "-F", "qcow2", (host_.images() / "over.qcow2").string()}));
    host_.virsh({"pool-refresh", "images"});
    auto below = co_await making.remove(id_of(w, "web03"));
    CO_ASSERT(!below);
    EXPECT_EQ(below.error().code, Code::precondition) << below.error().message;
    host_.virsh({"vol-delete", "over.qcow2", "images"});
    CO_ASSERT_OK(co_await making.remove(id_of(w, "web03")));
    EXPECT_FALSE(std::filesystem::exists(host_.images() / "web03.qcow2"));
    EXPECT_TRUE(std::filesystem::exists(outside)) << "it is in no pool";
    EXPECT_TRUE(std::filesystem::exists(host_.images() / "web04.qcow2"));
  });
}

TEST_F(HostWithQemu, a_clone_has_disks_of_its_own_with_the_same_content) {
  auto original = host_.images() / "data.img";
  ASSERT_TRUE(write_file_durably(original, std::string(1 << 20, 'y')));
  host_.virsh({"pool-refresh", "images"});
  host_.define("web03", host_.disk(original.string(), "vdb", "raw"));
  auto outside = host_.folder() / "outside.img";
  ASSERT_TRUE(write_file_durably(outside, "x"));
  host_.define("web04", host_.disk(outside.string(), "vdb", "raw"));
  with_watcher([&](Watcher& w) -> Async<void> {
    auto& making = *w.platform->making();
    auto copy = co_await making.clone(id_of(w, "web03"), "web05");
    CO_ASSERT_OK(copy);
    EXPECT_TRUE(
        co_await w.sees([&](const Inventory& all) { return all.machines().contains(*copy); }));
    const auto& made = machine(w, *copy);
    CO_ASSERT(made.disks.size() == 2);
    EXPECT_EQ(made.disks[1].file, (host_.images() / "web05-vdb.img").string());
    EXPECT_EQ(*read_file(made.disks[1].file, mib(4)), std::string(1 << 20, 'y'));
    EXPECT_NE(made.nics.at(0).mac, machine(w, id_of(w, "web03")).nics.at(0).mac);
    CO_ASSERT_OK(co_await w.platform->start(*copy));
    CO_ASSERT_OK(co_await w.platform->kill(*copy));

    auto slash = co_await making.clone(id_of(w, "web03"), "a/b");
    EXPECT_TRUE(!slash && slash.error().code == Code::invalid);
    auto no_pool = co_await making.clone(id_of(w, "web04"), "web06");
    CO_ASSERT(!no_pool);
    EXPECT_EQ(no_pool.error().code, Code::precondition) << no_pool.error().message;
    EXPECT_FALSE(std::filesystem::exists(host_.images() / "web06-vda.qcow2")) << "nothing is left";
  });
}

}  // namespace
}  // namespace truce::libvirt
