#include "moves/moves.h"

#include <algorithm>

#include "base/log.h"
#include "machines/devices.h"
#include "model/nic_moves.h"
#include "recovery/tenants.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::JobKind;
using model::MigrationPhase;
using model::TaskState;

bool is_open(const model::Job& job) {
  return job.kind == JobKind::migrate_vm && !job.vm.empty() &&
         (job.phase == MigrationPhase::prepare || job.phase == MigrationPhase::transfer);
}

void end_task_of(const Inventory& inventory, Change& change, const model::Job& job, TaskState state,
                 const std::string& why) {
  auto task = inventory.find<model::Task>(job.task);
  if (task && !ended(task->object)) end_task(change, task->object, state, why);
}

// The machine stays where it is; both nodes see that there is no such job any more.
void undo(const Inventory& inventory, Change& change, const model::Job& job, TaskState state,
          const std::string& why) {
  change.erase<model::Job>(job.task);
  end_task_of(inventory, change, job, state, why);
  auto kept = inventory.vm_by_uuid(job.vm);
  if (!kept || kept->object.moving_to != job.host) return;
  auto vm = kept->object;
  keep_tenancy(inventory, change, vm);
  vm.moving_to.clear();
  change.put(vm);
}

void take_ready(const Inventory& inventory, Change& change, model::Job job,
                const model::MigrationPlace& ready) {
  auto host = inventory.find<model::Host>(job.host);
  job.ready = ready;
  if (host && job.ready->address.empty()) job.ready->address = host->object.address;
  job.phase = MigrationPhase::transfer;
  change.put_job(job);
}

// The decision. Both copies of the machine stand still; from this commit on it is the other host's.
void decide(const Inventory& inventory, Change& change, model::Job job,
            const model::JobReport& report) {
  auto kept = inventory.vm_by_uuid(job.vm);
  auto target = inventory.find<model::Host>(job.host);
  bool there = target && target->object.state == model::HostState::online;
  if (!kept || kept->object.host != job.from || kept->object.moving_to != job.host ||
      kept->object.wanted == model::Wanted::absent) {
    return undo(inventory, change, job, TaskState::failed, "the machine has changed meanwhile");
  }
  if (!there)
    return undo(inventory, change, job, TaskState::failed, job.host + " is not connected any more");
  if (auto given = hand_tenancy_over(inventory, change, kept->object, job.host); !given)
    return undo(inventory, change, job, TaskState::failed, given.error().message);
  change.expect<model::Host>(job.host);
  auto vm = kept->object;
  vm.host = job.host;
  vm.moving_to.clear();
  ++vm.epoch;
  ++vm.generation;
  vm.last_migration = report.facts.value_or(model::MigrationFacts());
  vm.last_migration->from = job.from;
  vm.last_migration->to = job.host;
  vm.last_migration->time = now();
  change.put(vm);
  job.phase = MigrationPhase::hand_over;
  change.put_job(job);
  change.event("vm.handed_over", "vms/" + vm.name, vm.project,
               fmt::format("from {} to {}", job.from, job.host));
}

// It is as it shall be over there. What its first host has left of it goes from now on.
void settle(const Inventory& inventory, Change& change, model::Job job) {
  job.phase = MigrationPhase::settle;
  change.put_job(job);
  auto kept = inventory.vm_by_uuid(job.vm);
  auto task = inventory.find<model::Task>(job.task);
  if (!kept || !task) return end_task_of(inventory, change, job, TaskState::succeeded, {});
  auto vm = kept->object;
  auto facts = vm.last_migration.value_or(model::MigrationFacts());
  auto time = now();
  // What the first host has measured, and what came to it until the other one said that it runs.
  if (vm.wanted == model::Wanted::running) facts.downtime_ms += (time - facts.time).count();
  facts.total_ms = (time - task->object.created).count();
  facts.time = time;
  vm.last_migration = facts;
  change.put(vm);
  change.event(
      "vm.migrated", "vms/" + vm.name, vm.project,
      fmt::format("from {} to {} in {:.1f} s, of which its guest stood still {} ms", facts.from,
                  facts.to, static_cast<double>(facts.total_ms) / 1000, facts.downtime_ms));
  if (!ended(task->object)) end_task(change, task->object, TaskState::succeeded);
}

