// Commits that are done once, whatever is lost on the way.
#pragma once

#include <deque>
#include <functional>
#include <span>

#include "members.h"
#include "messages.h"

namespace truce::etcd {

/// Each commit takes one of a number of slots, keys of this process alone, and is one transaction
/// that demands the slot's last revision and writes a text of its own into it. So of all the
/// transactions sent for one slot only one can happen. When the answer is lost, a second
/// transaction, the fence, demands the same revision. Either it is done, and the first never will
/// be, however long it is on its way; or it finds what the first wrote, and with it its revision.
class Commits : public std::enable_shared_from_this<Commits> {
 public:
  /// So many commits are on their way at once; `changed` hears of each new revision.
  static constexpr std::size_t slots = 64;
  Commits(asio::any_io_executor loop, std::shared_ptr<Members> members,
          std::function<void(Revision)> changed);

  /// To be called once, first. No commit of an earlier life of this process happens after it.
  Async<Result<void>> open();
  Async<Result<Revision>> commit(std::vector<Condition> conditions, std::vector<Write> writes);
  /// Answers what waits with Code::cancelled.
  void close();

 private:
  struct Slot {
    std::string key;
    Revision modified = 0;
    bool known = false;  ///< nothing on its way can change it
  };
  struct Waiting;

  Result<std::shared_ptr<Waiting>> add(std::vector<Condition> conditions,
                                       std::vector<Write> writes);
  void start();
  static Async<void> carry_out(std::shared_ptr<Commits> self, Slot* slot,
                               std::shared_ptr<Waiting> commit);
  Async<Result<Revision>> perform(Slot& slot, const Waiting& commit);
  Async<Result<void>> prepare(Slot& slot, Clock::time_point end);
  Async<Result<void>> fence(std::span<Slot> slots, Clock::time_point end);
  /// Nothing: it did not happen, and may be tried again.
  Async<std::optional<Result<Revision>>> judge(Slot& slot, const Mark& mark, const Waiting& commit,
                                               Reply reply);
  std::optional<Result<Revision>> judge_answer(Slot& slot, const Mark& mark, const Waiting& commit,
                                               const TxnReply& txn);
  Async<std::optional<Result<Revision>>> find_out(Slot& slot, const Mark& mark,
                                                  Clock::time_point end, Error why);
  Async<std::optional<Result<Revision>>> read_back(Slot& slot, const Mark& mark,
                                                   Clock::time_point end, Error why);
  std::string next_text();
  [[nodiscard]] std::string prefix() const;

  asio::any_io_executor loop_;
  std::shared_ptr<Members> members_;
  std::function<void(Revision)> changed_;
  std::vector<Slot> all_;
  std::vector<Slot*> free_;
  std::deque<std::shared_ptr<Waiting>> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::string incarnation_;
  std::uint64_t texts_ = 0;
  bool closed_ = false;
};

}  // namespace truce::etcd
