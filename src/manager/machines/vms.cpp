// Virtual machines: create, change, rename, delete.
#include "machines/vms.h"

#include "api.h"
#include "base/random.h"
#include "cluster/cluster.h"
#include "machines/identity.h"
#include "machines/pending.h"
#include "model/hardware.h"
#include "moves/moves.h"
#include "networks/mirrors.h"
#include "networks/nics.h"
#include "placement.h"
#include "plans/rules.h"
#include "pools/pools.h"
#include "relocation/relocations.h"
#include "resources/conflict_classes.h"
#include "resources/resource_pools.h"
#include "tasks.h"
#include "templates.h"

namespace truce::manager {
namespace {

using model::Wanted;

Result<void> choose_disks(const Inventory& inventory, const model::VmCreate& wish, model::Vm& vm) {
  if (wish.template_.empty() && wish.iso.empty() && !wish.disk) {
    return fail_field("/template", "give a template, an iso or the size of an empty disk");
  }
  model::VmDisk disk{.id = "disk0"};
  Bytes copied{};
  disk.clone = wish.clone;
  if (!wish.template_.empty()) {
    auto kept = newest_template(inventory, wish.template_);
    if (!kept) return fail_field("/template", kept.error().message);
    const auto& source = (*kept)->object;
    if (source.kind == model::TemplateKind::iso) {
      return fail_field("/template", fmt::format("'{}' is a CD: give it as iso", source.name));
    }
    vm.template_ = source.name;
    if (source.kind == model::TemplateKind::disk) {
      disk.template_ = source.name;
      disk.size = source.disk_size;
      if (wish.clone == model::CloneKind::full) copied = source.stored;
    }
  }
  if (wish.disk) {
    if (*wish.disk < disk.size) {
      return fail_field("/disk", fmt::format("the template's disk has {} already and is not shrunk",
                                             to_string(disk.size)));
    }
    disk.size = *wish.disk;
  }
  if (!wish.disk_key.empty() && disk.size.count == 0)
    return fail_field("/disk_key",
                      "the machine gets no disk that could be encrypted: give its size");
  disk.key = wish.disk_key;
  if (disk.size.count > 0) {
    TRY_VOID(check_pool(inventory, wish.pool, {disk.size, copied}, "/pool", {}));
    disk.pool = wish.pool;
    vm.disks.push_back(std::move(disk));
  }
  if (!wish.iso.empty()) {
    auto kept = newest_template(inventory, wish.iso);
    if (!kept) return fail_field("/iso", kept.error().message);
    if ((*kept)->object.kind != model::TemplateKind::iso) {
      return fail_field("/iso", fmt::format("'{}' is not a CD: give it as template", wish.iso));
    }
    vm.iso = (*kept)->object.name;
  }
  return {};
}

// Waiting for room may help; waiting for another kind of hardware does not.
Result<void> check_type(const Inventory& inventory, model::MachineType wanted) {
  const auto& hosts = inventory.all<model::Host>();
  auto type = model::to_string(wanted);
  auto offers = [&](const auto& host) {
    return std::ranges::count(host.second->object.machine_types, type) > 0;
  };
  if (hosts.empty() || std::ranges::any_of(hosts, offers)) return {};
  return fail_field("/machine", fmt::format("no host can run machines of type {}{}", type,
                                            type == "microvm" ? ": they need KVM" : ""));
}

// As above: what no host has, none will have soon.
Result<void> check_hosts(const Inventory& inventory, const model::Outfit& outfit) {
  Result<void> refusal;
  for (const auto& [name, kept] : inventory.all<model::Host>()) {
    auto given = model::check_host(outfit, kept->object);
    if (given) return {};
    if (refusal) refusal = std::move(given);
  }
  return refusal;
}

// The newest version of machines that every host knows; a machine keeps it for life.
std::string newest_version(const Inventory& inventory) {
  std::string version;
  for (const auto& [name, kept] : inventory.all<model::Host>()) {
    const auto& known = kept->object.machine_version;
    if (known.empty()) continue;
    if (version.empty() || model::compare_versions(known, version) < 0) version = known;
  }
  return version;
}

Result<void> choose_hardware(const Inventory& inventory, const model::VmCreate& wish,
                             model::Vm& vm) {
  model::Hardware hardware;
  if (wish.hardware) model::merge(*wish.hardware, hardware);
  auto version = newest_version(inventory);
  if (wish.machine != model::MachineType::microvm && !hardware.machine_version &&
      !version.empty()) {
    hardware.machine_version = std::move(version);
  }
  auto cluster = the_cluster(inventory);
  if (cluster && !hardware.cpu_model && !cluster->object.cpu_baseline.empty())
    hardware.cpu_model = cluster->object.cpu_baseline;
  if (hardware != model::Hardware()) vm.hardware = std::move(hardware);
  TRY(auto outfit, model::outfit(vm));
  return check_hosts(inventory, outfit);
}

Result<void> check_least(const model::Vm& vm) {
  if (vm.memory_min > vm.memory)
    return fail_field("/memory_min", fmt::format("the machine has {} only", to_string(vm.memory)));
  if (vm.memory_min.count > 0 && vm.machine == model::MachineType::legacy)
    return fail_field("/memory_min", "a legacy machine has no balloon");
  return {};
}

// What is done about a guest that hangs, and about disks that cannot be reached.
Result<void> set_troubles(const model::AvailabilityChange& wish, model::VmAvailability& policy) {
  using model::StorageLossResponse;
  if (wish.on_hang) policy.on_hang = *wish.on_hang;
  if (wish.hang_seconds) policy.hang_seconds = *wish.hang_seconds;
  if (wish.storage_loss_seconds) policy.storage_loss_seconds = *wish.storage_loss_seconds;
  bool stays = policy.keep_running || !policy.restart;
  if (wish.on_storage_loss == StorageLossResponse::restart_elsewhere && stays)
    return fail_field("/availability/on_storage_loss",
                      "a machine that is not started elsewhere when its host dies is not when it "
                      "loses its disks, either: let it be restarted elsewhere, too");
  if (wish.on_storage_loss) policy.on_storage_loss = *wish.on_storage_loss;
  if (stays) policy.on_storage_loss = StorageLossResponse::none;
  return {};
}

// What is to be believed of a host that cannot be asked: that it has let go of the machine, or that
// it has not. So of the two wishes only one can hold, and the newer one does.
Result<void> set_availability(const Inventory& inventory,
                              const std::optional<model::AvailabilityChange>& wish, model::Vm& vm) {
  if (!wish || *wish == model::AvailabilityChange()) return {};
  auto policy = vm.availability.value_or(model::VmAvailability());
  bool keep = wish->keep_running.value_or(false),
       elsewhere = wish->restart_elsewhere.value_or(false);
  if (keep && elsewhere)
    return fail_field("/availability/keep_running",
                      "a machine that its host keeps running when it is cut off cannot be started "
                      "elsewhere: that would be two of it");
  if (wish->keep_running) policy.keep_running = keep;
  if (wish->restart_elsewhere) policy.restart = elsewhere;
  if (keep) policy.restart = false;
  if (elsewhere) policy.keep_running = false;
  TRY_VOID(set_troubles(*wish, policy));
  if (wish->restart_priority) policy.priority = *wish->restart_priority;
  if (wish->restart_after) policy.after = *wish->restart_after;
  for (const auto& name : policy.after) {
    if (name == vm.name)
      return fail_field("/availability/restart_after", "a machine cannot wait for itself");
    if (wish->restart_after && !inventory.find<model::Vm>(name))
      return fail_field("/availability/restart_after",
                        fmt::format("there is no machine '{}'", name));
  }
  vm.availability = std::move(policy);
  return {};
}

}  // namespace

Result<model::Vm> new_vm(const Inventory& inventory, const access::Caller& caller,
                         const model::VmCreate& wish) {
  model::Vm vm;
  vm.name = wish.name;
  vm.project = wish.project;
  vm.description = wish.description;
  vm.labels = wish.labels;
  vm.uuid = random_uuid();
  vm.number = free_number(inventory);
  vm.cpus = wish.cpus;
  vm.memory = Bytes{wish.memory.count & ~std::uint64_t{0xfffff}};
  vm.memory_min = wish.memory_min;
  vm.machine = wish.machine;
  TRY_VOID(check_least(vm));
  vm.wanted = wish.start ? Wanted::running : Wanted::off;
  vm.observed = model::Observed::absent;
  vm.generation = 1;
  vm.created = now();
  TRY_VOID(check_type(inventory, wish.machine));
  TRY_VOID(choose_hardware(inventory, wish, vm));
  TRY_VOID(check_class(inventory, wish.conflict_class));
  vm.conflict_class = wish.conflict_class;
  TRY_VOID(set_availability(inventory, wish.availability, vm));
  TRY_VOID(set_resources(inventory, wish.resources, wish.resource_pool, vm));
  TRY_VOID(choose_disks(inventory, wish, vm));
  TRY(auto nic, new_nic(inventory, caller, wish));
  vm.nics.push_back(std::move(nic));
  return vm;
}

namespace {

// Whose answers these are, by what only they have in them; nothing when it cannot be told.
std::optional<model::AnswerKind> kind_of_answers(std::string_view text) {
  if (text.contains("<unattend")) return model::AnswerKind::autounattend;
  auto line_begins = [&](std::string_view word) {
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
      if (at == 0 || text[at - 1] == '\n') return true;
    }
    return false;
  };
  if (line_begins("%packages") || line_begins("%end")) return model::AnswerKind::kickstart;
  if (line_begins("d-i ")) return model::AnswerKind::preseed;
  return std::nullopt;
}

// What its first boot, or the installer on its CD, is told.
Result<std::optional<model::FirstBoot>> first_boot_of(const model::VmCreate& wish) {
  bool answers = !wish.answer_file.empty();
  if (wish.cloud_init.empty() && wish.ssh_keys.empty() && !answers) {
    if (wish.answer_kind) return fail_field("/answer_kind", "there is no answer file");
    return std::nullopt;
  }
  model::FirstBoot told;
  told.cloud_init = wish.cloud_init;
  told.ssh_keys = wish.ssh_keys;
  if (!answers) return told;
  if (wish.iso.empty()) {
    return fail_field("/answer_file", "answers are for an installer: give its CD as iso too");
  }
  auto kind = wish.answer_kind ? wish.answer_kind : kind_of_answers(wish.answer_file);
  if (!kind) {
    return fail_field("/answer_kind",
                      "it cannot be seen whether this is for autounattend, kickstart or preseed");
  }
  told.answer_file = wish.answer_file;
  told.answer_kind = *kind;
  return told;
}

Async<Result<http::Response>> create_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::VmCreate>());
  CO_TRY_VOID(access::allow_project(context.caller, wish.project));
  const auto& inventory = rooms.ledger.inventory();
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY_VOID(check_name_free(inventory, wish.name, "/name"));
    TRY(auto vm, new_vm(inventory, context.caller, wish));
    TRY(auto first_boot, first_boot_of(wish));
    auto placement = place_now(inventory, vm);
    vm.host = placement.host;
    if (!vm.host.empty()) ++vm.epoch;
    task =
        begin_task(rooms.ledger, change, "vm.create", "vms/" + vm.name, vm.project, vm.generation);
    if (first_boot) change.write(first_boot_key(vm.uuid), model::to_text(*first_boot));
    change.put(vm);
    change.event(
        "api.create_vm", "vms/" + vm.name, vm.project,
        fmt::format("create with {} processors, {} memory", vm.cpus, to_string(vm.memory)));
    return {};
  }));
  co_return object_response(202, task, 0);
}

