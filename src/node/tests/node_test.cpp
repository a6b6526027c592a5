#include "keeper.h"
#include "stage.h"

namespace truce::node {
namespace {

using hypervisor::EndReason;
using model::Observed;
using model::Wanted;

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

// Pools `fast`, made as its manager asks for it.
Async<void> make_fast(Stage& stage) {
  model::Pool fast;
  fast.name = "fast";
  fast.source = (stage.folder / "fast").string();
  model::Job job{.task = "t1", .kind = model::JobKind::create_pool};
  job.pool = fast;
  model::Assignment change;
  change.jobs.push_back(job);
  co_await stage.send(change);
  auto made = co_await stage.job_ends();
  EXPECT_EQ(made.error, "");
  change.jobs.clear();
  change.pools = {fast};
  stage.first.pools = change.pools;
  co_await stage.send(change);
}

TEST(Node, a_machine_has_its_disks_in_the_pools_that_they_are_wanted_in) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await make_fast(stage);
    stage.vm.disks = {{.id = "disk0", .size = gib(1)}, {.id = "disk1", .size = gib(1)}};
    stage.vm.disks[1].pool = "fast";
    co_await stage.want(Wanted::running, 1);
    EXPECT_EQ((co_await stage.reached(1)).observed, Observed::running);
    auto other = stage.opener.pool("fast");
    EXPECT_TRUE(other);
    if (!other) co_return;
    EXPECT_TRUE(co_await stage.pool.disk(std::string(uuid) + "/disk0"));
    EXPECT_TRUE(co_await other->disk(std::string(uuid) + "/disk1"));
    const auto& disks = stage.world->find(uuid)->machine.disks;
    EXPECT_EQ(disks.at(1).path, stage.folder / "fast/vms" / uuid / "disk1.qcow2");
    co_await stage.want(Wanted::absent, 2);
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::absent);
    EXPECT_TRUE(other->vm_folders()->empty());
    EXPECT_TRUE(stage.pool.vm_folders()->empty());
  });
}

TEST(Node, a_machine_whose_pool_is_not_there_has_a_problem_and_no_new_disk) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await make_fast(stage);
    stage.vm.disks = {{.id = "disk0", .size = gib(1)}};
    stage.vm.disks[0].pool = "fast";
    co_await stage.want(Wanted::off, 1);
    co_await stage.reached(1);
    stage.opener.lose("fast");
    co_await stage.stop();
    co_await stage.start();
    co_await stage.want(Wanted::running, 2);
    auto failed = co_await stage.reached(2);
    EXPECT_EQ(failed.observed, Observed::off);
    EXPECT_TRUE(failed.failed.contains("pool 'fast'")) << failed.failed;
    co_await stage.want(Wanted::absent, 3);
    failed = co_await stage.reached(3);
    EXPECT_TRUE(failed.failed.contains("pool 'fast'")) << "nothing of it is deleted by halves";
    EXPECT_TRUE(std::filesystem::exists(stage.folder / "pool/vms" / uuid));
    stage.opener.find("fast");
    co_await stage.stop();
    co_await stage.start();
    co_await stage.want(Wanted::running, 4);
    EXPECT_EQ((co_await stage.reached(4)).observed, Observed::running);
  });
}

TEST(Node, a_machine_without_room_for_its_writes_waits_and_goes_on_by_itself) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    stage.pool.set_free({0});
    stage.world->fill(uuid);
    auto told = co_await stage.report([](const auto& seen) { return !seen.event.empty(); });
    EXPECT_EQ(told.event, "vm.paused.no_space");
    EXPECT_EQ(told.observed, Observed::paused);
    EXPECT_TRUE(told.event_message.contains("pool default is full")) << told.event_message;
    stage.pool.set_free(mib(100));
    co_await sleep_for(2500ms);
    EXPECT_EQ(stage.world->find(uuid)->state, Observed::paused) << "that is not room enough";
    stage.pool.set_free(gib(1));
    co_await stage.report([](const auto& seen) { return seen.observed == Observed::running; });
    EXPECT_EQ(stage.world->starts(), 1);
  });
}

TEST(Node, a_machine_that_was_paused_on_purpose_stays_so_when_there_is_room_again) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    stage.pool.set_free({0});
    stage.world->fill(uuid);
    co_await stage.report([](const auto& seen) { return !seen.event.empty(); });
    co_await stage.want(Wanted::paused, 2);
    EXPECT_EQ((co_await stage.reached(2)).observed, Observed::paused);
    stage.pool.set_free(gib(100));
    co_await sleep_for(3000ms);
    EXPECT_EQ(stage.world->find(uuid)->state, Observed::paused);
    co_await stage.want(Wanted::running, 3);
    EXPECT_EQ((co_await stage.reached(3)).observed, Observed::running);
  });
}

