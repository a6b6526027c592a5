// Moves from one platform to another, asked for.
#include "relocation/asked.h"
#include "relocation/mapping.h"
#include "relocation/relocations.h"
#include "tasks.h"

namespace truce::manager {
namespace {

/// A move from one platform to another.
struct Crossing {
  model::Relocation move;
  model::MoveReport report;
};

Result<Crossing> plan_crossing(Rooms& rooms, const Context& context, const Found& found,
                               const model::MoveOptions& options) {
  if (options.to == found.platform)
    return fail_field("/to", "it is there already: say 'here', or another platform");
  TRY(const auto* all, inventory_there(rooms, context, options));
  TRY(auto between, as_ours(*found.all, *found.machine));
  TRY(auto to, to_there(between.vm, options, *all, {}, rooms.platforms.devices_of(options.to)));
  TRY_VOID(check_name_there(*all, to.machine.name, to.machine.uuid));
  Crossing crossing{{}, std::move(between.report)};
  auto& report = crossing.report;
  report.name = to.report.name;
  report.to = to.report.to;
  report.bytes = to.report.bytes;
  report.kept = std::move(to.report.kept);
  std::ranges::move(to.report.changed, std::back_inserter(report.changed));
  std::ranges::move(to.report.lost, std::back_inserter(report.lost));
  auto& move = crossing.move;
  move.platform = options.to;
  move.from = found.platform;
  move.origin = found.machine->id;
  move.arrives = false;
  move.options = options;
  move.disks = std::move(to.disks);
  for (std::size_t at = 0; at < move.disks.size(); ++at) move.disks[at].theirs = between.disks[at];
  return crossing;
}

}  // namespace

model::Task begin_move(Change& change, model::Task task, model::Relocation move,
                       const model::MoveReport& report) {
  for (const auto& line : report.changed) note_step(task, line, 0);
  for (const auto& line : report.lost) note_step(task, "lost: " + line, 0);
  move.name = task.name;
  change.put(task);
  change.put(move);
  return task;
}

Result<const platform::Inventory*> inventory_there(Rooms& rooms, const Context& context,
                                                   const model::MoveOptions& options) {
  const auto& platform = options.to;
  if (options.prove)
    return fail_field("/prove", "only what comes here is started as a throw-away: leave it out");
  if (options.prepare)
    return fail_field("/prepare",
                      "only the guest of what comes here is changed: leave it out, or see "
                      "truce image prepare");
  if (options.warm)
    return fail_field("/warm", "only what comes here can be copied while it runs: shut it down");
  // What is on platforms is of no project.
  if (!access::unlimited(context.caller))
    return fail(Code::forbidden, "who is limited to projects moves nothing to platforms");
  if (!rooms.ledger.inventory().find<model::Platform>(platform))
    return fail_field("/to", fmt::format("there is no platform '{}'", platform));
  const auto* all = rooms.platforms.inventory_of(platform);
  if (all == nullptr)
    return fail(Code::unavailable, "{0} has not told what is on it yet: truce platform show {0}",
                platform);
  return all;
}

Result<void> check_transfers(Rooms& rooms, const std::string& platform, Way way) {
  TRY(auto connection, rooms.platforms.connection(platform));
  auto* transfers = connection->transfers();
  bool can = transfers != nullptr;
  if (can && way == Way::from_running) can = transfers->warm();
  if (can && way == Way::to) can = transfers->takes();
  if (can) return {};
  if (way == Way::from_running && transfers != nullptr)
    return fail(Code::unsupported, "machines leave {} only while they are off: leave --warm out",
                connection->capabilities().name);
  return fail(Code::unsupported, "machines cannot be moved {} {}", way == Way::to ? "to" : "from",
              connection->capabilities().name);
}

Async<Result<http::Response>> move_across(Rooms& rooms, const Context& context,
                                          model::MoveOptions options) {
  CO_TRY(auto first, find_foreign(rooms, context));
  CO_TRY(auto planned, plan_crossing(rooms, context, first, options));
  CO_TRY_VOID(check_transfers(rooms, planned.move.from, Way::from));
  CO_TRY_VOID(check_transfers(rooms, planned.move.platform, Way::to));
  const auto& inventory = rooms.ledger.inventory();
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto found, find_foreign(rooms, context));
    TRY(auto crossing, plan_crossing(rooms, context, found, options));
    TRY_VOID(check_stays(inventory, found.platform, found.machine->id));
    auto target = fmt::format("platforms/{}/vms/{}", found.platform, found.machine->id);
    task = begin_move(change, begin_task(rooms.ledger, change, "vm.move", target, "", 0),
                      std::move(crossing.move), crossing.report);
    change.expect<model::Platform>(found.platform);
    change.expect<model::Platform>(options.to);
    change.event("api.move_foreign_vm", target, "",
                 fmt::format("move '{}' to {}", found.machine->name, options.to));
    return {};
  }));
  co_return object_response(202, task, 0);
}

Async<Result<http::Response>> report_across(Rooms& rooms, const Context& context,
                                            model::MoveOptions options) {
  CO_TRY(auto found, find_foreign(rooms, context));
  CO_TRY(auto crossing, plan_crossing(rooms, context, found, options));
  co_return object_response(200, crossing.report, 0);
}

}  // namespace truce::manager
