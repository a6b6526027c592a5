#include "commit_queue.h"

namespace truce::store {

namespace {
// A transaction's bounds: so that the first of many does not wait long for its answer.
constexpr std::size_t max_group_commits = 256;
constexpr std::size_t max_group_bytes = 16U << 20;
}  // namespace

struct CommitQueue::Group {
  explicit Group(const Ledger& ledger) : draft(ledger) {}
  Draft draft;
  std::vector<std::shared_ptr<Waiting>> commits;
};

CommitQueue::CommitQueue(std::shared_ptr<Ledger> ledger, StoreFile& file, asio::thread_pool& writer)
    : ledger_(std::move(ledger)), file_(file), writer_(writer) {}

Async<Result<Revision>> CommitQueue::commit(std::vector<Condition> conditions,
                                            std::vector<Write> writes) {
  auto self = shared_from_this();
  CO_TRY_VOID(check_limits(conditions, writes));
  CO_TRY(auto waiting, add(std::move(conditions), std::move(writes)));
  co_return co_await answer_of(std::move(waiting));
}

Result<std::shared_ptr<CommitQueue::Waiting>> CommitQueue::add(std::vector<Condition> conditions,
                                                               std::vector<Write> writes) {
  if (closed_) return fail(Code::cancelled, "commit: the store is closing");
  if (waiting_.size() >= max_waiting_commits || waiting_bytes_ >= max_waiting_bytes) {
    return fail(Code::unavailable, "commit: {} commits wait for the disk already: try again later",
                waiting_.size());
  }
  auto waiting =
      std::make_shared<Waiting>(ledger_->loop(), std::move(conditions), std::move(writes));
  waiting_.push_back(waiting);
  waiting_bytes_ += waiting->bytes;
  start();
  return waiting;
}

// One group at a time is with the writer: commits are judged only on what is durable.
void CommitQueue::start() {
  while (!writing_ && !waiting_.empty()) {
    auto group = next_group();
    if (!group->draft.empty()) return write(std::move(group));
    for (const auto& commit : group->commits) commit->answer(std::move(commit->verdict));
  }
}

std::shared_ptr<CommitQueue::Group> CommitQueue::next_group() {
  auto group = std::make_shared<Group>(*ledger_);
  auto most = alone_ > 0 ? 1 : max_group_commits;
  alone_ -= std::min<std::size_t>(alone_, 1);
  std::size_t bytes = 0;
  while (!waiting_.empty() && group->commits.size() < most && bytes < max_group_bytes) {
    auto commit = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= commit->bytes;
    bytes += commit->bytes;
    commit->verdict = group->draft.add(commit->conditions, commit->writes);
    group->commits.push_back(std::move(commit));
  }
  return group;
}

void CommitQueue::write(std::shared_ptr<Group> group) {
  writing_ = true;
  // `self` and `group` go to the writer and come back: they end on the loop, as they began.
  asio::post(writer_,
             [self = shared_from_this(), group = std::move(group), &file = file_]() mutable {
               auto written = file.write(group->draft.revision(), group->draft.changes());
               auto loop = self->ledger_->loop();
               asio::post(loop, [self = std::move(self), group = std::move(group),
                                 written = std::move(written)] { self->finished(group, written); });
               file.tidy();  // after the answer is on its way
             });
}

void CommitQueue::finished(const std::shared_ptr<Group>& group, const Result<void>& written) {
  writing_ = false;
  if (written) {
    ledger_->publish(std::move(group->draft));
    for (const auto& commit : group->commits) commit->answer(std::move(commit->verdict));
  } else if (group->commits.size() > 1 && !closed_) {
    put_back(*group);
  } else {
    for (const auto& commit : group->commits) commit->answer(std::unexpected(written.error()));
  }
  if (!closed_) start();
}

void CommitQueue::put_back(const Group& group) {
  for (const auto& commit : group.commits) waiting_bytes_ += commit->bytes;
  waiting_.insert(waiting_.begin(), group.commits.begin(), group.commits.end());
  alone_ = group.commits.size();
}

void CommitQueue::close() {
  closed_ = true;
  for (const auto& commit : waiting_) {
    commit->answer(fail(Code::cancelled, "commit: the store is closing"));
  }
  waiting_.clear();
}

}  // namespace truce::store
