// Storage pools. They are made, and looked at, by the host that they are on; what they are called
// and what may be stored in them is decided here.
#include "pools/pools.h"

#include <algorithm>
#include <filesystem>

#include "api.h"
#include "base/random.h"
#include "pools/fill.h"
#include "pools/places.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr std::string_view usual_pool = "default";

model::Job job_of(const model::Task& task, model::JobKind kind, std::string host,
                  model::Pool pool) {
  model::Job job;
  job.task = task.name;
  job.kind = kind;
  job.host = std::move(host);
  job.pool = std::move(pool);
  return job;
}

bool being_made(const Inventory& inventory, const std::string& name) {
  return std::ranges::any_of(inventory.all<model::Job>(), [&](const auto& entry) {
    const auto& job = entry.second->object;
    return job.pool && job.pool->name == name;
  });
}

Result<std::string> folder_of_wish(const model::PoolCreate& wish) {
  auto source = std::filesystem::path(wish.source).lexically_normal();
  if (!source.has_filename()) source = source.parent_path();
  if (!source.is_absolute() || source == "/")
    return fail_field("/source", "must be the absolute path of a folder of the host");
  return source.string();
}

// One host's own folder can be joined by those of others, under one name.
Result<model::Pool> new_pool(const Inventory& inventory, const model::PoolCreate& wish,
                             const std::string& host) {
  TRY(auto source, folder_of_wish(wish));
  auto kept = inventory.find<model::Pool>(wish.name);
  bool joins = kept && wish.name != usual_pool && !kept->object.shared && !wish.shared &&
               !wish.host.empty() && !pool_at(kept->object, host);
  bool taken = wish.name == usual_pool || (kept && !joins) || being_made(inventory, wish.name);
  if (taken) {
    return std::unexpected(
        Error{Code::conflict, fmt::format("there is a pool '{}' already", wish.name), "/name"});
  }
  model::Pool pool;
  pool.name = wish.name;
  pool.shared = wish.shared;
  if (wish.shared) pool.id = random_hex(8);
  pool.source = pool.path = source;
  pool.quota = wish.quota;
  pool.overcommit_percent = wish.overcommit_percent;
  pool.alarm_percent = wish.alarm_percent;
  pool.created = now();
  if (!host.empty()) put_place(pool, {.host = host, .path = source});
  return pool;
}

Async<Result<http::Response>> create_pool(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::PoolCreate>());
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    const auto& inventory = rooms.ledger.inventory();
    TRY(auto host, choose_host(inventory, rooms.settings.host, wish.host));
    TRY(auto pool, new_pool(inventory, wish, host));
    auto target = "pools/" + pool.name;
    task = begin_task(rooms.ledger, change, "pool.create", target, "", 0);
    change.event(
        "api.create_pool", target, "",
        wish.host.empty() ? "in " + pool.source : fmt::format("in {} on {}", pool.source, host));
    change.put_job(job_of(task, model::JobKind::create_pool, host, std::move(pool)));
    return {};
  }));
  co_return object_response(202, task, 0);
}

Async<Result<http::Response>> set_pool(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::PoolChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Pool>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto pool = kept->object;
    if (wish.quota) pool.quota = *wish.quota;
    if (wish.overcommit_percent) pool.overcommit_percent = *wish.overcommit_percent;
    if (wish.alarm_percent) pool.alarm_percent = *wish.alarm_percent;
    note_fill(change, kept->object, pool);
    change.put(pool);
    change.event("api.set_pool", "pools/" + pool.name, "", "limits changed");
    return {};
  }));
  CO_TRY(auto kept, find<model::Pool>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

// The machine, and its disk, that keeps a pool from being deleted.
Result<void> check_unused(const Inventory& inventory, const std::string& pool) {
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    for (const auto& disk : kept->object.disks) {
      if (disk.pool != pool) continue;
      return fail(Code::precondition, "'{}' holds {} of the machine '{}': move or delete it first",
                  pool, disk.id, name);
    }
  }
  for (const auto& [task, kept] : inventory.all<model::Job>()) {
    const auto& job = kept->object;
    if (!job.disk || job.disk->pool != pool) continue;
    return fail(Code::precondition, "a disk is being made in '{}': see task {}", pool, task);
  }
  return {};
}

// Each host takes away its own; of one that they share, one host does. The task of the first is
// what is waited for.
model::Task begin_deletion(Rooms& rooms, Change& change, const model::Pool& pool) {
  const auto& inventory = rooms.ledger.inventory();
  auto usual = usual_host(inventory, rooms.settings.host);
  std::vector<std::string> hosts;
  for (const auto& place : pool.places) hosts.push_back(place.host);
  std::ranges::sort(hosts, {}, [&](const auto& host) { return std::pair(host != usual, host); });
  if (hosts.empty()) hosts.push_back(pool.host);
  if (pool.shared) hosts.resize(1);
  model::Task first;
  for (const auto& host : hosts) {
    auto task = begin_task(rooms.ledger, change, "pool.delete", "pools/" + pool.name, "", 0);
    auto part = pool;
    if (auto there = pool_at(pool, host); there && pool.places.size() > 1) {
      part = *there;
      if (!pool.shared) part.source = part.path;
      put_place(part, {.host = host, .path = part.path});
    }
    change.put_job(job_of(task, model::JobKind::delete_pool, host, std::move(part)));
    if (first.name.empty()) first = task;
  }
  return first;
}

