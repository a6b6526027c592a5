#include "scheduler/sleep.h"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "scheduler/plans.h"

namespace truce::scheduler {
namespace {

constexpr int least_apart = 10;
constexpr Load counted[]{Load::cpu, Load::memory, Load::promised};

std::size_t at(std::int32_t index) {
  return static_cast<std::size_t>(index);
}

class Sleep {
 public:
  Sleep(const Estate& estate, const std::vector<PowerRow>& power, const SleepWish& wish)
      : estate_(estate), power_(power), wish_(wish), machines_(estate.hosts.size()) {
    for (const auto& machine : estate_.machines) {
      if (machine.host == none) continue;
      ++machines_[at(machine.host)];
      for (auto load : counted) demand_[static_cast<std::size_t>(load)] += of(machine.demand, load);
    }
    for (std::size_t i = 0; i < power_.size(); ++i) {
      auto& host = estate_.hosts[i];
      // Nothing is placed on one that sleeps; once it is awake again it takes machines.
      if (power_[i].power != Power::awake) host.draining = false;
      // One that wakes is as good as awake, or others would be woken beside it.
      if (power_[i].power == Power::waking) host.online = true;
      if (power_[i].power == Power::asleep) host.online = false;
    }
  }

  SleepDecision run() {
    wake();
    if (decision_.wake.empty()) sleep();
    return std::move(decision_);
  }

 private:
  // The order in which hosts are taken: the quickest to wake first.
  [[nodiscard]] std::vector<std::int32_t> in_state(Power power) const {
    std::vector<std::int32_t> found;
    for (std::size_t i = 0; i < power_.size(); ++i)
      if (power_[i].power == power) found.push_back(static_cast<std::int32_t>(i));
    std::ranges::sort(found, {},
                      [&](auto host) { return std::tuple(power_[at(host)].wake_seconds, host); });
    return found;
  }

  // The minutes until the quickest of those that sleep, `more` among them, would be awake.
  [[nodiscard]] double minutes(std::int32_t more) const {
    auto least = std::numeric_limits<std::int32_t>::max();
    for (auto host : in_state(Power::asleep))
      least = std::min(least, power_[at(host)].wake_seconds);
    if (more != none) least = std::min(least, power_[at(more)].wake_seconds);
    return least == std::numeric_limits<std::int32_t>::max() ? 0 : least / 60.0;
  }

  // How full those that are online would be when help has come, by the load that is used most.
  [[nodiscard]] double used(std::int32_t sleeper) const {
    auto factor = 1 + wish_.growth_percent_a_minute / 100 * minutes(sleeper);
    double most = 0;
    for (auto load : counted) {
      double capacity = 0;
      for (const auto& host : estate_.hosts)
        if (host.online && !host.draining) capacity += of(host.capacity, load);
      auto demand = static_cast<double>(demand_[static_cast<std::size_t>(load)]) * factor;
      if (demand > 0) most = std::max(most, capacity > 0 ? demand / capacity : 9.99);
    }
    return 100 * most;
  }

  // Why those that are online are too few; empty: they are not.
  [[nodiscard]] std::string lack(double limit, std::int32_t sleeper) const {
    if (auto full = used(sleeper); full > limit)
      return fmt::format("the hosts that are awake would be used to {:.0f}%, over {:.0f}%", full,
                         limit);
    auto awake = std::ranges::count_if(
        estate_.hosts, [](const HostRow& host) { return host.online && !host.draining; });
    if (awake < wish_.least_awake) return fmt::format("{} hosts stay awake", wish_.least_awake);
    if (hosts_may_fail(estate_) < wish_.reserve_hosts)
      return fmt::format("{} of the hosts that are awake must be able to fail",
                         wish_.reserve_hosts);
    return {};
  }

  void wake() {
    decision_.reason = lack(wish_.wake_above_percent, none);
    if (decision_.reason.empty()) return;
    for (auto host : in_state(Power::asleep)) {
      estate_.hosts[at(host)].online = true;
      decision_.wake.push_back(host);
      if (lack(wish_.wake_above_percent, none).empty()) return;
    }
  }

  // What speaks against a host by itself; empty: nothing.
  [[nodiscard]] std::string objection(std::int32_t host) const {
    const auto& row = power_[at(host)];
    const auto& name = estate_.host_names[at(host)];
    if (row.member) return fmt::format("{} manages the cluster", name);
    if (!row.keep.empty()) return fmt::format("{} {}", name, row.keep);
    if (!row.tried)
      return fmt::format("{}: its power control has not switched it off and on yet", name);
    if (row.seconds_in_state < wish_.rest_seconds)
      return fmt::format("{} has been awake for {} s only, not {}", name, row.seconds_in_state,
                         wish_.rest_seconds);
    return {};
  }

  void sleep() {
    auto waking = in_state(Power::waking);
    for (auto host : in_state(Power::awake)) {
      auto& row = estate_.hosts[at(host)];
      if (!row.online || row.draining || machines_[at(host)] > 0) continue;
      auto why = objection(host);
      if (why.empty() && !waking.empty())
        why = fmt::format("{} is still waking", estate_.host_names[at(waking.front())]);
      if (why.empty() && decision_.sleep.size() >= at(wish_.sleepers_at_once))
        why = fmt::format("{} comes later: others go first", estate_.host_names[at(host)]);
      if (why.empty()) {
        row.online = false;
        why = lack(wish_.sleep_below_percent, host);
        row.online = !why.empty();
        if (!why.empty()) why = fmt::format("without {} {}", estate_.host_names[at(host)], why);
      }
      if (why.empty())
        decision_.sleep.push_back(host);
      else
        decision_.refusals.push_back(std::move(why));
    }
  }

  Estate estate_;
  const std::vector<PowerRow>& power_;
  const SleepWish& wish_;
  std::vector<std::int32_t> machines_;
  std::array<std::int64_t, load_count> demand_{};
  SleepDecision decision_;
};

}  // namespace

bool is_put_to_sleep(const model::Host& host) {
  using model::HostSleep;
  return host.sleep == HostSleep::going || host.sleep == HostSleep::asleep ||
         host.sleep == HostSleep::waking;
}

Result<void> check(const SleepWish& wish) {
  if (wish.sleep_below_percent < 1 || wish.wake_above_percent > 100 ||
      wish.wake_above_percent - wish.sleep_below_percent < least_apart)
    return fail(
        Code::invalid,
        "hosts sleep below {}% and wake above {}%: between 1 and 100, and at least {} apart",
        wish.sleep_below_percent, wish.wake_above_percent, least_apart);
  bool good = wish.growth_percent_a_minute >= 0 && wish.growth_percent_a_minute <= 1000 &&
              wish.reserve_hosts >= 0 && wish.least_awake >= 0 && wish.rest_seconds >= 0 &&
              wish.sleepers_at_once >= 1;
  if (!good) return fail(Code::invalid, "a number of the wish for sleeping hosts is out of range");
  return {};
}

SleepDecision decide_sleep(const Estate& estate, const std::vector<PowerRow>& power,
                           const SleepWish& wish) {
  TRUCE_ASSERT(power.size() == estate.hosts.size(), "each host has a row");
  return Sleep(estate, power, wish).run();
}

}  // namespace truce::scheduler
