#include "plans/gather.h"

namespace truce::manager {
namespace {

template <class T>
std::vector<const T*> all_of(const Inventory& inventory) {
  std::vector<const T*> all;
  for (const auto& [name, kept] : inventory.all<T>()) all.push_back(&kept->object);
  return all;
}

}  // namespace

scheduler::Estate gather(const Inventory& inventory, const Demands& demands, Time time,
                         scheduler::Keep keep) {
  scheduler::Objects objects{.hosts = all_of<model::Host>(inventory),
                             .vms = all_of<model::Vm>(inventory),
                             .rules = all_of<model::Rule>(inventory),
                             .pools = all_of<model::Pool>(inventory),
                             .networks = all_of<model::Network>(inventory),
                             .classes = all_of<model::ConflictClass>(inventory),
                             .demands = {},
                             .time = time,
                             .keep = keep};
  for (const auto* vm : objects.vms)
    if (auto demand = demands.of(vm->uuid, time)) objects.demands.emplace(vm->name, *demand);
  return scheduler::estate_of(objects);
}

scheduler::Keep keep_for(model::PlanKind kind, By by) {
  if (kind != model::PlanKind::balance) return scheduler::Keep::none;
  return by == By::somebody ? scheduler::Keep::off : scheduler::Keep::all_but_automatic;
}

scheduler::Terms terms_for(const Inventory& inventory, const model::Vm& vm) {
  const auto& rules = inventory.all<model::Rule>();
  if (rules.empty()) return {};
  auto others = all_of<model::Vm>(inventory);
  auto drafts = inventory.drafts().all();
  for (const auto& draft : drafts) others.push_back(draft.get());
  return {.rules = scheduler::rules_about(vm, all_of<model::Rule>(inventory), others,
                                          all_of<model::Host>(inventory))};
}

}  // namespace truce::manager
