#include "resources/conflict_classes.h"

#include <algorithm>

#include "placement.h"

namespace truce::manager {
namespace {

Result<std::vector<std::string>> read_conflicts(const std::string& name,
                                                const std::vector<std::string>& wished) {
  std::vector<std::string> conflicts;
  for (std::size_t i = 0; i < wished.size(); ++i) {
    if (wished[i] == name) {
      return fail_field(fmt::format("/conflicts_with/{}", i),
                        "a class cannot conflict with itself: give each machine its own class");
    }
    if (std::ranges::find(conflicts, wished[i]) == conflicts.end()) conflicts.push_back(wished[i]);
  }
  return conflicts;
}

// Machines that are beside each other already would be in conflict from now on.
Result<void> check_neighbours(const Inventory& inventory, const model::ConflictClass& changed) {
  auto conflicts = conflicts_of(inventory, &changed);
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    const auto& vm = kept->object;
    if (vm.conflict_class != changed.name || vm.host.empty()) continue;
    for (const auto& [other_name, other] : inventory.all<model::Vm>()) {
      if (other->object.host != vm.host) continue;
      if (!conflicts.between(vm.conflict_class, other->object.conflict_class)) continue;
      return fail(Code::precondition, "'{}' ({}) and '{}' ({}) are both on the host {}", name,
                  vm.conflict_class, other_name, other->object.conflict_class, vm.host);
    }
  }
  return {};
}

Async<Result<http::Response>> create_class(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::ConflictClassCreate>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    if (inventory.find<model::ConflictClass>(wish.name)) {
      return std::unexpected(Error{Code::conflict,
                                   fmt::format("there is a conflict class '{}' already", wish.name),
                                   "/name"});
    }
    model::ConflictClass made{.name = wish.name, .description = wish.description};
    TRY(made.conflicts_with, read_conflicts(wish.name, wish.conflicts_with));
    made.created = now();
    change.put(made);
    change.event("api.create_conflict_class", "conflict-classes/" + made.name, "", "create");
    return {};
  }));
  auto kept = inventory.find<model::ConflictClass>(wish.name);
  if (!kept) co_return fail(Code::not_found, "'{}' was deleted meanwhile", wish.name);
  co_return object_response(201, kept->object, kept->revision);
}

Async<Result<http::Response>> set_class(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::ConflictClassChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::ConflictClass>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto changed = kept->object;
    if (wish.description) changed.description = *wish.description;
    if (wish.conflicts_with) {
      TRY(changed.conflicts_with, read_conflicts(changed.name, *wish.conflicts_with));
      TRY_VOID(check_neighbours(inventory, changed));
    }
    change.put(changed);
    change.event("api.set_conflict_class", "conflict-classes/" + changed.name, "",
                 "settings changed");
    return {};
  }));
  CO_TRY(auto kept, find<model::ConflictClass>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

Async<Result<http::Response>> delete_class(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::ConflictClass>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    for (const auto& [name, vm] : inventory.all<model::Vm>()) {
      if (vm->object.conflict_class != context.name()) continue;
      return fail(Code::precondition, "the machine '{}' is of '{}': give it another class first",
                  name, context.name());
    }
    change.erase<model::ConflictClass>(context.name());
    change.event("api.delete_conflict_class", "conflict-classes/" + context.name(), "", "delete");
    return {};
  }));
  co_return http::no_content();
}

}  // namespace

scheduler::Conflicts conflicts_of(const Inventory& inventory, const model::ConflictClass* changed) {
  scheduler::Conflicts conflicts;
  auto add = [&](const model::ConflictClass& one) {
    for (const auto& other : one.conflicts_with) conflicts.add(one.name, other);
  };
  for (const auto& [name, kept] : inventory.all<model::ConflictClass>()) {
    if (changed == nullptr || changed->name != name) add(kept->object);
  }
  if (changed != nullptr) add(*changed);
  return conflicts;
}

Result<void> check_class(const Inventory& inventory, const std::string& name) {
  if (name.empty() || inventory.find<model::ConflictClass>(name)) return {};
  return fail_field("/conflict_class", fmt::format("there is no conflict class '{}'", name));
}

void add_conflict_class_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::create_conflict_class, create_class);
  handlers.on(Operation::set_conflict_class, set_class);
  handlers.on(Operation::delete_conflict_class, delete_class);
}

}  // namespace truce::manager
