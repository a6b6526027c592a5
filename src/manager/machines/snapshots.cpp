// Snapshots of machines. What there is of them is seen by the machine's host and kept with the
// machine; here is decided what may be asked for.
#include "api.h"
#include "base/random.h"
#include "machines/identity.h"
#include "machines/pending.h"
#include "model/hardware.h"
#include "moves/moves.h"
#include "networks/addresses.h"
#include "placement.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::Observed;
using model::Wanted;

const std::string& vm_of(const Context& context) {
  return context.request.parameters.at("vm");
}

std::string target_of(const std::string& vm, const std::string& snapshot) {
  return fmt::format("vms/{}/snapshots/{}", vm, snapshot);
}

model::SnapshotTree tree_of(const model::Vm& vm) {
  return vm.tree.value_or(model::SnapshotTree());
}

Result<model::VmSnapshot> find_snapshot(const model::Vm& vm, const std::string& name) {
  auto tree = tree_of(vm);
  auto found = std::ranges::find(tree.snapshots, name, &model::VmSnapshot::name);
  if (found != tree.snapshots.end()) return *found;
  return fail(Code::not_found, "'{}' has no snapshot '{}': see truce snapshot list {}", vm.name,
              name, vm.name);
}

// Another snapshot of the same name that is being taken counts as well.
bool name_taken(const Inventory& inventory, const model::Vm& vm, const std::string& name) {
  if (find_snapshot(vm, name)) return true;
  return std::ranges::any_of(inventory.all<model::Job>(), [&](const auto& entry) {
    const auto& job = entry.second->object;
    return job.kind == model::JobKind::create_snapshot && job.vm == vm.uuid &&
           job.snapshot->name == name;
  });
}

// What a machine must be like for anything to be done with its snapshots.
Result<void> check_vm(const model::Vm& vm) {
  if (vm.wanted == Wanted::absent)
    return fail(Code::precondition, "'{}' is being deleted", vm.name);
  if (vm.observed == Observed::absent) {
    return fail(Code::precondition, "'{}' is still being created: see truce task list", vm.name);
  }
  return check_settled(vm);
}

Result<void> check_wish(const Inventory& inventory, const model::SnapshotCreate& wish,
                        const model::Vm& vm) {
  TRY_VOID(check_vm(vm));
  if (name_taken(inventory, vm, wish.name)) {
    return std::unexpected(
        Error{Code::conflict, fmt::format("'{}' has a snapshot '{}' already", vm.name, wish.name),
              "/name"});
  }
  bool runs = vm.observed == Observed::running;
  if (wish.memory && wish.quiesce) {
    return fail_field("/quiesce", "with memory the file systems need no freeze: give one of them");
  }
  if (wish.memory && !runs && vm.observed != Observed::suspended) {
    return fail(Code::precondition, "'{}' is {}: only one that runs or is suspended has memory",
                vm.name, model::to_string(vm.observed));
  }
  if (wish.memory && vm.hardware && (vm.hardware->pci || vm.hardware->usb_devices)) {
    return fail_field("/memory", "devices of the host that it has been given keep no memory");
  }
  if (wish.quiesce && vm.observed == Observed::paused) {
    return fail(Code::precondition, "'{}' is paused: its agent cannot freeze anything", vm.name);
  }
  return {};
}

model::Job job_of(const model::Task& task, model::JobKind kind, const model::Vm& vm,
                  model::VmSnapshot snapshot) {
  model::Job job;
  job.task = task.name;
  job.kind = kind;
  job.vm = vm.uuid;
  job.snapshot = std::move(snapshot);
  return job;
}

Async<Result<http::Response>> list_snapshots(Rooms& rooms, const Context& context) {
  CO_TRY(auto kept, find<model::Vm>(rooms.ledger.inventory(), context.caller, vm_of(context)));
  co_return object_response(200, tree_of(kept->object), kept->revision);
}

