#include "machines/devices.h"

#include <set>

#include "machines/pending.h"
#include "model/hardware.h"
#include "moves/moves.h"
#include "networks/mirrors.h"
#include "pools/pools.h"
#include "tasks.h"

namespace truce::manager {

using model::JobKind;
using model::Observed;
using model::Wanted;

namespace {

constexpr std::size_t disks_limit = 7;

const std::string& path_word(const Context& context, const char* word) {
  return context.request.parameters.at(word);
}

Result<model::VmDisk> find_disk(const model::Vm& vm, const std::string& id) {
  auto found = std::ranges::find(vm.disks, id, &model::VmDisk::id);
  if (found != vm.disks.end()) return *found;
  return fail(Code::not_found, "'{}' has no disk '{}': see truce disk list {}", vm.name, id,
              vm.name);
}

Result<void> check_disks(const model::Vm& vm) {
  TRY_VOID(check_changeable(vm));
  if (!vm.tree || vm.tree->snapshots.empty()) return {};
  return fail(Code::precondition,
              "'{}' has snapshots, which hold its disks as they are: delete them first", vm.name);
}

// A job of the same disk that is under way: whoever comes second is told.
Result<void> check_idle(const Inventory& inventory, const model::Vm& vm, const std::string& id) {
  Result<void> idle;
  each_job(inventory, vm, [&](const model::Job& job) {
    if (!job.disk || job.disk->id != id) return;
    idle = fail(Code::conflict, "{} of '{}' is being changed by {}: wait for it", id, vm.name,
                job.task);
  });
  return idle;
}

Result<std::string> free_disk_id(const Inventory& inventory, const model::Vm& vm) {
  std::set<std::string> taken;
  for (const auto& disk : vm.disks) taken.insert(disk.id);
  each_job(inventory, vm, [&](const model::Job& job) {
    if (job.disk) taken.insert(job.disk->id);
  });
  if (taken.size() >= disks_limit)
    return fail(Code::limit, "'{}' has {} disks, which is the most", vm.name, taken.size());
  for (std::size_t number = 0;; ++number) {
    auto id = fmt::format("disk{}", number);
    if (!taken.contains(id)) return id;
  }
}

// Some buses take disks only while the machine is off.
Result<std::int64_t> port_for_disk(const Inventory& inventory, const model::Vm& vm) {
  TRY(auto outfit, model::outfit(vm));
  bool runs = vm.observed != Observed::off;
  bool virtio = outfit.disk_bus == model::DiskBus::virtio;
  bool scsi = outfit.disk_bus == model::DiskBus::scsi;
  if (runs && (vm.machine == model::MachineType::microvm || (!virtio && !scsi))) {
    return fail(Code::precondition,
                "'{}' is {}, and takes disks on {} only while it is off: stop it first", vm.name,
                model::to_string(vm.observed), model::to_string(outfit.disk_bus));
  }
  if (!virtio || vm.machine != model::MachineType::q35) return 0;
  auto port = free_plug_port(inventory, vm);
  if (port > 0 || !runs) return port;
  return fail(Code::limit,
              "'{}' has no port left for a device that comes while it runs: stop it first",
              vm.name);
}

Async<Result<http::Response>> list_disks(Rooms& rooms, const Context& context) {
  CO_TRY(auto kept,
         find<model::Vm>(rooms.ledger.inventory(), context.caller, path_word(context, "vm")));
  model::DiskList list;
  list.revision = kept->revision;
  list.items = kept->object.disks;
  co_return object_response(200, list, kept->revision);
}

// A machine whose disks may be changed, and one of them that nobody else is changing.
struct Chosen {
  Ref<model::Vm> kept;
  model::VmDisk disk;
};

Result<Chosen> choose_disk(const Inventory& inventory, const Context& context) {
  TRY(auto kept, find<model::Vm>(inventory, context.caller, path_word(context, "vm")));
  TRY_VOID(context.check_match(kept->revision));
  TRY(auto disk, find_disk(kept->object, path_word(context, "disk")));
  TRY_VOID(check_disks(kept->object));
  TRY_VOID(check_idle(inventory, kept->object, disk.id));
  return Chosen{std::move(kept), std::move(disk)};
}

/// What is done with a disk, as data.
struct DiskWork {
  JobKind job;
  std::string_view task, event;
};

model::Task begin(Rooms& rooms, Change& change, const model::Vm& vm, const DiskWork& work,
                  model::VmDisk disk, std::string said) {
  auto target = fmt::format("vms/{}/disks/{}", vm.name, disk.id);
  model::Job job;
  job.kind = work.job;
  job.disk = std::move(disk);
  auto task = begin_device_job(rooms, change, vm, work.task, target, std::move(job));
  change.event(std::string(work.event), target, vm.project, std::move(said));
  return task;
}

Bytes whole_sectors(Bytes size) {
  return {(size.count + 511) / 512 * 512};
}

Result<model::Task> begin_create(Rooms& rooms, const Context& context,
                                 const model::DiskCreate& wish, Change& change) {
  const auto& inventory = rooms.ledger.inventory();
  TRY(auto kept, find<model::Vm>(inventory, context.caller, path_word(context, "vm")));
  TRY_VOID(context.check_match(kept->revision));
  const auto& vm = kept->object;
  TRY_VOID(check_disks(vm));
  model::VmDisk disk;
  TRY(disk.id, free_disk_id(inventory, vm));
  disk.size = whole_sectors(wish.size);
  TRY_VOID(check_pool(inventory, wish.pool, {disk.size, {}}, "/pool", vm.host));
  disk.pool = wish.pool;
  disk.key = wish.key;
  TRY(disk.port, port_for_disk(inventory, vm));
  auto said = fmt::format("create with {}", to_string(disk.size));
  return begin(rooms, change, vm, {JobKind::create_disk, "disk.create", "api.create_disk"},
               std::move(disk), std::move(said));
}

Result<model::Task> begin_set(Rooms& rooms, const Context& context, const model::DiskChange& wish,
                              Change& change) {
  const auto& inventory = rooms.ledger.inventory();
  TRY(auto chosen, choose_disk(inventory, context));
  auto& disk = chosen.disk;
  if (!wish.size) return fail_field("/size", "give the new size");
  auto size = whole_sectors(*wish.size);
  if (size < disk.size) {
    return fail_field(
        "/size", fmt::format("{} has {} already and is not shrunk", disk.id, to_string(disk.size)));
  }
  if (size > disk.size)
    TRY_VOID(check_pool(inventory, disk.pool, {{size.count - disk.size.count}, {}}, "/size",
                        chosen.kept->object.host));
  disk.size = size;
  return begin(rooms, change, chosen.kept->object,
               {JobKind::resize_disk, "disk.set", "api.set_disk"}, std::move(disk),
               fmt::format("grow to {}", to_string(size)));
}

Result<model::Task> begin_delete(Rooms& rooms, const Context& context, Change& change) {
  TRY(auto chosen, choose_disk(rooms.ledger.inventory(), context));
  return begin(rooms, change, chosen.kept->object,
               {JobKind::delete_disk, "disk.delete", "api.delete_disk"}, std::move(chosen.disk),
               "delete");
}

Result<model::Task> begin_move(Rooms& rooms, const Context& context, const model::DiskMove& wish,
                               Change& change) {
  const auto& inventory = rooms.ledger.inventory();
  TRY(auto chosen, choose_disk(inventory, context));
  const auto& vm = chosen.kept->object;
  auto& disk = chosen.disk;
  if (disk.pool == wish.pool)
    return fail_field("/pool", fmt::format("{} is in '{}' already", disk.id, wish.pool));
  bool settled = vm.observed == Observed::off || vm.observed == Observed::running ||
                 vm.observed == Observed::paused;
  if (!settled) {
    return fail(Code::precondition, "'{}' is {}: try again later", vm.name,
                model::to_string(vm.observed));
  }
  TRY_VOID(check_pool(inventory, wish.pool, {disk.size, {}}, "/pool", vm.host));
  disk.pool = wish.pool;
  return begin(rooms, change, vm, {JobKind::move_disk, "disk.move", "api.move_disk"},
               std::move(disk), "move to pool " + wish.pool);
}

Async<Result<http::Response>> create_disk(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::DiskCreate>());
  co_return co_await answer_with_task(
      rooms, context, [&](Change& change) { return begin_create(rooms, context, wish, change); });
}

Async<Result<http::Response>> set_disk(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::DiskChange>());
  co_return co_await answer_with_task(
      rooms, context, [&](Change& change) { return begin_set(rooms, context, wish, change); });
}

