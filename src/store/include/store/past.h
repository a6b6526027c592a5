// For implementations of Store: the last commits, and the watches that read them.
#pragma once

#include <deque>
#include <memory>
#include <set>

#include "store/store.h"

namespace truce::store {

/// The past that watches may read: this many commits, fewer (never below the promised number) once
/// they take more than `remembered_bytes`.
inline constexpr std::size_t remembered_commits = 4'096;
inline constexpr std::size_t promised_commits = 1'000;
inline constexpr std::size_t remembered_bytes = 64U << 20;

/// The last commits, in the order of their revisions, which may have gaps. Watches are cursors into
/// it: a slow one costs no memory and gets Code::limit once its place is forgotten. Lives on one
/// loop, owned by a store and by its watches together.
class Past : public std::enable_shared_from_this<Past> {
 public:
  /// Knows nothing of `newest` and of what came before it.
  Past(asio::any_io_executor loop, Revision newest);

  [[nodiscard]] Revision newest() const { return newest_; }
  /// The newest commit; its revision is above newest().
  void add(Batch batch);
  /// No commit from here to `newest`, inclusive, has to be delivered.
  void skip_to(Revision newest);
  /// What came before is not known, up to and with `newest`: watches that wait for it get
  /// Code::limit.
  void lose(Revision newest);

  std::unique_ptr<Watch> watch(std::string prefix, Revision from);
  /// Ends all watches with Code::cancelled.
  void close();

 private:
  struct Cursor;
  class Reader;

  void pass_by(const Batch* batch, Revision newest);
  void forget_first();
  void skip_foreign(Cursor& cursor) const;
  /// The cursor's next batch, or nothing when it has to wait.
  std::optional<Result<Batch>> take(Cursor& cursor);

  asio::any_io_executor loop_;
  Revision newest_;
  Revision first_;  ///< all commits from here on are known
  std::deque<Batch> batches_;
  std::size_t bytes_ = 0;
  std::set<Cursor*> cursors_;
  bool closed_ = false;
};

}  // namespace truce::store
