#include "power/power.h"

namespace truce::power {
namespace {

// Looks until the state is as wanted. What state() cannot say at all ends it.
Async<Result<void>> wait_for(PowerControl& control, PowerState wanted, Patience patience) {
  auto end = std::chrono::steady_clock::now() + patience.limit;
  std::string last = "nothing";
  while (true) {
    auto state = co_await control.state();
    if (state && *state == wanted) co_return Result<void>();
    if (!state && state.error().code != Code::unavailable && state.error().code != Code::timeout)
      co_return std::unexpected(std::move(state).error());
    last = state ? std::string(to_string(*state)) : state.error().message;
    if (std::chrono::steady_clock::now() >= end) break;
    co_await sleep_for(patience.between);
  }
  co_return fail(Code::timeout,
                 "it was to be {}, and after {:g} s its controller says: {}; look at the host",
                 to_string(wanted), static_cast<double>(patience.limit.count()) / 1000, last);
}

}  // namespace

std::string_view to_string(PowerState state) {
  switch (state) {
    case PowerState::off:
      return "off";
    case PowerState::on:
      return "on";
    case PowerState::unknown:
      return "between on and off";
  }
  return {};
}

Async<Result<void>> switch_on(PowerControl& control, Patience patience) {
  if (auto done = co_await control.wake(); !done) co_return done;
  co_return co_await wait_for(control, PowerState::on, patience);
}

Async<Result<void>> switch_off(PowerControl& control, Off how, Patience patience) {
  if (auto done = co_await control.off(how); !done) co_return done;
  co_return co_await wait_for(control, PowerState::off, patience);
}

}  // namespace truce::power
