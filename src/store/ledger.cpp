#include "ledger.h"

#include "store/checks.h"

namespace truce::store {

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
    TRY_VOID(check_condition(condition, entry ? entry->modified : 0));
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
    : loop_(loop),
      entries_(std::move(entries)),
      past_(std::make_shared<Past>(std::move(loop), revision)) {}

const Entry* Ledger::find(std::string_view key) const {
  auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

Listing Ledger::list(std::string_view prefix) const {
  Listing listing{.revision = revision(), .entries = {}};
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
  for (auto& batch : draft.batches_) past_->add(std::move(batch));
}

void Ledger::close() {
  closed_ = true;
  past_->close();
}

}  // namespace truce::store
