// Puts hosts to sleep that are not needed and wakes them when they are, and brings each of them
// over what it is in the middle of, whoever began it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "manager/manager.h"
#include "plans/plans.h"
#include "power/power.h"
#include "sleep/demand.h"

namespace truce::manager {

/// What it reaches hosts by.
struct PowerHands {
  /// What switches a host. Errors as by power::make_control(), and those of its password.
  std::function<Async<Result<std::unique_ptr<power::PowerControl>>>(model::Host host)> control;
  /// Whether the host itself finds nothing that speaks against being switched off; and without
  /// `only_ask` it does so then. Code::unavailable or timeout: it was not heard.
  std::function<Async<Result<void>>(std::string host, bool only_ask)> ask;
  /// Ends what is connected of a host that is off: what it said last counts no more.
  std::function<void(const std::string& host)> drop;
};

class PowerSaver {
 public:
  /// `scope`: what it begins for each host ends with it, before this does.
  PowerSaver(Ledger& ledger, Plans& plans, Scope& scope, const Settings& settings,
             PowerHands hands);

  /// Until cancelled. All that it has to know is in the store.
  Async<void> run();

 private:
  using Clock = std::chrono::steady_clock;
  /// How far this manager is with what one host is in the middle of.
  struct Leg {
    model::HostSleep phase = model::HostSleep::awake;
    std::int64_t tries = 0;
    Clock::time_point begun{};
    std::optional<Clock::time_point> ordered, away;  ///< the last order; since when it is offline
    std::string power;                               ///< what `control` was made of
    std::unique_ptr<power::PowerControl> control;
    std::string said = "its power control has said nothing";
  };

  void begin_legs();
  Async<void> drive(std::string name);
  Async<void> empty(model::Host host, const Leg& leg);
  Async<void> go(model::Host host, Leg& leg);
  Async<void> order_off(model::Host host, Leg& leg);
  Async<void> wake(model::Host host, Leg& leg);
  Async<power::PowerControl*> control_of(model::Host host, Leg& leg);
  Async<void> give_up(std::string name, std::string why);
  Async<void> take(std::string name,
                   std::function<void(Change& change, const model::Host& host)> step);

  Async<Result<void>> look();
  Async<Result<void>> wake_needed();
  Async<Result<void>> decide(model::PowerSaving mode);
  Async<Result<std::string>> choose(std::shared_ptr<const scheduler::Estate> estate,
                                    std::vector<scheduler::PowerRow> rows,
                                    scheduler::SleepWish wish);
  Async<Result<void>> send_to_sleep(std::string name);
  Async<Result<void>> wake_all(std::vector<ToWake> needs);
  [[nodiscard]] bool is_known() const;
  [[nodiscard]] std::map<std::string, std::string> resting() const;

  Ledger& ledger_;
  Plans& plans_;
  Scope& scope_;
  const Settings& settings_;
  PowerHands hands_;
  Clock::time_point begun_;
  std::optional<Clock::time_point> looked_;
  std::set<std::string> driven_;
  std::map<std::string, Clock::time_point> failed_;  ///< when a host did not go to sleep
  std::string told_;                                 ///< why it went wrong the last time
};

}  // namespace truce::manager
