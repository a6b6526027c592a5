#include "ledger.h"

#include "base/log.h"
#include "pools/places.h"

namespace truce::manager {
namespace {

constexpr int attempts = 16;

template <class T>
std::int64_t last_number(const Inventory& inventory) {
  const auto& all = inventory.all<T>();
  return all.empty() ? 0 : std::strtoll(all.rbegin()->first.c_str() + 2, nullptr, 10);
}

}  // namespace

void Change::expect_place(const std::string& pool, const std::string& host) {
  const auto& places = inventory_.stored_places(pool);
  auto kept = places.find(host);
  auto key = place_key(pool, host);
  if (std::ranges::find(conditions, key, &store::Condition::key) == conditions.end())
    conditions.push_back({std::move(key), kept == places.end() ? 0 : kept->second->revision});
}

void Change::put_place(const std::string& pool, const model::PoolPlace& place) {
  const auto& places = inventory_.stored_places(pool);
  auto kept = places.find(place.host);
  auto key = place_key(pool, place.host);
  bool stored = kept != places.end() && kept->second->object == place;
  if (stored && !writes_to(key)) return;
  expect_place(pool, place.host);
  write(std::move(key), kept == places.end() ? model::to_text(place)
                                             : model::to_text_over(place, *kept->second->text));
}

void Change::put_pool(const model::Pool& pool) {
  expect<model::Pool>(pool.name);
  auto key = key_of<model::Pool>(pool.name);
  auto stored = inventory_.stored_pool(pool.name);
  auto itself = without_places(pool);
  auto text = stored ? model::to_text_over(itself, *stored->text) : model::to_text(itself);
  if (!stored || text != *stored->text || writes_to(key)) write(std::move(key), std::move(text));
  std::set<std::string_view> hosts;
  for (const auto& place : pool.places) {
    hosts.insert(place.host);
    put_place(pool.name, place);
  }
  for (const auto& [host, kept] : inventory_.stored_places(pool.name)) {
    if (hosts.contains(host)) continue;
    expect_place(pool.name, host);
    write(place_key(pool.name, host), std::nullopt);
  }
}

void Change::erase_places(const std::string& pool) {
  for (const auto& [host, kept] : inventory_.stored_places(pool)) {
    if (full()) return;  // the rest goes by itself
    expect_place(pool, host);
    write(place_key(pool, host), std::nullopt);
  }
}

Ledger::Ledger(asio::any_io_executor loop, store::Store& store)
    : loop_(loop), store_(store), inventory_(std::move(loop)) {}

Async<Result<void>> Ledger::open(Scope& scope) {
  CO_TRY(auto listing, co_await store_.list(""));
  watch_ = store_.watch("", listing.revision + 1);
  CO_TRY_VOID(inventory_.load(std::move(listing)));
  last_event_ = last_number<model::Event>(inventory_);
  last_task_ = last_number<model::Task>(inventory_);
  scope.spawn(follow());
  co_return Result<void>{};
}

Async<void> Ledger::follow() {
  while (true) {
    auto batch = co_await watch_->next();
    if (!batch && batch.error().code == Code::cancelled) co_return;
    if (batch) {
      auto applied = inventory_.apply(*batch);
      if (applied) continue;
      batch = std::unexpected(applied.error());
    }
    // Without the inventory nothing can be answered truly; a restart reads everything anew.
    spdlog::critical("store: {}", batch.error().message);
    std::abort();
  }
}

std::vector<store::Write> Ledger::writes_of(Change change) {
  for (auto& event : change.events) {
    event.name = fmt::format("e-{:012}", ++last_event_);
    change.writes.push_back({key_of<model::Event>(event.name), model::to_text(event)});
  }
  return std::move(change.writes);
}

Async<Result<store::Revision>> Ledger::commit(Change change) {
  auto conditions = std::move(change.conditions);
  auto writes = writes_of(std::move(change));
  co_return co_await store_.commit(std::move(conditions), std::move(writes));
}

Async<Result<void>> Ledger::change(Actor actor, std::function<Result<void>(Change&)> build) {
  for (int attempt = 0; attempt < attempts; ++attempt) {
    auto seen = inventory_.revision();
    Change change(inventory_, actor);
    CO_TRY_VOID(build(change));
    if (change.writes.empty() && change.events.empty()) co_return Result<void>{};
    auto drafts = change.drafts;  // they count until the inventory shows them
    auto revision = co_await commit(std::move(change));
    if (revision) {
      co_await inventory_.reached(*revision);
      co_return Result<void>{};
    }
    if (revision.error().code != Code::conflict)
      co_return std::unexpected(std::move(revision).error());
    co_await inventory_.reached(seen + 1);
  }
  co_return fail(Code::unavailable, "too many changes at the same time: try again");
}

std::string Ledger::next_task_name() {
  return fmt::format("t-{:012}", ++last_task_);
}

}  // namespace truce::manager
