#include "tasks.h"

#include "base/log.h"
#include "relocation/pictures.h"

namespace truce::manager {
namespace {

constexpr std::size_t steps_kept = 50;
constexpr std::size_t erased_at_once = 100;

}  // namespace

model::Task begin_task(Ledger& ledger, Change& change, std::string kind, std::string target,
                       std::string project, std::int64_t generation) {
  model::Task task;
  task.name = ledger.next_task_name();
  task.kind = std::move(kind);
  task.target = std::move(target);
  task.project = std::move(project);
  task.generation = generation;
  task.user = change.actor().user;
  task.request = change.actor().request;
  task.state = model::TaskState::running;
  task.created = now();
  change.put(task);
  return task;
}

void end_task(Change& change, model::Task task, model::TaskState state, std::string error) {
  task.state = state;
  task.error = std::move(error);
  task.ended = now();
  if (state == model::TaskState::succeeded) task.progress = 1;
  auto message = task.error.empty() ? fmt::format("task {} {}", task.name, model::to_string(state))
                                    : fmt::format("task {} {}: {}", task.name,
                                                  model::to_string(state), task.error);
  change.event(fmt::format("{}.{}", task.kind, model::to_string(state)), task.target, task.project,
               std::move(message));
  change.events.back().request = task.request;
  log_for(task.request, spdlog::level::info,
          fmt::format("{} {}: {}", task.kind, task.target, change.events.back().message));
  change.put(task);
}

void supersede_tasks(const Inventory& inventory, Change& change, std::string_view target,
                     const std::string& by) {
  for (const auto& name : inventory.live_tasks()) {
    auto kept = inventory.find<model::Task>(name);
    if (kept->object.target != target) continue;
    end_task(change, kept->object, model::TaskState::cancelled, "superseded by " + by);
  }
}

model::Wanted settled(model::Observed observed) {
  switch (observed) {
    case model::Observed::running:
      return model::Wanted::running;
    case model::Observed::paused:
      return model::Wanted::paused;
    case model::Observed::suspended:
      return model::Wanted::suspended;
    default:
      return model::Wanted::off;
  }
}

void note_step(model::Task& task, const std::string& step, double progress) {
  if (progress > task.progress) task.progress = std::min(progress, 1.0);
  if (step.empty() || step == task.step) return;
  task.step = step;
  task.steps.push_back({now(), step});
  if (task.steps.size() > steps_kept) task.steps.erase(task.steps.begin());
}

namespace {

template <class T>
void erase_oldest(const Inventory& inventory, Change& change, std::size_t limit) {
  const auto& all = inventory.all<T>();
  if (all.size() <= limit) return;
  auto surplus = all.size() - limit;
  for (auto it = all.begin(); it != all.end() && surplus > 0; ++it) {
    if (change.writes.size() >= erased_at_once) return;
    --surplus;
    if constexpr (std::is_same_v<T, model::Task>) {
      if (!ended(it->second->object)) continue;
      if (it->second->object.kind == "vm.move") forget_picture(change, it->first);
    }
    change.erase<T>(it->first);
  }
}

}  // namespace

Async<void> keep_history_short(Ledger& ledger, const Settings& settings) {
  while (true) {
    auto before = ledger.inventory().revision();
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      erase_oldest<model::Task>(ledger.inventory(), change, settings.task_history);
      erase_oldest<model::Event>(ledger.inventory(), change, settings.event_history);
      return {};
    });
    if (!done) spdlog::warn("history: {}", done.error().message);
    if (!done || ledger.inventory().revision() == before) co_await sleep_for(10s);
  }
}

}  // namespace truce::manager
