// Moves to and from platforms of others, asked for.
#include "machines/identity.h"
#include "machines/vms.h"
#include "moves/moves.h"
#include "networks/nics.h"
#include "placement.h"
#include "platforms/found.h"
#include "platforms/platforms.h"
#include "pools/pools.h"
#include "relocation/asked.h"
#include "relocation/mapping.h"
#include "relocation/relocations.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr std::string_view here = "here";

std::vector<std::string> networks_for(const Inventory& inventory, const std::string& project) {
  std::vector<std::string> names;
  for (const auto& [name, kept] : inventory.all<model::Network>()) {
    const auto& owner = kept->object.private_to;
    if (owner.empty() || owner == project) names.push_back(name);
  }
  return names;
}

Result<ToHere> plan_here(Rooms& rooms, const Found& found, const model::MoveOptions& options) {
  return to_here(*found.all, *found.machine, options,
                 networks_for(rooms.ledger.inventory(), options.project));
}

// What is off is copied once, whatever was asked for.
Way way_of(const Found& found, const model::MoveOptions& options) {
  bool runs = found.machine->state != model::Observed::off;
  return options.warm && runs ? Way::from_running : Way::from;
}

// Its cards keep their addresses, unless a machine here has one of them.
Result<void> give_cards(const Inventory& inventory, const access::Caller& caller,
                        const std::vector<CardHere>& cards, model::VmCreate wish, model::Vm& vm) {
  vm.nics.clear();
  for (const auto& card : cards) {
    wish.network = card.network;
    TRY(auto nic, new_nic(inventory, caller, wish));
    nic.number = static_cast<std::int64_t>(vm.nics.size());
    auto has = [&](const model::VmNic& other) { return other.mac == card.mac; };
    bool taken = card.mac.empty() || std::ranges::any_of(vm.nics, has);
    for (const auto& [name, kept] : inventory.all<model::Vm>())
      taken = taken || std::ranges::any_of(kept->object.nics, has);
    nic.mac = taken ? random_mac() : card.mac;
    vm.nics.push_back(std::move(nic));
  }
  return {};
}

Result<model::Vm> make_here(const Inventory& inventory, const access::Caller& caller,
                            const ToHere& to, const std::string& host) {
  auto wish = to.wish;
  wish.disk = to.disks.front().size;
  if (!to.cards.empty()) wish.network = to.cards.front().network;
  TRY(auto vm, new_vm(inventory, caller, wish));
  vm.disks.clear();
  for (const auto& disk : to.disks) {
    TRY_VOID(check_pool(inventory, wish.pool, {disk.size, {}}, "/pool", {}));
    vm.disks.push_back({.id = disk.id, .size = disk.size, .pool = wish.pool});
  }
  TRY_VOID(give_cards(inventory, caller, to.cards, wish, vm));
  bool known = to.uuid.size() == vm.uuid.size() && !inventory.vm_by_uuid(to.uuid);
  if (known) vm.uuid = to.uuid;
  if (host.empty()) {
    vm.host = place_now(inventory, vm).host;
  } else {
    if (!inventory.find<model::Host>(host))
      return fail_field("/host", fmt::format("there is no host '{}'", host));
    auto placement = place_among(inventory, vm, {host});
    if (placement.host.empty()) return fail_field("/host", scheduler::told(placement.refusals));
    vm.host = placement.host;
  }
  if (!vm.host.empty()) ++vm.epoch;
  return vm;
}

// With the machine here, which is marked.
model::Task begin_move(Ledger& ledger, Change& change, model::Vm vm, model::Relocation move,
                       const model::MoveReport& report) {
  auto task = begin_task(ledger, change, "vm.move", fmt::format("vms/{}/relocation", vm.name),
                         vm.project, 0);
  move.vm = vm.uuid;
  vm.relocation = task.name;
  change.put(vm);
  return begin_move(change, std::move(task), std::move(move), report);
}

