// What tests of a Hypervisor need: a host with guests that obey, and ears for notices.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "hypervisor/hypervisor.h"

// gtest's ASSERT_ macros return, which a coroutine cannot.
#define CO_ASSERT(condition)                     \
  do {                                           \
    if (!(condition)) {                          \
      ADD_FAILURE() << "not so: " << #condition; \
      co_return;                                 \
    }                                            \
  } while (false)
#define CO_ASSERT_OK(...)                                          \
  do {                                                             \
    if (auto&& ok = (__VA_ARGS__); !ok) {                          \
      ADD_FAILURE() << #__VA_ARGS__ << ": " << ok.error().message; \
      co_return;                                                   \
    }                                                              \
  } while (false)

namespace truce::hypervisor {

/// Code::internal for what succeeded.
template <class T>
Code code_of(const Result<T>& result) {
  return result ? Code::internal : result.error().code;
}

/// One host to test on, with guests that obey: each answers the power button.
class ConformanceLab {
 public:
  virtual ~ConformanceLab() = default;
  /// Why nothing can be tested here; empty: it can.
  virtual std::string why_not() { return {}; }
  /// A new life of the daemon on the same host.
  virtual Async<Result<std::unique_ptr<Hypervisor>>> open() = 0;
  /// A machine that can be started; each call makes another one.
  virtual Machine machine() = 0;
  /// The same machine as another host is to receive it, which is this lab's; its disks are files
  /// that are as large and empty, or those that the other host has, too.
  virtual Machine twin(const Machine& machine, bool copied) = 0;
  /// Waits until the guest has booted and obeys.
  virtual Async<void> booted(Hypervisor& hypervisor, std::string uuid) = 0;
  virtual Async<void> guest_powers_off(Hypervisor& hypervisor, std::string uuid) = 0;
  virtual Async<void> guest_resets(Hypervisor& hypervisor, std::string uuid) = 0;
  /// The machine's process dies as by kill -9.
  virtual Async<void> process_dies(std::string uuid) = 0;
};

using MakeLab = std::function<std::unique_ptr<ConformanceLab>()>;

/// Keeps notices for a test to wait for.
class Notices {
 public:
  explicit Notices(asio::any_io_executor loop) : changed_(std::move(loop)) {}
  std::function<void(Notice)> sink() {
    return [this](Notice notice) {
      kept_.push_back(std::move(notice));
      changed_.wake();
    };
  }
  /// The next notice; one of kind `resumed` about nothing and a failed test when none comes.
  Async<Notice> next() {
    for (int tries = 0; kept_.empty(); ++tries) {
      if (tries == 2) {
        ADD_FAILURE() << "no notice came within 30 s";
        co_return Notice{{}, Notice::Kind::resumed, {}, {}};
      }
      auto wait = [](Wakeup& changed) -> Async<Result<void>> {
        co_await changed.wait();
        co_return Result<void>{};
      };
      (void)co_await within(15s, wait(changed_), "notice");
    }
    auto first = std::move(kept_.front());
    kept_.pop_front();
    co_return first;
  }
  [[nodiscard]] std::size_t count() const { return kept_.size(); }

 private:
  std::deque<Notice> kept_;
  Wakeup changed_;
};

}  // namespace truce::hypervisor
