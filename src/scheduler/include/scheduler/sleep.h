// Which hosts may be switched off because nothing is on them, and which are needed again.
#pragma once

#include "scheduler/estate.h"

namespace truce::scheduler {

/// Whether its absence is meant: it is being switched off, is off, or is being switched on.
bool is_put_to_sleep(const model::Host& host);

enum class Power : std::uint8_t { awake, waking, asleep };

/// What is known of a host besides its row in the estate, in which one that sleeps is offline.
struct PowerRow {
  Power power = Power::awake;
  bool member = false;                ///< it manages, or keeps the state (etcd): it never sleeps
  bool tried = false;                 ///< its power control has switched it off and on again before
  std::int32_t wake_seconds = 300;    ///< the longest that waking took
  std::int32_t seconds_in_state = 0;  ///< for so long it is awake, waking or asleep
  std::string keep =
      {};  ///< why it stays awake whatever the load, as `has uploads`; empty: nothing
};

/// Two thresholds well apart, so that hosts do not go off and on with every quarter of an hour.
struct SleepWish {
  int sleep_below_percent = 50;  ///< a host sleeps when the others would be used to no more
  int wake_above_percent = 75;   ///< one is woken when those that are awake are used to more
  /// Of what is demanded now, by so much it may grow in each minute that waking takes.
  double growth_percent_a_minute = 1;
  std::int32_t reserve_hosts = 1;     ///< so many may fail while others sleep
  std::int32_t least_awake = 0;       ///< so many never sleep
  std::int32_t rest_seconds = 1800;   ///< a host that has woken stays so for this long
  std::int32_t sleepers_at_once = 1;  ///< in one decision: the next one sees what came of it
};

/// Code::invalid: the thresholds are less than ten apart, or a number is out of range.
Result<void> check(const SleepWish& wish);

struct SleepDecision {
  std::vector<std::int32_t> sleep, wake;  ///< hosts; never both
  std::string reason;                     ///< why some wake
  std::vector<std::string> refusals;      ///< why a host with nothing on it stays awake
};

/// Decides for hosts that are empty or asleep; emptying them is for consolidate(). Used counts
/// processors, memory and memory promised, of the load that is used most; demand is taken as it may
/// be when a host would be awake again. `power` has a row for each host.
SleepDecision decide_sleep(const Estate& estate, const std::vector<PowerRow>& power,
                           const SleepWish& wish = {});

}  // namespace truce::scheduler
