// What the parts of Relocations share.
#pragma once

#include <chrono>

#include "relocation/judge.h"
#include "relocation/relocations.h"

namespace truce::manager {

using SteadyClock = std::chrono::steady_clock;

/// For a call to a platform that makes, starts or removes a machine.
constexpr Duration longest_verb = 5min;

/// A machine that is read while it runs.
struct Relocations::Warm {
  std::shared_ptr<platform::Platform> platform;  ///< outlives what is asked of `from` on the loop
  std::shared_ptr<platform::WarmDeparture> from;
};

/// One that is being driven.
struct Relocations::Trip {
  std::shared_ptr<platform::Platform> platform;  ///< of the arrival
  std::unique_ptr<platform::Arrival> arrival;
  std::optional<Warm> warm;                            ///< while disks of a moment are read
  SteadyClock::time_point moved = SteadyClock::now();  ///< when it last got on
  SteadyClock::time_point told = SteadyClock::now();
  Duration pause{};
  std::string said;  ///< the last error
  bool asked_to_stop = false;
  Duration last_pass{};        ///< how long all disks took, of a machine that runs meanwhile
  std::optional<Judge> judge;  ///< of its trial
  std::optional<SteadyClock::time_point> up;  ///< since when that runs
  void got_on() {
    moved = SteadyClock::now();
    pause = {};
  }
};

/// That of one which copies, among the others.
struct Relocations::Turn {
  Turn(Relocations& of, std::vector<std::string> own) : all(of), ends(std::move(own)) {
    ++all.turns_;
    for (const auto& end : ends) all.busy_.insert(end);
  }
  ~Turn() {
    --all.turns_;
    for (const auto& end : ends) all.busy_.erase(all.busy_.find(end));
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Relocations& all;
  std::vector<std::string> ends;
};

/// What a turn is taken of.
inline std::string end_at_platform(const std::string& name) {
  return "platform " + name;
}
inline std::string end_at_host(const std::string& name) {
  return "host " + name;
}

/// Of a warm move: what it left on the platform, for people.
std::string what_is_kept_apart(const model::Relocation& move, const Error& why);
/// How long the cut-over of its machine took, which began then.
std::string told_pause(Time stopped);

/// Whether it can still be called off, and is undone where it fails.
inline bool is_open(model::RelocationPhase phase) {
  return phase != model::RelocationPhase::finish && phase != model::RelocationPhase::undo;
}

/// What may be another way soon: a platform or host that is not reached, a password, room.
inline bool may_pass(Code code) {
  return code == Code::unavailable || code == Code::timeout || code == Code::io ||
         code == Code::forbidden || code == Code::unauthenticated || code == Code::limit ||
         code == Code::cancelled;
}

}  // namespace truce::manager
