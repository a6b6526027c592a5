// Against the model of a host: what every platform promises, what another client sees and does, and
// what goes wrong between us and it.
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "../../platform/tests/conformance.h"
#include "../../platform/tests/watched.h"
#include "hyperv/hyperv.h"
#include "peer.h"
#include "platform/feed.h"
#include "platform/transfers.h"

// gss-ntlmssp 1.2 gives up none of what it has of OpenSSL for a sign-in, some 6 KiB.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libcrypto.so";
}

namespace truce::hyperv {
namespace {

constexpr Pace quick{.watch = 100ms, .read = 5s};

class HostLab final : public platform::ConformanceLab {
 public:
  std::string why_not() override { return Peer::why_not(); }
  std::unique_ptr<platform::Platform> open(asio::any_io_executor loop) override {
    if (!peer_) peer_.emplace();
    return hyperv::open(std::move(loop), peer_->account(), quick);
  }
  void restart_with_fewer() override {
    peer_->order({"remove", "web02"});
    peer_->order({"restart"});
  }

 private:
  std::optional<Peer> peer_;
};

}  // namespace
}  // namespace truce::hyperv

namespace truce::platform {
INSTANTIATE_TEST_SUITE_P(HyperV, PlatformConformance, testing::Values(MakeLab([] {
                           return std::make_unique<hyperv::HostLab>();
                         })),
                         [](const auto&) { return "host"; });
}  // namespace truce::platform

namespace truce::hyperv {
namespace {

using model::Observed;
using platform::Snapshots;
using platform::Watcher;

class AHost : public platform::WatchedPlatform {
 protected:
  void SetUp() override {
    if (auto why = Peer::why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    peer_.emplace();
  }
  [[nodiscard]] platform::Account account() const override { return peer_->account(); }
  std::unique_ptr<platform::Platform> open(asio::any_io_executor loop,
                                           platform::Account account) override {
    return hyperv::open(std::move(loop), std::move(account), quick);
  }
  [[nodiscard]] boost::json::object show(const std::string& class_name, const std::string& name) {
    return boost::json::parse(peer_->order({"show", class_name, name})).as_object();
  }

  std::optional<Peer> peer_;
};

TEST_F(AHost, another_client_sees_the_same_machines) {
  with_watcher([&](Watcher& w) -> Async<void> {
    std::size_t count = 0;
    std::stringstream lines(peer_->other({"list"}));
    for (std::string line; std::getline(lines, line);) {
      if (line.empty()) continue;
      auto theirs = boost::json::parse(line).as_object();
      std::string name(theirs["name"].as_string());
      const auto& ours = w.inventory.machines().at(id_of(w, name));
      EXPECT_EQ(ours.cpus, theirs["cpus"].to_number<std::int64_t>());
      EXPECT_EQ(ours.memory.count, theirs["memory"].to_number<std::uint64_t>());
      ++count;
    }
    EXPECT_EQ(count, w.inventory.machines().size());
    co_return;
  });
}

TEST_F(AHost, machines_are_shown_with_all_that_the_host_tells_of_them) {
  with_watcher([&](Watcher& w) -> Async<void> {
    const auto& first = w.inventory.machines().at(id_of(w, "web01"));
    EXPECT_EQ(first.state, Observed::running);
    EXPECT_EQ(first.firmware, model::Firmware::bios);
    EXPECT_EQ(first.tools, platform::Tools::running);
    EXPECT_EQ(first.addresses, (std::vector<std::string>{"192.0.2.11", "2001:db8::11"}));
    EXPECT_FALSE(first.guest_os.empty());
    EXPECT_GT(first.use.memory.count, 0U);
    EXPECT_EQ(first.disks.at(0).bus, model::DiskBus::ide);
    EXPECT_EQ(first.nics.at(0).connected, true);
    const auto& second = w.inventory.machines().at(id_of(w, "web02"));
    EXPECT_EQ(second.state, Observed::off);
    EXPECT_EQ(second.firmware, model::Firmware::uefi);
    EXPECT_TRUE(second.secure_boot);
    EXPECT_EQ(second.tools, platform::Tools::none);
    EXPECT_EQ(second.disks.at(0).bus, model::DiskBus::scsi);
    EXPECT_EQ(second.disks.at(0).size, gib(8));
    EXPECT_EQ(second.disks.at(0).format, "vhdx");
    EXPECT_TRUE(second.disks.at(0).thin);
    const auto& host = w.inventory.hosts().begin()->second;
    EXPECT_EQ(host.name, "HV1");
    EXPECT_GT(host.cpus, 0);
    EXPECT_GT(host.cpu_mhz, 0);
    EXPECT_GT(host.memory.count, host.memory_used.count);
    EXPECT_GT(host.memory_used.count, 0U);
    EXPECT_EQ(w.inventory.pools().size(), 2U);
    co_return;
  });
}

TEST_F(AHost, what_another_client_does_is_seen) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    peer_->other({"rename", "web02", "renamed <by> another"});
    EXPECT_TRUE(co_await w.sees(
        [&](const auto& all) { return all.machines().at(id).name == "renamed <by> another"; }));
    peer_->other({"snapshot", "web01", "by another"});
    auto other = id_of(w, "web01");
    EXPECT_TRUE(co_await w.sees([&](const auto& all) {
      const auto& tree = all.machines().at(other).snapshots;
      return tree.size() == 1 && tree[0].name == "by another";
    }));
    EXPECT_EQ(w.inventory.machines().at(other).snapshot,
              w.inventory.machines().at(other).snapshots[0].id);
    EXPECT_FALSE(w.inventory.machines().at(other).disks[0].parent.empty());
    peer_->other({"pause", "web01"});
    EXPECT_TRUE(co_await w.sees_state(other, Observed::paused));
    peer_->order({"machines", "3"});
    EXPECT_TRUE(co_await w.sees([](const auto& all) { return all.machines().size() == 5; }));
  });
}