// Its memory fits only the hardware that it was saved from. What runs is not rebuilt: what it
// cannot be given meanwhile is pending.
Result<void> change_hardware(const Inventory& inventory, const model::VmChange& wish, Bytes before,
                             model::Vm& vm) {
  bool sizes = wish.cpus || wish.memory || wish.memory_min;
  if (vm.observed == model::Observed::suspended && (sizes || wish.iso || wish.hardware)) {
    return fail(Code::precondition, "'{}' is suspended; its hardware is changed when it is off",
                vm.name);
  }
  if (wish.hardware) {
    auto hardware = vm.hardware.value_or(model::Hardware());
    model::merge(*wish.hardware, hardware);
    vm.hardware = std::move(hardware);
  }
  if (!sizes && !wish.hardware) return {};
  if (vm.memory > before && vm.wanted == Wanted::running) TRY_VOID(check_room(inventory, vm));
  TRY(auto outfit, model::outfit(vm));
  return wish.hardware ? check_hosts(inventory, outfit) : Result<void>();
}

Result<void> apply(const Inventory& inventory, const model::VmChange& wish, model::Vm& vm) {
  if (wish.description) vm.description = *wish.description;
  if (wish.labels) vm.labels = *wish.labels;
  if (wish.balance) vm.balance = *wish.balance;
  if (wish.cpus) vm.cpus = *wish.cpus;
  auto before = vm.memory;
  if (wish.memory) vm.memory = Bytes{wish.memory->count & ~std::uint64_t{0xfffff}};
  if (wish.memory_min) vm.memory_min = *wish.memory_min;
  TRY_VOID(check_least(vm));
  if (wish.iso && wish.iso->empty()) vm.iso.clear();
  if (wish.iso && !wish.iso->empty()) {
    auto kept = newest_template(inventory, *wish.iso);
    if (!kept) return fail_field("/iso", kept.error().message);
    vm.iso = (*kept)->object.name;
  }
  TRY_VOID(set_resources(inventory, wish.resources, wish.resource_pool, vm));
  if (wish.resources && vm.wanted == Wanted::running) TRY_VOID(check_room(inventory, vm));
  if (wish.conflict_class) {
    TRY_VOID(check_class(inventory, *wish.conflict_class));
    vm.conflict_class = *wish.conflict_class;
    TRY_VOID(check_company(inventory, vm));
  }
  TRY_VOID(set_availability(inventory, wish.availability, vm));
  TRY_VOID(change_hardware(inventory, wish, before, vm));
  vm.pending = pending_of(vm);
  return {};
}

