// Machines of platforms: shown, and their power switched when somebody asks. A verb is a task here
// and one call there; nothing is repeated, and nothing is brought into a wanted state.
#include "base/log.h"
#include "platforms/foreign.h"
#include "platforms/platforms.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr Duration verb_limit = 15min;
constexpr Duration reset_limit = 120s;

/// The machine that a path names.
struct Found {
  std::string platform;
  const platform::Inventory* all = nullptr;
  const platform::Machine* machine = nullptr;
};

Result<Found> find_foreign(Rooms& rooms, const Context& context) {
  const auto& name = context.name();
  TRY_VOID(find<model::Platform>(rooms.ledger.inventory(), context.caller, name));
  const auto* all = rooms.platforms.inventory_of(name);
  if (all == nullptr)
    return fail(Code::unavailable, "{0} has not told what is on it yet: truce platform show {0}",
                name);
  TRY(const auto* machine, find_machine(name, *all, context.request.parameters.at("vm")));
  return Found{name, all, machine};
}

Async<Result<http::Response>> get_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto found, find_foreign(rooms, context));
  co_return http::json_response(200, foreign_vm(found.platform, *found.all, *found.machine));
}

using Verb = std::function<Async<Result<void>>(platform::Platform& platform, std::string machine)>;

/// What a platform refuses is never said of the caller.
Error told_of_platform(Error error) {
  if (error.code == Code::unauthenticated || error.code == Code::forbidden)
    error.code = Code::precondition;
  return error;
}

Async<void> carry_verb(Ledger& ledger, std::shared_ptr<platform::Platform> platform, Verb verb,
                       std::string machine, std::string task) {
  auto done = co_await within(verb_limit, verb(*platform, std::move(machine)), "the platform");
  auto ended = co_await ledger.change({}, [&](Change& change) -> Result<void> {
    auto kept = ledger.inventory().find<model::Task>(task);
    if (!kept || manager::ended(kept->object)) return {};
    end_task(change, kept->object, done ? model::TaskState::succeeded : model::TaskState::failed,
             done ? std::string() : done.error().message);
    return {};
  });
  if (!ended) spdlog::warn("task {}: {}", task, ended.error().message);
}

Async<Result<http::Response>> begin_verb(Rooms& rooms, const Context& context, std::string kind,
                                         Verb verb) {
  CO_TRY(auto found, find_foreign(rooms, context));
  CO_TRY(auto platform, rooms.platforms.connection(found.platform));
  auto id = found.machine->id;
  auto target = fmt::format("platforms/{}/vms/{}", found.platform, id);
  auto what = fmt::format("{} ({})", kind, found.machine->name);
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    task = begin_task(rooms.ledger, change, kind, target, "", 0);
    change.event("api." + std::string(context.row.id), target, "", what);
    return {};
  }));
  rooms.platforms.spawn(
      carry_verb(rooms.ledger, std::move(platform), std::move(verb), id, task.name));
  auto kept = rooms.ledger.inventory().find<model::Task>(task.name);
  co_return object_response(202, kept ? kept->object : task, 0);
}

Async<Result<http::Response>> start_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::StartOptions>());
  if (options.boot) co_return fail_field("/boot", "cannot be said of machines of platforms");
  co_return co_await begin_verb(
      rooms, context, "vm.start",
      [](platform::Platform& there, std::string id) { return there.start(std::move(id)); });
}

Result<void> check_able(const Rooms& rooms, const Context& context,
                        bool platform::Capabilities::* able, std::string_view what) {
  TRY(auto platform, rooms.platforms.connection(context.name()));
  if (platform->capabilities().*able) return {};
  return fail(Code::unsupported, "{} cannot {} a machine", platform->capabilities().name, what);
}

Async<Result<http::Response>> stop_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::StopOptions>());
  CO_TRY_VOID(find_foreign(rooms, context));
  if (options.now) {
    co_return co_await begin_verb(
        rooms, context, "vm.stop",
        [](platform::Platform& there, std::string id) { return there.kill(std::move(id)); });
  }
  CO_TRY_VOID(check_able(rooms, context, &platform::Capabilities::clean_stop,
                         "ask the guest to power off"));
  co_return co_await begin_verb(
      rooms, context, "vm.stop",
      [](platform::Platform& there, std::string id) { return there.request_stop(std::move(id)); });
}

Async<Result<http::Response>> suspend_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY_VOID(find_foreign(rooms, context));
  CO_TRY_VOID(check_able(rooms, context, &platform::Capabilities::suspend, "suspend"));
  co_return co_await begin_verb(
      rooms, context, "vm.suspend",
      [](platform::Platform& there, std::string id) { return there.suspend(std::move(id)); });
}

Async<Result<http::Response>> reset_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto found, find_foreign(rooms, context));
  CO_TRY(auto platform, rooms.platforms.connection(found.platform));
  auto id = found.machine->id;
  auto target = fmt::format("platforms/{}/vms/{}", found.platform, id);
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    change.event("api.reset_foreign_vm", target, "", "reset");
    return {};
  }));
  auto done = co_await within(reset_limit, platform->reset(id), found.platform);
  if (!done) co_return std::unexpected(told_of_platform(std::move(done).error()));
  co_return http::no_content();
}

}  // namespace

void add_foreign_vm_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::get_foreign_vm, get_foreign_vm);
  handlers.on(Operation::start_foreign_vm, start_foreign_vm);
  handlers.on(Operation::stop_foreign_vm, stop_foreign_vm);
  handlers.on(Operation::suspend_foreign_vm, suspend_foreign_vm);
  handlers.on(Operation::reset_foreign_vm, reset_foreign_vm);
}

}  // namespace truce::manager