// What a guest that goes on loses of its networks all the same, for people.
std::vector<std::string> lost_addresses(const Inventory& inventory, const model::Vm& vm) {
  std::vector<std::string> lost;
  if (vm.observed == model::Observed::off) return lost;
  for (const auto& nic : vm.nics) {
    auto network = inventory.find<model::Network>(nic.network);
    auto why = network ? model::lost_by_move(nic, network->object) : std::string();
    if (!why.empty()) lost.push_back(std::move(why));
  }
  return lost;
}

}  // namespace

Result<model::Task> begin_migration(Ledger& ledger, Change& change, const model::Vm& vm,
                                    const model::MigrateOptions& options) {
  TRY(auto target, choose_target(ledger.inventory(), vm, options));
  auto moving = vm;
  moving.moving_to = target;
  model::Job job;
  job.kind = JobKind::migrate_vm;
  job.vm = vm.uuid;
  job.host = target;
  job.from = vm.host;
  job.migrate = options;
  job.migrate->to = target;
  auto task =
      begin_task(ledger, change, "vm.migrate", fmt::format("vms/{}/move", vm.name), vm.project, 0);
  job.task = task.name;
  note_step(task, fmt::format("from {} to {}", vm.host, target), 0);
  for (const auto& lost : lost_addresses(ledger.inventory(), vm)) note_step(task, lost, 0);
  TRY_VOID(name_next_tenant(ledger.inventory(), change, vm, target));
  change.put(task);
  change.put(moving);
  change.put_job(job);
  change.expect<model::Host>(target);
  change.event("api.migrate_vm", "vms/" + vm.name, vm.project,
               fmt::format("move from {} to {}", vm.host, target));
  return task;
}

void call_off_move(const Inventory& inventory, Change& change, model::Vm& vm, TaskState state,
                   const std::string& why) {
  if (vm.moving_to.empty()) return;
  keep_tenancy(inventory, change, vm);
  vm.moving_to.clear();
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    const auto& job = kept->object;
    if (job.vm != vm.uuid || !is_open(job)) continue;
    change.erase<model::Job>(job.task);
    end_task_of(inventory, change, job, state, why);
  }
}

void end_moves_of(const Inventory& inventory, Change& change, model::Vm& vm,
                  const std::string& host) {
  auto why = vm.host + " is gone: the machine is started anew on " + host;
  call_off_move(inventory, change, vm, TaskState::failed, why);
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    auto job = kept->object;
    if (job.kind != JobKind::migrate_vm || job.vm != vm.uuid || is_open(job)) continue;
    end_task_of(inventory, change, job, TaskState::failed, why);
    // What its first host has left of it goes, unless it is that one's again.
    job.phase = MigrationPhase::settle;
    job.from == host ? change.erase<model::Job>(job.task) : change.put_job(job);
  }
}

Result<void> cancel_move(const Inventory& inventory, Change& change, const model::Job& job) {
  if (!is_open(job)) {
    return fail(Code::precondition, "the machine is {}'s already: move it back when it is settled",
                job.host);
  }
  undo(inventory, change, job, TaskState::cancelled, "cancelled by " + change.actor().user);
  return {};
}

void take_in_move(const Inventory& inventory, Change& change, const std::string& host,
                  const model::Job& job, const model::JobReport& report) {
  bool from = host == job.from, to = host == job.host;
  if (!from && !to) return;
  if (report.done && !report.error.empty()) {
    if (is_open(job)) undo(inventory, change, job, TaskState::failed, report.error);
    return;
  }
  if (report.phase == MigrationPhase::prepare && job.phase == MigrationPhase::prepare && to &&
      report.ready) {
    take_ready(inventory, change, job, *report.ready);
  } else if (report.phase == MigrationPhase::transfer && job.phase == MigrationPhase::transfer &&
             from) {
    decide(inventory, change, job, report);
  } else if (report.phase == MigrationPhase::hand_over && job.phase == MigrationPhase::hand_over &&
             to) {
    return settle(inventory, change, job);
  } else if (report.phase == MigrationPhase::settle && job.phase == MigrationPhase::settle &&
             from) {
    return change.erase<model::Job>(job.task);
  }
  auto kept = inventory.find<model::Task>(job.task);
  if (!kept || ended(kept->object) || report.step.empty()) return;
  for (const auto& write : change.writes) {
    if (write.key == key_of<model::Task>(job.task)) return;  // it has just ended
  }
  auto task = kept->object;
  note_step(task, report.step, report.progress);
  if (task != kept->object) change.put(task);
}