Async<Result<http::Response>> move_disk(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::DiskMove>());
  co_return co_await answer_with_task(
      rooms, context, [&](Change& change) { return begin_move(rooms, context, wish, change); });
}

Async<Result<http::Response>> delete_disk(Rooms& rooms, const Context& context) {
  co_return co_await answer_with_task(
      rooms, context, [&](Change& change) { return begin_delete(rooms, context, change); });
}

}  // namespace

Result<void> check_changeable(const model::Vm& vm) {
  TRY_VOID(check_settled(vm));
  if (vm.wanted == Wanted::absent)
    return fail(Code::precondition, "'{}' is being deleted", vm.name);
  if (vm.observed == Observed::absent)
    return fail(Code::precondition, "'{}' is still being created: see truce task list", vm.name);
  if (vm.observed == Observed::suspended) {
    return fail(Code::precondition,
                "'{}' is suspended, and its memory fits only what it has: start it, or stop it",
                vm.name);
  }
  return {};
}

std::int64_t free_plug_port(const Inventory& inventory, const model::Vm& vm) {
  if (vm.machine != model::MachineType::q35) return 0;
  std::set<std::int64_t> taken;
  for (const auto& disk : vm.disks) taken.insert(disk.port);
  for (const auto& nic : vm.nics) taken.insert(nic.port);
  each_job(inventory, vm, [&](const model::Job& job) {
    if (job.disk) taken.insert(job.disk->port);
    if (job.nic) taken.insert(job.nic->port);
  });
  for (std::int64_t port = 1; port <= model::plug_ports; ++port) {
    if (!taken.contains(port)) return port;
  }
  return 0;
}

