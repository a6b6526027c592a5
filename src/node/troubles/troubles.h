// What is wrong with a machine that is there, as its keeper knows it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "availability/hang.h"

namespace truce::node {

struct Troubles {
  /// How often it stood still for its disks or its watchdog, and which time that is now; 0: it does
  /// not.
  std::uint64_t hungers = 0, hunger = 0;
  std::optional<std::chrono::steady_clock::time_point> fed_at;  ///< when it last went on
  std::string storage;                   ///< why its disks cannot be used, as long as that is so
  Duration patience{};                   ///< until they are tried again
  std::optional<std::int64_t> stuck_at;  ///< what its disks have done, while their pool is silent
  bool stuck = false;                    ///< they do nothing then
  std::int64_t resets = 0;               ///< since it was started
  availability::HangWatch watch;
  std::optional<availability::Hang> hang;  ///< found, and nothing is done about it yet
  bool hang_told = false;                  ///< that it hangs and nothing is done about it
  bool busy = false;                       ///< something is being done with it, that explains much
};

/// Marks a machine as busy while it lives.
class Busy {
 public:
  explicit Busy(Troubles& troubles) : troubles_(troubles) { troubles_.busy = true; }
  ~Busy() { troubles_.busy = false; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  Troubles& troubles_;
};

}  // namespace truce::node