Async<Result<http::Response>> get_snapshot(Rooms& rooms, const Context& context) {
  CO_TRY(auto kept, find<model::Vm>(rooms.ledger.inventory(), context.caller, vm_of(context)));
  CO_TRY(auto snapshot, find_snapshot(kept->object, context.name()));
  co_return object_response(200, snapshot, kept->revision);
}

Async<Result<http::Response>> create_snapshot(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::SnapshotCreate>());
  const auto& inventory = rooms.ledger.inventory();
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Vm>(inventory, context.caller, vm_of(context)));
    const auto& vm = kept->object;
    TRY_VOID(check_wish(inventory, wish, vm));
    model::VmSnapshot snapshot;
    snapshot.name = wish.name;
    snapshot.description = wish.description;
    snapshot.created = now();
    snapshot.settings = settings_of(vm);
    auto target = target_of(vm.name, wish.name);
    task = begin_task(rooms.ledger, change, "snapshot.create", target, vm.project, 0);
    auto job = job_of(task, model::JobKind::create_snapshot, vm, std::move(snapshot));
    job.memory = wish.memory;
    job.quiesce = wish.quiesce;
    change.put_job(job);
    change.event("api.create_snapshot", target, vm.project,
                 wish.memory    ? "with memory"
                 : wish.quiesce ? "with its file systems frozen"
                                : "of its disks");
    return {};
  }));
  co_return object_response(202, task, 0);
}

Async<Result<http::Response>> delete_snapshot(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Vm>(inventory, context.caller, vm_of(context)));
    const auto& vm = kept->object;
    TRY_VOID(check_vm(vm));
    TRY(auto snapshot, find_snapshot(vm, context.name()));
    auto target = target_of(vm.name, snapshot.name);
    task = begin_task(rooms.ledger, change, "snapshot.delete", target, vm.project, 0);
    auto job = job_of(task, model::JobKind::delete_snapshot, vm, std::move(snapshot));
    const auto* subtree = context.query("subtree");
    job.subtree = subtree != nullptr && *subtree != "false";
    change.put_job(job);
    change.event("api.delete_snapshot", target, vm.project,
                 job.subtree ? "delete, with all that were taken after it" : "delete");
    return {};
  }));
  co_return object_response(202, task, 0);
}

void take_settings(const model::VmSettings& then, model::Vm& vm) {
  vm.cpus = then.cpus;
  vm.memory = then.memory;
  vm.hardware = then.hardware;
  vm.iso = then.iso;
  vm.boot_once.reset();
  vm.active.reset();
  vm.pending.clear();
}

// Memory knows the network cards that the machine had, and with how much it was started.
Result<void> take_devices(const Inventory& inventory, const model::VmSettings& then,
                          model::Vm& vm) {
  vm.active = then;
  if (!then.nics) return {};
  for (const auto& nic : *then.nics) {
    if (inventory.find<model::Network>(nic.network)) continue;
    return fail(Code::precondition,
                "its network '{}' is gone, which its memory needs: create that network again",
                nic.network);
  }
  // Whom a card was mirrored to then may be somebody else's today.
  auto before = std::exchange(vm.nics, *then.nics);
  for (auto& nic : vm.nics) {
    auto same = std::ranges::find(before, nic.mac, &model::VmNic::mac);
    nic.mirror_to = same == before.end() ? std::string() : same->mirror_to;
  }
  return {};
}

