#include "base/async.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>

namespace truce {

namespace {
// A cancelled coroutine leaves its next wait with operation_aborted: that is how it ends.
void rethrow_unless_cancelled(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) throw;
  } catch (const asio::multiple_exceptions& both) {  // of `a || b` that was cancelled
    rethrow_unless_cancelled(both.first_exception());
  }
}
}  // namespace

namespace detail {
namespace operators = asio::experimental::awaitable_operators;

Async<void> on_pool(asio::thread_pool& pool, std::function<void()> work) {
  auto there = [](std::function<void()> inner) -> Async<void> {
    inner();
    co_return;
  };
  co_await asio::co_spawn(
      pool.get_executor(), there(std::move(work)),
      asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

Async<std::size_t> first_of(Async<void> one, Async<void> other) {
  co_return (co_await operators::operator||(std::move(one), std::move(other))).index();
}

Async<void> all_of(Async<void> one, Async<void> other) {
  co_await operators::operator&&(std::move(one), std::move(other));
}
}  // namespace detail

Async<void> sleep_for(Duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(as_result);
}

Wakeup::Wakeup(asio::any_io_executor loop) : timer_(std::move(loop)) {
  timer_.expires_at(asio::steady_timer::time_point::max());
}

void Wakeup::wake() {
  pending_ = true;
  timer_.cancel();
}

Async<void> Wakeup::wait() {
  if (!pending_) co_await timer_.async_wait(as_result);
  pending_ = false;
}

Scope::Scope(asio::any_io_executor loop) : loop_(loop), ended_(std::move(loop)) {}

Scope::~Scope() {
  TRUCE_ASSERT(running_.empty(), "a scope was destroyed before it was joined");
}

void Scope::spawn(Async<void> work) {
  if (cancelled_) return;
  auto signal = running_.emplace(running_.end());
  asio::co_spawn(loop_, std::move(work),
                 asio::bind_cancellation_slot(signal->slot(), [this, signal](std::exception_ptr e) {
                   running_.erase(signal);
                   ended_.wake();
                   if (e) rethrow_unless_cancelled(e);
                 }));
}

void Scope::cancel() {
  cancelled_ = true;
  for (auto signal = running_.begin(); signal != running_.end();) {
    auto current = signal++;
    // Posted: emit() may run the coroutine's end at once, which erases the signal under our feet.
    asio::post(loop_, [this, current] {
      for (auto s = running_.begin(); s != running_.end(); ++s) {
        if (s == current) return s->emit(asio::cancellation_type::terminal);
      }
    });
  }
}

Async<void> Scope::join() {
  while (!running_.empty()) co_await ended_.wait();
}

}  // namespace truce
