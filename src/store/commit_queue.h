// The way of a commit from the loop to the disk and back.
#pragma once

#include "ledger.h"
#include "store/checks.h"
#include "store/waiting_commit.h"
#include "store_file.h"

namespace truce::store {

/// Commits wait here while the writer's thread syncs those before them, then go together as one
/// transaction. They are judged on the loop, on top of the durable state and each other, and become
/// visible only when the disk has them. When a transaction of several fails, each is tried alone.
class CommitQueue : public std::enable_shared_from_this<CommitQueue> {
 public:
  /// `file` and `writer` are used until close(), and by what runs in `writer` then.
  CommitQueue(std::shared_ptr<Ledger> ledger, StoreFile& file, asio::thread_pool& writer);

  Async<Result<Revision>> commit(std::vector<Condition> conditions, std::vector<Write> writes);
  /// Answers what waits with Code::cancelled; what the writer has at hand is still answered.
  void close();

 private:
  using Waiting = WaitingCommit;
  struct Group;

  Result<std::shared_ptr<Waiting>> add(std::vector<Condition> conditions,
                                       std::vector<Write> writes);
  void start();
  std::shared_ptr<Group> next_group();
  void write(std::shared_ptr<Group> group);
  void finished(const std::shared_ptr<Group>& group, const Result<void>& written);
  void put_back(const Group& group);

  std::shared_ptr<Ledger> ledger_;
  StoreFile& file_;
  asio::thread_pool& writer_;
  std::deque<std::shared_ptr<Waiting>> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t alone_ = 0;  ///< so many of the next commits go without company
  bool writing_ = false;
  bool closed_ = false;
};

}  // namespace truce::store
