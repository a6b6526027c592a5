// A commit that waits for its answer, whatever disk or server gives it.
#pragma once

#include <memory>

#include "base/async.h"
#include "store/store.h"

namespace truce::store {

struct WaitingCommit {
  WaitingCommit(asio::any_io_executor loop, std::vector<Condition> demanded,
                std::vector<Write> written);

  std::vector<Condition> conditions;
  std::vector<Write> writes;
  std::size_t bytes;  ///< of keys and values that are written
  Wakeup wakeup;
  Result<Revision> verdict = 0;  ///< the answer, once it is durable
  bool answered = false;

  void answer(Result<Revision> result);
};

/// Its verdict, once it is answered. Code::cancelled when the caller waits no longer: it may still
/// happen.
Async<Result<Revision>> answer_of(std::shared_ptr<WaitingCommit> commit);

}  // namespace truce::store
