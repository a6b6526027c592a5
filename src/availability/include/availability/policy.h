// What is to become of a machine whose host is cut off or dies.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace truce::availability {

/// What its host does with a machine once it cannot renew its own standing any more.
enum class Isolation : std::uint8_t {
  stop,  ///< kills it at the deadline: the machine is protected, and can be started elsewhere
  keep,  ///< lets it run: for disks that only this host has; nobody else ever starts it meanwhile
};

/// What the leader does with a machine whose host is fenced.
enum class Restart : std::uint8_t { elsewhere, never };

struct Policy {
  Isolation isolation = Isolation::stop;
  Restart restart = Restart::elsewhere;
  bool operator==(const Policy&) const = default;
};

/// Code::invalid for a machine that is to run on and to be started elsewhere: that is two copies.
Result<void> check(const Policy& policy);

}  // namespace truce::availability
