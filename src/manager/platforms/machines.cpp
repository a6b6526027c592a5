// Machines of platforms: shown, and their power switched when somebody asks. A verb is a task here
// and one call there; nothing is repeated, and nothing is brought into a wanted state.
#include "base/log.h"
#include "platforms/foreign.h"
#include "platforms/found.h"
#include "platforms/platforms.h"
#include "relocation/relocations.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr Duration verb_limit = 15min;
constexpr Duration reset_limit = 120s;

}  // namespace

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

Error told_of_platform(Error error) {
  if (error.code == Code::unauthenticated || error.code == Code::forbidden)
    error.code = Code::precondition;
  return error;
}

namespace {

Async<Result<http::Response>> get_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto found, find_foreign(rooms, context));
  co_return http::json_response(200, foreign_vm(found.platform, *found.all, *found.machine));
}

/// What is asked of a platform, as a task.
struct Verb {
  std::string_view kind;
  Async<Result<void>> (platform::Platform::*call)(std::string machine);
  bool platform::Capabilities::* able = nullptr;  ///< which it takes; null: every platform can
  std::string_view what = {};                     ///< for one that cannot
};
constexpr Verb to_start{"vm.start", &platform::Platform::start};
constexpr Verb to_kill{"vm.stop", &platform::Platform::kill};
constexpr Verb to_request_stop{"vm.stop", &platform::Platform::request_stop,
                               &platform::Capabilities::clean_stop, "ask the guest to power off"};
constexpr Verb to_suspend{"vm.suspend", &platform::Platform::suspend,
                          &platform::Capabilities::suspend, "suspend"};

Async<void> carry(Ledger& ledger, Async<Result<void>> work, std::string task) {
  auto done = co_await within(verb_limit, std::move(work), "the platform");
  auto ended = co_await ledger.change({}, [&](Change& change) -> Result<void> {
    auto kept = ledger.inventory().find<model::Task>(task);
    if (!kept || manager::ended(kept->object)) return {};
    end_task(change, kept->object, done ? model::TaskState::succeeded : model::TaskState::failed,
             done ? std::string() : done.error().message);
    return {};
  });
  if (!ended) spdlog::warn("task {}: {}", task, ended.error().message);
}

// The connection stays for as long as the work goes on.
Async<Result<void>> held(std::shared_ptr<platform::Platform> platform, Work work,
                         std::string machine) {
  co_return co_await work(*platform, std::move(machine));
}

Async<Result<http::Response>> begin_verb(Rooms& rooms, const Context& context, Verb verb) {
  CO_TRY(auto found, find_foreign(rooms, context));
  CO_TRY(auto platform, rooms.platforms.connection(found.platform));
  if (verb.able && !(platform->capabilities().*verb.able))
    co_return fail(Code::unsupported, "{} cannot {} a machine", platform->capabilities().name,
                   verb.what);
  co_return co_await begin_work(rooms, context, verb.kind,
                                [verb](platform::Platform& there, std::string machine) {
                                  return (there.*verb.call)(std::move(machine));
                                });
}

}  // namespace

Async<Result<http::Response>> begin_work(Rooms& rooms, const Context& context,
                                         std::string_view kind, Work work) {
  CO_TRY(auto found, find_foreign(rooms, context));
  CO_TRY(auto platform, rooms.platforms.connection(found.platform));
  auto id = found.machine->id;
  auto target = fmt::format("platforms/{}/vms/{}", found.platform, id);
  auto what = fmt::format("{} ({})", kind, found.machine->name);
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY_VOID(check_stays(rooms.ledger.inventory(), found.platform, id));
    task = begin_task(rooms.ledger, change, std::string(kind), target, "", 0);
    change.event("api." + std::string(context.row.id), target, "", what);
    return {};
  }));
  rooms.platforms.spawn(
      carry(rooms.ledger, held(std::move(platform), std::move(work), id), task.name));
  auto kept = rooms.ledger.inventory().find<model::Task>(task.name);
  co_return object_response(202, kept ? kept->object : task, 0);
}

namespace {

Async<Result<http::Response>> start_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::StartOptions>());
  if (options.boot) co_return fail_field("/boot", "cannot be said of machines of platforms");
  co_return co_await begin_verb(rooms, context, to_start);
}

Async<Result<http::Response>> stop_foreign_vm(Rooms& rooms, const Context& context) {
  CO_TRY(auto options, context.body<model::StopOptions>());
  co_return co_await begin_verb(rooms, context, options.now ? to_kill : to_request_stop);
}

Async<Result<http::Response>> suspend_foreign_vm(Rooms& rooms, const Context& context) {
  co_return co_await begin_verb(rooms, context, to_suspend);
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
