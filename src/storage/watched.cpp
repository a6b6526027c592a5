#include "watched.h"

namespace truce::storage {

namespace {

Async<void> follow(Watch& watch, const std::function<void(double)>& progress) {
  // A cancellation may come from `progress`, too: none may pass unseen.
  co_await asio::this_coro::throw_if_cancelled(false);
  while (true) {
    co_await sleep_for(100ms);
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      watch.cancelled = true;
      co_return;
    }
    if (progress) progress(watch.fraction);
  }
}

}  // namespace

Async<Result<void>> run_watched(asio::thread_pool& pool, std::function<Result<void>(Watch&)> work,
                                std::function<void(double)> progress) {
  Watch watch;
  Result<void> result;
  auto run = [&]() -> Async<void> {
    result = co_await run_blocking(pool, [&] { return work(watch); });
  };
  co_await (run() || follow(watch, progress));
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    co_return fail(Code::cancelled, "cancelled");
  co_return result;
}

}  // namespace truce::storage
