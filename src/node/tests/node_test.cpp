// A node with pretended machines, disks and networks; the test plays its manager.
#include "node/node.h"

#include <gtest/gtest.h>

#include <boost/asio/local/stream_protocol.hpp>

#include "base/file.h"
#include "base/frames.h"
#include "base/random.h"
#include "hypervisor/fake.h"
#include "network/fake.h"
#include "storage/fake_pool.h"

namespace truce::node {
namespace {

using hypervisor::EndReason;
using model::Observed;
using model::Wanted;

constexpr const char* uuid = "11111111-2222-4333-8444-555555555555";

class Stage {
 public:
  explicit Stage(asio::any_io_executor l)
      : loop(l),
        folder(std::filesystem::temp_directory_path() / ("truce-node-" + random_hex(6))),
        acceptor(l),
        socket(l),
        world(std::make_shared<hypervisor::FakeWorld>()),
        pool(folder / "pool") {
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
    settings.name = "h1";
    settings.manager_socket = folder / "node.sock";
    settings.run_dir = folder / "run";
    settings.recipes_dir = folder;
    node = std::make_unique<Node>(loop, *fake, pool, network, settings);
    auto started = co_await node->start();
    EXPECT_TRUE(started) << started.error().message;
    co_await accept();
  }
  Async<void> accept() {
    auto [ec, accepted] = co_await acceptor.async_accept(as_result);
    EXPECT_FALSE(ec);
    socket = std::move(accepted);
    auto hello = co_await next();
    EXPECT_TRUE(hello.hello && hello.hello->host == "h1");
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
  Async<void> want(Wanted wanted, std::int64_t generation) {
    vm.uuid = uuid;
    vm.name = "web01";
    vm.number = 1;
    vm.cpus = 1;
    vm.memory = mib(256);
    vm.host = "h1";
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
      auto message = co_await next();
      if (!message.report) continue;
      for (const auto& seen : message.report->vms) {
        if (fits(seen)) co_return seen;
      }
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
  network::FakeNetwork network;
  std::unique_ptr<Node> node;
  model::Vm vm;
  model::Assignment first;
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

TEST(Node, a_machine_gets_its_disks_and_runs_when_that_is_wanted) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::off, 1);
    EXPECT_EQ((co_await stage.reached(1)).observed, Observed::off);
    EXPECT_TRUE(co_await stage.pool.disk(std::string(uuid) + "/disk0"));
    EXPECT_EQ(stage.world->starts(), 0);
    co_await stage.want(Wanted::running, 2);
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::running);
    const auto* guest = stage.world->find(uuid);
    EXPECT_TRUE(guest);
    if (!guest) co_return;
    EXPECT_EQ(guest->machine.disks.size(), 1U);
    EXPECT_EQ(guest->machine.ports.size(), 1U);
  });
}

TEST(Node, a_change_of_a_nic_reaches_a_running_machine) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    auto nic = stage.network.reserved("default", "52:54:00:00:00:01");
    EXPECT_TRUE(nic && nic->settings.spoof_filter == network::SpoofFilter::on);
    stage.vm.nics[0].spoof_filter = false;
    co_await stage.want(Wanted::running, 2);
    co_await stage.reached(2);
    nic = stage.network.reserved("default", "52:54:00:00:00:01");
    EXPECT_TRUE(nic && nic->settings.spoof_filter == network::SpoofFilter::off);
    EXPECT_EQ(stage.world->starts(), 1);
  });
}

TEST(Node, security_groups_reach_the_network_before_a_machine_is_plugged_in_and_when_they_change) {
  on_stage([](Stage& stage) -> Async<void> {
    model::SecurityGroup web{.name = "web"};
    web.rules = {"ingress tcp 80,8000-8100 from 10.0.0.0/8", "egress any to group:db"};
    model::Assignment change;
    change.security_groups = {web};
    co_await stage.send(change);
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    EXPECT_EQ(stage.network.groups().size(), 1U);
    if (stage.network.groups().size() != 1) co_return;
    auto group = stage.network.groups()[0];
    EXPECT_EQ(group.name, "web");
    EXPECT_EQ(group.rules.size(), 2U);
    EXPECT_EQ(group.rules.at(0).ports.at(1).last, 8100);
    EXPECT_EQ(group.rules.at(0).peer, "10.0.0.0/8");
    EXPECT_EQ(group.rules.at(1).direction, network::Rule::Direction::egress);
    EXPECT_EQ(group.rules.at(1).peer_group, "db");
    co_await stage.want(Wanted::off, 2);
    co_await stage.reached(2);
    EXPECT_EQ(stage.network.groups().size(), 1U) << "an assignment without groups leaves them";
    change.security_groups->clear();
    co_await stage.send(change);
    co_await sleep_for(50ms);
    EXPECT_TRUE(stage.network.groups().empty());
  });
}

