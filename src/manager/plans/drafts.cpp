#include "plans/drafts.h"

#include <algorithm>
#include <tuple>

#include "inventory.h"

namespace truce::manager {
namespace {

bool is_at(const model::Vm& vm, const std::string& host) {
  return vm.host == host || vm.moving_to == host;
}

// What it takes of that host that it did not take before.
HostUse more_than(const model::Vm& vm, const model::Vm* before, const std::string& host) {
  HostUse more, had;
  count(more, vm, 1);
  if (before != nullptr && is_at(*before, host)) count(had, *before, 1);
  more.machines -= had.machines;
  more.promised.count -= std::min(more.promised.count, had.promised.count);
  more.reserved_cpu -= std::min(more.reserved_cpu, had.reserved_cpu);
  return more;
}

auto disks_of(const model::Vm& vm) {
  std::vector<std::pair<std::string, Bytes>> disks;
  for (const auto& disk : vm.disks) disks.emplace_back(disk.pool, disk.size);
  return disks;
}

}  // namespace

Draft Drafts::add(model::Vm vm) {
  std::erase_if(drafts_, [](const auto& draft) { return draft.expired(); });
  auto draft = std::make_shared<const model::Vm>(std::move(vm));
  drafts_.push_back(draft);
  return draft;
}

std::vector<Draft> Drafts::all() const {
  std::vector<Draft> drafts;
  for (const auto& kept : drafts_)
    if (auto draft = kept.lock()) drafts.push_back(std::move(draft));
  return drafts;
}

bool takes_otherwise(const model::Vm* before, const model::Vm& now) {
  if (before == nullptr) return true;
  auto where = [](const model::Vm& vm) {
    return std::tie(vm.host, vm.moving_to, vm.conflict_class, vm.resource_pool, vm.labels);
  };
  auto what = [](const model::Vm& vm) { return std::tuple(needs_memory(vm), vm.memory); };
  return where(*before) != where(now) || what(*before) != what(now) ||
         before->resources != now.resources || disks_of(*before) != disks_of(now);
}

HostUses uses_of_drafts(const Inventory& inventory, const std::string& except) {
  HostUses uses;
  for (const auto& draft : inventory.drafts().all()) {
    if (draft->uuid == except) continue;
    auto before = inventory.vm_by_uuid(draft->uuid);
    for (const auto* host : {&draft->host, &draft->moving_to}) {
      if (!host->empty())
        uses.add(*host, more_than(*draft, before ? &before->object : nullptr, *host));
    }
  }
  return uses;
}

}  // namespace truce::manager
