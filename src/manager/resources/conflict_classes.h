#pragma once

#include "api.h"
#include "scheduler/scheduler.h"

namespace truce::manager {

void add_conflict_class_handlers(Handlers& handlers);

/// Who may not be beside whom; `changed` stands for the stored class of its name.
scheduler::Conflicts conflicts_of(const Inventory& inventory,
                                  const model::ConflictClass* changed = nullptr);

/// Whether there is such a class; an empty name is no class.
Result<void> check_class(const Inventory& inventory, const std::string& name);

}  // namespace truce::manager
