#include "pools/places.h"

#include <algorithm>
#include <map>
#include <set>

#include "api.h"
#include "base/log.h"
#include "pools/fill.h"
#include "pools/pools.h"
#include "scheduler/scheduler.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr std::string_view usual_pool = "default";

bool online(const Inventory& inventory, const std::string& name) {
  auto host = inventory.find<model::Host>(name);
  return host && host->object.state == model::HostState::online;
}

// One host: its numbers are the pool's. Several that share it: any one that can see it.
void take_numbers(model::Pool& pool, const model::PoolPlace& place) {
  pool.total = place.total;
  pool.free = place.free;
  pool.used = place.used;
  pool.allocated = place.allocated;
}

void sum_numbers(model::Pool& pool) {
  take_numbers(pool, {});
  for (const auto& place : pool.places) {
    pool.total.count += place.total.count;
    pool.free.count += place.free.count;
    pool.used.count += place.used.count;
    pool.allocated.count += place.allocated.count;
  }
}

// The place of that host; null: it has none. They are in the order of hosts.
const model::PoolPlace* place_of(const model::Pool& pool, const std::string& host) {
  auto place = std::ranges::lower_bound(pool.places, host, {}, &model::PoolPlace::host);
  return place != pool.places.end() && place->host == host ? &*place : nullptr;
}

bool differ(Bytes one, Bytes other, std::uint64_t by) {
  return std::max(one.count, other.count) - std::min(one.count, other.count) > by;
}

// All of a pool but its places, which may be thousands.
model::Pool copy_itself(const model::Pool& pool) {
  const auto& [name, host, source, id, shared, places, path, total, free, used, allocated, quota,
               overcommit_percent, alarm_percent, problem, created, platform, foreign_id] = pool;
  return {name,
          host,
          source,
          id,
          shared,
          {},
          path,
          total,
          free,
          used,
          allocated,
          quota,
          overcommit_percent,
          alarm_percent,
          problem,
          created,
          platform,
          foreign_id};
}

model::Pool part_of(const model::Pool& pool, const model::PoolPlace& place) {
  auto part = copy_itself(pool);
  part.host = place.host;
  part.path = place.path;
  part.problem = place.problem;
  take_numbers(part, place);
  return part;
}

void make_anew(model::Pool& pool) {
  if (pool.places.empty()) return;
  bool single = pool.places.size() == 1;
  pool.host = single ? pool.places.front().host : std::string();
  pool.path = pool.places.front().path;
  std::vector<std::string> problems;
  for (const auto& place : pool.places) {
    if (place.problem.empty()) continue;
    problems.push_back(single ? place.problem : place.host + ": " + place.problem);
  }
  pool.problem = scheduler::told(problems);
  if (!pool.shared) return sum_numbers(pool);
  auto seen = std::ranges::find_if(pool.places, [](const auto& place) {
    return place.problem.empty() && place.total.count > 0;
  });
  if (seen == pool.places.end()) seen = pool.places.begin();
  take_numbers(pool, *seen);
}

// Of a disk that is not made yet.
Result<void> check_new_disk(const Inventory& inventory, const model::Vm& vm,
                            const model::VmDisk& disk, const std::string& host) {
  Need need{disk.size, {}};
  auto source = inventory.find<model::Template>(disk.template_);
  if (source && disk.clone == model::CloneKind::full) need.stored = source->object.stored;
  if (vm.host == host) return {};
  // Of a pool that hosts share all machines have been counted, wherever they are.
  auto pool = inventory.find<model::Pool>(disk.pool);
  if (pool && pool->object.shared && inventory.vm_by_uuid(vm.uuid)) need.promised = {};
  auto fits = check_pool(inventory, disk.pool, need, {}, host);
  if (fits) return {};
  return fail(fits.error().code, "{}: {}", host, fits.error().message);
}

Result<void> check_made_disk(const Inventory& inventory, const model::Vm& vm,
                             const model::VmDisk& disk, const std::string& host) {
  if (vm.host == host) return {};
  auto pool = inventory.find<model::Pool>(disk.pool);
  if (!pool || !pool->object.shared) {
    return fail(Code::precondition, "{}: {} is in the pool '{}' of {}", host, disk.id, disk.pool,
                vm.host.empty() ? "another host" : vm.host);
  }
  auto there = pool_at(pool->object, host);
  if (!there) return fail(Code::unavailable, "{}: pool '{}' is not there", host, disk.pool);
  if (there->problem.empty()) return {};
  return fail(Code::unavailable, "{}: pool '{}': {}", host, disk.pool, there->problem);
}

}  // namespace

std::optional<model::Pool> pool_at(const model::Pool& pool, const std::string& host) {
  if (pool.places.empty()) {  // nobody has told of it since it was made
    bool there = pool.name == usual_pool || pool.host.empty() || pool.host == host;
    return there ? std::optional(pool) : std::nullopt;
  }
  if (const auto* place = place_of(pool, host)) return part_of(pool, *place);
  if (pool.name != usual_pool) return std::nullopt;
  // Every host has it, and this one has not told of it yet.
  return part_of(pool, {.host = host, .path = pool.path});
}

std::string place_key(std::string_view pool, std::string_view host) {
  return fmt::format("{}/{}/{}", folder_of<model::PoolPlace>, pool, host);
}

model::Pool without_places(const model::Pool& pool) {
  auto itself = copy_itself(pool);
  if (pool.places.empty()) return itself;  // what was known last
  itself.host.clear();
  itself.path.clear();
  itself.problem.clear();
  take_numbers(itself, {});
  return itself;
}