model::Task begin_device_job(Rooms& rooms, Change& change, const model::Vm& vm,
                             std::string_view kind, const std::string& target, model::Job job) {
  auto task = begin_task(rooms.ledger, change, std::string(kind), target, vm.project, 0);
  job.task = task.name;
  job.vm = vm.uuid;
  change.put_job(job);
  return task;
}

void finish_device_job(const Inventory& inventory, Change& change, const model::Job& job) {
  auto kept = inventory.vm_by_uuid(job.vm);
  if (!kept || (!job.disk && !job.nic)) return;
  auto vm = kept->object;
  if (job.disk) std::erase_if(vm.disks, [&](const auto& disk) { return disk.id == job.disk->id; });
  if (job.nic)
    std::erase_if(vm.nics, [&](const auto& nic) { return nic.number == job.nic->number; });
  bool has_it = job.kind == JobKind::create_disk || job.kind == JobKind::resize_disk ||
                job.kind == JobKind::move_disk;
  if (has_it) {
    vm.disks.push_back(*job.disk);
    std::ranges::sort(vm.disks, {}, &model::VmDisk::id);
  } else if (job.kind == JobKind::add_nic) {
    vm.nics.push_back(*job.nic);
    std::ranges::sort(vm.nics, {}, &model::VmNic::number);
  }
  if (job.kind == JobKind::remove_nic) end_mirrors(inventory, change, vm.name, job.nic->number);
  ++vm.generation;
  change.put(vm);
}

void add_disk_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::list_disks, list_disks);
  handlers.on(Operation::create_disk, create_disk);
  handlers.on(Operation::set_disk, set_disk);
  handlers.on(Operation::delete_disk, delete_disk);
  handlers.on(Operation::move_disk, move_disk);
}

}  // namespace truce::manager