std::vector<model::VmAssignment> incoming_of(const Inventory& inventory, const std::string& host) {
  std::vector<model::VmAssignment> incoming;
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    const auto& job = kept->object;
    if (job.host != host || !is_open(job)) continue;
    auto vm = inventory.vm_by_uuid(job.vm);
    auto task = inventory.find<model::Task>(job.task);
    if (!vm) continue;
    model::VmAssignment assigned;
    assigned.vm = vm->object;
    assigned.request = task ? task->object.request : std::string();
    incoming.push_back(std::move(assigned));
  }
  return incoming;
}

namespace {

/// Since when hosts are away, by name.
using Absences = std::map<std::string, std::chrono::steady_clock::time_point>;

void note_absences(const Inventory& inventory, Absences& away) {
  for (const auto& [name, kept] : inventory.all<model::Host>()) {
    if (kept->object.state == model::HostState::online) {
      away.erase(name);
    } else {
      away.try_emplace(name, std::chrono::steady_clock::now());
    }
  }
}

// Why a move that is not decided yet cannot come to its end; empty: it can.
std::string lost_because(const Inventory& inventory, const model::Job& job, const Absences& away,
                         Duration patience) {
  auto vm = inventory.vm_by_uuid(job.vm);
  if (!vm) return "the machine is gone";
  if (vm->object.host != job.from) return "the machine has come to another host meanwhile";
  for (const auto& host : {job.from, job.host}) {
    if (!inventory.find<model::Host>(host)) return host + " is not of this estate any more";
    auto since = away.find(host);
    if (since != away.end() && std::chrono::steady_clock::now() - since->second > patience)
      return host + " is not connected any more";
  }
  return {};
}

void look_after(const Inventory& inventory, Change& change, const Absences& away,
                Duration patience) {
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    const auto& job = kept->object;
    if (job.kind != JobKind::migrate_vm || change.writes.size() > 80) continue;
    if (is_open(job)) {
      auto why = lost_because(inventory, job, away, patience);
      if (!why.empty()) undo(inventory, change, job, TaskState::failed, why);
    } else if (!inventory.find<model::Host>(job.from)) {
      change.erase<model::Job>(job.task);  // nobody is left who has anything of it
      end_task_of(inventory, change, job, TaskState::succeeded, {});
    } else if (job.phase == MigrationPhase::hand_over && !inventory.vm_by_uuid(job.vm)) {
      settle(inventory, change, job);
    }
  }
}

}  // namespace

Async<void> watch_moves(Ledger& ledger, Duration patience) {
  auto& inventory = ledger.inventory();
  Absences away;
  while (true) {
    auto seen = inventory.revision();
    note_absences(inventory, away);
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      look_after(inventory, change, away, patience);
      return {};
    });
    if (!done) spdlog::warn("moves: {}", done.error().message);
    if (!done) co_await sleep_for(1s);
    co_await (inventory.changed_since(std::max(seen, inventory.revision())) || sleep_for(5s));
  }
}

namespace {

Async<Result<http::Response>> migrate(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::MigrateOptions>());
  co_return co_await answer_with_task(rooms, context, [&](Change& change) -> Result<model::Task> {
    TRY(auto kept, find<model::Vm>(rooms.ledger.inventory(), context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    return begin_migration(rooms.ledger, change, kept->object, options);
  });
}

}  // namespace

void add_move_handlers(Handlers& handlers) {
  handlers.on(model::Operation::migrate_vm, migrate);
  handlers.on(model::Operation::drain_host, drain_host);
}

}  // namespace truce::manager