model::Pool joined(const model::Pool& stored, const Places& places) {
  auto pool = stored;
  std::set<std::string_view> known;
  for (const auto& place : stored.places) known.insert(place.host);
  for (const auto& [host, kept] : places)
    if (!known.contains(host)) pool.places.push_back(kept->object);
  if (pool.places.empty()) return pool;
  std::ranges::sort(pool.places, {}, &model::PoolPlace::host);
  make_anew(pool);
  return pool;
}

Async<Result<void>> move_places(Ledger& ledger) {
  const auto& inventory = ledger.inventory();
  for (bool all = false; !all;) {
    CO_TRY_VOID(co_await ledger.change({}, [&](Change& change) -> Result<void> {
      all = true;
      for (const auto& [name, kept] : inventory.all<model::Pool>()) {
        auto stored = inventory.stored_pool(name);
        for (const auto& place : stored->object.places) {
          all = !change.full();
          if (!all) return {};
          change.put_place(name, place);
        }
        if (!stored->object.places.empty()) change.put(kept->object);
      }
      return {};
    }));
  }
  co_return Result<void>{};
}

Async<void> clear_places(Ledger& ledger) {
  auto& inventory = ledger.inventory();
  while (true) {
    auto seen = inventory.revision();
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      for (const auto& name : inventory.pools_gone()) change.erase_places(name);
      return {};
    });
    if (!done) spdlog::warn("what is left of a pool: {}", done.error().message);
    co_await inventory.changed_since(seen);
  }
}

bool is_news(const model::Pool& pool, const model::PoolPlace& place) {
  constexpr std::size_t few = 8;
  const auto* old = place_of(pool, place.host);
  if (old == nullptr || pool.places.size() <= few) return old == nullptr || *old != place;
  if (old->path != place.path || old->problem != place.problem || old->total != place.total)
    return true;
  if (says_otherwise(part_of(pool, *old), part_of(pool, place))) return true;
  auto part = place.total.count / 100;
  return differ(old->free, place.free, std::min(part, old->free.count / 8)) ||
         differ(old->used, place.used, part) || differ(old->allocated, place.allocated, part);
}

bool reaches(const Inventory& inventory, const std::string& pool, const std::string& host) {
  auto kept = inventory.find<model::Pool>(pool);
  if (!kept) return pool == usual_pool;
  auto there = pool_at(kept->object, host);
  return there && there->problem.empty();
}

Result<void> check_reach(const Inventory& inventory, const model::Vm& vm, const std::string& host) {
  bool made = vm.observed != model::Observed::absent;
  for (const auto& disk : vm.disks) {
    TRY_VOID(made ? check_made_disk(inventory, vm, disk, host)
                  : check_new_disk(inventory, vm, disk, host));
  }
  if (made || !vm.source) return {};
  auto source = inventory.vm_by_uuid(vm.source->uuid);
  if (!source || source->object.host == host) return {};
  return fail(Code::precondition, "{}: the snapshot of '{}' that it is copied from is on {}", host,
              source->object.name, source->object.host);
}

void put_place(model::Pool& pool, model::PoolPlace place) {
  put_places(pool, {std::move(place)});
}

void put_places(model::Pool& pool, const std::vector<model::PoolPlace>& places) {
  std::map<std::string_view, const model::PoolPlace*> newest;  // of each host
  for (const auto& place : places) newest[place.host] = &place;
  std::erase_if(pool.places, [&](const auto& old) { return newest.contains(old.host); });
  for (const auto& [host, place] : newest) pool.places.push_back(*place);
  std::ranges::sort(pool.places, {}, &model::PoolPlace::host);
  make_anew(pool);
}

void drop_place(model::Pool& pool, const std::string& host) {
  std::erase_if(pool.places, [&](const auto& place) { return place.host == host; });
  make_anew(pool);
}

void forget_host(const Inventory& inventory, Change& change, const std::string& host) {
  for (const auto& [name, kept] : inventory.all<model::Pool>()) {
    auto pool = kept->object;
    drop_place(pool, host);
    if (pool == kept->object || change.full()) continue;
    bool gone = pool.places.empty() && !pool.shared && name != usual_pool;
    gone ? change.erase<model::Pool>(name) : change.put(pool);
  }
  for (const auto& [name, kept] : inventory.all<model::Template>()) {
    auto seen = kept->object;
    if (std::erase(seen.hosts, host) == 0 || change.full()) continue;
    // Nobody can make a machine from what nobody has.
    seen.hosts.empty() ? change.erase<model::Template>(name) : change.put(seen);
  }
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    const auto& job = kept->object;
    if (job.host != host || !job.vm.empty() || change.full()) continue;
    change.erase<model::Job>(name);
    auto task = inventory.find<model::Task>(name);
    if (task && !ended(task->object))
      end_task(change, task->object, model::TaskState::failed, "the host has left the cluster");
  }
}

std::string usual_host(const Inventory& inventory, const std::string& own) {
  if (inventory.find<model::Host>(own)) return own;
  const auto& hosts = inventory.all<model::Host>();
  for (const auto& [name, kept] : hosts) {
    if (online(inventory, name)) return name;
  }
  return hosts.empty() ? std::string() : hosts.begin()->first;
}

Result<std::string> choose_host(const Inventory& inventory, const std::string& own,
                                const std::string& wish) {
  if (wish.empty()) return usual_host(inventory, own);
  if (inventory.find<model::Host>(wish)) return wish;
  return fail_field("/host", fmt::format("there is no host '{}': see truce host list", wish));
}

}  // namespace truce::manager
