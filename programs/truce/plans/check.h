// `truce plan check`: verifies a plan, without a daemon.
#pragma once

#include "base/result.h"
#include "invocation.h"

namespace truce::cli {

/// Prints what is wrong with the plan in one file, made from the estate in another. Answers the
/// program's exit status: 0 when nothing is. Code::invalid when a file is not what it should be.
Result<int> plan_check(const Invocation& invocation);

}  // namespace truce::cli
