#include "reports.h"

#include <set>

#include "networks.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::Observed;
using model::TaskState;
using model::Wanted;

constexpr std::size_t machines_at_once = 20;

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

void take_in(const Inventory& inventory, Change& change, const model::VmReport& report) {
  auto kept = inventory.vm_by_uuid(report.uuid);
  if (!kept) return;
  auto vm = kept->object;
  end_vm_tasks(inventory, change, vm, report);
  bool current = report.generation == vm.generation;
  if (!report.event.empty()) {
    change.event(report.event, "vms/" + vm.name, vm.project, report.event_message);
  }
  if (current && report.observed == Observed::absent && vm.wanted == Wanted::absent) {
    change.erase_vm(vm);
    return;
  }
  if (current && !report.failed.empty() && vm.wanted != Wanted::absent) {
    undo_failed(vm, report);
  } else if (current && report.event.starts_with("vm.ended.") && vm.wanted != Wanted::absent) {
    vm.wanted = settled(report.observed);
    vm.problem = report.event == "vm.ended.guest_shutdown" ? "" : report.event_message;
    ++vm.generation;
  } else if (current && !report.failed.empty()) {
    vm.problem = report.failed;
  }
  if (report.observed == Observed::running && vm.observed != Observed::running &&
      vm.observed != Observed::paused) {
    vm.started = now();
  }
  vm.observed = report.observed;
  vm.addresses = report.addresses;
  if (report.tree) vm.tree = report.tree;
  if (vm != kept->object) change.put(vm);
}

void take_in(const Inventory& inventory, Change& change, const model::JobReport& report) {
  auto kept = inventory.find<model::Task>(report.task);
  if (!kept || ended(kept->object)) return;
  auto task = kept->object;
  auto old = task;
  note_step(task, report.step, report.progress);
  if (!report.done) {
    if (task != old) change.put(task);
    return;
  }
  change.erase<model::Job>(report.task);
  if (report.cancelled) return end_task(change, task, TaskState::cancelled, "cancelled on request");
  if (!report.error.empty()) return end_task(change, task, TaskState::failed, report.error);
  if (report.template_) change.put(*report.template_);
  end_task(change, task, TaskState::succeeded);
}

// Where the group of reports that begins at `first` and fits into one commit ends: each machine
// once, as its second report builds on what the first has changed.
std::size_t end_of_group(const std::vector<model::VmReport>& reports, std::size_t first) {
  auto last = first;
  std::set<std::string_view> uuids;
  while (last < reports.size() && last - first < machines_at_once &&
         uuids.insert(reports[last].uuid).second) {
    ++last;
  }
  return last;
}

template <class T>
void put_if_changed(const Inventory& inventory, Change& change, const T& object) {
  auto kept = inventory.find<T>(object.name);
  if (!kept || kept->object != object) change.put(object);
}

Result<void> take_in_host(const Inventory& inventory, const Settings& settings, Change& change,
                          const std::string& host, const model::Report& report) {
  if (report.host) {
    auto known = inventory.find<model::Host>(host);
    TRY_VOID(make_first_network(settings, *report.host, change, inventory));
    if (!known || known->object.state == model::HostState::offline) {
      change.event("host.online", "hosts/" + host, "",
                   fmt::format("{} with {}", report.host->hypervisor, report.host->accelerator));
    }
    put_if_changed(inventory, change, *report.host);
  }
  for (const auto& pool : report.pools) put_if_changed(inventory, change, pool);
  for (const auto& news : report.networks) {
    auto kept = inventory.find<model::Network>(news.name);
    if (!kept || kept->object.problem == news.problem) continue;
    auto network = kept->object;
    network.problem = news.problem;
    change.put(network);
    change.event("network.state", "networks/" + news.name, "",
                 news.problem.empty() ? "works" : news.problem);
  }
  for (const auto& job : report.jobs) take_in(inventory, change, job);
  return {};
}

}  // namespace

Async<Result<void>> store_report(Ledger& ledger, const Settings& settings, std::string host,
                                 model::Report report) {
  const auto& inventory = ledger.inventory();
  CO_TRY_VOID(co_await ledger.change(
      {}, [&](Change& change) { return take_in_host(inventory, settings, change, host, report); }));
  for (std::size_t first = 0, last = 0; first < report.vms.size(); first = last) {
    last = end_of_group(report.vms, first);
    CO_TRY_VOID(co_await ledger.change({}, [&](Change& change) -> Result<void> {
      for (auto i = first; i < last; ++i) take_in(inventory, change, report.vms[i]);
      return {};
    }));
  }
  co_return Result<void>{};
}

}  // namespace truce::manager