TEST_F(AHost, a_wrong_password_is_told_without_it_and_tried_once) {
  auto account = peer_->account();
  account.password = std::make_shared<Secret>("secret-word");
  auto connected = connect(account);
  expect(connected, Code::unauthenticated, "Administrator");
  EXPECT_FALSE(connected.error().message.contains("secret-word"));
  EXPECT_EQ(peer_->logins(), 0);
  account = peer_->account();
  account.user = "Somebody";
  expect(connect(account), Code::unauthenticated, "Somebody");
}

TEST_F(AHost, users_are_named_as_windows_does) {
  for (const auto* name : {"administrator", "HV1\\Administrator", ".\\Administrator"}) {
    auto account = peer_->account();
    account.user = name;
    auto connected = connect(account);
    EXPECT_TRUE(connected) << name << ": " << connected.error().message;
  }
}

TEST_F(AHost, is_signed_in_at_by_what_it_offers) {
  peer_->order({"offer", "Basic"});
  EXPECT_TRUE(connect(peer_->account()));
  auto account = peer_->account();
  account.password = std::make_shared<Secret>("wrong");
  expect(connect(account), Code::unauthenticated, "not right");
  peer_->order({"offer", "Kerberos"});
  expect(connect(peer_->account()), Code::unauthenticated, "Negotiate");
}

TEST_F(AHost, another_certificate_is_refused_with_both_fingerprints) {
  auto account = peer_->account();
  auto seen = account.trust.fingerprint;
  account.trust.fingerprint = std::string(64, 'a');
  expect(connect(account), Code::forbidden, seen);
  EXPECT_EQ(peer_->logins(), 0);
  account.trust = {{}, peer_->order({"authority"})};
  EXPECT_TRUE(connect(account));
}

TEST_F(AHost, a_connection_that_breaks_is_signed_in_anew) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    peer_->order({"cut"});
    CO_ASSERT_OK(co_await w.platform->start(id));
    EXPECT_TRUE(co_await w.sees_state(id, Observed::running));
    peer_->order({"password", "another"});
    peer_->order({"cut"});
    std::optional<Error> told;
    for (int i = 0; i < 30 && !told; ++i)
      if (auto update = co_await w.platform->next(1s);
          !update && update.error().code != Code::unavailable)
        told = update.error();
    CO_ASSERT(told);
    EXPECT_EQ(told->code, Code::unauthenticated) << told->message;
    peer_->order({"password", "pass"});
    auto update = co_await w.platform->next(1s);
    CO_ASSERT_OK(update);
    EXPECT_EQ(update->extent, platform::Update::Extent::whole);
  });
}

