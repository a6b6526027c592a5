#pragma once

#include <boost/asio/use_future.hpp>
#include <stdexcept>

#include "base/async.h"

namespace truce::store {

/// Runs `loop` until `work` is done, so that tests can be plain code.
template <class T>
T in_loop(asio::io_context& loop, Async<T> work) {
  auto future = asio::co_spawn(loop, std::move(work), asio::use_future);
  loop.restart();
  while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    if (loop.run_one() == 0)
      throw std::runtime_error("the loop has nothing to do, the work never ends");
  }
  return future.get();
}

}  // namespace truce::store
