// What machines have demanded lately: what plans reckon with.
#pragma once

#include <array>
#include <map>
#include <string>
#include <unordered_map>

#include "metrics/measurements.h"
#include "scheduler/estate.h"

namespace truce::manager {

/// Follows the measured rounds of all machines, in memory only: after a restart a machine counts as
/// unknown for two minutes. One loop only.
class Demands {
 public:
  /// Takes a round of samples.
  void take(const std::vector<metrics::Sample>& vms, Time time);

  /// The larger of a moving average, which forgets half in about three minutes, and of what it
  /// demanded in nine of ten minutes of the last 15. Nothing while too little is known.
  [[nodiscard]] std::optional<scheduler::Demand> of(const std::string& uuid, Time time) const;

 private:
  static constexpr std::size_t lines = 4;  ///< processors, memory, disks, network
  static constexpr std::size_t minutes = 15;
  using Values = std::array<float, lines>;
  /// The average of one minute, while it lasts and after.
  struct Minute {
    std::int64_t number = 0;  ///< since the epoch
    Values sum{};
    std::int32_t count = 0;
  };
  struct Line {
    Time time;  ///< of its last sample
    Values average{};
    std::array<Minute, minutes> past{};
  };

  void forget(Time time);

  std::unordered_map<std::string, Line> machines_;  ///< by uuid
  Time forgotten_{};
};

}  // namespace truce::manager
