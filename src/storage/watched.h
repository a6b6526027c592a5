// Long work on another thread that can be followed and stopped.
#pragma once

#include <atomic>
#include <functional>

#include "base/async.h"
#include "base/result.h"

namespace truce::storage {

/// What the work and its caller share.
struct Watch {
  std::atomic<double> fraction = 0;     ///< set by the work: 0 to 1
  std::atomic<bool> cancelled = false;  ///< then the work ends as soon as it can
};

/// Runs `work` on `pool` and calls `progress`, which may be empty, on the caller's loop ten times a
/// second. A caller that is cancelled goes on when the work has ended: Code::cancelled.
Async<Result<void>> run_watched(asio::thread_pool& pool, std::function<Result<void>(Watch&)> work,
                                std::function<void(double)> progress);

}  // namespace truce::storage
