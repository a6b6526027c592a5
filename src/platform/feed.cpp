#include "platform/feed.h"

#include "base/log.h"

namespace truce::platform {

Feed::Feed(Platform& platform, Sink sink, Pace pace, Inventory known)
    : platform_(platform), sink_(std::move(sink)), pace_(pace), inventory_(std::move(known)) {}

Duration Feed::pause() const {
  constexpr int most_doublings = 10;
  auto code = trouble_->code;
  if (code == Code::unauthenticated || code == Code::forbidden) return pace_.longest_pause;
  return std::min(pace_.longest_pause,
                  pace_.first_pause * (1 << std::min(failures_ - 1, most_doublings)));
}

Async<void> Feed::run() {
  constexpr auto breath = 50ms;  // between answers that say nothing, whoever sends them at once
  while (!(co_await asio::this_coro::cancellation_state).cancelled()) {
    auto update = co_await platform_.next(pace_.patience);
    if (update) {
      if (trouble_) spdlog::info("the platform tells again, after {} failures", failures_);
      trouble_.reset();
      failures_ = 0;
      auto changed = inventory_.apply(*std::move(update));
      if (!changed.empty()) sink_(changed);
      if (changed.empty()) co_await sleep_for(breath);
      continue;
    }
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    ++failures_;
    if (!trouble_ || trouble_->message != update.error().message)
      spdlog::warn("the platform's inventory is not heard: {}", update.error().message);
    trouble_ = std::move(update).error();
    co_await sleep_for(pause());
  }
}

}  // namespace truce::platform
