// What may be asked to change of machines, and what becomes of them when it has.
#include "estate.h"

namespace truce::manager {
namespace {

using model::JobKind;
using model::Observed;
using model::VmReport;

/// A machine that runs with what it was created with.
Async<model::Vm> running_machine(Estate& estate, std::string name) {
  auto vm = co_await estate.make_machine(name);
  co_await estate.call("POST", "/v1/vms/" + name + "/start");
  vm = co_await estate.node.machine(name, 2);
  VmReport runs{vm.uuid, Observed::running, 2};
  runs.active = model::VmSettings{.cpus = vm.cpus, .memory = vm.memory, .first_memory = vm.memory};
  runs.active->hardware = vm.hardware;
  co_await estate.node.report(runs);
  for (int i = 0; i < 100; ++i) {
    auto seen = co_await estate.call("GET", "/v1/vms/" + name);
    if (seen.text("/observed") == "running") break;
    co_await sleep_for(10ms);
  }
  co_return vm;
}

Async<model::Job> next_job(Estate& estate, std::string task) {
  model::Job found;
  co_await estate.node.assignment([&](const model::Assignment& assignment) {
    for (const auto& job : assignment.jobs) {
      if (job.task == task) found = job;
    }
    return found.task == task;
  });
  co_return found;
}

Async<std::string> end_job(Estate& estate, std::string task, std::string error = {}) {
  model::JobReport done{.task = task};
  done.done = true;
  done.error = std::move(error);
  co_await estate.node.report(done);
  co_return co_await estate.task_ends(task);
}

TEST(Changes, a_disk_belongs_to_its_machine_once_the_host_has_it_and_until_the_host_has_not) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await running_machine(estate, "web01");
    auto asked = co_await estate.call("POST", "/v1/vms/web01/disks", R"({"size":1048577})");
    EXPECT_EQ(asked.status, 202);
    EXPECT_EQ(asked.text("/target"), "vms/web01/disks/disk1");
    auto job = co_await next_job(estate, asked.text("/name"));
    EXPECT_EQ(job.kind, JobKind::create_disk);
    EXPECT_EQ(job.disk->id, "disk1");
    EXPECT_EQ(job.disk->size.count, 1049088U) << "whole sectors";
    EXPECT_EQ(job.disk->port, 1);
    // A second one, while the first is under way, has another name and port.
    auto second = co_await estate.call("POST", "/v1/vms/web01/disks", R"({"size":1048576})");
    EXPECT_EQ(second.text("/target"), "vms/web01/disks/disk2");
    EXPECT_EQ((co_await next_job(estate, second.text("/name"))).disk->port, 2);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/web01/disks")).text("/items/1/id"), "(none)");
    EXPECT_EQ(co_await end_job(estate, asked.text("/name")), "succeeded");
    EXPECT_EQ(co_await end_job(estate, second.text("/name"), "no room"), "failed");
    auto disks = co_await estate.call("GET", "/v1/vms/web01/disks");
    EXPECT_EQ(disks.text("/items/1/id"), "disk1");
    EXPECT_EQ(disks.text("/items/2/id"), "(none)");

    auto grown = co_await estate.call("PATCH", "/v1/vms/web01/disks/disk1", R"({"size":2097152})");
    EXPECT_EQ(grown.status, 202);
    auto busy = co_await estate.call("DELETE", "/v1/vms/web01/disks/disk1");
    EXPECT_EQ(busy.status, 409) << busy.text("/detail");
    EXPECT_EQ(co_await end_job(estate, grown.text("/name")), "succeeded");
    disks = co_await estate.call("GET", "/v1/vms/web01/disks");
    EXPECT_EQ(disks.text("/items/1/size"), "2097152");
    auto gone = co_await estate.call("DELETE", "/v1/vms/web01/disks/disk1");
    EXPECT_EQ(co_await end_job(estate, gone.text("/name")), "succeeded");
    disks = co_await estate.call("GET", "/v1/vms/web01/disks");
    EXPECT_EQ(disks.text("/items/1/id"), "(none)");
  });
}

