#include "recovery/stranded.h"

#include "base/log.h"
#include "moves/moves.h"
#include "pools/places.h"
#include "recovery/tenants.h"
#include "resources/conflict_classes.h"
#include "tasks.h"

namespace truce::manager {

using model::Wanted;

namespace {

// Only what its host runs by a tenancy can be given to another one by that. What could not be ended
// is to be ended still.
bool is_stranded(const Inventory& inventory, const model::Vm& vm) {
  auto policy = vm.availability.value_or(model::VmAvailability());
  bool asked = policy.on_storage_loss == model::StorageLossResponse::restart_elsewhere;
  bool suffers = !vm.storage_problem.empty() && vm.wanted == Wanted::running;
  if (!asked || (!suffers && !leaves_storage(vm))) return false;
  auto tenancy = inventory.find<model::VmTenancy>(vm.uuid);
  return tenancy && tenancy->object.owner == vm.host && lives(inventory, vm.host) &&
         is_protected(inventory, vm);
}

// The disk that binds a machine to its host; null: none does.
const model::VmDisk* bound_by(const Inventory& inventory, const model::Vm& vm) {
  if (vm.observed == model::Observed::absent) return nullptr;
  auto binds = [&](const model::VmDisk& disk) {
    auto pool = inventory.find<model::Pool>(disk.pool);
    return !pool || !pool->object.shared;
  };
  auto found = std::ranges::find_if(vm.disks, binds);
  return found == vm.disks.end() ? nullptr : &*found;
}

Duration patience_of(const model::Vm& vm) {
  auto policy = vm.availability.value_or(model::VmAvailability());
  return std::chrono::seconds(policy.storage_loss_seconds);
}

}  // namespace

Refuges::Refuges(const Inventory& inventory)
    : inventory_(inventory),
      hosts_(candidates(inventory, {})),
      conflicts_(conflicts_of(inventory)) {
  std::erase_if(hosts_, [&](const auto& host) { return !lives(inventory, host.host->name); });
}

Refuge Refuges::of(const model::Vm& vm, const std::string& but) const {
  Refuge refuge;
  std::set<std::string> refusals;
  const auto* disk = bound_by(inventory_, vm);
  bool away = std::ranges::none_of(
      hosts_, [&](const auto& host) { return host.host->name == vm.host && vm.host != but; });
  if (disk != nullptr && away) {
    refuge.lack = fmt::format("it cannot be started on another host: {} is in the pool '{}' of {}",
                              disk->id, disk->pool, vm.host);
    return refuge;
  }
  auto all = scheduler::refusals(vm, hosts_, conflicts_, terms_with_reach(inventory_, vm));
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const auto& name = hosts_[i].host->name;
    if (name == but) continue;
    all[i].empty() ? refuge.hosts.push_back(name) : void(refusals.insert(std::move(all[i])));
  }
  if (!refuge.hosts.empty()) return refuge;
  refuge.lack = fmt::format("it cannot be started on another host: {}",
                            refusals.empty() ? "there is none that lives"
                                             : scheduler::told({refusals.begin(), refusals.end()}));
  return refuge;
}

bool is_refuge_now(const Inventory& inventory, const model::Vm& vm, const std::string& host) {
  return lives(inventory, host) && check_reach(inventory, vm, host).has_value() &&
         !place_among(inventory, vm, {host}).host.empty();
}

bool leaves_storage(const model::Vm& vm) {
  return vm.leaves_storage > 0 && vm.leaves_storage == vm.generation && vm.wanted == Wanted::off;
}

// A new leader counts anew.
Async<void> Stranded::look(availability::LeaderTime now) {
  std::map<std::string, Since> found;
  for (const auto& [name, kept] : ledger_.inventory().all<model::Vm>()) {
    const auto& vm = kept->object;
    bool candidate = !vm.storage_problem.empty() || leaves_storage(vm);
    if (!candidate || !is_stranded(ledger_.inventory(), vm)) continue;
    auto known = stranded_.find(vm.uuid);
    found[vm.uuid] = known == stranded_.end() ? Since{now} : known->second;
  }
  stranded_ = std::move(found);
  std::vector<std::string> due;
  for (const auto& [uuid, since] : stranded_) {
    auto kept = ledger_.inventory().vm_by_uuid(uuid);
    if (kept && now - since.time >= patience_of(kept->object)) due.push_back(uuid);
  }
  for (const auto& uuid : due) co_await judge(uuid, stranded_[uuid]);
}

// One commit: it is to be off at once, and why. Its host says when it is.
Async<void> Stranded::judge(std::string uuid, Since& since) {
  auto& inventory = ledger_.inventory();
  bool was_told = since.told;
  std::string lack;
  auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    auto kept = inventory.vm_by_uuid(uuid);
    if (!kept || !is_stranded(inventory, kept->object)) return {};
    auto vm = kept->object;
    auto target = "vms/" + vm.name;
    if (leaves_storage(vm)) {
      vm.leaves_storage = ++vm.generation;
      change.put(vm);
      return {};
    }
    lack = Refuges(inventory).of(vm, vm.host).lack;
    if (!lack.empty()) {
      auto said = fmt::format("{}; {}", vm.storage_problem, lack);
      if (!was_told) change.event("vm.waiting", target, vm.project, said);
      return {};
    }
    call_off_move(inventory, change, vm, model::TaskState::failed, vm.storage_problem);
    vm.wanted = Wanted::off;
    vm.stop_now = true;
    vm.leaves_storage = ++vm.generation;
    vm.problem = vm.storage_problem + ": it is ended there, and started on another host";
    change.event("vm.storage_lost", target, vm.project, vm.problem);
    change.put(vm);
    return {};
  });
  if (!done) {
    spdlog::warn("machine {}: {}", uuid, done.error().message);
  } else if (lack.empty()) {
    stranded_.erase(uuid);
  } else {
    since.told = true;
  }
}

}  // namespace truce::manager
