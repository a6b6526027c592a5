// The scheduler's view of the inventory.
#pragma once

#include "plans/demands.h"
#include "scheduler/scheduler.h"

namespace truce::manager {

/// Who has a plan carried out: somebody who has seen it, or the system by itself.
enum class By : std::uint8_t { somebody, itself };

/// Which machines a plan leaves where they are.
scheduler::Keep keep_for(model::PlanKind kind, By by);

/// All hosts and machines as they stand, with what machines have demanded lately.
scheduler::Estate gather(const Inventory& inventory, const Demands& demands, Time time,
                         scheduler::Keep keep = scheduler::Keep::none);

/// What rules say about a machine, as the others are placed now.
scheduler::Terms terms_for(const Inventory& inventory, const model::Vm& vm);

}  // namespace truce::manager