TEST(Node, limits_and_pools_reach_a_machine_at_its_start_while_it_runs_and_after_a_restart) {
  on_stage([](Stage& stage) -> Async<void> {
    auto limits = [&stage]() { return stage.world->find(uuid)->machine.limits; };
    stage.first.resource_pools = {{.name = "default"},
                                  {.name = "lab", .parent = "default", .cpu_limit = 200}};
    co_await stage.send(stage.first);
    stage.vm.resource_pool = "lab";
    stage.vm.resources = model::VmResources{.cpu_limit = 50};
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    EXPECT_EQ(limits().cpu_limit, 50);
    std::vector<hypervisor::Share> groups{{"default", 100, 0}, {"lab", 100, 200}};
    EXPECT_EQ(limits().groups, groups);

    stage.vm.resources->cpu_limit = 0;
    stage.vm.resources->write_iops = 100;
    co_await stage.want(Wanted::running, 2);
    co_await stage.reached(2);
    EXPECT_EQ(limits().cpu_limit, 0);
    EXPECT_EQ(limits().write_iops, 100);

    model::Assignment wider;
    wider.resource_pools = stage.first.resource_pools;
    wider.resource_pools->at(1).cpu_limit = 300;
    stage.first.resource_pools = wider.resource_pools;
    co_await stage.send(wider);
    for (int i = 0; i < 100 && limits().groups[1].cpu_limit != 300; ++i) co_await sleep_for(10ms);
    EXPECT_EQ(limits().groups[1].cpu_limit, 300);

    // Another life of the daemon cannot know what holds, and says it again.
    co_await stage.stop();
    stage.world->fail("set_limits", {Code::io, "the kernel refuses", {}});
    co_await stage.start();
    auto told = co_await stage.report(
        [](const model::VmReport& report) { return report.event == "vm.limits_failed"; });
    EXPECT_EQ(told.event_message, "the kernel refuses");
  });
}

TEST(Node, pools_above_a_machine_come_from_the_top_and_a_ring_of_them_ends) {
  std::vector<model::ResourcePool> pools{{.name = "default"}, {.name = "a", .parent = "default"}};
  pools.push_back({.name = "b", .parent = "a", .cpu_shares = 400});
  EXPECT_EQ(shares_above(pools, "b"),
            (std::vector<hypervisor::Share>{{"default"}, {"a"}, {"b", 400}}));
  EXPECT_TRUE(shares_above(pools, "none").empty());
  pools[0].parent = "b";
  EXPECT_LE(shares_above(pools, "b").size(), 4U);
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

TEST(Node, a_pause_that_met_a_suspension_is_not_called_done) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    co_await stage.want(Wanted::suspended, 2);
    co_await stage.reached(2);
    co_await stage.want(Wanted::paused, 3);
    auto told = co_await stage.reached(3);
    EXPECT_EQ(told.observed, Observed::suspended);
    EXPECT_EQ(told.failed, "it is suspended, and cannot be paused");
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

TEST(Node, what_a_manager_says_in_words_of_a_newer_release_costs_only_that) {
  on_stage([](Stage& stage) -> Async<void> {
    for (const auto* text :
         {R"({"thought":"none"})", R"({"assignment":{"revision":1,"mood":"good"}})",
          R"({"assignment":{"revision":1,"base":1,"full":"perhaps"}})"})
      EXPECT_TRUE(co_await write_frame(stage.socket, text));
    std::string problem;
    while (problem.empty()) {
      auto message = co_await stage.next();
      if (message.report && message.report->host) problem = message.report->host->problem;
    }
    EXPECT_NE(problem.find("is not understood: /assignment/full must be"), problem.npos) << problem;
    co_await stage.want(Wanted::running, 1);  // over the same connection
    EXPECT_EQ((co_await stage.reached(1)).observed, Observed::running);
  });
}

TEST(Node, ends_the_connection_to_a_manager_that_does_not_take_it) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    EXPECT_TRUE(co_await write_frame(stage.socket, R"({"refused":"it is too old"})"));
    while (co_await within(10s, read_frame(stage.socket, mib(16)), "end")) {
    }
    EXPECT_TRUE(stage.world->find(uuid)) << "its machines run on";
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