Async<Result<http::Response>> delete_pool(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Pool>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto pool = kept->object;
    if (pool.name == usual_pool) {
      return fail(Code::precondition,
                  "'default' is where templates and machines have their files: it stays");
    }
    TRY_VOID(check_unused(inventory, pool.name));
    // No new disk may be made in it while it goes.
    change.erase<model::Pool>(pool.name);
    task = begin_deletion(rooms, change, pool);
    change.event("api.delete_pool", "pools/" + pool.name, "", "delete");
    return {};
  }));
  co_return object_response(202, task, 0);
}

}  // namespace

namespace {

Result<void> check_part(const Inventory& inventory, const model::Pool& part, Need need,
                        const std::string& host) {
  if (!part.problem.empty()) {
    return fail(Code::unavailable, "nothing can be stored in '{}': {}", part.name, part.problem);
  }
  if (auto why = too_full(part, need.stored); !why.empty()) return fail(Code::limit, "{}", why);
  if (part.overcommit_percent == 0) return {};
  auto given = promised(inventory, part.name, part.shared ? std::string() : host);
  if (auto why = too_much(part, given, need.promised); !why.empty())
    return fail(Code::limit, "{}", why);
  return {};
}

// Where nobody has said on which host: one that will do is enough. The first refusal tells why.
Result<void> check_parts(const Inventory& inventory, const model::Pool& pool, Need need) {
  if (pool.places.size() < 2) return check_part(inventory, pool, need, {});
  Result<void> refused;
  for (const auto& place : pool.places) {
    auto fits = check_part(inventory, *pool_at(pool, place.host), need, place.host);
    if (fits) return {};
    if (refused) refused = fail(fits.error().code, "{}: {}", place.host, fits.error().message);
  }
  return refused;
}

}  // namespace

Result<void> check_pool(const Inventory& inventory, const std::string& name, Need need,
                        std::string_view field, const std::string& host) {
  auto kept = inventory.find<model::Pool>(name);
  if (!kept && name == usual_pool) return {};  // its host has not told of it yet
  if (!kept) {
    return fail_field(std::string(field),
                      fmt::format("there is no pool '{}': see truce pool list", name));
  }
  const auto& pool = kept->object;
  auto part = pool_at(pool, host);
  Result<void> checked;
  if (host.empty()) {
    checked = check_parts(inventory, pool, need);
  } else if (!part) {
    checked = fail(Code::unavailable, "pool '{}' is not there", name);
  } else {
    checked = check_part(inventory, *part, need, host);
  }
  if (checked) return {};
  return std::unexpected(Error{checked.error().code, checked.error().message, std::string(field)});
}

void take_in_pool(const Inventory& inventory, Change& change, const std::string& name,
                  std::span<const PoolSight> sights) {
  auto kept = inventory.find<model::Pool>(name);
  if (!kept && name != usual_pool) return;  // it was deleted meanwhile
  std::vector<model::PoolPlace> news;
  for (const auto& [host, seen] : sights) {
    model::PoolPlace place{host,      seen.path,      seen.total,  seen.free,
                           seen.used, seen.allocated, seen.problem};
    bool may_have =
        name == usual_pool || kept->object.shared || pool_at(kept->object, host).has_value();
    if (may_have && (!kept || is_news(kept->object, place))) news.push_back(std::move(place));
  }
  if (kept && news.empty()) return;
  auto pool = kept ? kept->object : sights.front().seen;
  if (!kept) pool.places.clear();
  put_places(pool, news);
  note_fill(change, kept ? kept->object : model::Pool{}, pool);
  if (kept && kept->object.problem != pool.problem) {
    change.event("pool.state", "pools/" + pool.name, "",
                 pool.problem.empty() ? "works" : pool.problem);
  }
  change.put(pool);
}

void end_pool_job(const Inventory& inventory, Change& change, const model::Job& job, bool failed) {
  bool of_pool = job.kind == model::JobKind::create_pool || job.kind == model::JobKind::delete_pool;
  if (!of_pool || !job.pool) return;
  bool there = (job.kind == model::JobKind::create_pool) != failed;
  if (!there) return;
  auto kept = inventory.find<model::Pool>(job.pool->name);
  auto pool = kept ? kept->object : *job.pool;
  for (const auto& place : job.pool->places) put_place(pool, place);
  change.put(pool);
}

std::vector<model::Pool> wanted_pools(const Inventory& inventory, const std::string& host) {
  std::vector<model::Pool> pools;
  for (const auto& [name, kept] : inventory.all<model::Pool>()) {
    const auto& known = kept->object;
    auto here = pool_at(known, host);
    if (!here && !known.shared) continue;
    model::Pool pool;
    pool.name = name;
    pool.id = known.id;
    pool.shared = known.shared;
    pool.source = known.source;
    bool own = !known.shared && name != usual_pool && known.places.size() > 1;
    if (own) pool.source = here->path;
    pool.quota = known.quota;
    pool.overcommit_percent = known.overcommit_percent;
    pool.alarm_percent = known.alarm_percent;
    pools.push_back(std::move(pool));
  }
  return pools;
}

void add_pool_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::create_pool, create_pool);
  handlers.on(Operation::set_pool, set_pool);
  handlers.on(Operation::delete_pool, delete_pool);
}

}  // namespace truce::manager
