// Machines whose homes are in a pool that hosts share: which host may touch what, and what a host
// says whose mount is missing.
#include "storage/homes.h"

#include "stage.h"
#include "storage/places.h"

namespace truce::node {
namespace {

namespace fs = std::filesystem;
using model::Observed;
using model::Wanted;

/// Two hosts and what they share.
struct TwoHosts {
  explicit TwoHosts(asio::any_io_executor loop) : one(loop, "h1", shared), two(loop, "h2", shared) {
    nfs.name = "nfs";
    nfs.source = (one.folder / "nfs").string();
    nfs.shared = true;
    nfs.id = "0123456789abcdef";
  }
  Async<void> begin() {
    EXPECT_TRUE(co_await one.opener.make(nfs));
    co_await one.start();
    co_await two.start();
    for (auto* stage : {&one, &two}) {
      model::Assignment change;
      change.pools = {nfs};
      stage->first.pools = change.pools;
      stage->vm.disks = {{.id = "disk0", .size = gib(1), .pool = "nfs"}};
      co_await stage->send(change);
    }
  }
  Async<void> want(Stage& stage, Wanted wanted, std::int64_t generation, std::int64_t epoch) {
    stage.vm.epoch = epoch;
    co_await stage.want(wanted, generation);
  }
  /// The machine is not that host's any more.
  Async<void> take_from(Stage& stage) {
    model::Assignment change;
    change.gone_vms = {uuid};
    co_await stage.send(change);
    auto linked = [&] { return !stage.pool.homes()->elsewhere().empty(); };
    for (int i = 0; i < 1000 && linked(); ++i) co_await sleep_for(5ms);
    EXPECT_FALSE(linked());
  }
  [[nodiscard]] fs::path home() const { return fs::path(nfs.source) / "vms" / uuid; }

