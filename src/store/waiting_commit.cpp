#include "store/waiting_commit.h"

#include "store/checks.h"

namespace truce::store {

WaitingCommit::WaitingCommit(asio::any_io_executor loop, std::vector<Condition> demanded,
                             std::vector<Write> written)
    : conditions(std::move(demanded)),
      writes(std::move(written)),
      bytes(size_of(writes)),
      wakeup(std::move(loop)) {}

void WaitingCommit::answer(Result<Revision> result) {
  verdict = std::move(result);
  answered = true;
  wakeup.wake();
}

Async<Result<Revision>> answer_of(std::shared_ptr<WaitingCommit> commit) {
  while (!commit->answered) {
    co_await commit->wakeup.wait();
    auto state = co_await asio::this_coro::cancellation_state;
    if (commit->answered || state.cancelled() == asio::cancellation_type::none) continue;
    co_return fail(Code::cancelled, "commit: cancelled while it waited, it may still happen");
  }
  co_return commit->verdict;
}

}  // namespace truce::store
