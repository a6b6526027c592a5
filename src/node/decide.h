#pragma once

#include "model/model.h"

namespace truce::node {

/// Whether there is a process of the machine that obeys.
inline bool is_up(model::Observed observed) {
  return observed == model::Observed::running || observed == model::Observed::paused;
}

/// One action on a machine; each is idempotent.
enum class Step { none, provision, start, stop, discard_state, pause, resume, suspend, remove };

/// What brings a machine that is as `observed` nearer to what is wanted; `none` when it is so, or
/// when there is no way.
Step next_step(model::Wanted wanted, model::Observed observed);

/// Whether there is no way from `observed` to what is wanted: what is off can be neither paused nor
/// suspended, and what is suspended cannot be paused.
bool out_of_reach(model::Wanted wanted, model::Observed observed);

/// `start`, for people.
std::string_view name_of(Step step);

}  // namespace truce::node
