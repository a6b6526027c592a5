#include "ledger.h"

namespace truce::store {

namespace {

Result<void> check_key(std::string_view key) {
  if (key.empty()) return fail(Code::invalid, "a key is empty");
  if (key.size() > max_key_size) {
    return fail(Code::invalid, "the key {}... has {} bytes, {} are allowed", key.substr(0, 40),
                key.size(), max_key_size);
  }
  return {};
}

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

/// One reader of a ledger's past.
class LedgerWatch final : public Watch {
 public:
  LedgerWatch(std::shared_ptr<Ledger> ledger, std::shared_ptr<Cursor> cursor)
      : ledger_(std::move(ledger)), cursor_(std::move(cursor)) {}
  ~LedgerWatch() override { ledger_->forget(*cursor_); }
  LedgerWatch(const LedgerWatch&) = delete;
  LedgerWatch& operator=(const LedgerWatch&) = delete;

  Async<Result<Batch>> next() override {
    auto ledger = ledger_;  // a caller that drops the watch while it waits gets an error, no crash
    auto cursor = cursor_;
    while (true) {
      if (auto batch = ledger->take(*cursor)) co_return *std::move(batch);
      co_await cursor->wakeup.wait();
      auto state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) {
        co_return fail(Code::cancelled, "watch {}: cancelled", cursor->prefix);
      }
    }
  }

 private:
  std::shared_ptr<Ledger> ledger_;
  std::shared_ptr<Cursor> cursor_;
};

}  // namespace

std::size_t size_of(const std::vector<Write>& writes) {
  std::size_t bytes = 0;
  for (const auto& write : writes)
    bytes += write.key.size() + (write.value ? write.value->size() : 0);
  return bytes;
}

Result<void> check_limits(const std::vector<Condition>& conditions,
                          const std::vector<Write>& writes) {
  if (writes.size() > max_writes_in_commit || conditions.size() > max_writes_in_commit) {
    return fail(Code::invalid, "a commit has {} conditions and {} writes, {} of each are allowed",
                conditions.size(), writes.size(), max_writes_in_commit);
  }
  for (const auto& condition : conditions) TRY_VOID(check_key(condition.key));
  std::set<std::string_view> keys;
  for (const auto& write : writes) {
    TRY_VOID(check_key(write.key));
    if (write.value && write.value->size() > max_value_size) {
      return fail(Code::invalid, "{}: the value has {} bytes, {} are allowed", write.key,
                  write.value->size(), max_value_size);
    }
    if (!keys.insert(write.key).second) {
      return fail(Code::invalid, "{}: written twice in one commit", write.key);
    }
  }
  return {};
}

Draft::Draft(const Ledger& ledger) : ledger_(ledger), revision_(ledger.revision()) {}

const Entry* Draft::find(std::string_view key) const {
  if (auto found = last_.find(key); found != last_.end()) {
    return found->second->entry ? &*found->second->entry : nullptr;
  }
  return ledger_.find(key);
}

Result<Revision> Draft::add(const std::vector<Condition>& conditions,
                            const std::vector<Write>& writes) {
  for (const auto& condition : conditions) {
    const auto* entry = find(condition.key);
    auto modified = entry ? entry->modified : 0;
    if (modified == condition.modified) continue;
    if (condition.modified == 0) return fail(Code::conflict, "{}: exists already", condition.key);
    if (!entry) return fail(Code::conflict, "{}: does not exist any more", condition.key);
    return fail(Code::conflict, "{}: changed meanwhile (revision {}, expected {})", condition.key,
                modified, condition.modified);
  }
  Batch batch{.revision = revision_ + 1, .changes = {}};
  batch.changes.reserve(writes.size());
  for (const auto& write : writes) {
    const auto* old = find(write.key);
    if (!write.value && !old) continue;
    auto& change = batch.changes.emplace_back(Change{.key = write.key, .entry = {}});
    if (!write.value) continue;
    change.entry = Entry{.key = write.key,
                         .value = *write.value,
                         .created = old ? old->created : batch.revision,
                         .modified = batch.revision};
  }
  if (batch.changes.empty()) return revision_;
  const auto& kept = batches_.emplace_back(std::move(batch));
  for (const auto& change : kept.changes) last_[change.key] = &change;
  return revision_ = kept.revision;
}

