// Machines of platforms made smaller and larger, their snapshots, and their end: when somebody
// asks.
#include "platforms/foreign.h"
#include "platforms/found.h"
#include "platforms/platforms.h"
#include "relocation/relocations.h"

namespace truce::manager {
namespace {

constexpr Duration change_limit = 120s;

/// A capability of the machine's platform, once it is there.
template <class T>
Result<void> check_able(Rooms& rooms, const Context& context,
                        T* (platform::Platform::*capability)(), std::string_view what) {
  TRY(auto found, find_foreign(rooms, context));
  TRY(auto platform, rooms.platforms.connection(found.platform));
  if (((*platform).*capability)() != nullptr) return {};
  return fail(Code::unsupported, "{} {}", platform->capabilities().name, what);
}

Async<Result<http::Response>> set_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::VmChange>());
  bool only_sizes = wish == model::VmChange{.cpus = wish.cpus, .memory = wish.memory};
  if (!only_sizes)
    co_return fail(Code::unsupported,
                   "of a machine of a platform only cpus and memory are changed from here");
  CO_TRY_VOID(
      check_able(rooms, context, &platform::Platform::making, "changes no machines from here"));
  CO_TRY(auto found, find_foreign(rooms, context));
  CO_TRY(auto platform, rooms.platforms.connection(found.platform));
  auto target = fmt::format("platforms/{}/vms/{}", found.platform, found.machine->id);
  auto id = found.machine->id;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY_VOID(check_stays(rooms.ledger.inventory(), found.platform, id));
    change.event("api.set_foreign_vm", target, "", "sizes changed");
    return {};
  }));
  std::optional<int> cpus;
  if (wish.cpus) cpus = static_cast<int>(*wish.cpus);
  auto done = co_await within(change_limit, platform->making()->resize(id, cpus, wish.memory),
                              found.platform);
  if (!done) co_return std::unexpected(told_of_platform(std::move(done).error()));
  CO_TRY(found, find_foreign(rooms, context));
  auto machine = *found.machine;  // the feed may not have told it yet
  if (cpus) machine.cpus = *cpus;
  if (wish.memory) machine.memory = *wish.memory;
  co_return http::json_response(200, foreign_vm(found.platform, *found.all, machine));
}

Async<Result<http::Response>> delete_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY_VOID(
      check_able(rooms, context, &platform::Platform::making, "removes no machines from here"));
  CO_TRY(auto found, find_foreign(rooms, context));
  if (found.machine->state != model::Observed::off)
    co_return fail(Code::precondition, "'{}' is {}: shut it down first", found.machine->name,
                   model::to_string(found.machine->state));
  co_return co_await begin_work(rooms, context, "vm.delete",
                                [](platform::Platform& there, std::string machine) {
                                  return there.making()->remove(std::move(machine));
                                });
}

Async<Result<http::Response>> create_foreign_snapshot(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::SnapshotCreate>());
  CO_TRY_VOID(check_able(rooms, context, &platform::Platform::snapshots, "has no snapshots"));
  CO_TRY(auto found, find_foreign(rooms, context));
  CO_TRY(auto platform, rooms.platforms.connection(found.platform));
  const auto& able = platform->capabilities();
  if (wish.memory && !able.snapshots_with_memory)
    co_return fail_field("/memory", able.name + " has snapshots without memory only");
  if (wish.quiesce && !able.quiesced_snapshots)
    co_return fail_field("/quiesce", able.name + " freezes no file systems");
  auto create = [](platform::Platform& there, std::string machine,
                   platform::SnapshotOrder order) -> Async<Result<void>> {
    CO_TRY_VOID(co_await there.snapshots()->create(std::move(machine), std::move(order)));
    co_return Result<void>();
  };
  platform::SnapshotOrder order{wish.name, wish.description, wish.memory, wish.quiesce};
  co_return co_await begin_work(rooms, context, "snapshot.create",
                                [create, order](platform::Platform& there, std::string machine) {
                                  return create(there, std::move(machine), order);
                                });
}

// By its id, or else its name.
Result<std::string> find_snapshot(const platform::Machine& machine, const std::string& text) {
  const platform::Snapshot* only = nullptr;
  for (const auto& snapshot : machine.snapshots) {
    if (snapshot.id == text) return text;
    if (snapshot.name != text) continue;
    if (only != nullptr)
      return fail(Code::conflict, "'{}' has several snapshots '{}': give its id (truce vm show)",
                  machine.name, text);
    only = &snapshot;
  }
  if (only == nullptr)
    return fail(Code::not_found, "'{}' has no snapshot '{}'", machine.name, text);
  return only->id;
}

Result<std::string> named_snapshot(Rooms& rooms, const Context& context) {
  TRY_VOID(check_able(rooms, context, &platform::Platform::snapshots, "has no snapshots"));
  TRY(auto found, find_foreign(rooms, context));
  return find_snapshot(*found.machine, context.request.parameters.at("snapshot"));
}

Async<Result<http::Response>> delete_foreign_snapshot(Rooms& rooms, const Context& context) {
  CO_TRY(auto id, named_snapshot(rooms, context));
  const auto* subtree = context.query("subtree");
  bool all = subtree && *subtree != "false";
  auto extent =
      all ? platform::Snapshots::Extent::with_children : platform::Snapshots::Extent::alone;
  co_return co_await begin_work(rooms, context, "snapshot.delete",
                                [id, extent](platform::Platform& there, std::string machine) {
                                  return there.snapshots()->remove(std::move(machine), id, extent);
                                });
}

Async<Result<http::Response>> restore_foreign_snapshot(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::RestoreOptions>());
  CO_TRY(auto id, named_snapshot(rooms, context));
  auto restore = [](platform::Platform& there, std::string machine, std::string snapshot,
                    bool start) -> Async<Result<void>> {
    CO_TRY_VOID(co_await there.snapshots()->restore(machine, std::move(snapshot)));
    if (start) CO_TRY_VOID(co_await there.start(std::move(machine)));
    co_return Result<void>();
  };
  co_return co_await begin_work(
      rooms, context, "snapshot.restore",
      [restore, id, start = options.start](platform::Platform& there, std::string machine) {
        return restore(there, std::move(machine), id, start);
      });
}

}  // namespace

void add_foreign_change_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::set_foreign_vm, set_foreign_vm);
  handlers.on(Operation::delete_foreign_vm, delete_foreign_vm);
  handlers.on(Operation::create_foreign_snapshot, create_foreign_snapshot);
  handlers.on(Operation::delete_foreign_snapshot, delete_foreign_snapshot);
  handlers.on(Operation::restore_foreign_snapshot, restore_foreign_snapshot);
}

}  // namespace truce::manager