TEST(Changes, disks_are_refused_with_what_to_do) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await running_machine(estate, "web01");
    struct Row {
      const char *method, *target, *body;
      int status;
      const char* words;
    };
    constexpr Row rows[] = {
        {"POST", "/v1/vms/none/disks", R"({"size":1048576})", 404, "none"},
        {"POST", "/v1/vms/web01/disks", R"({"size":1})", 400, "size"},
        {"POST", "/v1/vms/web01/disks", "{}", 400, "size"},
        {"PATCH", "/v1/vms/web01/disks/disk0", R"({"size":1048576})", 400, "not shrunk"},
        {"PATCH", "/v1/vms/web01/disks/disk0", "{}", 400, "size"},
        {"PATCH", "/v1/vms/web01/disks/disk7", R"({"size":1048576})", 404, "disk list"},
        {"DELETE", "/v1/vms/web01/disks/disk7", "", 404, "disk list"},
        {"POST", "/v1/vms/web01/nics", R"({"network":"none"})", 400, "network"},
        {"DELETE", "/v1/vms/web01/nics/3", "", 404, "network card 3"},
        {"PATCH", "/v1/vms/web01/nics", R"({"nic":3,"send_mbit":1})", 400, "only 0"},
    };
    for (const auto& row : rows) {
      auto answer = co_await estate.call(row.method, row.target, row.body);
      EXPECT_EQ(answer.status, row.status) << row.method << row.target << answer.text("/detail");
      EXPECT_NE((answer.text("/detail") + answer.text("/field")).find(row.words), std::string::npos)
          << answer.text("/detail");
    }
    VmReport snapped{vm.uuid, Observed::running};
    snapped.tree = model::SnapshotTree{};
    snapped.tree->snapshots.push_back({.name = "first", .kind = model::SnapshotKind::crash});
    co_await estate.node.report(snapped);
    co_await sleep_for(50ms);
    auto held = co_await estate.call("POST", "/v1/vms/web01/disks", R"({"size":1048576})");
    EXPECT_EQ(held.status, 409);
    EXPECT_NE(held.text("/detail").find("snapshots"), std::string::npos);
  });
}

TEST(Changes, network_cards_keep_their_numbers) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await running_machine(estate, "web01");
    auto added = co_await estate.call("POST", "/v1/vms/web01/nics", "{}");
    EXPECT_EQ(added.status, 202) << added.text("/detail");
    auto job = co_await next_job(estate, added.text("/name"));
    EXPECT_EQ(job.nic->number, 1);
    EXPECT_EQ(job.nic->port, 1);
    EXPECT_EQ(co_await end_job(estate, added.text("/name")), "succeeded");
    auto removed = co_await estate.call("DELETE", "/v1/vms/web01/nics/0");
    EXPECT_EQ(co_await end_job(estate, removed.text("/name")), "succeeded");
    auto vm = co_await estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(vm.text("/nics/0/number"), "1");
    EXPECT_EQ(vm.text("/nics/1/number"), "(none)");
    auto set = co_await estate.call("PATCH", "/v1/vms/web01/nics", R"({"nic":1,"send_mbit":5})");
    EXPECT_EQ(set.text("/nics/0/send_mbit"), "5");
    auto again = co_await estate.call("POST", "/v1/vms/web01/nics", "{}");
    EXPECT_EQ((co_await next_job(estate, again.text("/name"))).nic->number, 0);
  });
}

TEST(Changes, a_disk_moves_while_its_machine_runs_and_the_move_can_be_cancelled) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await running_machine(estate, "web01");
    auto made =
        co_await estate.call("POST", "/v1/pools", R"({"name":"fast","source":"/srv/fast"})");
    EXPECT_EQ(co_await end_job(estate, made.text("/name")), "succeeded");
    auto move = [&estate]() -> Async<Answer> {
      co_return co_await estate.call("POST", "/v1/vms/web01/disks/disk0/move",
                                     R"({"pool":"fast"})");
    };
    auto asked = co_await move();
    EXPECT_EQ(asked.status, 202) << asked.text("/detail");
    EXPECT_EQ((co_await move()).status, 409) << "it is on its way";
    auto cancelled = co_await estate.call("POST", "/v1/tasks/" + asked.text("/name") + "/cancel");
    EXPECT_EQ(cancelled.status, 202) << cancelled.text("/detail");
    EXPECT_EQ(cancelled.text("/state"), "running") << "until the host has called it off";
    model::Job job;
    while (!job.cancel) job = co_await next_job(estate, asked.text("/name"));
    EXPECT_EQ(job.disk->pool, "fast");
    model::JobReport ended{.task = asked.text("/name")};
    ended.done = ended.cancelled = true;
    co_await estate.node.report(ended);
    EXPECT_EQ(co_await estate.task_ends(asked.text("/name")), "cancelled");
    auto disks = co_await estate.call("GET", "/v1/vms/web01/disks");
    EXPECT_EQ(disks.text("/items/0/pool"), "default");
    asked = co_await move();
    EXPECT_EQ(co_await end_job(estate, asked.text("/name")), "succeeded");
    disks = co_await estate.call("GET", "/v1/vms/web01/disks");
    EXPECT_EQ(disks.text("/items/0/pool"), "fast");
    EXPECT_EQ((co_await move()).text("/field"), "/pool") << "it is there already";
  });
}