TEST_F(AHost, that_says_nothing_can_be_left) {
  asio::io_context loop;
  auto platform = hyperv::open(loop.get_executor(), peer_->account(), quick);
  peer_->order({"freeze"});
  auto tried = store::in_loop(loop, within(100ms, platform->connect(), "host"));
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().code, Code::timeout) << tried.error().message;
  peer_->order({"thaw"});
  EXPECT_TRUE(store::in_loop(loop, platform->connect()));
}

TEST_F(AHost, a_verb_whose_connection_breaks_is_not_said_twice) {
  with_watcher([&](Watcher& w) -> Async<void> {
    peer_->order({"hang-up", "RequestStateChange"});
    expect(co_await w.platform->reset(id_of(w, "web01")), Code::unavailable);
    EXPECT_EQ(peer_->calls("RequestStateChange"), 1);
  });
}

TEST_F(AHost, jobs_are_waited_for_and_what_they_say_is_told) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    peer_->order({"jobs", "0.5"});
    CO_ASSERT_OK(co_await w.platform->start(id));
    EXPECT_TRUE(co_await w.sees_state(id, Observed::running));
    peer_->order({"fail-job", "RequestStateChange", "There is no room for it"});
    expect(co_await w.platform->kill(id), Code::io, "There is no room for it");
    peer_->order({"fail", "RequestStateChange", "32769"});
    expect(co_await w.platform->kill(id), Code::forbidden, "may not");
    CO_ASSERT_OK(co_await w.platform->kill(id));
  });
}

TEST_F(AHost, a_job_that_a_restart_has_lost_is_told) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    peer_->order({"jobs", "600"});
    Scope scope(co_await asio::this_coro::executor);
    std::optional<Result<void>> outcome;
    scope.spawn([](platform::Platform& on, std::string machine, auto& into) -> Async<void> {
      into = co_await on.start(machine);
    }(*w.platform, id, outcome));
    while (peer_->calls("RequestStateChange") == 0) co_await sleep_for(5ms);
    peer_->order({"restart"});
    while (!outcome) co_await sleep_for(5ms);
    expect(*outcome, Code::unavailable);
    co_await scope.join();
  });
}

TEST_F(AHost, a_guest_without_integration_services_cannot_be_asked) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web01");
    peer_->order({"guest", "web01", "off"});
    expect(co_await w.platform->request_stop(id), Code::precondition, "integration services");
    EXPECT_EQ(peer_->calls("InitiateShutdown"), 0);
    peer_->order({"guest", "web01", "on"});
    CO_ASSERT_OK(co_await w.platform->request_stop(id));
    EXPECT_TRUE(co_await w.sees_state(id, Observed::off));
  });
}

TEST_F(AHost, a_snapshot_with_memory_is_gone_back_to_running) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web01"), other = id_of(w, "web02");
    auto* snapshots = w.platform->snapshots();
    auto before = show("Msvm_VirtualSystemSettingData", "web01")["UserSnapshotType"];
    auto taken = co_await snapshots->create(
        id, {.name = "live", .description = "a <d> & b", .memory = true});
    CO_ASSERT_OK(taken);
    EXPECT_EQ(show("Msvm_VirtualSystemSettingData", "web01")["UserSnapshotType"], before);
    EXPECT_TRUE(co_await w.sees([&](const auto& all) {
      const auto& tree = all.machines().at(id).snapshots;
      return tree.size() == 1 && tree[0].description == "a <d> & b" &&
             tree[0].state == Observed::running;
    }));
    CO_ASSERT_OK(co_await w.platform->kill(id));
    CO_ASSERT_OK(co_await snapshots->restore(id, *taken));
    EXPECT_TRUE(co_await w.sees_state(id, Observed::running));
    expect(co_await snapshots->restore(other, *taken), Code::not_found);
    auto quiet = co_await snapshots->create(id, {.name = "quiet", .quiesce = true});
    CO_ASSERT_OK(quiet);
    CO_ASSERT_OK(co_await snapshots->restore(id, *quiet));
    EXPECT_TRUE(co_await w.sees_state(id, Observed::off));
    EXPECT_TRUE(co_await w.sees([&](const auto& all) {
      return all.machines().at(id).snapshots.size() == 2 &&
             all.machines().at(id).snapshots[1].state == Observed::off;
    }));
  });
}

