#include "store/past.h"

#include <algorithm>

namespace truce::store {

namespace {

std::size_t size_of(const Batch& batch) {
  std::size_t bytes = sizeof(Batch);
  for (const auto& change : batch.changes) {
    bytes +=
        sizeof(Change) + 2 * change.key.size() + (change.entry ? change.entry->value.size() : 0);
  }
  return bytes;
}

bool touches(const Batch& batch, std::string_view prefix) {
  return std::ranges::any_of(batch.changes,
                             [&](const Change& change) { return change.key.starts_with(prefix); });
}

}  // namespace

/// A watch's place in the past: `next` is the first commit under `prefix` that was not delivered,
/// or, when there is none, a revision still to come.
struct Past::Cursor {
  std::string prefix;
  Revision next;
  Wakeup wakeup;
};

class Past::Reader final : public Watch {
 public:
  Reader(std::shared_ptr<Past> past, std::shared_ptr<Cursor> cursor)
      : past_(std::move(past)), cursor_(std::move(cursor)) {}
  ~Reader() override { past_->cursors_.erase(cursor_.get()); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Async<Result<Batch>> next() override {
    auto past = past_;  // a caller that drops the watch while it waits gets an error, no crash
    auto cursor = cursor_;
    while (true) {
      if (auto batch = past->take(*cursor)) co_return *std::move(batch);
      co_await cursor->wakeup.wait();
      auto state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) {
        co_return fail(Code::cancelled, "watch {}: cancelled", cursor->prefix);
      }
    }
  }

 private:
  std::shared_ptr<Past> past_;
  std::shared_ptr<Cursor> cursor_;
};

Past::Past(asio::any_io_executor loop, Revision newest)
    : loop_(std::move(loop)), newest_(newest), first_(newest + 1) {}

// Readers that have read everything go on with what follows, or a quiet prefix would fall behind by
// what others write.
void Past::pass_by(const Batch* batch, Revision newest) {
  for (auto* cursor : cursors_) {
    if (cursor->next <= newest_ || cursor->next > newest) continue;
    if (batch && touches(*batch, cursor->prefix)) {
      cursor->wakeup.wake();
    } else {
      cursor->next = newest + 1;
    }
  }
  newest_ = newest;
}

void Past::add(Batch batch) {
  TRUCE_ASSERT(batch.revision > newest_, "commits come in the order of their revisions");
  bytes_ += size_of(batch);
  const auto& kept = batches_.emplace_back(std::move(batch));
  pass_by(&kept, kept.revision);
  while (batches_.size() > remembered_commits ||
         (batches_.size() > promised_commits && bytes_ > remembered_bytes)) {
    forget_first();
  }
}

void Past::skip_to(Revision newest) {
  if (newest > newest_) pass_by(nullptr, newest);
}

void Past::lose(Revision newest) {
  batches_.clear();
  bytes_ = 0;
  newest_ = std::max(newest_, newest);
  first_ = newest_ + 1;
  for (auto* cursor : cursors_) cursor->wakeup.wake();
}

void Past::forget_first() {
  bytes_ -= size_of(batches_.front());
  first_ = batches_.front().revision + 1;
  batches_.pop_front();
}

void Past::skip_foreign(Cursor& cursor) const {
  auto at = std::ranges::lower_bound(batches_, cursor.next, {}, &Batch::revision);
  while (at != batches_.end() && !touches(*at, cursor.prefix)) ++at;
  if (at != batches_.end()) {
    cursor.next = at->revision;
  } else {
    cursor.next = std::max(cursor.next, newest_ + 1);
  }
}

std::unique_ptr<Watch> Past::watch(std::string prefix, Revision from) {
  auto cursor = std::make_shared<Cursor>(Cursor{
      .prefix = std::move(prefix), .next = std::max<Revision>(from, 1), .wakeup = Wakeup(loop_)});
  if (cursor->next >= first_) skip_foreign(*cursor);
  cursors_.insert(cursor.get());
  return std::make_unique<Reader>(shared_from_this(), std::move(cursor));
}

std::optional<Result<Batch>> Past::take(Cursor& cursor) {
  if (closed_) return fail(Code::cancelled, "watch {}: the store is closing", cursor.prefix);
  if (cursor.next < first_) {
    return fail(Code::limit,
                "watch {}: revision {} is forgotten, the oldest remembered is {}: list again",
                cursor.prefix, cursor.next, first_);
  }
  if (cursor.next > newest_) return std::nullopt;
  auto all = std::ranges::lower_bound(batches_, cursor.next, {}, &Batch::revision);
  TRUCE_ASSERT(all != batches_.end(), "a reader's next commit is remembered or still to come");
  Batch batch{.revision = all->revision, .changes = {}};
  std::ranges::copy_if(all->changes, std::back_inserter(batch.changes),
                       [&](const Change& change) { return change.key.starts_with(cursor.prefix); });
  cursor.next = batch.revision + 1;
  skip_foreign(cursor);
  return batch;
}

void Past::close() {
  closed_ = true;
  for (auto* cursor : cursors_) cursor->wakeup.wake();
}

}  // namespace truce::store
