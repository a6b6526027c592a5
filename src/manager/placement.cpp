#include "placement.h"

#include "base/log.h"
#include "plans/gather.h"
#include "pools/places.h"
#include "resources/conflict_classes.h"
#include "resources/resource_pools.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr std::size_t looked_at_once = 25;

// Who waits for the machine sees what it waits for.
void show_in_tasks(const Inventory& inventory, Change& change, const model::Vm& vm) {
  for (const auto& name : inventory.live_tasks()) {
    auto task = inventory.find<model::Task>(name)->object;
    if (vm.problem.empty() || task.target != "vms/" + vm.name) continue;
    note_step(task, vm.problem, 0);
    change.put(task);
  }
}

// `drafts`: what is taken beside what the inventory shows.
scheduler::Candidate candidate_of(const Inventory& inventory, const HostUses& drafts,
                                  const Ref<model::Host>& host, const Ref<model::Vm>& except) {
  const auto& name = host->object.name;
  const auto* use = &inventory.uses().of(name);
  const auto& more = drafts.of(name);
  HostUse other;
  bool was_here = except && (except->object.host == name || except->object.moving_to == name);
  if (was_here || more != HostUse()) {
    other = *use;
    add(other, more);
    for (const auto* one : {&except->object.host, &except->object.moving_to})
      if (was_here && *one == name) count(other, except->object, -1);
    use = &other;
  }
  scheduler::Candidate candidate{.host = std::shared_ptr<const model::Host>(host, &host->object),
                                 .promised = use->promised,
                                 .reserved_cpu = use->reserved_cpu,
                                 .machines = use->machines,
                                 .neighbours = {use->classes.begin(), use->classes.end()}};
  for (const auto& neighbour : more.classes) candidate.neighbours.push_back(neighbour);
  return candidate;
}

// The machine's own host without it.
std::optional<scheduler::Candidate> own_host(const Inventory& inventory, const model::Vm& vm) {
  auto host = inventory.find<model::Host>(vm.host);
  if (!host) return std::nullopt;
  return candidate_of(inventory, uses_of_drafts(inventory, vm.uuid), host,
                      inventory.vm_by_uuid(vm.uuid));
}

}  // namespace

scheduler::Terms terms_with_reach(const Inventory& inventory, const model::Vm& vm) {
  auto terms = terms_for(inventory, vm);
  terms.reach = [&inventory, &vm](const model::Host& host) {
    auto reached = check_reach(inventory, vm, host.name);
    return reached ? std::string() : reached.error().message;
  };
  return terms;
}

std::vector<scheduler::Candidate> candidates(const Inventory& inventory,
                                             const std::string& except) {
  auto vm = inventory.vm_by_uuid(except);
  const auto& hosts = inventory.all<model::Host>();
  std::vector<scheduler::Candidate> all;
  all.reserve(hosts.size());
  auto drafts = uses_of_drafts(inventory, except);
  for (const auto& [name, kept] : hosts) all.push_back(candidate_of(inventory, drafts, kept, vm));
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
  auto drafts = uses_of_drafts(inventory, vm.uuid);
  auto kept = inventory.vm_by_uuid(vm.uuid);
  for (const auto& name : hosts) {
    auto host = inventory.find<model::Host>(name);
    if (host) some.push_back(candidate_of(inventory, drafts, host, kept));
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
  return fail(Code::limit, "{}", scheduler::told(placement.refusals));
}

Result<void> check_company(const Inventory& inventory, const model::Vm& vm) {
  auto candidate = own_host(inventory, vm);
  if (!candidate) return {};
  auto why = scheduler::company_refusal(vm, *candidate, conflicts_of(inventory));
  if (!why.empty()) return fail(Code::precondition, "{}", why);
  return {};
}

namespace {

// Where it goes, or why it goes nowhere; nothing where that has been said already.
void place_one(const Inventory& inventory, Change& change, const std::string& name) {
  auto vm = inventory.find<model::Vm>(name)->object;
  auto placement = place_now(inventory, vm);
  auto problem = placement.host.empty() ? "no host fits: " + scheduler::told(placement.refusals)
                                        : std::string();
  if (placement.host.empty() && problem == vm.problem) return;
  vm.host = placement.host;
  if (!vm.host.empty()) ++vm.epoch;
  vm.problem = std::move(problem);
  change.put(vm);
  show_in_tasks(inventory, change, vm);
  if (placement.host.empty()) return;
  change.event("vm.placed", "vms/" + name, vm.project,
               fmt::format("placed on {}: {}", placement.host, placement.reason));
}

// Some of those that come after `last`, by name; answers the last of them, or nothing where these
// were all.
std::string place_some(const Inventory& inventory, Change& change, const std::string& last) {
  std::size_t looked_at = 0;
  const auto& unplaced = inventory.unplaced();
  for (auto name = unplaced.upper_bound(last); name != unplaced.end(); ++name) {
    place_one(inventory, change, *name);
    if (++looked_at == looked_at_once || change.full()) return *name;
  }
  return {};
}

}  // namespace

Async<void> place_machines(Ledger& ledger) {
  auto& inventory = ledger.inventory();
  while (true) {
    auto seen = inventory.revision();
    for (std::string last; true;) {
      std::string next;
      auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
        next = place_some(inventory, change, last);
        return {};
      });
      if (!done) {
        spdlog::warn("placement: {}", done.error().message);
        co_await sleep_for(1s);
      }
      last = std::move(next);
      if (last.empty()) break;
      co_await sleep_for(0ms);  // others have their turn
    }
    // What came while this was stored has not been looked at yet.
    co_await inventory.changed_since(seen);
  }
}

}  // namespace truce::manager
