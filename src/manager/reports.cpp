#include "reports.h"

#include <set>

#include "cluster/cluster.h"
#include "library/uploads.h"
#include "machines/devices.h"
#include "machines/pending.h"
#include "moves/moves.h"
#include "networks.h"
#include "networks/mirrors.h"
#include "nodes.h"
#include "recovery/stranded.h"
#include "sleep/phases.h"
#include "tasks.h"
#include "templates.h"

namespace truce::manager {
namespace {

using model::Observed;
using model::TaskState;
using model::Wanted;

void end_vm_tasks(const Inventory& inventory, Change& change, const model::Vm& vm,
                  const model::VmReport& report) {
  auto target = "vms/" + vm.name;
  bool ended_instead = report.event.starts_with("vm.ended.") && vm.wanted != Wanted::off;
  if (ended_instead && vm.wanted == Wanted::absent) return;  // its removal goes on
  const auto& failure = ended_instead ? report.event_message : report.failed;
  for (const auto& name : inventory.live_tasks()) {
    auto task = inventory.find<model::Task>(name)->object;
    if (task.target != target) continue;
    if (report.generation > 0 && task.generation <= report.generation) {
      auto state = failure.empty() ? TaskState::succeeded : TaskState::failed;
      end_task(change, std::move(task), state, failure);
    } else if (!report.step.empty() || report.progress > 0) {
      auto old = task;
      note_step(task, report.step, report.progress);
      if (task != old) change.put(task);
    }
  }
}

// A generation that failed is undone: a machine that could not be created is deleted again,
// another one goes back to what it is.
void undo_failed(model::Vm& vm, const model::VmReport& report) {
  bool never_was = vm.observed == Observed::absent && report.observed == Observed::absent;
  vm.wanted = never_was ? Wanted::absent : settled(report.observed);
  vm.problem = report.failed;
  ++vm.generation;
}

// What is wrong with a machine that is there, and when that is over. Of one that is being ended for
// it, what keeps it from ending is said instead.
void take_in_trouble(model::Vm& vm, const model::VmReport& report) {
  bool goes_on = report.observed == Observed::running && vm.observed == Observed::paused;
  bool leaves = leaves_storage(vm);
  bool over = report.event == "vm.hung.over" || report.event == "vm.hung.reset" ||
              (report.storage_problem.empty() && !vm.storage_problem.empty());
  bool found = report.event.starts_with("vm.paused.") || report.event == "vm.hung.left";
  if (!leaves && (goes_on || over)) vm.problem.clear();
  if (found) vm.problem = report.event_message;
  if (!leaves && !report.storage_problem.empty()) vm.problem = report.storage_problem;
  vm.storage_problem = report.storage_problem;
}

void take_in(const Inventory& inventory, Change& change, const std::string& host,
             const model::VmReport& report) {
  auto kept = inventory.vm_by_uuid(report.uuid);
  if (!kept) return;
  // A host that comes back does not know yet that its machine is another one's now; and one that it
  // moves to has nothing to say before it is.
  if (kept->object.host != host) return;
  auto vm = kept->object;
  end_vm_tasks(inventory, change, vm, report);
  bool current = report.generation == vm.generation;
  if (report.event.starts_with("vm.ended.")) {
    call_off_move(inventory, change, vm, TaskState::failed,
                  "the machine ended meanwhile: " + report.event_message);
  }
  if (!report.event.empty()) {
    change.event(report.event, "vms/" + vm.name, vm.project, report.event_message);
  }
  if (current && report.observed == Observed::absent && vm.wanted == Wanted::absent) {
    end_mirrors(inventory, change, vm.name);
    change.erase_vm(vm);
    return;
  }
  if (current && !report.failed.empty() && leaves_storage(vm)) {
    vm.problem = report.failed;  // it is tried again: what has been killed may die at any moment
  } else if (current && !report.failed.empty() && vm.wanted != Wanted::absent) {
    undo_failed(vm, report);
  } else if (current && report.event.starts_with("vm.ended.") && vm.wanted != Wanted::absent &&
             !leaves_storage(vm)) {
    vm.wanted = settled(report.observed);
    vm.problem = report.event == "vm.ended.guest_shutdown" ? "" : report.event_message;
    ++vm.generation;
  } else if (current && !report.failed.empty()) {
    vm.problem = report.failed;
  }
  if (report.observed == Observed::running && vm.observed != Observed::running &&
      vm.observed != Observed::paused && vm.observed != Observed::unknown) {
    vm.started = now();
  }
  take_in_trouble(vm, report);
  vm.observed = report.observed;
  vm.addresses = report.addresses;
  if (report.tree) vm.tree = report.tree;
  // Memory that was saved needs to know what it was; one that cannot be seen may have some.
  bool may_have_memory =
      report.observed == Observed::suspended || report.observed == Observed::unknown;
  if (report.active || !may_have_memory) vm.active = report.active;
  vm.pending = pending_of(vm);
  if (vm != kept->object) change.put(vm);
}

void take_in(const Inventory& inventory, Change& change, const std::string& host,
             const model::JobReport& report) {
  auto job = inventory.find<model::Job>(report.task);
  if (!job || !concerns(inventory, job->object, host)) return;
  if (job->object.kind == model::JobKind::migrate_vm)
    return take_in_move(inventory, change, host, job->object, report);
  auto kept = inventory.find<model::Task>(report.task);
  if (!kept || ended(kept->object)) return;
  auto task = kept->object;
  auto old = task;
  note_step(task, report.step, report.progress);
  if (!report.done) {
    if (task != old) change.put(task);
    return;
  }
  end_pool_job(inventory, change, job->object, report.cancelled || !report.error.empty());
  end_upload_job(inventory, change, job->object, report);
  change.erase<model::Job>(report.task);
  if (report.cancelled) return end_task(change, task, TaskState::cancelled, "cancelled on request");
  if (!report.error.empty()) return end_task(change, task, TaskState::failed, report.error);
  if (report.template_) {
    auto made = *report.template_;
    made.hosts = {host};
    change.put(made);
  }
  finish_device_job(inventory, change, job->object);
  end_task(change, task, TaskState::succeeded);
}

template <class T>
void put_if_changed(const Inventory& inventory, Change& change, const T& object) {
  auto kept = inventory.find<T>(object.name);
  if (!kept || kept->object != object) change.put(object);
}

// What a host tells of itself, with what only the manager knows of it.
model::Host known_of(const model::Host* known, std::string name, model::Host told) {
  told.name = std::move(name);
  if (known == nullptr) return told;
  told.role = known->role;
  told.address = known->address;
  told.labels = known->labels;
  told.fault_domain = known->fault_domain;
  told.draining = known->draining;
  told.certificate_expires = known->certificate_expires;
  told.power = known->power;
  told.power_fingerprint = known->power_fingerprint;
  told.power_tried = known->power_tried;
  told.wake_seconds = known->wake_seconds;
  told.sleep = known->sleep;
  told.sleep_since = known->sleep_since;
  told.wake_tries = known->wake_tries;
  told.woken = known->woken;
  return told;
}

Result<void> take_in_host(Ledger& ledger, const Settings& settings, Change& change,
                          const std::string& host, const model::Report& report) {
  const auto& inventory = ledger.inventory();
  if (report.host) {
    auto known = inventory.find<model::Host>(host);
    // In a cluster hosts are let in: one that was taken out does not come back by a report.
    if (!known && the_cluster(inventory)) return {};
    TRY_VOID(make_first_network(settings, *report.host, change, inventory));
    if (!known || known->object.state == model::HostState::offline) {
      change.event("host.online", "hosts/" + host, "",
                   fmt::format("{} with {}", report.host->hypervisor, report.host->accelerator));
    }
    auto told = known_of(known ? &known->object : nullptr, host, *report.host);
    if (known) note_awake(inventory, change, known->object, told);
    put_if_changed(inventory, change, told);
  }
  return {};
}

void take_in(const Inventory& inventory, Change& change, const model::NetworkReport& report) {
  auto kept = inventory.find<model::Network>(report.name);
  if (!kept || kept->object.problem == report.problem) return;
  auto network = kept->object;
  network.problem = report.problem;
  change.put(network);
  change.event("network.state", "networks/" + report.name, "",
               report.problem.empty() ? "works" : report.problem);
}

// Items in as few commits as they fit into; those that are about the same thing, by `name`, in
// several, as the second builds on what the first has changed.
template <class Item, class Name, class Take>
Async<Result<void>> in_parts(Ledger& ledger, const std::vector<Item>& items, Name name, Take take) {
  for (std::size_t first = 0, next = 0; first < items.size(); first = next) {
    CO_TRY_VOID(co_await ledger.change({}, [&](Change& change) -> Result<void> {
      std::set<std::string_view> names;
      next = first;
      while (next < items.size() && !change.full() && names.insert(name(items[next])).second)
        take(change, items[next++]);
      return {};
    }));
  }
  co_return Result<void>{};
}

}  // namespace

Async<Result<void>> store_report(Ledger& ledger, const Settings& settings, PoolIntake& pools,
                                 std::string host, model::Report report) {
  const auto& inventory = ledger.inventory();
  CO_TRY_VOID(co_await ledger.change(
      {}, [&](Change& change) { return take_in_host(ledger, settings, change, host, report); }));
  CO_TRY_VOID(co_await pools.take_in(host, std::move(report.pools)));
  for (bool all = !report.templates; !all;) {
    CO_TRY_VOID(co_await ledger.change({}, [&](Change& change) -> Result<void> {
      all = take_in_templates(ledger, change, host, *report.templates);
      return {};
    }));
  }
  CO_TRY_VOID(co_await in_parts(
      ledger, report.networks, [](const auto& news) { return std::string_view(news.name); },
      [&](Change& change, const auto& news) { take_in(inventory, change, news); }));
  CO_TRY_VOID(co_await in_parts(
      ledger, report.vms, [](const auto& vm) { return std::string_view(vm.uuid); },
      [&](Change& change, const auto& vm) { take_in(inventory, change, host, vm); }));
  // After what the machines have become by them: whoever waited for a task looks at that next.
  co_return co_await in_parts(
      ledger, report.jobs, [](const auto& job) { return std::string_view(job.task); },
      [&](Change& change, const auto& job) { take_in(inventory, change, host, job); });
}

}  // namespace truce::manager