std::vector<const Change*> Draft::changes() const {
  std::vector<const Change*> all;
  all.reserve(last_.size());
  for (const auto& [key, change] : last_) all.push_back(change);
  return all;
}

Ledger::Ledger(asio::any_io_executor loop, Revision revision, Entries entries)
    : loop_(std::move(loop)), revision_(revision), entries_(std::move(entries)) {}

const Entry* Ledger::find(std::string_view key) const {
  auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

Listing Ledger::list(std::string_view prefix) const {
  Listing listing{.revision = revision_, .entries = {}};
  for (auto at = entries_.lower_bound(prefix);
       at != entries_.end() && at->first.starts_with(prefix); ++at) {
    listing.entries.push_back(at->second);
  }
  return listing;
}

void Ledger::publish(Draft draft) {
  TRUCE_ASSERT(&draft.ledger_ == this, "a draft was published in another ledger");
  for (const auto* change : draft.changes()) {
    if (change->entry) {
      entries_.insert_or_assign(change->key, *change->entry);
    } else {
      entries_.erase(change->key);
    }
  }
  for (auto& batch : draft.batches_) remember(std::move(batch));
}

void Ledger::remember(Batch batch) {
  TRUCE_ASSERT(batch.revision == revision_ + 1,
               "a draft was published on a state it was not made of");
  revision_ = batch.revision;
  past_bytes_ += size_of(batch);
  past_.push_back(std::move(batch));
  for (auto* cursor : cursors_) {
    if (cursor->next != revision_) continue;
    if (touches(past_.back(), cursor->prefix)) {
      cursor->wakeup.wake();
    } else {
      ++cursor->next;  // or a quiet prefix would fall behind by what others write
    }
  }
  while (past_.size() > remembered_commits ||
         (past_.size() > promised_commits && past_bytes_ > remembered_bytes)) {
    past_bytes_ -= size_of(past_.front());
    past_.pop_front();
  }
}

Revision Ledger::first_remembered() const {
  return revision_ - static_cast<Revision>(past_.size()) + 1;
}

void Ledger::skip_foreign(Cursor& cursor) const {
  auto index = static_cast<std::size_t>(cursor.next - first_remembered());
  while (cursor.next <= revision_ && !touches(past_[index], cursor.prefix)) {
    ++index;
    ++cursor.next;
  }
}

std::unique_ptr<Watch> Ledger::watch(std::string prefix, Revision from) {
  auto cursor = std::make_shared<Cursor>(Cursor{
      .prefix = std::move(prefix), .next = std::max<Revision>(from, 1), .wakeup = Wakeup(loop_)});
  if (cursor->next >= first_remembered()) skip_foreign(*cursor);
  cursors_.insert(cursor.get());
  return std::make_unique<LedgerWatch>(shared_from_this(), std::move(cursor));
}

std::optional<Result<Batch>> Ledger::take(Cursor& cursor) {
  if (closed_) return fail(Code::cancelled, "watch {}: the store is closing", cursor.prefix);
  if (cursor.next < first_remembered()) {
    return fail(Code::limit,
                "watch {}: revision {} is forgotten, the oldest remembered is {}: list again",
                cursor.prefix, cursor.next, first_remembered());
  }
  if (cursor.next > revision_) return std::nullopt;
  const auto& all = past_[static_cast<std::size_t>(cursor.next - first_remembered())];
  Batch batch{.revision = all.revision, .changes = {}};
  std::ranges::copy_if(all.changes, std::back_inserter(batch.changes),
                       [&](const Change& change) { return change.key.starts_with(cursor.prefix); });
  ++cursor.next;
  skip_foreign(cursor);
  return batch;
}

void Ledger::close() {
  closed_ = true;
  for (auto* cursor : cursors_) cursor->wakeup.wake();
}

}  // namespace truce::store
