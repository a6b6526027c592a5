// One run of the simulation, from its seed.
#pragma once

#include <string>
#include <vector>

#include "loop.h"
#include "variant.h"

namespace truce::sim {

struct Setting {
  Variant variant = Variant::sound;
  bool freezes = false;  ///< whether whole hosts are frozen, reaper and all
  bool traced = false;
};

struct Findings {
  Moment overlap{0};          ///< the longest time two hosts wrote to one disk
  Moment guarded_overlap{0};  ///< the same, with a storage that knows epochs
  std::size_t old_starts = 0;
  std::vector<std::string>
      faults;  ///< records that broke a rule; machines that do not run in the end
  std::size_t starts = 0, fences = 0, moves = 0;
  std::vector<std::string> trace;
};

/// Some hosts, machines and leaders live through 50 seconds of faults drawn from the seed; then all
/// is mended but what has died for good, and half a minute later every machine must run, once.
Findings run(std::uint64_t seed, const Setting& setting);

/// From the death of a host, and nothing else, to when each of its machines runs again.
std::vector<Moment> restart_times(std::uint64_t seed);

}  // namespace truce::sim
