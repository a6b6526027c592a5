#include "plans/host_uses.h"

namespace truce::manager {

bool needs_memory(const model::Vm& vm) {
  return vm.wanted == model::Wanted::running || vm.wanted == model::Wanted::paused;
}

void count(HostUse& use, const model::Vm& vm, int times) {
  auto times_of = [&](std::uint64_t value) {
    return times < 0 ? std::uint64_t{0} - value : value;  // wraps: what was added is taken off
  };
  use.machines += times_of(1);
  if (!vm.conflict_class.empty()) {
    if (times > 0)
      use.classes[vm.name] = vm.conflict_class;
    else
      use.classes.erase(vm.name);
  }
  if (!needs_memory(vm)) return;
  use.promised.count += times_of(vm.memory.count);
  if (vm.resources) use.reserved_cpu += times * vm.resources->cpu_reservation.value_or(0);
}

void HostUses::count(const model::Vm& vm, int times) {
  for (const auto* host : {&vm.host, &vm.moving_to}) {
    if (host->empty()) continue;
    auto& use = uses_[*host];
    manager::count(use, vm, times);
    if (use.machines == 0) uses_.erase(*host);
  }
}

void add(HostUse& use, const HostUse& more) {
  use.promised.count += more.promised.count;
  use.reserved_cpu += more.reserved_cpu;
  use.machines += more.machines;
  use.classes.insert(more.classes.begin(), more.classes.end());
}

void HostUses::add(const std::string& host, const HostUse& more) {
  manager::add(uses_[host], more);
}

const HostUse& HostUses::of(const std::string& host) const {
  static const HostUse nothing;
  auto found = uses_.find(host);
  return found == uses_.end() ? nothing : found->second;
}

}  // namespace truce::manager
