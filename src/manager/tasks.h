// Tasks as objects: made with a change, ended with a change.
#pragma once

#include "ledger.h"
#include "manager/manager.h"

namespace truce::manager {

/// A new task in the change, of the state `running`, and its event.
model::Task begin_task(Ledger& ledger, Change& change, std::string kind, std::string target,
                       std::string project, std::int64_t generation);

/// Ends a task in the change; `error` is for failed and cancelled ones.
void end_task(Change& change, model::Task task, model::TaskState state, std::string error = {});

/// Ends every live task of a target as cancelled: a newer one takes its place.
void supersede_tasks(const Inventory& inventory, Change& change, std::string_view target,
                     const std::string& by);

/// What is wanted of a machine whose wish failed, was cancelled or was overtaken by its end: what
/// it is now.
model::Wanted settled(model::Observed observed);

/// Notes a step and progress; remembers the last 50 steps.
void note_step(model::Task& task, const std::string& step, double progress);

/// Deletes the oldest ended tasks and events above the limits, until cancelled.
Async<void> keep_history_short(Ledger& ledger, const Settings& settings);

}  // namespace truce::manager
