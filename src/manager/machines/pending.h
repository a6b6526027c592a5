// What of a machine's settings waits for its next start.
#pragma once

#include <string>
#include <vector>

#include "api.h"

namespace truce::manager {

/// One line for each setting that a running machine has otherwise than it shall have it: `cpus: 2
/// -> 4`. Empty when it does not run.
std::vector<std::string> pending_of(const model::Vm& vm);

/// Settings as they are kept or were: of the machine as it runs, where it runs or is suspended.
model::VmSettings settings_of(const model::Vm& vm);

}  // namespace truce::manager
