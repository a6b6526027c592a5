#include "follower.h"

namespace truce::libvirt {

using platform::Update;

namespace {

constexpr auto round_time = 10s;
constexpr auto breath = 20ms;  // libvirt tells one thing in several events
constexpr auto longest_look = 120s;

}  // namespace

Async<Result<Update>> Follower::next(Duration patience) {
  auto until = Clock::now() + patience;
  CO_TRY_VOID(co_await link_.connect());
  if (number_ != link_.number()) co_return co_await read_all();
  auto told = co_await wait(until);
  if (!told) {
    number_ = 0;
    link_.drop();
  }
  co_return told;
}

Async<Result<Update>> Follower::read_all() {
  number_ = 0;
  int number = link_.number();
  (void)link_.take();
  auto update = co_await link_.look<Update>(look_at_all, longest_look);
  if (!update) {
    link_.drop();
    co_return update;
  }
  known_ = {};
  known_.apply(*update);
  number_ = number;
  next_round_ = Clock::now() + round_time;
  co_return update;
}

Async<Result<Update>> Follower::read(News::Taken heard) {
  if (heard.empty() || heard.places || Clock::now() >= next_round_) {
    next_round_ = Clock::now() + round_time;
    co_return co_await link_.look<Update>(look_at_all, longest_look);
  }
  auto some = [machines = std::move(heard.machines)](Connection& on) {
    return look_at(on, machines);
  };
  co_return co_await link_.look<Update>(std::move(some), longest_look);
}

Async<Result<Update>> Follower::wait(Clock::time_point until) {
  while (true) {
    auto end = std::min(until, next_round_);
    auto left = std::chrono::ceil<Duration>(end - Clock::now());
    auto heard = link_.take();
    if (heard.empty() && left > 0ms) {
      co_await link_.wait(left);
      auto state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none)
        co_return fail(Code::cancelled, "cancelled");
      heard = link_.take();
    }
    if (!heard.empty()) {
      co_await sleep_for(breath);
      auto more = link_.take();
      heard.machines.merge(more.machines);
      heard.places = heard.places || more.places;
    }
    if (auto why = link_.why_broken(); !why.empty())
      co_return fail(Code::unavailable, "the connection has ended: {}", why);
    bool over = Clock::now() >= until;
    if (heard.empty() && !over && Clock::now() < next_round_) continue;  // woken for nothing
    CO_TRY(auto update, co_await read(std::move(heard)));
    auto changed = known_.apply(std::move(update));
    changed.extent = Update::Extent::changes;
    if (!changed.empty() || over) co_return changed;
  }
}

}  // namespace truce::libvirt
