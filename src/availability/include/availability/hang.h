// Whether a guest hangs, and what is done about it. Of one machine; the time is an argument.
#pragma once

#include <deque>
#include <optional>

#include "availability/records.h"
#include "base/time.h"

namespace truce::availability {

/// How a guest was found to hang.
enum class Hang : std::uint8_t {
  watchdog,  ///< it no longer feeds its watchdog, and stands still
  panic,     ///< its kernel has panicked, and it stands still
  silence,   ///< its agent has answered once and does so no more, and it does nothing
};

/// What is done about it.
enum class HangAnswer : std::uint8_t {
  nothing,
  reset,        ///< and let go on
  stand_still,  ///< for people to look at
  end,
};

struct HangRules {
  bool resets = false;      ///< whether a guest that hangs is reset at all
  Duration silence = 60s;   ///< that counts as hanging
  std::size_t at_most = 3;  ///< resets within `window`
  Duration window = 3600s;
  int looks = 3;  ///< in a row that found silence, at least: a late look proves nothing
};

/// What was seen of a guest that runs.
struct Pulse {
  bool answers = false;  ///< its agent
  /// Counts what its disks have carried and its network cards have sent. What they receive is no
  /// sign of it. Nothing: not known, which is no sign that it hangs.
  std::optional<std::uint64_t> work;
};

/// Promise: a guest hangs by `silence` only when its agent has answered since begin(), and then
/// neither answered nor worked for as long as the rules say, as was seen by several looks. No more
/// resets than the rules allow are ever answered.
class HangWatch {
 public:
  /// A guest begins: it was started, reset, or found running. Nothing is known of its agent.
  void begin(NodeTime now);
  /// It is not judged at present, as it stands still or something is done with it: silence counts
  /// from now on.
  void excuse(NodeTime now);
  /// A look at it. Whether it hangs.
  bool saw(const Pulse& pulse, const HangRules& rules, NodeTime now);
  /// What is done about that; a reset is counted, and the guest begins anew.
  HangAnswer answer(Hang hang, const HangRules& rules, NodeTime now);
  /// How many resets there were within the window.
  [[nodiscard]] std::size_t resets() const { return resets_.size(); }

 private:
  bool answered_ = false;
  int silent_looks_ = 0;
  NodeTime sign_;  ///< the last sign of life
  std::optional<std::uint64_t> work_;
  std::deque<NodeTime> resets_;
};

}  // namespace truce::availability
