#include "pools/fill.h"

#include "pools/places.h"

namespace truce::manager {

namespace {

// Not known: its host has not looked at it, or it is not there.
bool known(const model::Pool& pool) {
  return pool.total.count > 0 && pool.problem.empty();
}

bool nearly_full(const model::Pool& pool) {
  return known(pool) && used_percent(pool) >= pool.alarm_percent;
}

bool full(const model::Pool& pool) {
  return known(pool) && pool.free.count == 0;
}

Bytes disks_in(const model::Vm& vm, const std::string& pool) {
  Bytes sum{};
  for (const auto& disk : vm.disks)
    if (disk.pool == pool) sum.count += disk.size.count;
  return sum;
}

}  // namespace

Bytes size_of(const model::Pool& pool) {
  if (pool.quota.count == 0) return pool.total;
  if (pool.shared || pool.places.size() < 2) return std::min(pool.quota, pool.total);
  Bytes sum{};
  for (const auto& place : pool.places) sum.count += std::min(pool.quota, place.total).count;
  return sum;
}

std::vector<model::Pool> parts_of(const model::Pool& pool) {
  if (pool.shared || pool.places.size() < 2) return {pool};
  std::vector<model::Pool> parts;
  parts.reserve(pool.places.size());
  for (const auto& place : pool.places) parts.push_back(*pool_at(pool, place.host));
  return parts;
}

int used_percent(const model::Pool& pool) {
  auto parts = parts_of(pool);
  if (parts.size() > 1) {
    int most = 0;
    for (const auto& part : parts)
      if (known(part)) most = std::max(most, used_percent(part));
    return most;
  }
  auto size = size_of(pool);
  if (size.count == 0) return 0;
  auto free = std::min(pool.free.count, size.count);
  return static_cast<int>(static_cast<double>(size.count - free) * 100 /
                          static_cast<double>(size.count));
}

Bytes promised(const Inventory& inventory, const std::string& pool, const std::string& host) {
  Bytes sum{};
  if (host.empty()) {
    for (const auto& [name, kept] : inventory.all<model::Vm>())
      sum.count += disks_in(kept->object, pool).count;
  } else {
    for (const auto& name : inventory.machines_on(host))
      sum.count += disks_in(inventory.find<model::Vm>(name)->object, pool).count;
  }
  for (const auto& draft : inventory.drafts().all()) {
    if (!host.empty() && draft->host != host) continue;
    auto before = inventory.vm_by_uuid(draft->uuid);
    bool counted = before && (host.empty() || before->object.host == host);
    auto more = disks_in(*draft, pool).count;
    sum.count += more - std::min(more, counted ? disks_in(before->object, pool).count : 0);
  }
  // What is being made, or comes from another pool, is not with its machine yet.
  for (const auto& [task, kept] : inventory.all<model::Job>()) {
    const auto& job = kept->object;
    bool comes = job.kind == model::JobKind::create_disk || job.kind == model::JobKind::move_disk;
    if (!comes || !job.disk || job.disk->pool != pool) continue;
    auto vm = inventory.vm_by_uuid(job.vm);
    if (host.empty() || !vm || vm->object.host == host) sum.count += job.disk->size.count;
  }
  return sum;
}

std::string too_full(const model::Pool& pool, Bytes more) {
  if (!known(pool) || (pool.free.count > 0 && more <= pool.free)) return {};
  return fmt::format("'{}' is too full: {} of {} are free, and {} are needed at once", pool.name,
                     to_string(pool.free), to_string(size_of(pool)), to_string(more));
}

std::string too_much(const model::Pool& pool, Bytes promised, Bytes more) {
  if (pool.overcommit_percent == 0 || !known(pool)) return {};
  auto limit =
      static_cast<double>(size_of(pool).count) * static_cast<double>(pool.overcommit_percent) / 100;
  if (static_cast<double>(promised.count) + static_cast<double>(more.count) <= limit) return {};
  return fmt::format(
      "'{}' has promised {} to machines, and may promise {} % of its {}: {} more is too much",
      pool.name, to_string(promised), pool.overcommit_percent, to_string(size_of(pool)),
      to_string(more));
}

bool says_otherwise(const model::Pool& before, const model::Pool& now) {
  return known(before) != known(now) || nearly_full(before) != nearly_full(now) ||
         full(before) != full(now);
}

void note_fill(Change& change, const model::Pool& before, const model::Pool& now) {
  auto target = "pools/" + now.name;
  auto parts = parts_of(now);
  for (const auto& part : parts) {
    auto old = parts.size() == 1 ? before : pool_at(before, part.host).value_or(model::Pool{});
    auto where = parts.size() == 1 ? std::string() : part.host + ": ";
    if (nearly_full(part) && !nearly_full(old)) {
      change.event("pool.nearly_full", target, "",
                   fmt::format("{}{} % of {} are used; the limit is {} %", where,
                               used_percent(part), to_string(size_of(part)), part.alarm_percent));
    }
    if (full(part) && !full(old)) {
      change.event("pool.full", target, "",
                   where + "nothing is free: machines stand still until there is room");
    }
  }
}

}  // namespace truce::manager
