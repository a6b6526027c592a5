#include "pools/pools.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/log.h"
#include "storage/homes.h"
#include "storage/places.h"

namespace truce::node {

using PoolPtr = std::shared_ptr<storage::Pool>;

namespace {

constexpr Duration look_again = 10s;
constexpr Duration close_limit = 30s;
constexpr Duration slow = 5s;            // longer than that no look takes where all is well
constexpr Duration silence_limit = 60s;  // then it is said that a pool does not answer

// From how much on a full pool is believed to have room again: not each block that gets free lets
// its machines run into the same wall.
Bytes enough(Bytes total) {
  return {std::max(mib(4).count, std::min(mib(256).count, total.count / 20))};
}

// Smaller changes are not worth a commit.
std::uint64_t grain_of(Bytes total) {
  return std::max(kib(64).count, std::min(mib(16).count, total.count / 1024));
}

// What may still be stored.
Bytes room(const model::Pool& wish, const storage::Capacity& capacity) {
  if (wish.quota.count == 0) return capacity.free;
  auto left = wish.quota.count - std::min(wish.quota.count, capacity.used.count);
  return {std::min(left, capacity.free.count)};
}

}  // namespace

Pools::Pools(asio::any_io_executor loop, storage::Pool& first, std::filesystem::path path,
             storage::PoolOpener& opener, std::string host, News& news, Scope& scope)
    : loop_(loop),
      opener_(opener),
      host_(std::move(host)),
      first_path_(std::move(path)),
      homes_(first.homes()),
      news_(news),
      scope_(scope),
      changed_(std::move(loop)) {
  auto entry = std::make_shared<Entry>();
  entry->wish.name = storage::first_pool;
  entry->pool = PoolPtr(&first, [](storage::Pool*) {});
  entry->tried = true;
  entries_[entry->wish.name] = std::move(entry);
}

void Pools::assign(std::vector<model::Pool> pools) {
  std::map<std::string, model::Pool> wanted;
  for (auto& pool : pools) wanted[pool.name] = std::move(pool);
  for (auto& [name, pool] : wanted) {
    auto& entry = entries_[name];
    pool.host = host_;
    bool other = entry && name != storage::first_pool &&
                 (entry->wish.source != pool.source || entry->wish.id != pool.id);
    if (!entry || other) entry = std::make_shared<Entry>();
    entry->wish = std::move(pool);
  }
  std::erase_if(entries_, [&](const auto& entry) {
    bool stays = entry.first == storage::first_pool || wanted.contains(entry.first);
    if (!stays) closing_[entry.first] = entry.second;
    return !stays;
  });
  changed_.wake();
}

Async<void> Pools::watch() {
  while (true) {
    for (const auto& [name, entry] : entries_) {
      if (entry->busy) {
        note_silence(*entry);
        continue;
      }
      entry->busy = true;
      entry->asked = std::chrono::steady_clock::now();
      scope_.spawn(look(entry));
    }
    co_await (changed_.wait() || sleep_for(look_again));
  }
}

// A server of files that is gone lets whoever asks wait, for as long as it likes. The look that
// waits says what is so when it ends.
void Pools::note_silence(Entry& entry) {
  if (waited(entry) < silence_limit || !entry.problem.empty()) return;
  entry.problem = "what it lies on does not answer";
  spdlog::warn("pool {}: {}", entry.wish.name, entry.problem);
  tell(entry, describe(entry));
}

Duration Pools::waited(const Entry& entry) {
  if (!entry.busy) return {};
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - entry.asked);
}

Async<void> Pools::look(EntryPtr entry) {
  if (!entry->pool) co_await open(entry);
  if (entry->pool) co_await measure(entry);
  entry->busy = false;
}

Async<void> Pools::open(EntryPtr entry) {
  auto opened = co_await opener_.open(entry->wish);
  auto problem = opened ? std::string() : opened.error().message;
  if (problem != entry->problem) {
    spdlog::warn("pool {}: {}", entry->wish.name, problem.empty() ? "is there" : problem);
  }
  entry->problem = std::move(problem);
  if (opened) entry->pool = *std::move(opened);
  entry->tried = true;
  if (!opened) tell(*entry, describe(*entry));
}

Async<void> Pools::measure(EntryPtr entry) {
  auto pool = entry->pool;
  auto capacity = co_await pool->capacity();
  auto seen = describe(*entry);
  if (!capacity) {
    entry->problem = seen.problem = capacity.error().message;
    spdlog::warn("pool {}: {}", seen.name, seen.problem);
    if (seen.name != storage::first_pool) entry->pool.reset();  // it is opened anew
  } else {
    entry->problem.clear();
    seen.problem.clear();
    seen.total = capacity->total;
    auto grain = grain_of(capacity->total);
    seen.free = {room(entry->wish, *capacity).count / grain * grain};
    seen.used = capacity->used;
    seen.allocated = capacity->allocated;
  }
  tell(*entry, std::move(seen));
}

model::Pool Pools::describe(const Entry& entry) const {
  auto seen = entry.told;  // what cannot be seen now is as it was
  seen.name = entry.wish.name;
  seen.host = host_;
  seen.source = entry.wish.source;
  seen.path = seen.name == storage::first_pool ? first_path_.string() : entry.wish.source;
  seen.problem = entry.problem;
  return seen;
}

void Pools::tell(Entry& entry, model::Pool seen) {
  if (seen == entry.told) return;
  entry.told = seen;
  news_.add(std::move(seen));
}

void Pools::report_again() {
  for (const auto& [name, entry] : entries_) {
    if (!entry->told.name.empty()) news_.add(entry->told);
  }
}

