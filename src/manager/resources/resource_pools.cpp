#include "resources/resource_pools.h"

#include <algorithm>

namespace truce::manager {
namespace {

constexpr std::size_t depth_limit = 8;

bool runs(const model::Vm& vm) {
  return vm.wanted == model::Wanted::running || vm.wanted == model::Wanted::paused;
}

// The pool of that name and those that it is in, up to the first.
std::vector<Ref<model::ResourcePool>> path_of(const Inventory& inventory, const std::string& name) {
  std::vector<Ref<model::ResourcePool>> path;
  auto kept = inventory.find<model::ResourcePool>(name);
  while (kept && path.size() <= depth_limit) {
    path.push_back(kept);
    kept = inventory.find<model::ResourcePool>(kept->object.parent);
  }
  return path;
}

bool inside(const Inventory& inventory, const std::string& name, const std::string& pool) {
  return std::ranges::any_of(path_of(inventory, name),
                             [&](const auto& kept) { return kept->object.name == pool; });
}

// What a machine has of a pool that it is in or below.
scheduler::PoolUse share_of(const Inventory& inventory, const model::ResourcePool& pool,
                            const model::Vm& vm) {
  scheduler::PoolUse use{.pool = {}};
  if (!runs(vm) || !inside(inventory, vm.resource_pool, pool.name)) return use;
  use.memory = vm.memory;
  if (!vm.resources) return use;
  use.reserved_memory = vm.resources->memory_reservation.value_or(Bytes());
  use.reserved_cpu = vm.resources->cpu_reservation.value_or(0);
  return use;
}

void add(scheduler::PoolUse& use, const scheduler::PoolUse& more) {
  use.memory.count += more.memory.count;
  use.reserved_memory.count += more.reserved_memory.count;
  use.reserved_cpu += more.reserved_cpu;
}

// What it has more than before.
scheduler::PoolUse beyond(scheduler::PoolUse now, const scheduler::PoolUse& before) {
  now.memory.count -= std::min(now.memory.count, before.memory.count);
  now.reserved_memory.count -= std::min(now.reserved_memory.count, before.reserved_memory.count);
  now.reserved_cpu -= std::min(now.reserved_cpu, before.reserved_cpu);
  return now;
}

// What the machines in a pool and below it have, but for one; those of changes that are not stored
// yet, too.
scheduler::PoolUse use_of(const Inventory& inventory, const model::ResourcePool& pool,
                          const std::string& except) {
  scheduler::PoolUse use{.pool = pool};
  for (const auto& [name, kept] : inventory.all<model::Vm>())
    if (kept->object.uuid != except) add(use, share_of(inventory, pool, kept->object));
  for (const auto& draft : inventory.drafts().all()) {
    if (draft->uuid == except) continue;
    auto before = inventory.vm_by_uuid(draft->uuid);
    auto had = before ? share_of(inventory, pool, before->object) : scheduler::PoolUse{.pool = {}};
    add(use, beyond(share_of(inventory, pool, *draft), had));
  }
  return use;
}

Async<Result<http::Response>> create_pool(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::ResourcePoolCreate>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    if (inventory.find<model::ResourcePool>(wish.name)) {
      return std::unexpected(Error{Code::conflict,
                                   fmt::format("there is a resource pool '{}' already", wish.name),
                                   "/name"});
    }
    model::ResourcePool pool{.name = wish.name, .parent = wish.parent};
    if (pool.parent.empty()) pool.parent = first_pool;
    auto above = path_of(inventory, pool.parent);
    if (above.empty())
      return fail_field("/parent", fmt::format("there is no resource pool '{}'", pool.parent));
    if (above.size() >= depth_limit)
      return fail_field("/parent", fmt::format("pools stand at most {} deep", depth_limit));
    pool.description = wish.description;
    pool.cpu_shares = wish.cpu_shares;
    pool.cpu_limit = wish.cpu_limit;
    pool.cpu_reservation = wish.cpu_reservation;
    pool.memory_limit = wish.memory_limit;
    pool.memory_reservation = wish.memory_reservation;
    pool.created = now();
    change.put(pool);
    change.event("api.create_resource_pool", "resource-pools/" + pool.name, "", "create");
    return {};
  }));
  auto kept = inventory.find<model::ResourcePool>(wish.name);
  if (!kept) co_return fail(Code::not_found, "'{}' was deleted meanwhile", wish.name);
  co_return object_response(201, kept->object, kept->revision);
}

// What is in use already is not taken away.
Result<void> check_use(const Inventory& inventory, const model::ResourcePool& pool) {
  auto use = use_of(inventory, pool, {});
  if (pool.memory_limit.count > 0 && use.memory > pool.memory_limit) {
    return fail_field("/memory_limit",
                      fmt::format("its running machines have {} together", to_string(use.memory)));
  }
  if (pool.memory_reservation.count > 0 && use.reserved_memory > pool.memory_reservation) {
    return fail_field("/memory_reservation", fmt::format("its running machines reserve {} together",
                                                         to_string(use.reserved_memory)));
  }
  if (pool.cpu_reservation > 0 && use.reserved_cpu > pool.cpu_reservation) {
    return fail_field("/cpu_reservation",
                      fmt::format("its running machines reserve {}% together", use.reserved_cpu));
  }
  return {};
}

