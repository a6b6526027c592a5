// A second look at a balance.
#pragma once

#include "scheduler/plans.h"

namespace truce::scheduler {

/// Takes each move back in turn and looks for a better one instead. The plan becomes another with
/// no more moves and a lower score, or stays as it is; so it does where that would take too many
/// looks. `least` is what a move has to gain.
void refine(const Estate& estate, const BalanceWish& wish, double least, Plan& plan);

}  // namespace truce::scheduler
