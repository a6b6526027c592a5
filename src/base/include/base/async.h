// What waits: coroutines on one loop thread. What computes or blocks: run_blocking on a pool.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>

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

namespace detail {
/// What coroutines of any type are waited for by: compiled once, as Asio's own are slow to compile.
Async<void> on_pool(asio::thread_pool& pool, std::function<void()> work);
Async<std::size_t> first_of(Async<void> one, Async<void> other);
Async<void> all_of(Async<void> one, Async<void> other);

template <class T>
using Held = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Leaves in `result` what `work` gives.
template <class T>
Async<void> keep(Async<T> work, std::optional<Held<T>>& result) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(work);
    result.emplace();
  } else {
    result.emplace(co_await std::move(work));
  }
}
}  // namespace detail

/// Runs both until the first has ended, cancels the other and waits for its end. The variant's
/// index tells which was first. (One that throws is not first: the other is waited for.)
template <class T, class U>
Async<std::variant<detail::Held<T>, detail::Held<U>>> operator||(Async<T> one, Async<U> other) {
  using First = std::variant<detail::Held<T>, detail::Held<U>>;
  std::optional<detail::Held<T>> a;
  std::optional<detail::Held<U>> b;
  auto first =
      co_await detail::first_of(detail::keep(std::move(one), a), detail::keep(std::move(other), b));
  if (first == 0) co_return First(std::in_place_index<0>, *std::move(a));
  co_return First(std::in_place_index<1>, *std::move(b));
}
inline Async<std::variant<std::monostate, std::monostate>> operator||(Async<void> one,
                                                                      Async<void> other) {
  using First = std::variant<std::monostate, std::monostate>;
  if (co_await detail::first_of(std::move(one), std::move(other)) == 0)
    co_return First(std::in_place_index<0>);
  co_return First(std::in_place_index<1>);
}

/// Runs both to their ends; what they give. When one throws the other is cancelled.
template <class T, class U>
Async<std::tuple<T, U>> operator&&(Async<T> one, Async<U> other) {
  std::optional<T> a;
  std::optional<U> b;
  co_await detail::all_of(detail::keep(std::move(one), a), detail::keep(std::move(other), b));
  co_return std::tuple<T, U>(*std::move(a), *std::move(b));
}
template <class T>
Async<T> operator&&(Async<T> one, Async<void> other) {
  std::optional<T> a;
  co_await detail::all_of(detail::keep(std::move(one), a), std::move(other));
  co_return *std::move(a);
}
inline Async<void> operator&&(Async<void> one, Async<void> other) {
  return detail::all_of(std::move(one), std::move(other));
}

/// Runs `work` (a plain function that computes or blocks) on `pool`; resumes on the caller's loop.
/// What runs there cannot be stopped: a caller that is cancelled goes on when it has ended. (Asio
/// would throw on the pool's thread, and end the program, if it heard of the cancellation.)
template <class Work>
Async<std::invoke_result_t<Work&>> run_blocking(asio::thread_pool& pool, Work work) {
  using Value = std::invoke_result_t<Work&>;
  struct Shared {  // with a thread that may outlive the loop
    Work work;
    std::optional<detail::Held<Value>> result;
  };
  auto shared = std::make_shared<Shared>(std::move(work));
  co_await detail::on_pool(pool, [shared] {
    if constexpr (std::is_void_v<Value>) {
      shared->work();
    } else {
      shared->result.emplace(shared->work());
    }
  });
  if constexpr (!std::is_void_v<Value>) co_return *std::move(shared->result);
}

/// The result of `work`, or Code::timeout after `limit`; then `work` is cancelled at its next wait.
template <class T>
Async<Result<T>> within(Duration limit, Async<Result<T>> work, std::string what) {
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
