// What a node changes of machines that are there.
#include "stage.h"
#include "storage/places.h"

namespace truce::node {
namespace {

using model::JobKind;
using model::Observed;
using model::Wanted;

model::Job disk_job(std::string task, JobKind kind, std::string id, Bytes size) {
  model::Job job;
  job.task = std::move(task);
  job.kind = kind;
  job.vm = uuid;
  job.disk = model::VmDisk{.id = std::move(id), .size = size};
  job.disk->port = 1;
  return job;
}

model::Job nic_job(std::string task, JobKind kind, std::int64_t number) {
  model::Job job;
  job.task = std::move(task);
  job.kind = kind;
  job.vm = uuid;
  job.nic = model::VmNic{.network = "default", .mac = "52:54:00:00:00:02", .number = number};
  return job;
}

Async<model::JobReport> run(Stage& stage, model::Job job) {
  model::Assignment change;
  change.jobs = {std::move(job)};
  co_await stage.send(change);
  co_return co_await stage.job_ends();
}

bool has_disk(Stage& stage, const std::string& id) {
  const auto* guest = stage.world->find(uuid);
  return guest != nullptr &&
         std::ranges::count(guest->machine.disks, id, &hypervisor::DiskFile::id) == 1;
}

TEST(Changes, a_disk_is_made_plugged_in_grown_taken_out_and_deleted) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    auto id = std::string(uuid) + "/disk1";
    EXPECT_EQ((co_await run(stage, disk_job("t-1", JobKind::create_disk, "disk1", mib(64)))).error,
              "");
    EXPECT_TRUE(co_await stage.pool.disk(id));
    EXPECT_TRUE(has_disk(stage, "disk1"));
    EXPECT_EQ((co_await run(stage, disk_job("t-2", JobKind::resize_disk, "disk1", mib(96)))).error,
              "");
    EXPECT_EQ(stage.world->find(uuid)->grown.at("disk1"), mib(96));
    EXPECT_EQ((co_await run(stage, disk_job("t-3", JobKind::delete_disk, "disk1", {}))).error, "");
    EXPECT_FALSE(co_await stage.pool.disk(id));
    EXPECT_FALSE(has_disk(stage, "disk1"));
    EXPECT_EQ(stage.world->starts(), 1);
  });
}

TEST(Changes, an_encrypted_disk_comes_with_its_key_and_its_note_goes_with_it) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    auto job = disk_job("t-1", JobKind::create_disk, "disk1", mib(64));
    job.disk->key = "db";
    EXPECT_EQ((co_await run(stage, job)).error, "");
    auto disks = stage.world->find(uuid)->machine.disks;
    auto disk = std::ranges::find(disks, "disk1", &hypervisor::DiskFile::id);
    EXPECT_TRUE(disk != disks.end() && disk->encrypted == 1 && disk->key != nullptr);
    EXPECT_EQ(std::ranges::count(disks, nullptr, &hypervisor::DiskFile::key), 1) << "disk0";
    auto home = *stage.pool.vm_folder(uuid);
    EXPECT_EQ(storage::key_of_disk(home, "disk1").value_or(""), "db");
    EXPECT_EQ((co_await run(stage, disk_job("t-2", JobKind::delete_disk, "disk1", {}))).error, "");
    EXPECT_EQ(storage::key_of_disk(home, "disk1").value_or("?"), "");
  });
}

TEST(Changes, saved_memory_of_a_machine_with_encrypted_disks_is_told_to_be_in_plain_text) {
  on_stage([](Stage& stage) -> Async<void> {
    stage.vm.disks = {{.id = "disk0", .size = gib(1), .key = "db"}};
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    co_await stage.want(Wanted::suspended, 2);
    auto told =
        co_await stage.report([](const model::VmReport& seen) { return !seen.event.empty(); });
    EXPECT_EQ(told.event, "vm.memory_not_encrypted");
  });
}

TEST(Changes, a_disk_that_cannot_be_plugged_in_is_not_left_behind) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    stage.world->fail("add_disk", Error{Code::io, "no slot", {}});
    auto ended = co_await run(stage, disk_job("t-1", JobKind::create_disk, "disk1", mib(64)));
    EXPECT_EQ(ended.error, "no slot");
    EXPECT_FALSE(co_await stage.pool.disk(std::string(uuid) + "/disk1"));
  });
}

TEST(Changes, a_disk_that_the_guest_holds_is_kept) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    co_await run(stage, disk_job("t-1", JobKind::create_disk, "disk1", mib(64)));
    stage.world->hold_devices(uuid);
    auto ended = co_await run(stage, disk_job("t-2", JobKind::delete_disk, "disk1", {}));
    EXPECT_NE(ended.error.find("does not let go"), std::string::npos) << ended.error;
    EXPECT_TRUE(co_await stage.pool.disk(std::string(uuid) + "/disk1"));
    EXPECT_TRUE(has_disk(stage, "disk1"));
  });
}

