// What both stores share: the present content in memory, the judging of commits, and the remembered
// past that watches read.
#pragma once

#include <map>
#include <memory>
#include <string_view>

#include "store/past.h"

namespace truce::store {

using Entries = std::map<std::string, Entry, std::less<>>;

class Ledger;

/// Commits that are judged but not yet published, each on top of those before it.
class Draft {
 public:
  /// `ledger` must not change while the draft lives.
  explicit Draft(const Ledger& ledger);

  /// Judges one commit and, when its conditions hold, takes its changes into the draft.
  /// Answers the revision that it gets; Code::conflict names the key whose condition fails.
  Result<Revision> add(const std::vector<Condition>& conditions, const std::vector<Write>& writes);

  [[nodiscard]] Revision revision() const { return revision_; }
  [[nodiscard]] bool empty() const { return batches_.empty(); }
  /// The last change of every key that changed, ordered by key; valid as long as the draft.
  [[nodiscard]] std::vector<const Change*> changes() const;

 private:
  friend class Ledger;
  [[nodiscard]] const Entry* find(std::string_view key) const;

  const Ledger& ledger_;
  Revision revision_;
  std::vector<Batch> batches_;
  std::map<std::string_view, const Change*> last_;  // points into batches_
};

/// The content and its past. Lives on one loop.
class Ledger {
 public:
  Ledger(asio::any_io_executor loop, Revision revision, Entries entries);

  [[nodiscard]] const asio::any_io_executor& loop() const { return loop_; }
  [[nodiscard]] Revision revision() const { return past_->newest(); }
  [[nodiscard]] const Entry* find(std::string_view key) const;
  [[nodiscard]] Listing list(std::string_view prefix) const;

  /// Makes a draft of this ledger's present state the newest state and tells the watches.
  void publish(Draft draft);

  std::unique_ptr<Watch> watch(std::string prefix, Revision from) {
    return past_->watch(std::move(prefix), from);
  }

  /// Ends all watches with Code::cancelled.
  void close();
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  asio::any_io_executor loop_;
  Entries entries_;
  std::shared_ptr<Past> past_;
  bool closed_ = false;
};

}  // namespace truce::store
