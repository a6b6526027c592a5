#pragma once

#include "model/model.h"

namespace truce::node {

/// One action on a machine; each is idempotent.
enum class Step { none, provision, start, stop, discard_state, pause, resume, suspend, remove };

/// What brings a machine that is as `observed` nearer to what is wanted; `none` when it is so, or
/// when there is no way (a machine that is off cannot be paused).
Step next_step(model::Wanted wanted, model::Observed observed);

}  // namespace truce::node
