#include "store/sqlite.h"

#include "commit_queue.h"

namespace truce::store {

SqliteStore::SqliteStore(std::shared_ptr<Ledger> ledger, std::unique_ptr<StoreFile> file)
    : ledger_(std::move(ledger)),
      file_(std::move(file)),
      queue_(std::make_shared<CommitQueue>(ledger_, *file_, writer_)) {}

SqliteStore::~SqliteStore() {
  queue_->close();
  ledger_->close();
  writer_.join();
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(asio::any_io_executor loop,
                                                       std::filesystem::path file) {
  TRY(auto opened, StoreFile::open(file));
  auto ledger =
      std::make_shared<Ledger>(std::move(loop), opened.revision, std::move(opened.entries));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(ledger), std::move(opened.file)));
}

Async<Result<std::optional<Entry>>> SqliteStore::get(std::string key) {
  const auto* entry = ledger_->find(key);
  co_return entry ? std::optional(*entry) : std::nullopt;
}

Async<Result<Listing>> SqliteStore::list(std::string prefix) {
  co_return ledger_->list(prefix);
}

Async<Result<Revision>> SqliteStore::commit(std::vector<Condition> conditions,
                                            std::vector<Write> writes) {
  return queue_->commit(std::move(conditions), std::move(writes));
}

std::unique_ptr<Watch> SqliteStore::watch(std::string prefix, Revision from) {
  return ledger_->watch(std::move(prefix), from);
}

Async<Result<void>> SqliteStore::backup(std::filesystem::path file) {
  return run_blocking(
      writer_, [target = file_.get(), file = std::move(file)] { return target->backup(file); });
}

}  // namespace truce::store