TEST_F(AHost, a_machine_goes_with_its_snapshots_and_files_and_no_others) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02"), other = id_of(w, "web01");
    CO_ASSERT_OK(co_await w.platform->snapshots()->create(id, {.name = "one"}));
    EXPECT_TRUE(co_await w.sees(
        [&](const auto& all) { return !all.machines().at(id).disks[0].parent.empty(); }));
    auto file = w.inventory.machines().at(id).disks[0].file;
    auto parent = w.inventory.machines().at(id).disks[0].parent;
    auto files = peer_->order({"files"});
    EXPECT_TRUE(files.contains(file) && files.contains(parent)) << files;
    CO_ASSERT_OK(co_await w.platform->making()->remove(id));
    EXPECT_TRUE(co_await w.sees([](const auto& all) { return all.machines().size() == 1; }));
    files = peer_->order({"files"});
    EXPECT_FALSE(files.contains(file) || files.contains(parent)) << files;
    EXPECT_TRUE(files.contains(w.inventory.machines().at(other).disks[0].file)) << files;
  });
}

TEST_F(AHost, a_file_that_another_machine_needs_stays) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    auto file = w.inventory.machines().at(id).disks[0].file;
    peer_->order({"link", "web01", file});  // its disk is a difference to that
    CO_ASSERT_OK(co_await w.platform->making()->remove(id));
    EXPECT_TRUE(peer_->order({"files"}).contains(file));
  });
}

TEST_F(AHost, sizes_are_what_a_machine_can_have) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto id = id_of(w, "web02");
    auto* making = w.platform->making();
    expect(co_await making->resize(id, {}, mib(1023)), Code::invalid, "2 MiB");
    CO_ASSERT_OK(co_await making->resize(id, 4, mib(512)));
    EXPECT_TRUE(co_await w.sees([&](const auto& all) {
      return all.machines().at(id).cpus == 4 && all.machines().at(id).memory == mib(512);
    }));
    expect(co_await making->resize(id_of(w, "web01"), 2, {}), Code::precondition, "not off");
  });
}

/// What a machine is that comes: generation 1 with a disk, generation 2 with one more.
platform::NewMachine wish_of(const platform::Inventory& all, model::Firmware firmware) {
  platform::NewMachine wish{.name = "new01", .mark = "t-000000012"};
  wish.uuid = "0a000000-0000-0000-0000-00000000000b";
  wish.description = "moved from Truce";
  wish.cpus = 2;
  wish.memory = mib(512);
  wish.firmware = firmware;
  bool second = firmware == model::Firmware::uefi;
  wish.disks = {{gib(1), second ? model::DiskBus::scsi : model::DiskBus::ide}};
  if (second) wish.disks.push_back(wish.disks.front());
  wish.nics = {{"52:54:00:00:00:01", all.networks().begin()->first, model::NicModel::virtio}};
  for (const auto& [id, pool] : all.pools())
    if (pool.name == "D:\\") wish.pool = id;
  return wish;
}

TEST_F(AHost, machines_come_with_disks_that_are_filled_later) {
  for (auto firmware : {model::Firmware::bios, model::Firmware::uefi})
    for (const auto* answers : {"job", "at-once"}) {
      for (const auto* method : {"DefineSystem", "AddResourceSettings", "CreateVirtualHardDisk"})
        peer_->order({"answer", method, answers});
      with_watcher([&](Watcher& w) -> Async<void> {
        auto before = peer_->order({"files"});
        auto arrival = co_await w.platform->transfers()->arrive(wish_of(w.inventory, firmware));
        CO_ASSERT_OK(arrival);
        auto id = (*arrival)->machine();
        auto is_there = [&](const auto& all) {
          auto found = all.machines().find(id);
          return found != all.machines().end() && !found->second.nics.empty() &&
                 found->second.nics[0].connected && found->second.disks.back().size == gib(1);
        };
        EXPECT_TRUE(co_await w.sees(is_there)) << peer_->order({"complaint"});
        const auto& made = w.inventory.machines().at(id);
        EXPECT_EQ(made.name, "new01 (t-000000012)");
        EXPECT_EQ(made.uuid, "0a000000-0000-0000-0000-00000000000b");
        EXPECT_EQ(made.firmware, firmware);
        EXPECT_FALSE(made.secure_boot);
        EXPECT_EQ(made.cpus, 2);
        EXPECT_EQ(made.memory, mib(512));
        EXPECT_EQ(made.disks.size(), firmware == model::Firmware::uefi ? 2U : 1U);
        EXPECT_EQ(made.nics[0].mac, "52:54:00:00:00:01");
        CO_ASSERT_OK(co_await (*arrival)->finish());
        EXPECT_TRUE(co_await w.sees(
            [&](const auto& all) { return all.machines().at(id).name == "new01"; }));
        auto again = co_await w.platform->transfers()->arrive(wish_of(w.inventory, firmware));
        EXPECT_EQ(again.error().code, Code::conflict);
        CO_ASSERT_OK(co_await (*arrival)->abandon());
        CO_ASSERT_OK(co_await (*arrival)->abandon());
        EXPECT_EQ(peer_->order({"files"}), before);
      });
    }
}

