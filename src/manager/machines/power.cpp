// Verbs that change what a machine shall be doing: start, stop, pause, resume, suspend.
#include <fmt/ranges.h>

#include "api.h"
#include "moves/moves.h"
#include "placement.h"
#include "relocation/relocations.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::Observed;
using model::Wanted;

/// A verb as data: what it wants, and from which states it makes sense.
struct Verb {
  std::string_view task;
  Wanted wanted;
  Observed done;  ///< what the machine shows once it is so
  std::vector<Observed> from;
};

const Verb start_verb{"vm.start",
                      Wanted::running,
                      Observed::running,
                      {Observed::off, Observed::suspended, Observed::paused, Observed::running,
                       Observed::starting, Observed::unknown}};
const Verb stop_verb{"vm.stop",
                     Wanted::off,
                     Observed::off,
                     {Observed::off, Observed::suspended, Observed::paused, Observed::running,
                      Observed::starting, Observed::unknown}};
const Verb pause_verb{
    "vm.pause", Wanted::paused, Observed::paused, {Observed::running, Observed::paused}};
const Verb resume_verb{
    "vm.resume", Wanted::running, Observed::running, {Observed::running, Observed::paused}};
const Verb suspend_verb{"vm.suspend",
                        Wanted::suspended,
                        Observed::suspended,
                        {Observed::running, Observed::paused, Observed::suspended}};

Result<void> check_verb(const Verb& verb, const model::Vm& vm) {
  if (vm.wanted == Wanted::absent)
    return fail(Code::precondition, "'{}' is being deleted", vm.name);
  if (vm.observed == Observed::absent) {
    return fail(Code::precondition, "'{}' is still being created: see truce task list", vm.name);
  }
  if (std::ranges::find(verb.from, vm.observed) != verb.from.end()) return {};
  std::vector<std::string_view> names;
  for (auto state : verb.from) names.push_back(model::to_string(state));
  return fail(Code::precondition, "'{}' is {}; {} needs a machine that is {}", vm.name,
              model::to_string(vm.observed), verb.task, fmt::join(names, " or "));
}

/// What a caller may add to a verb.
struct Wish {
  model::StopOptions stop;
  std::optional<model::BootDevice> boot;
};

// What a machine boots from matters only when it boots.
Result<void> choose_boot(const Verb& verb, std::optional<model::BootDevice> boot, model::Vm& vm) {
  bool boots = verb.wanted == Wanted::running && vm.observed == Observed::off;
  if (boots) vm.boot_once = boot;
  if (!boot) return {};
  if (!boots) {
    return fail(Code::precondition, "'{}' is {}; it boots from another device only when it is off",
                vm.name, model::to_string(vm.observed));
  }
  if (vm.machine == model::MachineType::microvm) {
    return fail_field("/boot", "a microvm boots its kernel and nothing else");
  }
  return {};
}

Result<void> begin_verb(Rooms& rooms, const Context& context, const Verb& verb, const Wish& wish,
                        Change& change, model::Task& task) {
  const auto& inventory = rooms.ledger.inventory();
  TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  TRY_VOID(context.check_match(kept->revision));
  auto vm = kept->object;
  TRY_VOID(check_verb(verb, vm));
  TRY_VOID(check_not_relocating(vm));  // also of one that runs on trial
  TRY_VOID(choose_boot(verb, wish.boot, vm));
  auto target = "vms/" + vm.name;
  bool already = vm.wanted == verb.wanted && vm.observed == verb.done;
  if (!already && verb.wanted == Wanted::off) {
    call_off_move(inventory, change, vm, model::TaskState::cancelled,
                  "the machine is stopped instead");
  } else if (!already) {
    TRY_VOID(check_settled(vm));
  }
  if (!already) {
    ++vm.generation;
    vm.wanted = verb.wanted;
    vm.problem.clear();
    vm.stop_now = wish.stop.now;
    vm.stop_timeout_seconds = wish.stop.timeout_seconds;
    if (verb.wanted == Wanted::running) {
      TRY_VOID(check_room(inventory, vm));
    }
    change.put(vm);
  }
  task =
      begin_task(rooms.ledger, change, std::string(verb.task), target, vm.project, vm.generation);
  supersede_tasks(inventory, change, target, task.name);
  change.event("api." + std::string(context.row.id), target, vm.project,
               already ? "nothing to do" : fmt::format("wanted: {}", model::to_string(vm.wanted)));
  if (already) end_task(change, task, model::TaskState::succeeded);
  return {};
}

Async<Result<http::Response>> run_verb(Rooms& rooms, const Context& context, const Verb& verb,
                                       Wish wish) {
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) {
    return begin_verb(rooms, context, verb, wish, change, task);
  }));
  auto kept = rooms.ledger.inventory().find<model::Task>(task.name);
  co_return object_response(202, kept ? kept->object : task, 0);
}

Async<Result<http::Response>> stop_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::StopOptions>());
  co_return co_await run_verb(rooms, context, stop_verb, Wish{.stop = options, .boot = {}});
}

Async<Result<http::Response>> start_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::StartOptions>());
  co_return co_await run_verb(rooms, context, start_verb, Wish{.stop = {}, .boot = options.boot});
}

Handler handler_of(const Verb& verb) {
  return [&verb](Rooms& rooms, const Context& context) {
    return run_verb(rooms, context, verb, Wish{});
  };
}

}  // namespace

void add_power_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::start_vm, start_vm);
  handlers.on(Operation::stop_vm, stop_vm);
  handlers.on(Operation::pause_vm, handler_of(pause_verb));
  handlers.on(Operation::resume_vm, handler_of(resume_verb));
  handlers.on(Operation::suspend_vm, handler_of(suspend_verb));
}

}  // namespace truce::manager
