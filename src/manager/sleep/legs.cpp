// What brings a host over what it is in the middle of. It may be begun anew at any moment, by
// another manager: orders are given again, and whether they came true is looked at.
#include <algorithm>

#include "base/log.h"
#include "sleep/phases.h"
#include "sleep/saver.h"

namespace truce::manager {
namespace {

using model::HostSleep;
using power::PowerState;

bool is_controller(const model::Host& host) {
  auto address = power::parse_address(host.power);
  return address && address->is_controller();
}

bool was_not_heard(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::timeout;
}

}  // namespace

void PowerSaver::begin_legs() {
  for (const auto& [name, kept] : ledger_.inventory().all<model::Host>()) {
    if (is_under_way(kept->object) && driven_.insert(name).second) scope_.spawn(drive(name));
  }
}

Async<void> PowerSaver::drive(std::string name) {
  Leg leg;
  while (true) {
    auto kept = ledger_.inventory().find<model::Host>(name);
    if (!kept || !is_under_way(kept->object)) break;
    const auto& host = kept->object;
    if (leg.phase != host.sleep || leg.tries != host.wake_tries) {
      leg = Leg();
      leg.phase = host.sleep;
      leg.tries = host.wake_tries;
      leg.begun = Clock::now();
    }
    if (leg.phase == HostSleep::emptying)
      co_await empty(host, leg);
    else if (leg.phase == HostSleep::going)
      co_await go(host, leg);
    else
      co_await wake(host, leg);
    co_await sleep_for(settings_.power_pace.step);
  }
  driven_.erase(name);
}

// One step of a host, if it is still there.
Async<void> PowerSaver::take(std::string name,
                             std::function<void(Change& change, const model::Host& host)> step) {
  auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    if (auto kept = ledger_.inventory().find<model::Host>(name)) step(change, kept->object);
    return {};
  });
  if (!done) spdlog::warn("host {}: {}", name, done.error().message);
}

Async<void> PowerSaver::give_up(std::string name, std::string why) {
  spdlog::warn("host {} does not go to sleep: {}", name, why);
  failed_[name] = Clock::now();
  co_await take(name, [&](Change& change, const model::Host& host) {
    give_up_sleep(ledger_.inventory(), change, host, why);
  });
}

// The emptying itself is a job of its own, whose end is waited for.
Async<void> PowerSaver::empty(model::Host host, const Leg& leg) {
  const auto& inventory = ledger_.inventory();
  if (!host.draining) co_return co_await give_up(host.name, "it takes machines again");
  if (std::ranges::any_of(inventory.all<model::Job>(), [&](const auto& entry) {
        const auto& job = entry.second->object;
        return job.kind == model::JobKind::drain_host && job.from == host.name;
      }))
    co_return;
  if (!host_task(inventory, host.name, "host.sleep"))
    co_return co_await give_up(host.name, "it was not emptied");
  auto held = held_by(inventory, host.name);
  if (held.empty()) held = duty_of(inventory, host);
  if (!held.empty()) {
    if (Clock::now() - leg.begun < settings_.power_pace.soft) co_return;
    co_return co_await give_up(host.name, "it " + held);
  }
  co_await take(host.name, [&](Change& change, const model::Host& present) {
    if (held_by(inventory, present.name).empty()) begin_going(inventory, change, present);
  });
}

Async<power::PowerControl*> PowerSaver::control_of(model::Host host, Leg& leg) {
  if (leg.control && leg.power == host.power) co_return leg.control.get();
  leg.control.reset();
  auto made = co_await hands_.control(host);
  if (!made) {
    leg.said = made.error().message;
    co_return nullptr;
  }
  leg.power = host.power;
  leg.control = *std::move(made);
  co_return leg.control.get();
}

// It is marked already. That it is off says its controller; where there is none, that it stays
// away.
Async<void> PowerSaver::go(model::Host host, Leg& leg) {
  const auto& pace = settings_.power_pace;
  auto held = held_by(ledger_.inventory(), host.name);
  if (!held.empty()) co_return co_await give_up(host.name, "it " + held);
  bool online = host.state == model::HostState::online;
  if (online) leg.away.reset();
  if (!online && !leg.away) leg.away = Clock::now();
  bool away = leg.away && Clock::now() - *leg.away >= pace.settle;
  bool is_off = away;
  if (is_controller(host)) {
    is_off = false;
    if (auto* control = co_await control_of(host, leg)) {
      auto state = co_await control->state();
      is_off = state && *state == PowerState::off;
      leg.said = state ? std::string(to_string(*state)) : state.error().message;
    }
  }
  if (is_off && online && !leg.ordered && is_controller(host))
    co_return co_await give_up(host.name,
                               "its power control says that it is off, and it is not: it is that "
                               "of another machine");
  if (is_off) {
    hands_.drop(host.name);
    co_return co_await take(host.name, [&](Change& change, const model::Host& present) {
      fall_asleep(ledger_.inventory(), change, present);
    });
  }
  if (Clock::now() - leg.begun >= pace.soft + pace.hard)
    co_return co_await give_up(host.name, "it does not go off: " + leg.said);
  bool due = !leg.ordered || Clock::now() - *leg.ordered >= pace.again;
  // One that is away for a moment is on its way off, or has not found its new manager yet.
  if (due && (online || away)) co_await order_off(host, leg);
}

// Nobody but the host itself knows what runs there: as long as it can be heard it is asked.
Async<void> PowerSaver::order_off(model::Host host, Leg& leg) {
  leg.ordered = Clock::now();
  bool controller = is_controller(host);
  if (host.state == model::HostState::online) {
    auto agreed = co_await hands_.ask(host.name, controller);
    if (!agreed && !was_not_heard(agreed.error()))
      co_return co_await give_up(host.name, agreed.error().message);
    if (!agreed && controller) {
      leg.ordered.reset();
      co_return;
    }
  }
  if (!controller || !leg.control) co_return;
  auto kept = ledger_.inventory().find<model::Host>(host.name);
  bool may = kept && kept->object.sleep == HostSleep::going &&
             held_by(ledger_.inventory(), host.name).empty();
  if (!may) co_return;
  bool patient = Clock::now() - leg.begun < settings_.power_pace.soft;
  auto done = co_await leg.control->off(patient ? power::Off::orderly : power::Off::at_once);
  if (!done) leg.said = done.error().message;
}

// That it is awake says its report.
Async<void> PowerSaver::wake(model::Host host, Leg& leg) {
  const auto& pace = settings_.power_pace;
  auto patience = std::max<Duration>(pace.wake, 2 * std::chrono::seconds(host.wake_seconds));
  if (Clock::now() - leg.begun >= patience) {
    bool more = host.wake_tries < pace.tries;
    co_return co_await take(host.name, [&](Change& change, const model::Host& present) {
      const auto& inventory = ledger_.inventory();
      more ? try_again(inventory, change, present, leg.said)
           : fail_to_wake(inventory, change, present, leg.said);
    });
  }
  if (leg.ordered && Clock::now() - *leg.ordered < pace.call) co_return;
  leg.ordered = Clock::now();
  auto* control = co_await control_of(host, leg);
  if (control == nullptr) co_return;
  auto done = co_await control->wake();
  leg.said = done ? "the order was given, and its truced does not report" : done.error().message;
}

}  // namespace truce::manager
