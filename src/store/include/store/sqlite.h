#pragma once

#include <filesystem>

#include "store/store.h"

namespace truce::store {

class CommitQueue;
class Ledger;
class StoreFile;

/// A store in one SQLite file, for one machine. Its content is also in memory, so reads wait for
/// nothing; a commit waits for one sync of the disk, which commits that come together share.
/// Beside FILE lie FILE-wal (part of the store), FILE.lock and FILE.answered.
class SqliteStore final : public Store {
 public:
  /// Opens or makes the store; its folder must exist. Blocks while it checks all that the file
  /// holds (about a second for 100 MB). Code::conflict: another program has it open (the message
  /// says which); Code::corrupt: something that was answered is damaged or gone (the message says
  /// what and how to restore a backup); Code::unsupported: made by a newer program; Code::io.
  static Result<std::unique_ptr<SqliteStore>> open(asio::any_io_executor loop,
                                                   std::filesystem::path file);
  /// Waits for the disk to finish what it has begun; commits that still wait are Code::cancelled.
  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  Async<Result<std::optional<Entry>>> get(std::string key) override;
  Async<Result<Listing>> list(std::string prefix) override;
  Async<Result<Revision>> commit(std::vector<Condition> conditions,
                                 std::vector<Write> writes) override;
  std::unique_ptr<Watch> watch(std::string prefix, Revision from) override;

  /// Writes a consistent and durable copy of all answered commits to `file`, which must not exist.
  /// Commits wait meanwhile, reads do not. The copy is a store that open() takes.
  Async<Result<void>> backup(std::filesystem::path file);

 private:
  SqliteStore(std::shared_ptr<Ledger> ledger, std::unique_ptr<StoreFile> file);

  std::shared_ptr<Ledger> ledger_;
  std::unique_ptr<StoreFile> file_;
  asio::thread_pool writer_{1};
  std::shared_ptr<CommitQueue> queue_;
};

}  // namespace truce::store