TEST(Node, a_new_network_may_have_the_subnet_of_one_that_went) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::off, 1);
    co_await stage.reached(1);
    model::Network renamed{.name = "renamed"};
    renamed.subnet = "10.77.0.0/24";
    renamed.domain = "truce.internal";
    model::Assignment change;
    change.networks = {renamed};
    co_await stage.send(change);
    stage.vm.nics[0].network = "renamed";
    co_await stage.want(Wanted::running, 2);
    auto reached = co_await stage.reached(2);
    EXPECT_EQ(reached.failed, "");
    EXPECT_EQ(reached.observed, Observed::running);
    EXPECT_EQ(stage.network.present(), std::vector<std::string>{"renamed"});
  });
}

TEST(Node, a_nic_that_cannot_be_changed_is_an_event_and_the_machine_runs_on) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    stage.vm.nics[0].spoof_filter = false;
    stage.network.fail_next({Code::io, "no rules today", ""});
    co_await stage.want(Wanted::running, 2);
    auto told = co_await stage.report([](const auto& r) { return !r.event.empty(); });
    EXPECT_EQ(told.event, "vm.nic_failed");
    EXPECT_EQ(told.event_message, "no rules today");
    EXPECT_EQ(told.observed, Observed::running);
  });
}

TEST(Node, a_start_that_fails_is_reported_and_not_tried_again_until_a_newer_wish) {
  on_stage([](Stage& stage) -> Async<void> {
    stage.world->fail("start", {Code::io, "no such firmware", ""});
    co_await stage.want(Wanted::running, 1);
    auto failed = co_await stage.reached(1);
    EXPECT_EQ(failed.observed, Observed::off);
    EXPECT_EQ(failed.failed, "start web01: no such firmware");
    co_await sleep_for(100ms);
    EXPECT_EQ(stage.world->starts(), 0);
    co_await stage.want(Wanted::running, 2);
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::running);
  });
}

TEST(Node, a_machine_that_ended_by_itself_stays_off_even_after_a_restart_of_the_daemon) {
  const std::pair<EndReason, const char*> rows[] = {
      {EndReason::guest_shutdown, "vm.ended.guest_shutdown"},
      {EndReason::crashed, "vm.ended.crashed"},
      {EndReason::out_of_memory, "vm.ended.out_of_memory"}};
  for (auto [reason, event] : rows) {
    on_stage([reason, event](Stage& stage) -> Async<void> {
      co_await stage.want(Wanted::running, 1);
      co_await stage.reached(1);
      stage.world->end(uuid, reason, "it ended");
      auto told = co_await stage.report([](const auto& r) { return !r.event.empty(); });
      EXPECT_EQ(told.event, event);
      EXPECT_EQ(told.event_message, "it ended");
      EXPECT_EQ(told.generation, 1);
      EXPECT_EQ(told.observed, Observed::off);
      co_await stage.stop();
      co_await stage.start();
      told = co_await stage.reached(1);
      EXPECT_EQ(told.observed, Observed::off);
      EXPECT_EQ(stage.world->starts(), 1);
      co_await stage.want(Wanted::running, 2);
      EXPECT_EQ((co_await stage.reached(2)).observed, Observed::running);
    });
  }
}

TEST(Node, machines_run_on_without_the_daemon_and_are_taken_over) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    co_await stage.stop();
    EXPECT_TRUE(stage.world->find(uuid));
    co_await stage.start();
    EXPECT_EQ((co_await stage.reached(1)).observed, Observed::running);
    EXPECT_EQ(stage.world->starts(), 1);
  });
}

TEST(Node, a_crash_while_the_daemon_was_away_is_told_and_not_healed_behind_ones_back) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    co_await stage.stop();
    stage.world->end(uuid, EndReason::crashed, "signal 11");
    co_await stage.start();
    auto told = co_await stage.report([](const auto& r) { return !r.event.empty(); });
    EXPECT_EQ(told.event, "vm.ended.crashed");
    EXPECT_EQ(told.observed, Observed::off);
    EXPECT_EQ(stage.world->starts(), 1);
  });
}

TEST(Node, after_a_reboot_of_the_host_machines_are_started_again) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    co_await stage.stop();
    stage.world = std::make_shared<hypervisor::FakeWorld>();  // nothing runs, nobody saw an end
    co_await stage.start();
    EXPECT_EQ((co_await stage.reached(1)).observed, Observed::running);
    EXPECT_EQ(stage.world->starts(), 1);
  });
}

