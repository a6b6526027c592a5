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

// Who waits for the machine sees what it waits for.
void show_in_tasks(const Inventory& inventory, Change& change, const model::Vm& vm) {
  for (const auto& name : inventory.live_tasks()) {
    auto task = inventory.find<model::Task>(name)->object;
    if (vm.problem.empty() || task.target != "vms/" + vm.name) continue;
    note_step(task, vm.problem, 0);
    change.put(task);
  }
}

scheduler::Candidate candidate_of(const Inventory& inventory, const Ref<model::Host>& host,
                                  const Ref<model::Vm>& except) {
  const auto& name = host->object.name;
  const auto* use = &inventory.uses().of(name);
  HostUse without;
  if (except && (except->object.host == name || except->object.moving_to == name)) {
    without = *use;
    for (const auto* one : {&except->object.host, &except->object.moving_to})
      if (*one == name) count(without, except->object, -1);
    use = &without;
  }
  return {.host = std::shared_ptr<const model::Host>(host, &host->object),
          .promised = use->promised,
          .reserved_cpu = use->reserved_cpu,
          .machines = use->machines,
          .neighbours = {use->classes.begin(), use->classes.end()}};
}

// The machine's own host without it.
std::optional<scheduler::Candidate> own_host(const Inventory& inventory, const model::Vm& vm) {
  auto host = inventory.find<model::Host>(vm.host);
  if (!host) return std::nullopt;
  return candidate_of(inventory, host, inventory.vm_by_uuid(vm.uuid));
}

// Whether its disks can be on a host is asked of few hosts: it takes the longest.
scheduler::Terms terms_with_reach(const Inventory& inventory, const model::Vm& vm) {
  auto terms = terms_for(inventory, vm);
  terms.reach = [&](const model::Host& host) {
    auto reached = check_reach(inventory, vm, host.name);
    return reached ? std::string() : reached.error().message;
  };
  return terms;
}

}  // namespace

std::vector<scheduler::Candidate> candidates(const Inventory& inventory,
                                             const std::string& except) {
  auto vm = inventory.vm_by_uuid(except);
  const auto& hosts = inventory.all<model::Host>();
  std::vector<scheduler::Candidate> all;
  all.reserve(hosts.size());
  for (const auto& [name, kept] : hosts) all.push_back(candidate_of(inventory, kept, vm));
  return all;
}

scheduler::Placement place_now(const Inventory& inventory, const model::Vm& vm) {
  auto why =
      needs_memory(vm) ? scheduler::pool_refusal(vm, pools_of(inventory, vm)) : std::string();
  if (!why.empty()) return {.refusals = {why}};
  return scheduler::place(vm, candidates(inventory, vm.uuid), conflicts_of(inventory),
                          terms_with_reach(inventory, vm));
}

scheduler::Placement place_among(const Inventory& inventory, const model::Vm& vm,
                                 const std::vector<std::string>& hosts) {
  std::vector<scheduler::Candidate> some;
  for (const auto& name : hosts) {
    auto host = inventory.find<model::Host>(name);
    if (host) some.push_back(candidate_of(inventory, host, inventory.vm_by_uuid(vm.uuid)));
  }
  if (some.empty()) return {};
  return scheduler::place(vm, some, conflicts_of(inventory), terms_for(inventory, vm));
}

Result<void> check_room(const Inventory& inventory, const model::Vm& vm) {
  auto why = scheduler::pool_refusal(vm, pools_of(inventory, vm));
  if (!why.empty()) return fail(Code::limit, "{}", why);
  auto candidate = own_host(inventory, vm);
  if (!candidate) return {};  // not placed yet: the placement loop says why
  auto placement = scheduler::place(vm, {*std::move(candidate)}, conflicts_of(inventory));
  if (!placement.host.empty()) return {};
  return fail(Code::limit, "{}", fmt::join(placement.refusals, "; "));
}

Result<void> check_company(const Inventory& inventory, const model::Vm& vm) {
  auto candidate = own_host(inventory, vm);
  if (!candidate) return {};
  auto why = scheduler::company_refusal(vm, *candidate, conflicts_of(inventory));
  if (!why.empty()) return fail(Code::precondition, "{}", why);
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
