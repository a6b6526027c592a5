// What tests of a Platform need: a platform that can be reached and restarted, and eyes for it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "platform/inventory.h"
#include "platform/platform.h"

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

namespace truce::platform {

/// A platform with at least one host, pool, network and folder, and two machines.
class ConformanceLab {
 public:
  virtual ~ConformanceLab() = default;
  /// Why nothing can be tested here; empty: it can.
  virtual std::string why_not() { return {}; }
  /// A new connection to the same platform.
  virtual std::unique_ptr<Platform> open(asio::any_io_executor loop) = 0;
  /// Whether two machines in a folder cannot have the same name. Every platform should say so.
  virtual bool refuses_taken_names() { return true; }
  /// A name for a machine that is hard to carry and that the platform takes.
  virtual std::string unusual_name() { return "copy/of 100%"; }
  /// The platform's server ends and comes again; `fewer`: with less machines than before.
  virtual void restart_with_fewer() = 0;
};

using MakeLab = std::function<std::unique_ptr<ConformanceLab>()>;

/// A connection and what it has told.
struct Watcher {
  std::unique_ptr<Platform> platform;
  Inventory inventory;

  /// Reads on until it is so; false after many answers, or when an error came. A server may break
  /// off: then all is told again.
  Async<bool> sees(std::function<bool(const Inventory&)> so) {
    for (int i = 0; i < 60; ++i) {
      if (inventory.known() && so(inventory)) co_return true;
      auto update = co_await platform->next(2s);
      if (!update && update.error().code == Code::unavailable) continue;
      if (!update) {
        ADD_FAILURE() << update.error().message;
        co_return false;
      }
      inventory.apply(*std::move(update));
    }
    co_return false;
  }
  Async<bool> sees_state(std::string id, model::Observed state) {
    co_return co_await sees([=](const Inventory& all) {
      auto found = all.machines().find(id);
      return found != all.machines().end() && found->second.state == state;
    });
  }
};

}  // namespace truce::platform
