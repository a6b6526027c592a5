// Plans that are carried out.
#include <algorithm>

#include "base/log.h"
#include "plans/gather.h"
#include "plans/plans.h"
#include "tasks.h"

namespace truce::manager {
namespace {

std::string target_of(const model::Plan& plan) {
  return "plans/" + plan.name;
}

// The task that stands for a plan that is carried out.
Ref<model::Task> task_of(const Inventory& inventory, const model::Plan& plan) {
  for (const auto& name : inventory.live_tasks()) {
    auto kept = inventory.find<model::Task>(name);
    if (kept->object.target == target_of(plan)) return kept;
  }
  return nullptr;
}

void end_plan(const Inventory& inventory, Change& change, model::Plan plan, std::string problem,
              bool cancelled = false) {
  plan.state = problem.empty() ? model::PlanState::done : model::PlanState::failed;
  plan.problem = problem;
  change.put(plan);
  auto task = task_of(inventory, plan);
  if (!task) return;
  using model::TaskState;
  auto state = problem.empty() ? TaskState::succeeded
               : cancelled     ? TaskState::cancelled
                               : TaskState::failed;
  end_task(change, task->object, state, std::move(problem));
}

// How a move stands: true when it has ended well, false while it goes on.
Result<bool> look_at(const Inventory& inventory, const model::PlanMove& move) {
  auto task = inventory.find<model::Task>(move.task);
  if (task && !ended(task->object)) return false;
  auto vm = inventory.find<model::Vm>(move.vm);
  bool arrived = vm && vm->object.host == move.to;
  if (arrived && (!task || task->object.state == model::TaskState::succeeded)) return true;
  auto why = task && !task->object.error.empty() ? task->object.error : "it is not there";
  return fail(Code::precondition, "'{}' has not gone to {}: {}", move.vm, move.to, why);
}

Result<void> begin(Ledger& ledger, Plans& plans, Change& change, model::PlanKind kind,
                   model::PlanMove& move) {
  auto vm = ledger.inventory().find<model::Vm>(move.vm);
  if (!vm || vm->object.host != move.from)
    return fail(Code::precondition, "'{}' is not on {} any more", move.vm, move.from);
  bool stays = kind == model::PlanKind::balance && vm->object.balance == model::BalanceMode::off;
  if (stays) return fail(Code::precondition, "'{}' is not to be balanced any more", move.vm);
  TRY(auto task,
      plans.begin_move(ledger, change, vm->object, model::MigrateOptions{.to = move.to}));
  move.task = task.name;
  return {};
}

// One step further, if there is one to take.
void advance(Ledger& ledger, Plans& plans, Change& change, model::Plan plan) {
  const auto& inventory = ledger.inventory();
  auto task = task_of(inventory, plan);
  for (std::size_t i = 0; i < plan.moves.size(); ++i) {
    auto& move = plan.moves[i];
    if (!move.task.empty()) {
      auto done = look_at(inventory, move);
      if (!done) return end_plan(inventory, change, plan, done.error().message);
      if (!*done) return;
      continue;
    }
    if (!task || task->object.cancel)
      return end_plan(inventory, change, plan,
                      fmt::format("cancelled after {} of {} moves", i, plan.moves.size()), true);
    if (auto begun = begin(ledger, plans, change, plan.kind, move); !begun)
      return end_plan(inventory, change, plan, begun.error().message);
    change.put(plan);
    auto now_at = task->object;
    note_step(now_at,
              fmt::format("{} of {}: '{}' goes from {} to {}", i + 1, plan.moves.size(), move.vm,
                          move.from, move.to),
              static_cast<double>(i) / static_cast<double>(plan.moves.size()));
    change.put(now_at);
    return;
  }
  end_plan(inventory, change, plan, "");
}

}  // namespace

Result<model::Task> begin_plan(Ledger& ledger, Plans& plans, Change& change, model::Plan plan,
                               By by) {
  const auto& inventory = ledger.inventory();
  if (plan.state != model::PlanState::proposed)
    return fail(Code::precondition, "'{}' is {} already", plan.name, model::to_string(plan.state));
  if (plan.moves.empty()) return fail(Code::precondition, "'{}' has no moves", plan.name);
  if (!plans.begin_move)
    return fail(Code::unsupported, "machines cannot be moved to other hosts yet");
  for (const auto& [name, other] : inventory.all<model::Plan>()) {
    if (other->object.state == model::PlanState::running)
      return fail(Code::precondition, "the plan '{}' is being carried out", name);
  }
  auto estate = gather(inventory, plans.demands, now(), keep_for(plan.kind, by));
  auto steps = scheduler::from_model(estate, plan);
  if (!steps)
    return fail(Code::precondition, "what the plan is about has changed: {}",
                steps.error().message);
  auto findings = scheduler::check_steps(estate, *steps);
  if (!findings.wrong.empty())
    return fail(Code::precondition, "what the plan is about has changed: {}", findings.wrong[0]);
  plan.state = model::PlanState::running;
  change.put(plan);
  return begin_task(ledger, change, "plan.apply", target_of(plan), "", 0);
}

Async<void> carry_out_plans(Ledger& ledger, Plans& plans) {
  auto& inventory = ledger.inventory();
  while (true) {
    auto seen = inventory.revision();
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      for (const auto& [name, kept] : inventory.all<model::Plan>()) {
        if (kept->object.state == model::PlanState::running && plans.begin_move)
          advance(ledger, plans, change, kept->object);
      }
      return {};
    });
    if (!done) {
      spdlog::warn("plans: {}", done.error().message);
      co_await sleep_for(1s);
    }
    co_await inventory.changed_since(std::max(seen, done ? seen : inventory.revision()));
  }
}

}  // namespace truce::manager