Async<Result<http::Response>> set_pool(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::ResourcePoolChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::ResourcePool>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto pool = kept->object;
    if (wish.description) pool.description = *wish.description;
    if (wish.cpu_shares) pool.cpu_shares = *wish.cpu_shares;
    if (wish.cpu_limit) pool.cpu_limit = *wish.cpu_limit;
    if (wish.cpu_reservation) pool.cpu_reservation = *wish.cpu_reservation;
    if (wish.memory_limit) pool.memory_limit = *wish.memory_limit;
    if (wish.memory_reservation) pool.memory_reservation = *wish.memory_reservation;
    TRY_VOID(check_use(inventory, pool));
    change.put(pool);
    change.event("api.set_resource_pool", "resource-pools/" + pool.name, "", "settings changed");
    return {};
  }));
  CO_TRY(auto kept, find<model::ResourcePool>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

Async<Result<http::Response>> delete_pool(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::ResourcePool>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    if (context.name() == first_pool)
      return fail(Code::precondition, "'{}' is all machines of a host and stays", first_pool);
    for (const auto& [name, vm] : inventory.all<model::Vm>()) {
      if (vm->object.resource_pool != context.name()) continue;
      return fail(Code::precondition, "the machine '{}' is in '{}': put it into another pool first",
                  name, context.name());
    }
    for (const auto& [name, pool] : inventory.all<model::ResourcePool>()) {
      if (pool->object.parent != context.name()) continue;
      return fail(Code::precondition, "the pool '{}' is in '{}': delete it first", name,
                  context.name());
    }
    change.erase<model::ResourcePool>(context.name());
    change.event("api.delete_resource_pool", "resource-pools/" + context.name(), "", "delete");
    return {};
  }));
  co_return http::no_content();
}

template <class T>
void take(const std::optional<T>& wish, std::optional<T>& kept) {
  if (wish) kept = wish;
}

Result<void> check_resources(const model::Vm& vm) {
  const auto& has = *vm.resources;
  auto reserved = has.cpu_reservation.value_or(0);
  auto limit = has.cpu_limit.value_or(0);
  if (limit > 0 && reserved > limit) {
    return fail_field("/resources/cpu_reservation",
                      fmt::format("{}% are more than its limit of {}%", reserved, limit));
  }
  if (reserved > vm.cpus * 100) {
    return fail_field("/resources/cpu_reservation",
                      fmt::format("{}% are more than its {} processors have", reserved, vm.cpus));
  }
  if (has.memory_reservation.value_or(Bytes()) > vm.memory) {
    return fail_field("/resources/memory_reservation",
                      fmt::format("it has {} memory", to_string(vm.memory)));
  }
  constexpr std::uint64_t rate_limit = std::uint64_t{1} << 40;
  for (auto [rate, field] :
       {std::pair(has.read_rate, "read_rate"), {has.write_rate, "write_rate"}}) {
    if (rate && rate->count > rate_limit)
      return fail_field(fmt::format("/resources/{}", field), "is over 1TiB a second");
  }
  return {};
}

}  // namespace

Result<void> set_resources(const Inventory& inventory,
                           const std::optional<model::VmResources>& wish,
                           const std::optional<std::string>& pool, model::Vm& vm) {
  if (pool && *pool != vm.resource_pool) {
    if (!inventory.find<model::ResourcePool>(*pool))
      return fail_field("/resource_pool", fmt::format("there is no resource pool '{}'", *pool));
    bool absent = vm.observed == model::Observed::absent;
    if (!absent && (vm.observed != model::Observed::off || runs(vm))) {
      return fail(Code::precondition, "'{}' is {}; its resource pool is changed when it is off",
                  vm.name, model::to_string(vm.observed));
    }
    vm.resource_pool = *pool;
  }
  if (wish) {
    auto kept = vm.resources.value_or(model::VmResources());
    take(wish->cpu_shares, kept.cpu_shares);
    take(wish->cpu_limit, kept.cpu_limit);
    take(wish->cpu_reservation, kept.cpu_reservation);
    take(wish->memory_reservation, kept.memory_reservation);
    take(wish->read_iops, kept.read_iops);
    take(wish->write_iops, kept.write_iops);
    take(wish->read_rate, kept.read_rate);
    take(wish->write_rate, kept.write_rate);
    take(wish->burst_seconds, kept.burst_seconds);
    if (kept != model::VmResources()) vm.resources = std::move(kept);
  }
  return vm.resources ? check_resources(vm) : Result<void>();
}

std::vector<scheduler::PoolUse> pools_of(const Inventory& inventory, const model::Vm& vm) {
  std::vector<scheduler::PoolUse> pools;
  for (const auto& kept : path_of(inventory, vm.resource_pool)) {
    const auto& pool = kept->object;
    bool limited = pool.memory_limit.count > 0 || pool.memory_reservation.count > 0 ||
                   pool.cpu_reservation > 0;
    // The sum over all machines only where it matters.
    if (limited) pools.push_back(use_of(inventory, pool, vm.uuid));
  }
  return pools;
}

Result<void> make_first_pool(const Inventory& inventory, Change& change) {
  if (inventory.find<model::ResourcePool>(first_pool)) return {};
  model::ResourcePool pool{.name = std::string(first_pool)};
  pool.description = "all machines of a host";
  pool.created = now();
  change.put(pool);
  return {};
}

void add_resource_pool_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::create_resource_pool, create_pool);
  handlers.on(Operation::set_resource_pool, set_pool);
  handlers.on(Operation::delete_resource_pool, delete_pool);
}

}  // namespace truce::manager