TEST(Node, a_guest_that_ignores_the_power_button_is_forced_off) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    stage.world->ignore_power_button(uuid);
    stage.vm.stop_timeout_seconds = 1;
    co_await stage.want(Wanted::off, 2);
    auto asked = co_await stage.report([](const auto& r) { return !r.step.empty(); });
    EXPECT_EQ(asked.step, "asking the guest to power off");
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::off);
    EXPECT_FALSE(stage.world->find(uuid));
  });
}

TEST(Node, a_stop_that_is_taken_back_leaves_the_machine_running) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    stage.world->ignore_power_button(uuid);
    co_await stage.want(Wanted::off, 2);
    co_await stage.report([](const auto& r) { return !r.step.empty(); });
    co_await stage.want(Wanted::running, 3);
    EXPECT_EQ((co_await stage.reached(3)).observed, Observed::running);
    EXPECT_TRUE(stage.world->find(uuid));
  });
}

TEST(Node, a_suspended_machine_continues_after_a_restart_of_the_daemon) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    co_await stage.want(Wanted::suspended, 2);
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::suspended);
    EXPECT_FALSE(stage.world->find(uuid));
    co_await stage.stop();
    co_await stage.start();
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::suspended);
    co_await stage.want(Wanted::running, 3);
    EXPECT_EQ((co_await stage.reached(3)).observed, Observed::running);
    EXPECT_TRUE(stage.world->find(uuid)->continued);
  });
}

TEST(Node, a_suspended_machine_that_is_stopped_loses_its_memory) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    co_await stage.want(Wanted::suspended, 2);
    co_await stage.reached(2);
    co_await stage.want(Wanted::off, 3);
    EXPECT_EQ((co_await stage.reached(3)).observed, Observed::off);
    co_await stage.want(Wanted::running, 4);
    co_await stage.reached(4);
    EXPECT_FALSE(stage.world->find(uuid)->continued);
  });
}

TEST(Node, pause_and_resume_reach_the_hypervisor) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    co_await stage.want(Wanted::paused, 2);
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::paused);
    EXPECT_EQ(stage.world->find(uuid)->state, Observed::paused);
    co_await stage.want(Wanted::running, 3);
    EXPECT_EQ((co_await stage.reached(3)).observed, Observed::running);
  });
}

TEST(Node, a_machine_that_shall_be_absent_leaves_nothing) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    co_await stage.want(Wanted::absent, 2);
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::absent);
    EXPECT_FALSE(stage.world->find(uuid));
    EXPECT_TRUE(stage.pool.vm_folders()->empty());
    EXPECT_TRUE((co_await stage.network.leases("default"))->empty());
    EXPECT_FALSE(std::filesystem::exists(stage.folder / "run" / "vms" / uuid));
  });
}

TEST(Node, a_half_made_machine_is_made_again_from_the_start) {
  on_stage([](Stage& stage) -> Async<void> {
    stage.pool.fail_next({Code::io, "no space left", ""});
    co_await stage.want(Wanted::off, 1);
    auto failed = co_await stage.reached(1);
    EXPECT_EQ(failed.observed, Observed::absent);
    EXPECT_TRUE(failed.failed.contains("no space left"));
    co_await stage.want(Wanted::absent, 2);
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::absent);
    EXPECT_TRUE(stage.pool.vm_folders()->empty());
  });
}

TEST(Node, after_a_cut_connection_everything_is_told_anew) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    stage.socket.close();
    stage.first.vms[0].vm.wanted = Wanted::off;
    stage.first.vms[0].vm.generation = 2;
    co_await stage.accept();
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::off);
  });
}

TEST(Node, a_template_is_made_by_a_job_and_told_until_the_manager_has_it) {
  on_stage([](Stage& stage) -> Async<void> {
    EXPECT_TRUE(write_file_durably(stage.folder / "tiny", "#!/bin/sh\n", 0755));
    model::Assignment change;
    model::Job job{.task = "t-1"};
    job.template_ = "tiny@1";
    job.source = "tiny";
    change.jobs.push_back(job);
    co_await stage.send(change);
    auto done = co_await stage.job_ends();
    EXPECT_EQ(done.error, "");
    EXPECT_TRUE(done.template_ && done.template_->name == "tiny@1");
    co_await stage.send(change);  // as after a lost report
    EXPECT_TRUE((co_await stage.job_ends()).template_);
    job.task = "t-2";
    job.source = "none";
    change.jobs = {job};
    co_await stage.send(change);
    EXPECT_TRUE((co_await stage.job_ends()).error.contains("there is no recipe 'none'"));
  });
}

}  // namespace
}  // namespace truce::node