  std::shared_ptr<Stage::Shared> shared = std::make_shared<Stage::Shared>();
  model::Pool nfs;
  Stage one, two;
};

template <class Work>
void on_two_hosts(Work work) {
  asio::io_context context;
  auto run = [](asio::any_io_executor loop, Work inner) -> Async<void> {
    TwoHosts hosts(loop);
    co_await hosts.begin();
    co_await inner(hosts);
    co_await hosts.one.stop();
    co_await hosts.two.stop();
  };
  asio::co_spawn(context, run(context.get_executor(), std::move(work)), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  context.run();
}

TEST(Homes, a_machine_of_a_shared_pool_is_found_whole_by_the_host_that_gets_it_next) {
  on_two_hosts([](TwoHosts& hosts) -> Async<void> {
    co_await hosts.want(hosts.one, Wanted::off, 1, 1);
    EXPECT_EQ((co_await hosts.one.reached(1)).failed, "");
    EXPECT_TRUE(fs::exists(hosts.home() / storage::provisioned_mark));
    EXPECT_FALSE(fs::exists(hosts.one.folder / "pool/vms" / uuid / storage::provisioned_mark));
    co_await hosts.take_from(hosts.one);
    EXPECT_TRUE(fs::exists(hosts.home() / storage::provisioned_mark)) << "it stays where it is";
    co_await hosts.want(hosts.two, Wanted::running, 2, 2);
    auto seen = co_await hosts.two.reached(2);
    EXPECT_EQ(seen.failed, "");
    EXPECT_EQ(seen.observed, Observed::running);
    const auto* guest = hosts.two.world->find(uuid);
    EXPECT_NE(guest, nullptr);
    if (guest == nullptr) co_return;
    EXPECT_EQ(guest->machine.disks.at(0).path, hosts.home() / "disk0.qcow2");
    EXPECT_EQ(guest->machine.folder, hosts.home());
  });
}

TEST(Homes, a_host_with_an_older_copy_of_a_machine_neither_starts_nor_removes_it) {
  on_two_hosts([](TwoHosts& hosts) -> Async<void> {
    co_await hosts.want(hosts.one, Wanted::off, 1, 1);
    co_await hosts.one.reached(1);
    co_await hosts.want(hosts.two, Wanted::running, 2, 2);
    EXPECT_EQ((co_await hosts.two.reached(2)).failed, "");
    co_await hosts.want(hosts.one, Wanted::running, 3, 1);
    auto refused = co_await hosts.one.reached(3);
    EXPECT_TRUE(refused.failed.contains("copy 2 on host 'h2'")) << refused.failed;
    EXPECT_EQ(hosts.one.world->find(uuid), nullptr);
    co_await hosts.want(hosts.one, Wanted::absent, 4, 1);
    refused = co_await hosts.one.reached(4);
    EXPECT_TRUE(refused.failed.contains("copy 2")) << refused.failed;
    EXPECT_TRUE(fs::exists(hosts.home() / "disk0.qcow2"));
  });
}

TEST(Homes, a_machine_whose_pool_is_not_mounted_is_unknown_and_not_made_anew) {
  on_two_hosts([](TwoHosts& hosts) -> Async<void> {
    co_await hosts.want(hosts.one, Wanted::off, 1, 1);
    co_await hosts.one.reached(1);
    co_await hosts.take_from(hosts.one);
    hosts.two.opener.lose("nfs");
    model::Assignment change;
    change.pools = {model::Pool{}};
    change.pools->clear();
    co_await hosts.two.send(change);  // it is opened anew
    change.pools = {hosts.nfs};
    co_await hosts.two.send(change);
    co_await hosts.want(hosts.two, Wanted::running, 2, 2);
    auto waits = co_await hosts.two.report(
        [](const model::VmReport& seen) { return seen.observed == Observed::unknown; });
    EXPECT_EQ(waits.generation, 0);
    EXPECT_TRUE(waits.step.contains("nfs")) << waits.step;
    EXPECT_EQ(hosts.two.world->find(uuid), nullptr);
    hosts.two.opener.find("nfs");
    co_await hosts.two.send(change);  // it is looked for at once
    EXPECT_EQ((co_await hosts.two.reached(2)).observed, Observed::running);
  });
}

TEST(Homes, a_machine_is_removed_with_its_home_and_its_link) {
  on_two_hosts([](TwoHosts& hosts) -> Async<void> {
    co_await hosts.want(hosts.one, Wanted::off, 1, 1);
    co_await hosts.one.reached(1);
    co_await hosts.want(hosts.one, Wanted::absent, 2, 1);
    EXPECT_EQ((co_await hosts.one.reached(2)).failed, "");
    EXPECT_FALSE(fs::exists(hosts.home()));
    EXPECT_TRUE(hosts.one.pool.homes()->elsewhere().empty());
  });
}

TEST(Homes, a_disk_that_moved_into_a_shared_pool_is_not_run_without_what_its_old_host_knows) {
  on_two_hosts([](TwoHosts& hosts) -> Async<void> {
    hosts.one.vm.disks.at(0).pool = "default";
    co_await hosts.want(hosts.one, Wanted::off, 1, 1);
    co_await hosts.one.reached(1);
    model::Job job{.task = "t-1", .kind = model::JobKind::move_disk};
    job.vm = uuid;
    job.disk = model::VmDisk{.id = "disk0", .size = gib(1), .pool = "nfs"};
    model::Assignment change;
    change.jobs = {job};
    co_await hosts.one.send(change);
    EXPECT_EQ((co_await hosts.one.job_ends()).error, "");
    co_await hosts.want(hosts.two, Wanted::running, 2, 2);
    auto waits = co_await hosts.two.report(
        [](const model::VmReport& seen) { return seen.observed == Observed::unknown; });
    EXPECT_TRUE(waits.step.contains("host 'h1'")) << waits.step;
    // Once it is started where its home is, that goes to its disk.
    hosts.one.vm.disks.at(0).pool = "nfs";
    co_await hosts.want(hosts.one, Wanted::running, 3, 1);
    EXPECT_EQ((co_await hosts.one.reached(3)).failed, "");
    const auto* guest = hosts.one.world->find(uuid);
    EXPECT_TRUE(guest != nullptr && guest->machine.folder == hosts.home());
    EXPECT_FALSE(fs::exists(hosts.home() / "home-host"));
    EXPECT_EQ(hosts.one.pool.homes()->of(uuid), hosts.home());
  });
}

TEST(Homes, a_job_that_another_host_is_named_for_is_left_to_it) {
  on_two_hosts([](TwoHosts& hosts) -> Async<void> {
    model::Job job{.task = "t-1", .kind = model::JobKind::create_pool};
    job.host = "h2";
    job.pool = model::Pool{.name = "fast"};
    job.pool->source = (hosts.two.folder / "fast").string();
    model::Assignment change;
    change.jobs = {job};
    co_await hosts.one.send(change);
    co_await hosts.two.send(change);
    EXPECT_EQ((co_await hosts.two.job_ends()).error, "");
    job.task = "t-2";
    job.host = "h1";
    change.jobs = {job};
    co_await hosts.one.send(change);
    EXPECT_EQ((co_await hosts.one.job_ends()).task, "t-2") << "and not t-1";
  });
}

}  // namespace
}  // namespace truce::node
