#include "commits.h"

#include <algorithm>

#include "base/random.h"
#include "store/checks.h"
#include "store/waiting_commit.h"

namespace truce::etcd {

namespace {

constexpr auto txn_method = "/etcdserverpb.KV/Txn";
constexpr auto range_method = "/etcdserverpb.KV/Range";

std::unexpected<Error> unknown(const Error& why) {
  return fail(Code::timeout, "commit: it is not known whether it happened, it still may: {}",
              why.message);
}

const Entry* find(const std::vector<Entry>& entries, std::string_view key) {
  auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

Revision modified_of(const Entry* entry) {
  return entry ? entry->modified : 0;
}

}  // namespace

struct Commits::Waiting : store::WaitingCommit {
  using store::WaitingCommit::WaitingCommit;
  Clock::time_point end;   ///< it is not sent after this
  Clock::time_point last;  ///< what became of it is not asked after this
};

Commits::Commits(asio::any_io_executor loop, std::shared_ptr<Members> members,
                 std::function<void(Revision)> changed)
    : loop_(std::move(loop)),
      members_(std::move(members)),
      changed_(std::move(changed)),
      incarnation_(random_hex(8)) {
  const auto& options = members_->options();
  for (std::size_t i = 0; i < slots; ++i) {
    all_.push_back({.key = fmt::format("{}commits/{}/{:02}", options.prefix, options.client, i)});
  }
  for (auto& slot : all_) free_.insert(free_.begin(), &slot);
}

std::string Commits::prefix() const {
  return members_->options().prefix + "objects/";
}

std::string Commits::next_text() {
  return fmt::format("{}-{}", incarnation_, ++texts_);
}

Async<Result<Revision>> Commits::commit(std::vector<Condition> conditions,
                                        std::vector<Write> writes) {
  auto self = shared_from_this();
  CO_TRY_VOID(store::check_limits(conditions, writes));
  CO_TRY(auto waiting, add(std::move(conditions), std::move(writes)));
  co_return co_await store::answer_of(std::move(waiting));
}

Result<std::shared_ptr<Commits::Waiting>> Commits::add(std::vector<Condition> conditions,
                                                       std::vector<Write> writes) {
  if (closed_) return fail(Code::cancelled, "commit: the store is closing");
  if (waiting_.size() >= store::max_waiting_commits || waiting_bytes_ >= store::max_waiting_bytes) {
    return fail(Code::unavailable, "commit: {} commits wait for etcd already: try again later",
                waiting_.size());
  }
  auto waiting = std::make_shared<Waiting>(loop_, std::move(conditions), std::move(writes));
  waiting->end = members_->limit();
  waiting->last = waiting->end + members_->options().attempt;
  waiting_.push_back(waiting);
  waiting_bytes_ += waiting->bytes;
  start();
  return waiting;
}

void Commits::start() {
  while (!closed_ && !waiting_.empty() && !free_.empty()) {
    auto* slot = free_.back();
    free_.pop_back();
    auto commit = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= commit->bytes;
    asio::co_spawn(loop_, carry_out(shared_from_this(), slot, std::move(commit)),
                   [](std::exception_ptr e) {
                     if (e) std::rethrow_exception(e);
                   });
  }
}

Async<void> Commits::carry_out(std::shared_ptr<Commits> self, Slot* slot,
                               std::shared_ptr<Waiting> commit) {
  auto verdict = co_await self->perform(*slot, *commit);
  commit->answer(std::move(verdict));
  self->free_.push_back(slot);
  self->start();
}

Async<Result<Revision>> Commits::perform(Slot& slot, const Waiting& commit) {
  Error why{Code::unavailable, "too many commits wait", {}};
  for (int attempt = 1; Clock::now() < commit.end; ++attempt) {
    CO_TRY_VOID(co_await prepare(slot, commit.end));
    Mark mark{.key = slot.key, .modified = slot.modified, .value = next_text()};
    auto reply = co_await members_->once(
        txn_method, commit_request(prefix(), commit.conditions, commit.writes, mark), commit.last);
    if (reply.outcome != Outcome::done) why = reply.error;
    auto end = co_await judge(slot, mark, commit, std::move(reply));
    if (end && *end && **end == slot.modified) changed_(slot.modified);
    if (end) co_return *std::move(end);
    co_await pause(attempt);
  }
  co_return fail(Code::unavailable, "commit: nothing of it happened: {}", why.message);
}

// While members do not answer, a read goes first: a commit that is not sent has no unknown outcome.
Async<Result<void>> Commits::prepare(Slot& slot, Clock::time_point end) {
  if (slot.known && !members_->doubtful()) co_return Result<void>{};
  Result<void> ready;
  if (slot.known) {
    auto read = co_await members_->ask(range_method, get_request(slot.key), end);
    if (!read) ready = std::unexpected(std::move(read).error());
  } else {
    ready = co_await fence({&slot, 1}, end);
  }
  if (ready) co_return ready;
  co_return std::unexpected(std::move(ready).error().within("commit: nothing of it happened"));
}

// For slots whose last commit may still be on its way. They are fenced off together.
Async<Result<void>> Commits::fence(std::span<Slot> slots, Clock::time_point end) {
  std::vector<std::string> others;
  for (const auto& slot : slots.subspan(1)) others.push_back(slot.key);
  const auto& key = slots.front().key;
  while (true) {
    CO_TRY(auto read, co_await members_->ask(range_method, get_request(key), end));
    CO_TRY(auto present, parse_range(read));
    Mark mark{
        .key = key, .modified = modified_of(find(present.entries, key)), .value = next_text()};
    auto reply = co_await members_->once(txn_method, fence_request(mark, others), end);
    if (reply.outcome == Outcome::done) {
      CO_TRY(auto txn, parse_txn(reply.bytes));
      if (!txn.done) continue;  // the last commit has come meanwhile
      for (auto& slot : slots) slot = {slot.key, txn.revision, true};
      co_return Result<void>{};
    }
    if (reply.error.code != Code::unavailable || Clock::now() >= end)
      co_return std::unexpected(std::move(reply.error));
    co_await pause(1);
  }
}

Async<Result<void>> Commits::open() {
  return fence(all_, members_->limit());
}

Async<std::optional<Result<Revision>>> Commits::judge(Slot& slot, const Mark& mark,
                                                      const Waiting& commit, Reply reply) {
  switch (reply.outcome) {
    case Outcome::done: {
      auto txn = parse_txn(reply.bytes);
      if (txn) co_return judge_answer(slot, mark, commit, *txn);
      slot.known = false;
      co_return unknown(txn.error());
    }
    case Outcome::refused:
      co_return std::unexpected(std::move(reply.error).within("commit"));
    case Outcome::not_done:
      co_return std::nullopt;
    case Outcome::full:
      co_return co_await read_back(slot, mark, commit.last, std::move(reply.error));
    case Outcome::unknown:
      if (reply.error.code == Code::cancelled) co_return std::unexpected(std::move(reply.error));
      if (commit.writes.empty()) co_return std::nullopt;
      co_return co_await find_out(slot, mark, commit.last, std::move(reply.error));
  }
  co_return std::nullopt;
}

std::optional<Result<Revision>> Commits::judge_answer(Slot& slot, const Mark& mark,
                                                      const Waiting& commit, const TxnReply& txn) {
  if (txn.done) {
    if (!txn.unchanged) slot.modified = txn.revision;
    return txn.revision;
  }
  auto modified = modified_of(find(txn.found, mark.key));
  for (const auto& condition : commit.conditions) {
    auto held =
        store::check_condition(condition, modified_of(find(txn.found, prefix() + condition.key)));
    if (!held) return std::unexpected(std::move(held).error());
  }
  // Somebody else wrote the slot, so that it failed: of another process with this name.
  slot.modified = modified;
  return std::nullopt;
}

Async<std::optional<Result<Revision>>> Commits::find_out(Slot& slot, const Mark& mark,
                                                         Clock::time_point end, Error why) {
  slot.known = false;
  Mark fence{.key = mark.key, .modified = mark.modified, .value = next_text()};
  for (int attempt = 1; Clock::now() < end; ++attempt) {
    auto reply = co_await members_->once(txn_method, fence_request(fence), end);
    if (reply.outcome == Outcome::full) {
      auto read = co_await read_back(slot, mark, end, why);
      if (read && *read) co_return read;
      break;
    }
    if (reply.outcome != Outcome::done) {
      why = reply.error;
      if (why.code != Code::unavailable) break;
      co_await pause(attempt);
      continue;
    }
    auto txn = parse_txn(reply.bytes);
    if (!txn) co_return unknown(txn.error());
    const auto* found = find(txn->found, mark.key);
    auto mine = found && (found->value == mark.value || found->value == fence.value);
    if (!txn->done && !mine) break;  // somebody else wrote the slot, and what it was is lost
    slot.known = true;
    slot.modified = txn->done ? txn->revision : found->modified;
    if (found && found->value == mark.value) co_return found->modified;
    co_return std::nullopt;
  }
  co_return unknown(why);
}

// etcd did it, and then said that it has no space; or it did not. Nothing is on its way any more.
Async<std::optional<Result<Revision>>> Commits::read_back(Slot& slot, const Mark& mark,
                                                          Clock::time_point end, Error why) {
  slot.known = false;
  auto read = co_await members_->ask(range_method, get_request(mark.key), end);
  if (!read) co_return unknown(read.error());
  auto present = parse_range(*read);
  if (!present) co_return unknown(present.error());
  const auto* found = find(present->entries, mark.key);
  if (found && found->value == mark.value) {
    slot.known = true;
    slot.modified = found->modified;
    co_return found->modified;
  }
  co_return std::unexpected(std::move(why).within("commit"));
}

void Commits::close() {
  closed_ = true;
  for (const auto& commit : waiting_) {
    commit->answer(fail(Code::cancelled, "commit: the store is closing"));
  }
  waiting_.clear();
}

}  // namespace truce::etcd
