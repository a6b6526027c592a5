// Work on pieces by several threads, with a part that is done strictly in the pieces' order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"

namespace truce::image {

/// Lets the holders of tickets 0, 1, 2 … pass one after another. When one fails all are let go.
class Turns {
 public:
  /// Runs `work` when all earlier tickets have had their turn; false when somebody failed before.
  template <class Work>
  bool take(std::uint64_t ticket, Work&& work) {
    std::unique_lock lock(mutex_);
    turned_.wait(lock, [&] { return next_ == ticket || error_; });
    if (error_) return false;
    lock.unlock();
    auto done = work();  // nobody else is at `ticket`: this is exclusive
    lock.lock();
    if (!done && !error_) error_ = std::move(done).error();
    ++next_;
    turned_.notify_all();
    return !error_;
  }
  void fail_with(Error error) {
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    turned_.notify_all();
  }
  [[nodiscard]] bool failed() {
    std::lock_guard lock(mutex_);
    return error_.has_value();
  }
  /// After all threads have ended.
  [[nodiscard]] Result<void> outcome() {
    if (error_) return std::unexpected(*error_);
    return {};
  }

 private:
  std::mutex mutex_;
  std::condition_variable turned_;
  std::uint64_t next_ = 0;
  std::optional<Error> error_;
};

/// Runs `work` in `count` threads, this one among them, and waits for all.
template <class Work>
void in_threads(unsigned count, Work&& work) {
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < count; ++i) threads.emplace_back([&work] { work(); });
  work();
}

/// What was asked for, or the machine's processors; 1 to 16.
inline unsigned thread_count(unsigned asked) {
  auto count = asked == 0 ? std::thread::hardware_concurrency() : asked;
  return std::clamp(count, 1U, 16U);
}

}  // namespace truce::image
