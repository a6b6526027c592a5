#include "api.h"
#include "moves/moves.h"
#include "networks/mirrors.h"
#include "relocation/pictures.h"
#include "relocation/relocations.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::Observed;
using model::Wanted;

Async<Result<http::Response>> get_task(Rooms& rooms, const Context& context) {
  auto& inventory = rooms.ledger.inventory();
  CO_TRY(auto kept, find<model::Task>(inventory, context.caller, context.name()));
  if (const auto* wait = context.query("wait")) {
    auto deadline = std::chrono::steady_clock::now() +
                    std::chrono::seconds(std::strtol(wait->c_str(), nullptr, 10));
    while (!ended(kept->object)) {
      auto left = std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      co_await (inventory.changed_since(inventory.revision()) || sleep_for(left));
      CO_TRY(kept, find<model::Task>(inventory, context.caller, context.name()));
    }
  }
  co_return object_response(200, kept->object, kept->revision);
}

// What a machine shall be instead of what the cancelled task wanted: what it was before.
Wanted before(const model::Task& task, const model::Vm& vm) {
  if (task.kind == "vm.create") return Wanted::absent;
  return settled(vm.observed);
}

Result<void> cancel_vm_task(const Inventory& inventory, Change& change, const model::Task& task) {
  auto kept = inventory.find<model::Vm>(task.target.substr(std::string_view("vms/").size()));
  if (kept && kept->object.generation == task.generation) {
    auto vm = kept->object;
    if (vm.wanted == Wanted::absent) {
      return fail(Code::precondition, "a deletion cannot be cancelled: parts of '{}' are gone",
                  vm.name);
    }
    ++vm.generation;
    vm.wanted = before(task, vm);
    vm.stop_now = task.kind != "vm.stop";
    if (vm.wanted == Wanted::absent && vm.host.empty()) {  // no host has anything of it
      end_mirrors(inventory, change, vm.name);
      change.erase_vm(vm);
    } else {
      change.put(vm);
    }
  }
  end_task(change, task, model::TaskState::cancelled, "cancelled by " + change.actor().user);
  return {};
}

Result<void> cancel_job(const Inventory& inventory, Change& change, model::Task task) {
  auto kept = inventory.find<model::Job>(task.name);
  if (!kept) return fail(Code::precondition, "task '{}' cannot be cancelled", task.name);
  auto job = kept->object;
  if (job.kind == model::JobKind::migrate_vm) return cancel_move(inventory, change, job);
  if (job.kind == model::JobKind::delete_template || job.kind == model::JobKind::delete_snapshot) {
    return fail(Code::precondition, "a deletion cannot be cancelled");
  }
  if (job.pool) return fail(Code::precondition, "it is done soon, or fails");
  if (!job.vm.empty() && job.kind != model::JobKind::move_disk) {
    return fail(Code::precondition, "a snapshot cannot be cancelled: it is done soon, or fails");
  }
  job.cancel = true;
  task.cancel = true;
  change.put_job(job);
  change.put(task);  // the node ends it, once all is undone
  return {};
}

// It ends after the move that is under way.
Result<void> cancel_plan(Change& change, model::Task task) {
  task.cancel = true;
  change.put(task);
  return {};
}

Async<Result<http::Response>> cancel_task(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Task>(inventory, context.caller, context.name()));
    const auto& task = kept->object;
    if (ended(task)) {
      return fail(Code::precondition, "task '{}' has ended already: {}", task.name,
                  model::to_string(task.state));
    }
    change.event("api.cancel_task", task.target, task.project, "cancel task " + task.name);
    TRY(auto called_off, cancel_relocation(inventory, change, task));
    if (called_off) return {};
    bool of_machine = task.target.starts_with("vms/") && !inventory.find<model::Job>(task.name);
    if (task.target.starts_with("plans/")) return cancel_plan(change, task);
    if (of_machine) return cancel_vm_task(inventory, change, task);
    return cancel_job(inventory, change, task);
  }));
  CO_TRY(auto kept, find<model::Task>(inventory, context.caller, context.name()));
  co_return object_response(202, kept->object, kept->revision);
}

Async<Result<http::Response>> get_task_screenshot(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY(auto task, find<model::Task>(inventory, context.caller, context.name()));
  http::Response response;
  response.content_type = "image/png";
  CO_TRY(response.body, co_await read_picture(rooms.ledger, task->object));
  co_return response;
}

}  // namespace

void add_task_handlers(Handlers& handlers) {
  handlers.on(model::Operation::get_task, get_task);
  handlers.on(model::Operation::cancel_task, cancel_task);
  handlers.on(model::Operation::get_task_screenshot, get_task_screenshot);
}

}  // namespace truce::manager