Async<Result<http::Response>> set_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::VmChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto vm = kept->object;
    bool words_only = model::VmChange{.description = wish.description,
                                      .labels = wish.labels,
                                      .balance = wish.balance} == wish;
    if (!words_only) TRY_VOID(check_settled(vm));
    TRY_VOID(apply(inventory, wish, vm));
    if (vm.wanted == model::Wanted::absent) {
      return fail(Code::precondition, "'{}' is being deleted", vm.name);
    }
    // The node does what can be done at once, and reads the rest at the next start.
    ++vm.generation;
    change.put(vm);
    change.event("api.set_vm", "vms/" + vm.name, vm.project, "settings changed");
    return {};
  }));
  CO_TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

Async<Result<http::Response>> rename_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::Rename>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto vm = kept->object;
    if (vm.observed != model::Observed::off || vm.wanted != Wanted::off) {
      return fail(Code::precondition, "'{}' is {}; only a machine that is off can be renamed",
                  vm.name, model::to_string(vm.observed));
    }
    TRY_VOID(check_settled(vm));
    TRY_VOID(check_name_free(inventory, wish.new_name, "/new_name"));
    change.erase<model::Vm>(vm.name);
    rename_mirrors(inventory, change, vm.name, wish.new_name);
    vm.name = wish.new_name;
    ++vm.generation;
    change.put(vm);
    rename_in_rules(inventory, change, context.name(), vm.name);
    change.event("api.rename_vm", "vms/" + vm.name, vm.project, "renamed from " + context.name());
    return {};
  }));
  auto kept = inventory.find<model::Vm>(wish.new_name);
  if (!kept) co_return fail(Code::not_found, "'{}' was deleted meanwhile", wish.new_name);
  co_return object_response(200, kept->object, kept->revision);
}

