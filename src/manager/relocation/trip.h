// What the parts of Relocations share.
#pragma once

#include <chrono>

#include "relocation/relocations.h"

namespace truce::manager {

using SteadyClock = std::chrono::steady_clock;

/// For a call to a platform that makes, starts or removes a machine.
constexpr Duration longest_verb = 5min;

/// One that is being driven.
struct Relocations::Trip {
  std::shared_ptr<platform::Platform> platform;  ///< of the arrival
  std::unique_ptr<platform::Arrival> arrival;
  SteadyClock::time_point moved = SteadyClock::now();  ///< when it last got on
  SteadyClock::time_point told = SteadyClock::now();
  Duration pause{};
  std::string said;  ///< the last error
  void got_on() {
    moved = SteadyClock::now();
    pause = {};
  }
};

/// That of one which copies, among the others.
struct Relocations::Turn {
  Turn(std::multiset<std::string>& all, std::vector<std::string> own)
      : busy(all), names(std::move(own)) {
    for (const auto& name : names) busy.insert(name);
  }
  ~Turn() {
    for (const auto& name : names) busy.erase(busy.find(name));
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  std::multiset<std::string>& busy;
  std::vector<std::string> names;
};

/// What may be another way soon: a platform or host that is not reached, a password, room.
inline bool may_pass(Code code) {
  return code == Code::unavailable || code == Code::timeout || code == Code::io ||
         code == Code::forbidden || code == Code::unauthenticated || code == Code::limit ||
         code == Code::cancelled;
}

}  // namespace truce::manager
