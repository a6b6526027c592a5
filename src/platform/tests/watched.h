// Tests of one platform that is played by a model.
#pragma once

#include "conformance_lab.h"
#include "model_peer.h"

namespace truce::platform {

class WatchedPlatform : public testing::Test {
 protected:
  [[nodiscard]] virtual Account account() const = 0;
  virtual std::unique_ptr<Platform> open(asio::any_io_executor loop, Account account) = 0;

  /// Runs `body` with a watcher that has seen all there is.
  void with_watcher(std::function<Async<void>(Watcher&)> body) {
    asio::io_context loop;
    auto all = [&](std::function<Async<void>(Watcher&)> inner) -> Async<void> {
      Watcher watcher{open(loop.get_executor(), account()), {}};
      EXPECT_TRUE(co_await watcher.sees([](const Inventory&) { return true; }));
      co_await inner(watcher);
      co_await watcher.platform->close();
    };
    store::in_loop(loop, all(std::move(body)));
  }
  Result<void> connect(const Account& as) {
    asio::io_context loop;
    auto platform = open(loop.get_executor(), as);
    auto connected = store::in_loop(loop, platform->connect());
    store::in_loop(loop, platform->close());
    return connected;
  }
  static std::string id_of(const Watcher& watcher, const std::string& name) {
    for (const auto& [id, machine] : watcher.inventory.machines())
      if (machine.name == name) return id;
    ADD_FAILURE() << "no machine " << name;
    return "none";
  }
  static void expect(const Result<void>& result, Code code, const std::string& words = {}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_TRUE(result.error().message.contains(words)) << result.error().message;
  }
};

}  // namespace truce::platform
