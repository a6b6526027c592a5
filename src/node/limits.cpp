// What a keeper asks of the hypervisor that a machine may have of its host.
#include <algorithm>

#include "base/log.h"
#include "keeper.h"

namespace truce::node {

std::vector<hypervisor::Share> shares_above(const std::vector<model::ResourcePool>& pools,
                                            const std::string& name) {
  std::vector<hypervisor::Share> shares;
  auto at = name;
  // No further than there are pools: a tree that is none ends, too.
  for (std::size_t steps = 0; steps <= pools.size() && !at.empty(); ++steps) {
    auto found = std::ranges::find(pools, at, &model::ResourcePool::name);
    if (found == pools.end()) break;
    shares.push_back(
        {found->name, static_cast<int>(found->cpu_shares), static_cast<int>(found->cpu_limit)});
    at = found->parent;
  }
  std::ranges::reverse(shares);
  return shares;
}

hypervisor::Limits Keeper::wished_limits() const {
  auto wish = vm().resources.value_or(model::VmResources());
  hypervisor::Limits limits;
  limits.cpu_shares = static_cast<int>(wish.cpu_shares.value_or(0));
  limits.cpu_limit = static_cast<int>(wish.cpu_limit.value_or(0));
  limits.cpu_reservation = static_cast<int>(wish.cpu_reservation.value_or(0));
  limits.memory_reservation = wish.memory_reservation.value_or(Bytes());
  limits.read_iops = wish.read_iops.value_or(0);
  limits.write_iops = wish.write_iops.value_or(0);
  limits.read_rate = wish.read_rate.value_or(Bytes());
  limits.write_rate = wish.write_rate.value_or(Bytes());
  limits.burst_seconds = static_cast<int>(wish.burst_seconds.value_or(0));
  limits.groups = shares_above(hands_.resource_pools, vm().resource_pool);
  return limits;
}

// At its start it had what was wanted then; an adopted machine gets it again.
Async<void> Keeper::refresh_limits() {
  auto limits = wished_limits();
  if (!is_up(observed_) || limits == limits_) co_return;
  limits_ = limits;
  auto done = co_await hands_.hypervisor.set_limits(vm().uuid, std::move(limits));
  if (done) co_return;
  spdlog::warn("machine {}: its limits: {}", vm().name, done.error().message);
  model::VmReport news;
  news.event = "vm.limits_failed";
  news.event_message = done.error().message;
  report(std::move(news));
}

}  // namespace truce::node