TEST(Changes, what_a_running_machine_has_otherwise_is_pending_until_it_starts_anew_or_is_reverted) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await running_machine(estate, "web01");
    auto set = co_await estate.call("PATCH", "/v1/vms/web01",
                                    R"({"cpus":2,"hardware":{"display":"cirrus"}})");
    EXPECT_EQ(set.status, 200) << set.text("/detail");
    EXPECT_EQ(set.text("/pending/0"), "cpus: 1 -> 2");
    EXPECT_EQ(set.text("/pending/1"), "display: (usual) -> cirrus");
    // The host could give the processor at once.
    VmReport given{vm.uuid, Observed::running};
    given.active = model::VmSettings{.cpus = 2, .memory = vm.memory, .first_memory = vm.memory};
    given.active->hardware = vm.hardware;
    co_await estate.node.report(given);
    co_await sleep_for(50ms);
    auto seen = co_await estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(seen.text("/pending/0"), "display: (usual) -> cirrus");
    EXPECT_EQ(seen.text("/pending/1"), "(none)");
    auto reverted = co_await estate.call("POST", "/v1/vms/web01/revert");
    EXPECT_EQ(reverted.status, 200);
    EXPECT_EQ(reverted.text("/pending/0"), "(none)");
    EXPECT_EQ(reverted.text("/hardware/display"), "(none)");
    EXPECT_EQ(reverted.text("/cpus"), "2");
    // Off: nothing waits.
    co_await estate.call("PATCH", "/v1/vms/web01", R"({"cpus":3})");
    co_await estate.node.report(VmReport{vm.uuid, Observed::off});
    co_await sleep_for(50ms);
    seen = co_await estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(seen.text("/pending/0"), "(none)");
    EXPECT_EQ(seen.text("/cpus"), "3");
  });
}

TEST(Changes, a_suspended_machine_keeps_what_its_memory_knows) {
  with_estate([](Estate& estate) -> Async<void> {
    auto vm = co_await running_machine(estate, "web01");
    co_await estate.call("PATCH", "/v1/vms/web01", R"({"memory":2147483648})");
    co_await estate.node.report(VmReport{vm.uuid, Observed::suspended});
    co_await sleep_for(50ms);
    auto seen = co_await estate.call("GET", "/v1/vms/web01");
    EXPECT_EQ(seen.text("/active/first_memory"), fmt::format("{}", vm.memory.count));
    EXPECT_EQ(seen.text("/pending/0"), "memory: 512MiB -> 2GiB");
    auto refused = co_await estate.call("POST", "/v1/vms/web01/disks", R"({"size":1048576})");
    EXPECT_EQ(refused.status, 409);
    EXPECT_NE(refused.text("/detail").find("suspended"), std::string::npos);
  });
}

TEST(Changes, a_least_memory_is_within_what_a_machine_has) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web01");
    auto refused =
        co_await estate.call("PATCH", "/v1/vms/web01", R"({"memory_min":1099511627776})");
    EXPECT_EQ(refused.text("/field"), "/memory_min");
    auto set = co_await estate.call("PATCH", "/v1/vms/web01", R"({"memory_min":268435456})");
    EXPECT_EQ(set.status, 200);
    refused = co_await estate.call("PATCH", "/v1/vms/web01", R"({"memory":134217728})");
    EXPECT_EQ(refused.text("/field"), "/memory_min");
  });
}

}  // namespace
}  // namespace truce::manager
