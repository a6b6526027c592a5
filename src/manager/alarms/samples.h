// What an alarm looks at, as samples for its tracker.
#pragma once

#include <functional>

#include "alarms/decide.h"
#include "inventory.h"
#include "metrics/measurements.h"

namespace truce::manager {

/// What was measured last of all subjects of a kind.
using AlarmReadings = std::function<std::vector<Reading>(model::AlarmSubject subject)>;

/// All that was measured last, by name; asked for once in a round, and for what is needed only.
class Readings {
 public:
  explicit Readings(AlarmReadings measured) : measured_(std::move(measured)) {}
  /// Nothing where it is not known.
  std::optional<double> value(model::AlarmSubject subject, std::string_view name,
                              const std::string& metric);

 private:
  struct Round {
    std::vector<Reading> readings;
    std::unordered_map<std::string_view, const Reading*> by_name;
  };
  AlarmReadings measured_;
  std::map<model::AlarmSubject, Round> rounds_;
};

/// Of all subjects that the alarm looks at. They point into the inventory. Hosts that are offline
/// and have not changed after the revision `may_come` are not known: at its start the daemon takes
/// all hosts to be gone until they have reported anew.
std::vector<AlarmSample> samples_of(const model::Alarm& alarm, const Inventory& inventory,
                                    Readings& readings, store::Revision may_come);

}  // namespace truce::manager
