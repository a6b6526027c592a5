#include "plans/plans.h"

#include <algorithm>

#include "base/revert.h"
#include "plans/gather.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr std::size_t plans_kept = 100;
constexpr std::size_t estates_remembered = 4;
constexpr std::size_t most_waiting = 4;

scheduler::Plan make_plan(const scheduler::Estate& estate, const model::PlanCreate& wish) {
  auto moves = static_cast<std::size_t>(wish.moves);
  auto found = std::ranges::find(estate.host_names, wish.host);
  auto host = found == estate.host_names.end()
                  ? scheduler::none
                  : static_cast<std::int32_t>(found - estate.host_names.begin());
  switch (wish.kind) {
    case model::PlanKind::balance:
      return scheduler::balance(estate, {.objective = {}, .moves = moves, .relieve = host});
    case model::PlanKind::evacuate:
      return scheduler::evacuate(estate, host, {.objective = {}, .moves = moves});
    case model::PlanKind::consolidate:
      break;
  }
  return scheduler::consolidate(estate, {.moves = moves});
}

Result<void> check_wish(const Inventory& inventory, const model::PlanCreate& wish) {
  if (wish.kind == model::PlanKind::evacuate && wish.host.empty())
    return fail_field("/host", "which host shall be emptied?");
  if (wish.kind == model::PlanKind::consolidate && !wish.host.empty())
    return fail_field("/host", "is for evacuate and balance");
  if (!wish.host.empty() && !inventory.find<model::Host>(wish.host))
    return fail_field("/host", fmt::format("there is no host '{}'", wish.host));
  return {};
}

// Plans are about machines of all projects.
Result<void> check_caller(const Context& context) {
  if (context.caller.projects.empty()) return {};
  return fail(Code::forbidden, "plans are about machines of all projects; {} may see some only",
              context.caller.name);
}

// The oldest go when there are too many, but not what is under way.
void erase_oldest(const Inventory& inventory, Change& change) {
  const auto& all = inventory.all<model::Plan>();
  auto surplus = all.size() + 1 - std::min(all.size() + 1, plans_kept);
  for (auto it = all.begin(); it != all.end() && surplus > 0; ++it) {
    if (it->second->object.state == model::PlanState::running) continue;
    change.erase<model::Plan>(it->first);
    --surplus;
  }
}

Async<Result<http::Response>> create_plan(Rooms& rooms, const Context& context) {
  CO_TRY_VOID(check_caller(context));
  CO_TRY(auto wish, context.body<model::PlanCreate>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(check_wish(inventory, wish));
  auto revision = inventory.revision();
  auto estate = std::make_shared<const scheduler::Estate>(
      gather(inventory, rooms.plans.demands, now(), keep_for(wish.kind, By::somebody)));
  CO_TRY(auto made, co_await rooms.plans.compute(estate, wish));
  model::Plan plan{.name = rooms.plans.next_name(inventory),
                   .kind = wish.kind,
                   .state = model::PlanState::proposed,
                   .revision = revision,
                   .user = context.caller.name,
                   .created = now()};
  scheduler::to_model(*estate, made, plan);
  rooms.plans.remember(plan.name, estate);
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    put_plan(inventory, change, plan);
    change.event("api.create_plan", "plans/" + plan.name, "",
                 fmt::format("{} with {} moves", model::to_string(plan.kind), plan.moves.size()));
    if (wish.apply && !plan.moves.empty())
      TRY_VOID(begin_plan(rooms.ledger, rooms.plans, change, plan));
    return {};
  }));
  auto kept = inventory.find<model::Plan>(plan.name);
  if (!kept) co_return fail(Code::not_found, "'{}' was deleted meanwhile", plan.name);
  co_return object_response(201, kept->object, kept->revision);
}

Async<Result<http::Response>> delete_plan(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Plan>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    if (kept->object.state == model::PlanState::running)
      return fail(Code::precondition, "'{}' is being carried out: cancel its task first",
                  context.name());
    change.erase<model::Plan>(context.name());
    change.event("api.delete_plan", "plans/" + context.name(), "", "delete");
    return {};
  }));
  co_return http::no_content();
}

Async<Result<http::Response>> apply_plan(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  std::string name;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Plan>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    TRY(auto task, begin_plan(rooms.ledger, rooms.plans, change, kept->object));
    name = task.name;
    change.event("api.apply_plan", "plans/" + context.name(), "", "apply");
    return {};
  }));
  CO_TRY(auto kept, find<model::Task>(inventory, context.caller, name));
  co_return object_response(202, kept->object, kept->revision);
}

Async<Result<http::Response>> get_plan_estate(Rooms& rooms, const Context& context) {
  CO_TRY(auto kept, find<model::Plan>(rooms.ledger.inventory(), context.caller, context.name()));
  auto estate = rooms.plans.estate_of(kept->object.name);
  if (!estate) {
    co_return fail(Code::precondition,
                   "what '{}' was made from is no longer remembered: make a new plan",
                   context.name());
  }
  http::Response response;
  response.body = model::to_text(scheduler::to_model(*estate));
  co_return response;
}

}  // namespace

void put_plan(const Inventory& inventory, Change& change, const model::Plan& plan) {
  change.put(plan);
  erase_oldest(inventory, change);
}

std::string Plans::next_name(const Inventory& inventory) {
  const auto& all = inventory.all<model::Plan>();
  auto stored = all.empty() ? 0 : std::strtoll(all.rbegin()->first.c_str() + 2, nullptr, 10);
  last_ = std::max<std::int64_t>(last_, stored) + 1;
  return fmt::format("p-{:012}", last_);
}

Async<Result<scheduler::Plan>> Plans::compute(std::shared_ptr<const scheduler::Estate> estate,
                                              model::PlanCreate wish) {
  if (waiting_ >= most_waiting)
    co_return fail(Code::unavailable, "other plans are being computed: try again in a moment");
  ++waiting_;
  Revert done;
  done.add([this] { --waiting_; });
  co_return co_await run_blocking(
      pool_, [estate = std::move(estate), wish = std::move(wish)]() -> Result<scheduler::Plan> {
        TRY_VOID(scheduler::check(*estate));
        return make_plan(*estate, wish);
      });
}

void Plans::remember(std::string name, std::shared_ptr<const scheduler::Estate> estate) {
  estates_.emplace_back(std::move(name), std::move(estate));
  if (estates_.size() > estates_remembered) estates_.pop_front();
}

std::shared_ptr<const scheduler::Estate> Plans::estate_of(const std::string& name) const {
  auto found = std::ranges::find(estates_, name, [](const auto& kept) { return kept.first; });
  return found == estates_.end() ? nullptr : found->second;
}

void add_plan_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::create_plan, create_plan);
  handlers.on(Operation::delete_plan, delete_plan);
  handlers.on(Operation::apply_plan, apply_plan);
  handlers.on(Operation::get_plan_estate, get_plan_estate);
}

}  // namespace truce::manager
