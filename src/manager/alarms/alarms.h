// Watches what alarms look at, and stores and tells what changes.
#pragma once

#include "alarms/outbox.h"
#include "alarms/samples.h"

namespace truce::manager {

/// Looks whenever something has changed, and every few seconds. What an alarm is raised for is in
/// the store (`AlarmTargets`, and as far as it is shown in `Alarm`), together with its event and
/// its message: a crash loses nothing. How long a condition has held is in memory, and is counted
/// anew after a restart.
class Alarms {
 public:
  static constexpr std::size_t most_alarms = 100;

  Alarms(asio::any_io_executor loop, Ledger& ledger, const Settings& settings,
         AlarmReadings measured);
  ~Alarms();

  /// Watches and tells as part of `scope`.
  void start(Scope& scope);
  /// Breaks off what is being sent.
  void stop();

  Outbox& outbox() { return outbox_; }
  /// Sends a test to all receivers of an alarm.
  Async<model::AlarmTest> test(model::Alarm alarm) {
    return outbox_.test(std::move(alarm), *scope_);
  }

 private:
  Async<void> watch();
  Async<void> look();
  Async<void> look_at(std::string name, Readings& readings);
  Async<Result<void>> store(Ref<model::Alarm> alarm, std::vector<AlarmTurn> turns);
  AlarmTracker& tracker_of(const model::Alarm& alarm);
  [[nodiscard]] Moment moment() const;

  struct Watched {
    Time created;  ///< of the alarm: another one may get its name
    AlarmTracker tracker;
  };

  Ledger& ledger_;
  const Settings& settings_;
  AlarmReadings measured_;
  std::unique_ptr<Sender> own_sender_;  ///< unless the settings have one
  Sender& sender_;
  Outbox outbox_;
  Scope* scope_ = nullptr;
  store::Revision first_revision_ = 0;  ///< when the hosts of this life had not come yet
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::map<std::string, Watched> watched_;
};

/// In a change: that all of these ended, and why, as events and to all whom the alarm tells.
void end_all(Outbox& outbox, const Outbox::Adding& adding, Change& change,
             const model::Alarm& alarm, std::vector<model::AlarmTarget> targets);

/// The alarms of a store that is new.
void make_first_alarms(const Inventory& inventory, Change& change);

}  // namespace truce::manager
