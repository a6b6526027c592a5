// What waits: coroutines on one loop thread. What computes or blocks: run_blocking on a pool.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <list>
#include <string>
#include <type_traits>

#include "base/result.h"
#include "base/time.h"

namespace truce {

namespace asio = boost::asio;

/// The one coroutine type. Parameters by value; never a lock over co_await.
template <class T>
using Async = asio::awaitable<T>;

/// Completion token for Asio operations: `auto [ec, n] = co_await socket.async_read_some(b,
/// as_result);`
inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// Suspends for `duration`; ends early (without an error) when the coroutine is cancelled.
Async<void> sleep_for(Duration duration);

/// Runs `work` (a plain function that computes or blocks) on `pool`; resumes on the caller's loop.
/// What runs there cannot be stopped: a caller that is cancelled goes on when it has ended. (Asio
/// would throw on the pool's thread, and end the program, if it heard of the cancellation.)
template <class Work>
Async<std::invoke_result_t<Work&>> run_blocking(asio::thread_pool& pool, Work work) {
  auto on_pool = [](Work inner) -> Async<std::invoke_result_t<Work&>> { co_return inner(); };
  co_return co_await asio::co_spawn(
      pool.get_executor(), on_pool(std::move(work)),
      asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

/// The result of `work`, or Code::timeout after `limit`; then `work` is cancelled at its next wait.
template <class T>
Async<Result<T>> within(Duration limit, Async<Result<T>> work, std::string what) {
  using namespace asio::experimental::awaitable_operators;
  auto first = co_await (std::move(work) || sleep_for(limit));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return fail(Code::timeout, "{}: no answer within {:g} s", what,
                 static_cast<double>(limit.count()) / 1000);
}

/// Lets coroutines of one loop wait for "something changed". A wake() with nobody waiting is kept.
class Wakeup {
 public:
  explicit Wakeup(asio::any_io_executor loop);
  void wake();
  /// Returns when wake() was called since the last wait() returned, or when cancelled.
  Async<void> wait();

 private:
  asio::steady_timer timer_;
  bool pending_ = false;
};

/// Owns coroutines of one loop: nothing it started outlives it once join() has returned.
/// Destroying a scope with running coroutines is a broken promise.
class Scope {
 public:
  explicit Scope(asio::any_io_executor loop);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// Starts `work`. After cancel() nothing new starts.
  void spawn(Async<void> work);
  /// Asks everything that runs to stop: its present wait ends with an error or a cancelled result,
  /// and any later one throws operation_aborted, which ends the coroutine and is swallowed here.
  /// (Clean-up that must wait first says `co_await asio::this_coro::reset_cancellation_state();`.)
  void cancel();
  /// Waits until everything that was started has ended.
  Async<void> join();
  [[nodiscard]] std::size_t running() const { return running_.size(); }
  [[nodiscard]] bool cancelled() const { return cancelled_; }

 private:
  asio::any_io_executor loop_;
  std::list<asio::cancellation_signal> running_;
  Wakeup ended_;
  bool cancelled_ = false;
};

}  // namespace truce