TEST_F(AHost, what_cannot_be_made_leaves_nothing) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto before = peer_->order({"files"}), names = peer_->order({"names"});
    for (const auto* method : {"DefineSystem", "ModifySystemSettings", "ModifyResourceSettings",
                               "AddResourceSettings", "CreateVirtualHardDisk"}) {
      peer_->order({"fail-job", method, "There is not enough space."});
      auto arrival =
          co_await w.platform->transfers()->arrive(wish_of(w.inventory, model::Firmware::uefi));
      EXPECT_FALSE(arrival) << method;
      if (!arrival) {
        EXPECT_TRUE(arrival.error().message.contains("not enough space"))
            << arrival.error().message;
      }
      EXPECT_EQ(peer_->order({"files"}), before) << method;
      EXPECT_EQ(peer_->order({"names"}), names) << method;
    }
    auto wish = wish_of(w.inventory, model::Firmware::bios);
    wish.pool = "nowhere";
    EXPECT_EQ((co_await w.platform->transfers()->arrive(wish)).error().code, Code::not_found);
    wish = wish_of(w.inventory, model::Firmware::bios);
    wish.nics[0].network = "nowhere";
    EXPECT_FALSE(co_await w.platform->transfers()->arrive(wish));
    EXPECT_EQ(peer_->order({"names"}), names);
  });
}

TEST_F(AHost, what_a_crash_has_left_goes_with_its_machine) {
  store::TemporaryFolder volume;
  peer_->order({"volume", "D:", volume.path().string()});
  with_watcher([&](Watcher& w) -> Async<void> {
    auto arrival =
        co_await w.platform->transfers()->arrive(wish_of(w.inventory, model::Firmware::bios));
    CO_ASSERT_OK(arrival);
    auto folder = volume.path() / "Hyper-V" / "Virtual Hard Disks";
    auto files = [&] {
      return std::distance(std::filesystem::directory_iterator(folder),
                           std::filesystem::directory_iterator());
    };
    EXPECT_EQ(files(), 1);
    std::ofstream(folder / "new01-t-000000012-1.vhdx") << "made, and not hung on it yet";
    std::ofstream(folder / "new01-t-000000013-1.vhdx") << "somebody else's";
    CO_ASSERT_OK(co_await w.platform->making()->remove((*arrival)->machine()));
    EXPECT_EQ(files(), 1);
  });
}

TEST_F(AHost, a_disk_that_is_not_as_large_as_it_should_be_ends_a_move) {
  with_watcher([&](Watcher& w) -> Async<void> {
    auto wish = wish_of(w.inventory, model::Firmware::bios);
    wish.disks[0].size.count -= 512;  // what is made has whole MiB, and nobody fills it here
    auto arrival = co_await w.platform->transfers()->arrive(wish);
    CO_ASSERT_OK(arrival);
    expect(co_await (*arrival)->finish(), Code::io, "of 1GiB has come");
  });
}

TEST_F(AHost, answers_in_parts_are_put_together) {
  peer_->order({"machines", "60"});
  with_watcher([&](Watcher& w) -> Async<void> {
    EXPECT_EQ(w.inventory.machines().size(), 62U);
    EXPECT_GT(peer_->calls("Pull"), 0);
    for (const auto& [id, machine] : w.inventory.machines()) EXPECT_FALSE(machine.disks.empty());
    co_return;
  });
}

}  // namespace
}  // namespace truce::hyperv
