// What can be asked of an alarm. Pure.
#pragma once

#include <string>

#include "model/model.h"

namespace truce::manager {

/// That an alarm's rule makes sense: a known quantity with a limit, or a known state, and a filter
/// only where there are machines. Code::invalid with the field at fault.
Result<void> check_rule(const model::Alarm& alarm);

/// When it is raised, in words: `cpu above 90 for 5 minutes`, `offline`.
std::string condition_of(const model::Alarm& alarm);

/// A number as people write it: no more digits than it needs.
std::string short_number(double value);

/// The alarms of a new store. They tell nobody yet.
std::vector<model::Alarm> first_alarms(Time created);

/// The word for `something is wrong with it` among states.
inline constexpr std::string_view problem_state = "problem";

}  // namespace truce::manager
