// What `ipmitool` prints.
#pragma once

#include "base/process.h"
#include "power/power.h"

namespace truce::power {

/// The state that `chassis power status` tells. Code::unavailable, Code::forbidden: it could not
/// ask; Code::corrupt: it said neither on nor off.
Result<PowerState> read_power_status(const Output& output);

/// Whether an order was taken.
Result<void> read_power_order(const Output& output);

}  // namespace truce::power