Async<Result<PoolPtr>> Pools::find(std::string name) {
  auto found = entries_.find(name);
  if (found == entries_.end())
    co_return fail(Code::not_found, "there is no pool '{}' on this host", name);
  auto entry = found->second;
  while (!entry->tried) co_await sleep_for(5ms);
  if (entry->pool) co_return entry->pool;
  co_return fail(Code::unavailable, "pool '{}': {}", name, entry->problem);
}

bool Pools::usable(const model::Vm& vm) const {
  return std::ranges::all_of(vm.disks, [this](const auto& disk) {
    auto found = entries_.find(disk.pool);
    return found == entries_.end() ||
           (found->second->problem.empty() && waited(*found->second) < slow);
  });
}

std::string Pools::silent(const model::Vm& vm) const {
  for (const auto& disk : vm.disks) {
    auto found = entries_.find(disk.pool);
    if (found != entries_.end() && waited(*found->second) >= silence_limit) return disk.pool;
  }
  return {};
}

Async<std::vector<std::string>> Pools::without_room(std::filesystem::path home, model::Vm vm) {
  std::set<std::string> names;
  for (const auto& disk : vm.disks) {
    if (auto name = storage::pool_of_disk(home, disk.id)) names.insert(*name);
  }
  std::vector<std::string> full;
  for (const auto& name : names) {
    auto pool = co_await find(name);
    if (!pool) continue;
    auto capacity = co_await (*pool)->capacity();
    if (capacity && capacity->free < enough(capacity->total)) full.push_back(name);
  }
  co_return full;
}

Async<void> Pools::tried() {
  auto all = entries_;
  for (const auto& [name, entry] : all) {
    while (!entry->tried) co_await sleep_for(5ms);
  }
}

Async<Result<PoolPtr>> Pools::place(std::filesystem::path home, model::VmDisk disk) {
  CO_TRY(auto noted, storage::pool_of_disk(home, disk.id));
  CO_TRY(auto pool, co_await find(disk.pool));
  CO_TRY_VOID(note_home(home, home.filename(), disk.pool, *pool));
  if (noted != disk.pool) CO_TRY_VOID(storage::note_pool(home, disk.id, disk.pool));
  CO_TRY_VOID(storage::note_key(home, disk.id, disk.key));
  co_return pool;
}

Async<Result<PoolPtr>> Pools::of_disk(std::filesystem::path home, std::string disk) {
  CO_TRY(auto name, storage::pool_of_disk(home, disk));
  co_return co_await find(name);
}

Async<Result<void>> Pools::delete_disk(std::filesystem::path home, std::string uuid,
                                       std::string disk) {
  CO_TRY(auto pool, co_await of_disk(home, disk));
  CO_TRY_VOID(co_await pool->delete_disk(uuid + "/" + disk));
  CO_TRY_VOID(storage::note_pool(home, disk, std::string(storage::first_pool)));
  CO_TRY_VOID(storage::note_key(home, disk, {}));
  co_return co_await remove_copies(home, uuid, disk);
}

// Files of a disk in pools that it does not lie in, and folders of pools where no disk lies.
Async<Result<void>> Pools::remove_copies(std::filesystem::path home, std::string uuid,
                                         std::string disk) {
  CO_TRY(auto noted, storage::noted_pools(home));
  CO_TRY(auto here, storage::pool_of_disk(home, disk));
  auto entries = entries_;
  for (const auto& [name, entry] : entries) {
    auto pool = entry->pool;
    if (!pool || name == here) continue;
    CO_TRY(auto machines, pool->vm_folders());
    if (std::ranges::find(machines, uuid) == machines.end()) continue;
    CO_TRY(auto folder, pool->vm_folder(uuid));
    bool used = name == storage::first_pool || folder == home ||
                std::ranges::any_of(noted, [&](const auto& each) { return each.second == name; });
    if (!used) {
      CO_TRY_VOID(co_await pool->delete_vm(uuid));
      continue;
    }
    CO_TRY_VOID(remove_tree(folder / (disk + ".qcow2")));
  }
  co_return Result<void>{};
}

Async<Result<void>> Pools::delete_vm(model::Vm vm) {
  CO_TRY(auto first, co_await find(std::string(storage::first_pool)));
  auto home = homes_->of(vm.uuid);
  CO_TRY(auto noted, storage::noted_pools(home));
  // Also where a move has left something, and where one that was not finished was to be.
  std::set<std::string> names;
  for (const auto& [name, entry] : entries_) {
    if (entry->pool) names.insert(name);
  }
  for (const auto& [disk, pool] : noted) names.insert(pool);
  names.erase(std::string(storage::first_pool));
  for (const auto& name : names) {
    CO_TRY(auto pool, co_await find(name));
    CO_TRY_VOID(co_await pool->delete_vm(vm.uuid));
  }
  CO_TRY_VOID(co_await first->delete_vm(vm.uuid));
  co_return homes_->forget(vm.uuid);
}

Async<Result<void>> Pools::forget_vm(std::string uuid) {
  auto entries = entries_;
  for (const auto& [name, entry] : entries) {
    auto pool = entry->pool;
    if (name == storage::first_pool || !pool || entry->wish.shared) continue;
    CO_TRY_VOID(co_await pool->delete_vm(uuid));
  }
  CO_TRY(auto first, co_await find(std::string(storage::first_pool)));
  leave(uuid);
  co_return co_await first->delete_vm(uuid);
}

Async<Result<void>> Pools::remove(model::Pool pool) {
  if (auto entry = entries_.extract(pool.name)) closing_[pool.name] = entry.mapped();
  auto deadline = std::chrono::steady_clock::now() + close_limit;
  while (!closing_[pool.name].expired() && std::chrono::steady_clock::now() < deadline)
    co_await sleep_for(5ms);
  closing_.erase(pool.name);
  co_return co_await opener_.remove(std::move(pool));
}

}  // namespace truce::node
