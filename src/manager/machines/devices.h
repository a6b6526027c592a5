// Disks and network cards that machines are given and lose: each a job of the machine's host, and
// the machine is what it was until that has succeeded.
#pragma once

#include "api.h"

namespace truce::manager {

/// Code::precondition when nothing of a machine's devices can be changed now.
Result<void> check_changeable(const model::Vm& vm);

/// The lowest port for devices that come while it runs that no device has, nor will have when a job
/// that is under way has ended; 0 where the machine has none.
std::int64_t free_plug_port(const Inventory& inventory, const model::Vm& vm);

/// Visits the machine's jobs that have not ended.
template <class Visit>
void each_job(const Inventory& inventory, const model::Vm& vm, Visit visit) {
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    if (kept->object.vm == vm.uuid) visit(kept->object);
  }
}

/// Commits what `begin` puts into a change, and answers the task that it makes there.
template <class Begin>
Async<Result<http::Response>> answer_with_task(Rooms& rooms, const Context& context, Begin begin) {
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(task, begin(change));
    return {};
  }));
  co_return object_response(202, task, 0);
}

/// A task and a job of the machine's host.
model::Task begin_device_job(Rooms& rooms, Change& change, const model::Vm& vm,
                             std::string_view kind, const std::string& target, model::Job job);

/// A job has succeeded: the machine is what it asked for.
void finish_device_job(const Inventory& inventory, Change& change, const model::Job& job);

}  // namespace truce::manager
