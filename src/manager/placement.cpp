#include "placement.h"

#include <fmt/ranges.h>

#include "base/log.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr std::size_t placed_at_once = 50;

bool needs_memory(const model::Vm& vm) {
  return vm.wanted == model::Wanted::running || vm.wanted == model::Wanted::paused;
}

// All hosts with what they have promised to machines other than `except`.
std::vector<scheduler::Candidate> candidates(const Inventory& inventory,
                                             const std::string& except) {
  std::map<std::string, scheduler::Candidate> hosts;
  for (const auto& [name, kept] : inventory.all<model::Host>()) hosts[name].host = kept->object;
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    const auto& vm = kept->object;
    auto host = hosts.find(vm.host);
    if (host == hosts.end() || vm.uuid == except) continue;
    ++host->second.machines;
    if (needs_memory(vm)) host->second.promised.count += vm.memory.count;
  }
  std::vector<scheduler::Candidate> all;
  for (auto& [name, candidate] : hosts) all.push_back(std::move(candidate));
  return all;
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

scheduler::Placement place_now(const Inventory& inventory, const model::Vm& vm) {
  return scheduler::place(vm, candidates(inventory, vm.uuid));
}

Result<void> check_room(const Inventory& inventory, const model::Vm& vm) {
  for (auto& candidate : candidates(inventory, vm.uuid)) {
    if (candidate.host.name != vm.host) continue;
    auto placement = scheduler::place(vm, {candidate});
    if (!placement.host.empty()) return {};
    return fail(Code::limit, "{}", fmt::join(placement.refusals, "; "));
  }
  return {};  // not placed yet: the placement loop says why
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
    co_await inventory.changed_since(std::max(seen, inventory.revision()));
  }
}

}  // namespace truce::manager
