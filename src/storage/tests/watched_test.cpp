#include "watched.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/thread_pool.hpp>
#include <thread>

#include "run.h"

namespace truce::storage {
namespace {

TEST(RunWatched, tells_on_the_callers_thread_how_far_the_work_is) {
  asio::thread_pool threads{1};
  double told = 0;
  auto caller = std::this_thread::get_id();
  auto work = [](Watch& watch) -> Result<void> {
    watch.fraction = 0.5;
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    return fail(Code::io, "the end");
  };
  auto done = run_to_end(run_watched(threads, work, [&](double fraction) {
    told = fraction;
    EXPECT_EQ(std::this_thread::get_id(), caller);
  }));
  EXPECT_EQ(told, 0.5);
  EXPECT_EQ(done.error().message, "the end");
}

TEST(RunWatched, a_caller_that_is_cancelled_stops_the_work_and_waits_for_its_end) {
  asio::thread_pool threads{1};
  std::atomic<bool> ended = false;
  auto work = [&ended](Watch& watch) -> Result<void> {
    while (!watch.cancelled) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ended = true;
    return {};
  };
  asio::io_context loop;
  asio::cancellation_signal cancel;
  std::optional<Result<void>> done;
  asio::co_spawn(
      loop,
      [](asio::thread_pool& pool, auto what, auto on, auto& into)
          -> Async<void> { into = co_await run_watched(pool, what, on); }(
              threads, work, [&](double) { cancel.emit(asio::cancellation_type::terminal); }, done),
      asio::bind_cancellation_slot(cancel.slot(), [](const std::exception_ptr&) {}));
  loop.run();
  ASSERT_TRUE(done) << "the cancellation is told as a result";
  EXPECT_EQ(done->error().code, Code::cancelled);
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace truce::storage