Async<Result<http::Response>> move_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::MoveOptions>());
  if (options.to != here) co_return co_await move_across(rooms, context, std::move(options));
  CO_TRY(auto first, find_foreign(rooms, context));
  CO_TRY_VOID(access::allow_project(context.caller, options.project));
  CO_TRY_VOID(check_transfers(rooms, first.platform, way_of(first, options)));
  const auto& inventory = rooms.ledger.inventory();
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto found, find_foreign(rooms, context));
    TRY(auto to, plan_here(rooms, found, options));
    if (options.prepare && way_of(found, options) == Way::from_running)
      return fail_field("/prepare",
                        "the guest of a machine that is copied while it runs is not changed: shut "
                        "it down and leave --warm out");
    TRY_VOID(check_stays(inventory, found.platform, found.machine->id));
    TRY_VOID(check_name_free(inventory, to.wish.name, "/new_name"));
    TRY(auto vm, make_here(inventory, context.caller, to, options.host));
    model::Relocation move;
    move.platform = found.platform;
    move.machine = found.machine->id;
    move.arrives = true;
    move.options = options;
    move.options.warm = way_of(found, options) == Way::from_running;
    move.disks = to.disks;
    task = begin_move(rooms.ledger, change, vm, std::move(move), to.report);
    change.event("api.move_foreign_vm", "vms/" + vm.name, vm.project,
                 fmt::format("move '{}' here from {}", found.machine->name, found.platform));
    return {};
  }));
  co_return object_response(202, task, 0);
}

Async<Result<http::Response>> report_foreign_vm_move(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::MoveOptions>());
  if (options.to != here) co_return co_await report_across(rooms, context, std::move(options));
  CO_TRY(auto found, find_foreign(rooms, context));
  if (options.warm) CO_TRY_VOID(check_transfers(rooms, found.platform, way_of(found, options)));
  CO_TRY(auto to, plan_here(rooms, found, options));
  co_return object_response(200, to.report, 0);
}

/// What a move away is planned with.
struct Going {
  Ref<model::Vm> vm;
  ToThere to;
};

Result<Going> plan_there(Rooms& rooms, const Context& context, const model::MoveOptions& options) {
  const auto& inventory = rooms.ledger.inventory();
  TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  if (options.to == here)
    return fail_field("/to", "it is here already: say which platform (truce platform list)");
  TRY(const auto* all, inventory_there(rooms, context, options));
  TRY(auto to, to_there(kept->object, options, *all, {}, rooms.platforms.devices_of(options.to)));
  TRY_VOID(check_name_there(*all, to.machine.name, to.machine.uuid));
  return Going{std::move(kept), std::move(to)};
}

Async<Result<http::Response>> move_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::MoveOptions>());
  const auto& inventory = rooms.ledger.inventory();
  if (inventory.find<model::Platform>(options.to) && access::unlimited(context.caller))
    CO_TRY_VOID(check_transfers(rooms, options.to, Way::to));
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto going, plan_there(rooms, context, options));
    auto vm = going.vm->object;
    TRY_VOID(context.check_match(going.vm->revision));
    TRY_VOID(check_settled(vm));
    TRY_VOID(check_idle(inventory, vm));
    model::Relocation move;
    move.platform = options.to;
    move.arrives = false;
    move.options = options;
    move.disks = going.to.disks;
    task = begin_move(rooms.ledger, change, vm, std::move(move), going.to.report);
    change.event("api.move_vm", "vms/" + vm.name, vm.project, "move to " + options.to);
    return {};
  }));
  co_return object_response(202, task, 0);
}

Async<Result<http::Response>> report_vm_move(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::MoveOptions>());
  CO_TRY(auto going, plan_there(rooms, context, options));
  co_return object_response(200, going.to.report, 0);
}

}  // namespace

void add_relocation_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::move_vm, move_vm);
  handlers.on(Operation::report_vm_move, report_vm_move);
  handlers.on(Operation::move_foreign_vm, move_foreign_vm);
  handlers.on(Operation::report_foreign_vm_move, report_foreign_vm_move);
}

}  // namespace truce::manager