Result<void> begin_delete(Rooms& rooms, const Context& context, Change& change, model::Task& task) {
  const auto& inventory = rooms.ledger.inventory();
  TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  TRY_VOID(context.check_match(kept->revision));
  auto vm = kept->object;
  TRY_VOID(check_not_relocating(vm));
  const auto* force = context.query("force");
  bool forced = force && *force != "false";
  bool runs = vm.observed == model::Observed::running || vm.observed == model::Observed::paused ||
              vm.observed == model::Observed::starting;
  if (runs && !forced) {
    return fail(Code::precondition, "'{}' is {}: stop it first, or delete it with --force", vm.name,
                model::to_string(vm.observed));
  }
  auto target = "vms/" + vm.name;
  call_off_move(inventory, change, vm, model::TaskState::cancelled,
                "the machine is deleted instead");
  ++vm.generation;
  vm.wanted = Wanted::absent;
  vm.problem.clear();
  task = begin_task(rooms.ledger, change, "vm.delete", target, vm.project, vm.generation);
  supersede_tasks(inventory, change, target, task.name);
  change.event("api.delete_vm", target, vm.project, forced ? "delete, by force" : "delete");
  end_mirrors(inventory, change, vm.name);
  if (vm.host.empty()) {  // no host has anything of it
    change.erase_vm(vm);
    end_task(change, task, model::TaskState::succeeded);
  } else {
    change.put(vm);
  }
  return {};
}

Async<Result<http::Response>> delete_vm(Rooms& rooms, const Context& context) {
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(
      context.actor(), [&](Change& change) { return begin_delete(rooms, context, change, task); }));
  auto kept = rooms.ledger.inventory().find<model::Task>(task.name);
  co_return object_response(202, kept ? kept->object : task, 0);
}

}  // namespace

void add_vm_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::create_vm, create_vm);
  handlers.on(Operation::set_vm, set_vm);
  handlers.on(Operation::rename_vm, rename_vm);
  handlers.on(Operation::delete_vm, delete_vm);
}

}  // namespace truce::manager
