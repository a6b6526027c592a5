#include "ledger.h"

#include "base/log.h"

namespace truce::manager {
namespace {

constexpr int attempts = 16;

template <class T>
std::int64_t last_number(const Inventory& inventory) {
  const auto& all = inventory.all<T>();
  return all.empty() ? 0 : std::strtoll(all.rbegin()->first.c_str() + 2, nullptr, 10);
}

}  // namespace

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
    auto drafts = change.drafts;  // they count until the inventory shows them
