// What both stores share: the present content in memory, the judging of commits, and the remembered
// past that watches read.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string_view>

#include "store/store.h"

namespace truce::store {

using Entries = std::map<std::string, Entry, std::less<>>;

/// The past that watches may read: this many commits, fewer (never below the promised number) once
/// they take more than `remembered_bytes`.
inline constexpr std::size_t remembered_commits = 4'096;
inline constexpr std::size_t promised_commits = 1'000;
inline constexpr std::size_t remembered_bytes = 64U << 20;

/// Code::invalid when a commit breaks one of the limits of store.h.
Result<void> check_limits(const std::vector<Condition>& conditions,
                          const std::vector<Write>& writes);

/// Keys and values of a commit, in bytes.
std::size_t size_of(const std::vector<Write>& writes);

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

/// A watch's place in the past: `next` is the first commit under `prefix` that was not delivered,
/// or, when there is none, a revision still to come.
struct Cursor {
  std::string prefix;
  Revision next;
  Wakeup wakeup;
};

/// The content and its past. Lives on one loop, owned by a store and by its watches together.
class Ledger : public std::enable_shared_from_this<Ledger> {
 public:
  Ledger(asio::any_io_executor loop, Revision revision, Entries entries);

  [[nodiscard]] const asio::any_io_executor& loop() const { return loop_; }
  [[nodiscard]] Revision revision() const { return revision_; }
  [[nodiscard]] const Entry* find(std::string_view key) const;
  [[nodiscard]] Listing list(std::string_view prefix) const;

  /// Makes a draft of this ledger's present state the newest state and tells the watches.
  void publish(Draft draft);

  std::unique_ptr<Watch> watch(std::string prefix, Revision from);
  /// The cursor's next batch, or nothing when it has to wait.
  std::optional<Result<Batch>> take(Cursor& cursor);
  void forget(Cursor& cursor) { cursors_.erase(&cursor); }

  /// Ends all watches with Code::cancelled.
  void close();
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  void remember(Batch batch);
  void skip_foreign(Cursor& cursor) const;
  [[nodiscard]] Revision first_remembered() const;

  asio::any_io_executor loop_;
  Revision revision_;
  Entries entries_;
  std::deque<Batch> past_;  // contiguous; the last one has revision_
  std::size_t past_bytes_ = 0;
  std::set<Cursor*> cursors_;
  bool closed_ = false;
};

}  // namespace truce::store