// Its wish and its settings go back with it, in the same commit: the host finds both or none.
Result<void> begin_restore(Rooms& rooms, const Context& context,
                           const model::RestoreOptions& options, Change& change,
                           model::Task& task) {
  const auto& inventory = rooms.ledger.inventory();
  TRY(auto kept, find<model::Vm>(inventory, context.caller, vm_of(context)));
  TRY_VOID(context.check_match(kept->revision));
  auto vm = kept->object;
  TRY_VOID(check_vm(vm));
  TRY(auto snapshot, find_snapshot(vm, context.name()));
  take_settings(snapshot.settings, vm);
  if (!vm.iso.empty() && !inventory.find<model::Template>(vm.iso)) {
    if (snapshot.kind == model::SnapshotKind::memory) {
      return fail(Code::precondition,
                  "its CD '{}' is gone, which its memory needs: make that template again", vm.iso);
    }
    vm.iso.clear();
  }
  bool memory = snapshot.kind == model::SnapshotKind::memory;
  if (memory) TRY_VOID(take_devices(inventory, snapshot.settings, vm));
  bool runs = options.start || memory;
  vm.wanted = runs ? Wanted::running : Wanted::off;
  vm.problem.clear();
  ++vm.generation;
  if (runs) TRY_VOID(check_room(inventory, vm));
  auto target = target_of(vm.name, snapshot.name);
  task = begin_task(rooms.ledger, change, "snapshot.restore", target, vm.project, 0);
  supersede_tasks(inventory, change, "vms/" + vm.name, task.name);
  change.put_job(job_of(task, model::JobKind::restore_snapshot, vm, std::move(snapshot)));
  change.put(vm);
  change.event("api.restore_snapshot", target, vm.project,
               runs ? "restore, and run" : "restore; it is off then");
  return {};
}

Async<Result<http::Response>> restore_snapshot(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::RestoreOptions>());
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) {
    return begin_restore(rooms, context, options, change, task);
  }));
  co_return object_response(202, task, 0);
}

// The same machine as it was then, with an identity of its own. It shares nothing afterwards.
model::Vm clone_of(const Inventory& inventory, const model::Vm& vm,
                   const model::VmSnapshot& snapshot, const model::CloneOptions& options) {
  auto clone = vm;
  clone.name = options.new_name;
  clone.uuid = random_uuid();
  clone.number = free_number(inventory);
  take_settings(snapshot.settings, clone);
  clone.iso.clear();
  for (auto& disk : clone.disks) disk.clone = model::CloneKind::full;
  for (auto& nic : clone.nics) {
    model::VmNic fresh;
    fresh.network = nic.network;
    fresh.number = nic.number;
    fresh.port = nic.port;
    fresh.mac = unused_mac(inventory);
    nic = std::move(fresh);
  }
  clone.source = model::SnapshotSource{vm.uuid, snapshot.name};
  clone.tree.reset();
  clone.addresses.clear();
  clone.problem.clear();
  clone.started.reset();
  clone.wanted = options.start ? Wanted::running : Wanted::off;
  clone.observed = Observed::absent;
  clone.generation = 1;
  clone.created = now();
  return clone;
}

Async<Result<http::Response>> clone_snapshot(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::CloneOptions>());
  const auto& inventory = rooms.ledger.inventory();
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Vm>(inventory, context.caller, vm_of(context)));
    const auto& vm = kept->object;
    TRY_VOID(check_vm(vm));
    TRY(auto snapshot, find_snapshot(vm, context.name()));
    TRY_VOID(check_name_free(inventory, options.new_name, "/new_name"));
    auto clone = clone_of(inventory, vm, snapshot, options);
    TRY_VOID(give_addresses(inventory, clone));
    if (options.start) TRY_VOID(check_room(inventory, clone));
    auto target = "vms/" + clone.name;
    task = begin_task(rooms.ledger, change, "vm.create", target, clone.project, clone.generation);
    change.put(clone);
    change.event("api.clone_snapshot", target, clone.project,
                 fmt::format("a copy of snapshot '{}' of '{}'", snapshot.name, vm.name));
    return {};
  }));
  co_return object_response(202, task, 0);
}

}  // namespace

void add_snapshot_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::list_snapshots, list_snapshots);
  handlers.on(Operation::get_snapshot, get_snapshot);
  handlers.on(Operation::create_snapshot, create_snapshot);
  handlers.on(Operation::delete_snapshot, delete_snapshot);
  handlers.on(Operation::restore_snapshot, restore_snapshot);
  handlers.on(Operation::clone_snapshot, clone_snapshot);
}

}  // namespace truce::manager
