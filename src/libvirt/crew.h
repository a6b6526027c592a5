// What blocks, on threads that can be left behind: libvirt's calls cannot be stopped.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "base/async.h"

namespace truce::libvirt {

/// The way of other threads onto the loop, for as long as its owner is there.
class Door {
 public:
  explicit Door(asio::any_io_executor loop) : loop_(std::move(loop)) {}
  /// Runs `work` on the loop soon, or never.
  void post(std::function<void()> work);
  /// On the loop: nothing is posted any more.
  void shut();

 private:
  std::mutex mutex_;
  std::optional<asio::any_io_executor> loop_;
};

/// Threads of one connection, some at most; each ends when there is nothing to do for a while.
/// What runs when this is destroyed is left behind: it ends by itself, and its result goes nowhere.
/// So calls must own all that they touch.
class Crew {
 public:
  static constexpr int usual_threads = 6;  ///< one for the feed, the rest for verbs
  explicit Crew(asio::any_io_executor loop, int most_threads = usual_threads);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// The result of `work`. Code::timeout after `limit`, Code::cancelled when the caller is: then
  /// nobody waits for it any more. Code::limit: too many were left behind in this process.
  template <class T>
  Async<Result<T>> call(std::function<Result<T>()> work, Duration limit) {
    struct Waiting {
      asio::steady_timer ended;
      std::optional<Result<T>> result;
    };
    auto waiting = std::make_shared<Waiting>(asio::steady_timer(loop_, limit));
    auto carry = [door = door_, weak = std::weak_ptr(waiting), work = std::move(work)]() mutable {
      auto result = std::make_shared<Result<T>>(work());
      work = nullptr;  // what it owns goes here, not on the loop
      door->post([weak, result] {
        auto there = weak.lock();
        if (!there) return;
        there->result = std::move(*result);
        there->ended.cancel();
      });
    };
    CO_TRY_VOID(give(std::move(carry)));
    co_await waiting->ended.async_wait(as_result);
    if (waiting->result) co_return *std::move(waiting->result);
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      co_return fail(Code::cancelled, "cancelled");
    co_return fail(Code::timeout, "no answer within {} s",
                   std::chrono::duration_cast<std::chrono::seconds>(limit).count());
  }

  /// The same for who is on a thread that may block; `cancelled` is looked at several times a
  /// second. `work` is told when nobody waits for it any more.
  template <class T>
  Result<T> wait(std::function<Result<T>(const std::atomic<bool>& left)> work, Duration limit,
                 const std::atomic<bool>* cancelled) {
    struct Waiting {
      std::mutex mutex;
      std::condition_variable ended;
      std::optional<Result<T>> result;
      std::atomic<bool> left = false;
    };
    auto waiting = std::make_shared<Waiting>();
    TRY_VOID(give([waiting, work = std::move(work)]() mutable {
      auto result = work(waiting->left);
      work = nullptr;
      std::scoped_lock lock(waiting->mutex);
      waiting->result = std::move(result);
      waiting->ended.notify_one();
    }));
    auto end = std::chrono::steady_clock::now() + limit;
    std::unique_lock lock(waiting->mutex);
    while (!waiting->result) {
      bool called_off = cancelled != nullptr && *cancelled;
      bool late = std::chrono::steady_clock::now() > end;
      if (called_off || late) waiting->left = true;
      if (called_off) return fail(Code::cancelled, "cancelled");
      if (late)
        return fail(Code::timeout, "no answer within {} s",
                    std::chrono::duration_cast<std::chrono::seconds>(limit).count());
      waiting->ended.wait_for(lock, std::chrono::milliseconds(100));
    }
    return *std::move(waiting->result);
  }

  [[nodiscard]] const std::shared_ptr<Door>& door() const { return door_; }

 private:
  struct Shared;
  Result<void> give(std::function<void()> work);
  static void work(std::shared_ptr<Shared> shared);

  asio::any_io_executor loop_;
  std::shared_ptr<Door> door_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace truce::libvirt
