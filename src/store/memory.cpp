#include "store/memory.h"

#include "ledger.h"
#include "store/checks.h"

namespace truce::store {

MemoryStore::MemoryStore(asio::any_io_executor loop)
    : ledger_(std::make_shared<Ledger>(std::move(loop), 0, Entries{})) {}

MemoryStore::~MemoryStore() {
  ledger_->close();
}

Async<Result<std::optional<Entry>>> MemoryStore::get(std::string key) {
  const auto* entry = ledger_->find(key);
  co_return entry ? std::optional(*entry) : std::nullopt;
}

Async<Result<Listing>> MemoryStore::list(std::string prefix) {
  co_return ledger_->list(prefix);
}

Async<Result<Revision>> MemoryStore::commit(std::vector<Condition> conditions,
                                            std::vector<Write> writes) {
  auto ledger = ledger_;  // the store may go while this waits
  CO_TRY_VOID(check_limits(conditions, writes));
  co_await asio::post(ledger->loop(), asio::use_awaitable);
  if (ledger->closed()) co_return fail(Code::cancelled, "commit: the store is closing");
  Draft draft(*ledger);
  auto revision = draft.add(conditions, writes);
  ledger->publish(std::move(draft));
  co_return revision;
}

std::unique_ptr<Watch> MemoryStore::watch(std::string prefix, Revision from) {
  return ledger_->watch(std::move(prefix), from);
}

}  // namespace truce::store
