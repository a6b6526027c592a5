#include "placement.h"

#include <fmt/ranges.h>

#include "base/log.h"
#include "plans/gather.h"
#include "pools/places.h"
#include "resources/conflict_classes.h"
#include "resources/resource_pools.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr std::size_t placed_at_once = 50;

bool needs_memory(const model::Vm& vm) {
  return vm.wanted == model::Wanted::running || vm.wanted == model::Wanted::paused;
}

// Who waits for the machine sees what it waits for.
void show_in_tasks(const Inventory& inventory, Change& change, const model::Vm& vm) {
  for (const auto& name : inventory.live_tasks()) {
    auto task = inventory.find<model::Task>(name)->object;
    if (vm.problem.empty() || task.target != "vms/" + vm.name) continue;
    note_step(task, vm.problem, 0);
    change.put(task);
  }
}

}  // namespace

std::vector<scheduler::Candidate> candidates(const Inventory& inventory,
                                             const std::string& except) {
  std::map<std::string, scheduler::Candidate> hosts;
  for (const auto& [name, kept] : inventory.all<model::Host>()) hosts[name].host = kept->object;
  for (const auto& [uuid, kept] : inventory.all<model::Vm>()) {
    const auto& vm = kept->object;
    if (vm.uuid == except) continue;
    // One that moves has its room on both.
    for (const auto& name : {vm.host, vm.moving_to}) {
      auto host = hosts.find(name);
      if (host == hosts.end()) continue;
      ++host->second.machines;
      if (!vm.conflict_class.empty())
        host->second.neighbours.emplace_back(vm.name, vm.conflict_class);
      if (!needs_memory(vm)) continue;
      host->second.promised.count += vm.memory.count;
      if (vm.resources) host->second.reserved_cpu += vm.resources->cpu_reservation.value_or(0);
    }
  }
  std::vector<scheduler::Candidate> all;
  for (auto& [name, candidate] : hosts) all.push_back(std::move(candidate));
  return all;
}

scheduler::Placement place_now(const Inventory& inventory, const model::Vm& vm) {
  auto why =
      needs_memory(vm) ? scheduler::pool_refusal(vm, pools_of(inventory, vm)) : std::string();
  if (!why.empty()) return {.refusals = {why}};
  std::vector<scheduler::Candidate> able;
  std::vector<std::string> refusals;
  for (auto& candidate : candidates(inventory, vm.uuid)) {
    auto reach = check_reach(inventory, vm, candidate.host.name);
    // Of one that is offline that is what there is to say.
    bool told = !reach && candidate.host.state == model::HostState::online;
    if (told) refusals.push_back(reach.error().message);
    if (!told) able.push_back(std::move(candidate));
  }
  if (able.empty() && !refusals.empty()) return {.host = {}, .reason = {}, .refusals = refusals};
  auto placement = scheduler::place(vm, able, conflicts_of(inventory), terms_for(inventory, vm));
  if (placement.host.empty()) std::ranges::move(refusals, std::back_inserter(placement.refusals));
  return placement;
}

scheduler::Placement place_among(const Inventory& inventory, const model::Vm& vm,
                                 const std::vector<std::string>& hosts) {
  std::vector<scheduler::Candidate> some;
  for (auto& candidate : candidates(inventory, vm.uuid)) {
    if (std::ranges::find(hosts, candidate.host.name) != hosts.end())
      some.push_back(std::move(candidate));
  }
  if (some.empty()) return {};
  return scheduler::place(vm, some, conflicts_of(inventory), terms_for(inventory, vm));
}

Result<void> check_room(const Inventory& inventory, const model::Vm& vm) {
  auto why = scheduler::pool_refusal(vm, pools_of(inventory, vm));
  if (!why.empty()) return fail(Code::limit, "{}", why);
  for (auto& candidate : candidates(inventory, vm.uuid)) {
    if (candidate.host.name != vm.host) continue;
    auto placement = scheduler::place(vm, {candidate}, conflicts_of(inventory));
    if (!placement.host.empty()) return {};
    return fail(Code::limit, "{}", fmt::join(placement.refusals, "; "));
  }
  return {};  // not placed yet: the placement loop says why
}

Result<void> check_company(const Inventory& inventory, const model::Vm& vm) {
  for (const auto& candidate : candidates(inventory, vm.uuid)) {
    if (candidate.host.name != vm.host) continue;
    auto why = scheduler::company_refusal(vm, candidate, conflicts_of(inventory));
    if (!why.empty()) return fail(Code::precondition, "{}", why);
  }
  return {};
}

Async<void> place_machines(Ledger& ledger) {
  auto& inventory = ledger.inventory();
  while (true) {
    auto seen = inventory.revision();
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      std::size_t placed = 0;
      for (const auto& name : inventory.unplaced()) {
        auto vm = inventory.find<model::Vm>(name)->object;
        auto placement = place_now(inventory, vm);
        auto problem = placement.host.empty()
                           ? fmt::format("no host fits: {}", fmt::join(placement.refusals, "; "))
                           : std::string();
        if (placement.host.empty() && problem == vm.problem) continue;
        vm.host = placement.host;
        if (!vm.host.empty()) ++vm.epoch;
        vm.problem = std::move(problem);
        change.put(vm);
        show_in_tasks(inventory, change, vm);
        if (!placement.host.empty()) {
          change.event("vm.placed", "vms/" + name, vm.project,
                       fmt::format("placed on {}: {}", placement.host, placement.reason));
        }
        if (++placed == placed_at_once) break;
      }
      return {};
    });
    if (!done) {
      spdlog::warn("placement: {}", done.error().message);
      co_await sleep_for(1s);
    }
    // What came while this was stored has not been looked at yet.
    co_await inventory.changed_since(seen);
  }
}

}  // namespace truce::manager
