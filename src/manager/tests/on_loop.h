// A test's coroutine on a loop of its own.
#pragma once

#include "base/async.h"

namespace truce::manager {

/// Runs what `work` makes of a loop until nothing is left on it; what it throws is thrown here.
template <class Work>
void on_loop(Work work) {
  asio::io_context context;
  asio::co_spawn(context, work(context.get_executor()), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  context.run();
}

}  // namespace truce::manager
