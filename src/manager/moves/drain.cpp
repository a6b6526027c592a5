// Hosts that are emptied: a task that moves their machines away, some at once, the small ones
// first, over those that cannot go.
#include <algorithm>
#include <map>
#include <set>

#include "base/log.h"
#include "machines/devices.h"
#include "moves/moves.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::TaskState;

/// How far the emptying of one host is. A manager that starts anew tries all machines again.
struct Drain {
  std::map<std::string, std::string> moving;  ///< by the machine's uuid: the task
  std::map<std::string, std::string> stays;   ///< by its name: why it cannot go
  std::size_t moved = 0;
};

// In the order that they go in.
std::vector<model::Vm> machines_of(const Inventory& inventory, const std::string& host) {
  std::vector<model::Vm> machines;
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    if (kept->object.host == host && kept->object.wanted != model::Wanted::absent)
      machines.push_back(kept->object);
  }
  std::ranges::sort(machines, {},
                    [](const model::Vm& vm) { return std::pair(vm.memory, vm.name); });
  return machines;
}

// Which of the moves have ended, and how.
void follow(const Inventory& inventory, const std::string& host, Drain& drain) {
  std::erase_if(drain.moving, [&](const auto& move) {
    auto task = inventory.find<model::Task>(move.second);
    auto vm = inventory.vm_by_uuid(move.first);
    if (task && !ended(task->object)) return false;
    if (!vm || vm->object.host != host) {
      ++drain.moved;
    } else {
      drain.stays[vm->object.name] = task ? task->object.error : "its move was given up";
    }
    return true;
  });
}

Result<model::Task> begin_one(Ledger& ledger, Change& change, const model::Vm& vm,
                              const model::DrainOptions& wish) {
  model::MigrateOptions options;
  options.with_storage = wish.with_storage;
  auto begun = begin_migration(ledger, change, vm, options);
  bool can_stand_still = wish.stop && vm.observed == model::Observed::running;
  if (begun || !can_stand_still) return begun;
  options.offline = true;
  return begin_migration(ledger, change, vm, options);
}

std::string told(const Drain& drain) {
  std::string text;
  for (const auto& [name, why] : drain.stays)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name, why);
  return text;
}

void finish(Change& change, const model::Job& job, const model::Task& task, const Drain& drain) {
  change.erase<model::Job>(job.task);
  if (job.cancel) return end_task(change, task, TaskState::cancelled, "cancelled on request");
  if (drain.stays.empty() && task.kind == "host.sleep") return;  // the rest of it comes now
  if (drain.stays.empty()) return end_task(change, task, TaskState::succeeded);
  end_task(change, task, TaskState::failed,
           fmt::format("{} of its machines stay: {}", drain.stays.size(), told(drain)));
}

// One machine at most: its move is in the inventory before the next one is looked for.
Result<void> go_on(Ledger& ledger, Change& change, model::Job job, Drain& drain) {
  const auto& inventory = ledger.inventory();
  auto kept = inventory.find<model::Task>(job.task);
  if (!kept || ended(kept->object)) {
    change.erase<model::Job>(job.task);
    return {};
  }
  follow(inventory, job.from, drain);
  auto host = inventory.find<model::Host>(job.from);
  if (!host || !host->object.draining) job.cancel = true;  // it may have machines again
  auto wish = job.drain.value_or(model::DrainOptions());
  std::size_t left = 0;
  bool begun = false;
  for (const auto& vm : machines_of(inventory, job.from)) {
    bool busy = !vm.moving_to.empty() || drain.moving.contains(vm.uuid);
    if (!drain.stays.contains(vm.name)) ++left;
    if (busy || begun || job.cancel || drain.stays.contains(vm.name)) continue;
    if (drain.moving.size() >= static_cast<std::size_t>(wish.parallel)) continue;
    auto task = begin_one(ledger, change, vm, wish);
    begun = task.has_value();
    if (task) drain.moving[vm.uuid] = task->name;
    if (!task) drain.stays[vm.name] = task.error().message;
    if (!task) --left;
  }
  if (drain.moving.empty() && (left == 0 || job.cancel)) {
    finish(change, job, kept->object, drain);
    return {};
  }
  auto task = kept->object;
  auto all = drain.moved + drain.stays.size() + left;
  note_step(task,
            fmt::format("{} moved, {} left{}", drain.moved, left,
                        drain.stays.empty() ? "" : "; " + told(drain)),
            static_cast<double>(drain.moved + drain.stays.size()) / static_cast<double>(all + 1));
  if (task != kept->object) change.put(task);
  return {};
}

}  // namespace

Async<void> run_drains(Ledger& ledger) {
  auto& inventory = ledger.inventory();
  std::map<std::string, Drain> drains;
  while (true) {
    auto seen = inventory.revision();
    std::set<std::string> names;
    for (const auto& [name, kept] : inventory.all<model::Job>()) {
      if (kept->object.kind == model::JobKind::drain_host) names.insert(name);
    }
    std::erase_if(drains, [&](const auto& drain) { return !names.contains(drain.first); });
    for (const auto& name : names) {
      auto before = drains[name];
      auto after = before;
      auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
        auto job = inventory.find<model::Job>(name);
        after = before;
        return job ? go_on(ledger, change, job->object, after) : Result<void>{};
      });
      if (done) drains[name] = after;
      if (!done) spdlog::warn("emptying a host: {}", done.error().message);
    }
    if (inventory.revision() != seen) continue;
    co_await (inventory.changed_since(seen) || sleep_for(5s));
  }
}

Result<model::Task> begin_drain(Ledger& ledger, Change& change, model::Host host,
                                const model::DrainOptions& wish, std::string kind) {
  if (host.sleep != model::HostSleep::awake && host.sleep != model::HostSleep::emptying)
    return fail(Code::precondition, "'{}' is not awake: truce host wake {}", host.name, host.name);
  for (const auto& [name, job] : ledger.inventory().all<model::Job>()) {
    if (job->object.kind != model::JobKind::drain_host || job->object.from != host.name) continue;
    return fail(Code::conflict, "'{}' is being emptied by {} already", host.name, name);
  }
  host.draining = true;
  auto target = "hosts/" + host.name;
  auto task = begin_task(ledger, change, std::move(kind), target, "", 0);
  model::Job job;
  job.task = task.name;
  job.kind = model::JobKind::drain_host;
  job.from = host.name;
  job.drain = wish;
  change.put_job(job);
  change.put(host);
  return task;
}

Async<Result<http::Response>> drain_host(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::DrainOptions>());
  const auto& inventory = rooms.ledger.inventory();
  co_return co_await answer_with_task(rooms, context, [&](Change& change) -> Result<model::Task> {
    TRY(auto kept, find<model::Host>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    TRY(auto task, begin_drain(rooms.ledger, change, kept->object, wish, "host.drain"));
    change.event("api.drain_host", "hosts/" + kept->object.name, "", "move all machines away");
    return task;
  });
}

}  // namespace truce::manager