TEST(Changes, disks_of_a_machine_that_is_off_are_changed_in_its_pool) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::off, 1);
    co_await stage.reached(1);
    EXPECT_EQ((co_await run(stage, disk_job("t-1", JobKind::create_disk, "disk1", mib(64)))).error,
              "");
    EXPECT_EQ((co_await run(stage, disk_job("t-2", JobKind::resize_disk, "disk1", mib(96)))).error,
              "");
    auto smaller = co_await run(stage, disk_job("t-3", JobKind::resize_disk, "disk1", mib(32)));
    EXPECT_NE(smaller.error.find("not shrunk"), std::string::npos) << smaller.error;
    EXPECT_EQ((co_await run(stage, disk_job("t-4", JobKind::delete_disk, "disk1", {}))).error, "");
    EXPECT_FALSE(co_await stage.pool.disk(std::string(uuid) + "/disk1"));
  });
}

TEST(Changes, a_network_card_comes_and_goes_with_its_reservation) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    EXPECT_EQ((co_await run(stage, nic_job("t-1", JobKind::add_nic, 1))).error, "");
    EXPECT_TRUE(stage.network.reserved("default", "52:54:00:00:00:02"));
    EXPECT_EQ(stage.world->find(uuid)->machine.ports.size(), 2U);
    EXPECT_EQ((co_await run(stage, nic_job("t-2", JobKind::remove_nic, 1))).error, "");
    EXPECT_FALSE(stage.network.reserved("default", "52:54:00:00:00:02"));
    EXPECT_EQ(stage.world->find(uuid)->machine.ports.size(), 1U);
  });
}

TEST(Changes, a_suspended_machine_keeps_its_devices_and_goes_on_as_it_was) {
  on_stage([](Stage& stage) -> Async<void> {
    stage.vm.hardware = model::Hardware{};
    stage.vm.hardware->max_memory = gib(1);
    co_await stage.want(Wanted::running, 1);
    co_await stage.reached(1);
    stage.vm.memory = mib(256);
    co_await stage.want(Wanted::suspended, 2);
    co_await stage.reached(2);
    auto refused = co_await run(stage, disk_job("t-1", JobKind::create_disk, "disk1", mib(64)));
    EXPECT_NE(refused.error.find("suspended"), std::string::npos) << refused.error;
    // As the manager keeps it: less of both was wished for meanwhile, which needs a restart.
    stage.vm.active = model::VmSettings{.cpus = 2, .memory = mib(512), .first_memory = mib(512)};
    co_await stage.want(Wanted::running, 3);
    auto seen = co_await stage.reached(3);
    EXPECT_EQ(stage.world->find(uuid)->machine.memory, mib(512));
    EXPECT_EQ(stage.world->find(uuid)->machine.first_memory, mib(512));
    EXPECT_EQ(stage.world->find(uuid)->machine.cpus, 2);
    EXPECT_TRUE(seen.active && seen.active->memory == mib(512));
  });
}

TEST(Changes, settings_that_can_change_at_once_do_and_the_report_says_what_the_machine_runs_with) {
  on_stage([](Stage& stage) -> Async<void> {
    stage.vm.hardware = model::Hardware{};
    stage.vm.hardware->max_cpus = 4;
    stage.vm.hardware->max_memory = gib(1);
    co_await stage.want(Wanted::running, 1);
    auto seen = co_await stage.reached(1);
    EXPECT_TRUE(seen.active && seen.active->cpus == 1 && seen.active->memory == mib(256));
    stage.vm.cpus = 3;
    stage.vm.memory = mib(512);
    // want() sets these two itself.
    auto vm = stage.vm;
    vm.generation = 2;
    model::Assignment change;
    model::VmAssignment assigned;
    assigned.vm = vm;
    change.vms = {assigned};
    co_await stage.send(change);
    seen = co_await stage.reached(2);
    EXPECT_TRUE(seen.active && seen.active->cpus == 3 && seen.active->memory == mib(512));
    EXPECT_EQ(stage.world->find(uuid)->machine.cpus, 3);
    vm.generation = 3;
    vm.cpus = 8;  // more than it was started for
    change.vms[0].vm = vm;
    co_await stage.send(change);
    seen = co_await stage.reached(3);
    EXPECT_TRUE(seen.active && seen.active->cpus == 3) << "that waits";
    EXPECT_EQ(stage.world->starts(), 1);
  });
}

}  // namespace
}  // namespace truce::node
