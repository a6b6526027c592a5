#include "plans/rules.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/log.h"
#include "plans/gather.h"
#include "scheduler/plans.h"

namespace truce::manager {
namespace {

constexpr std::size_t most_rules = 1000;

bool about_hosts(model::RuleKind kind) {
  return kind == model::RuleKind::on_hosts || kind == model::RuleKind::not_on_hosts;
}

template <class T>
Result<void> check_names(const Inventory& inventory, const std::vector<std::string>& names,
                         std::string_view field) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto at = fmt::format("/{}/{}", field, i);
    if (!inventory.find<T>(names[i]))
      return fail_field(at, fmt::format("there is no {} '{}'", noun_of<T>, names[i]));
    if (std::ranges::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i),
                          names[i]) != names.begin() + static_cast<std::ptrdiff_t>(i))
      return fail_field(at, fmt::format("'{}' is named twice", names[i]));
  }
  return {};
}

Result<void> check_label(const std::string& label, std::string_view field) {
  if (label.starts_with('='))
    return fail_field(fmt::format("/{}", field), "is not KEY=VALUE, or KEY");
  return {};
}

Result<void> check_wish(const Inventory& inventory, const model::RuleCreate& wish) {
  TRY_VOID(check_names<model::Vm>(inventory, wish.vm, "vm"));
  TRY_VOID(check_names<model::Host>(inventory, wish.host, "host"));
  TRY_VOID(check_label(wish.vm_label, "vm_label"));
  TRY_VOID(check_label(wish.host_label, "host_label"));
  if (wish.vm.empty() && wish.vm_label.empty())
    return fail_field("/vm", "name machines, or give a label that they have");
  bool hosts = !wish.host.empty() || !wish.host_label.empty();
  if (about_hosts(wish.kind)) {
    if (!hosts) return fail_field("/host", "name hosts, or give a label that they have");
    if (wish.by_fault_domain)
      return fail_field("/by_fault_domain", "is for machines that are together or apart");
    return {};
  }
  if (hosts) return fail_field("/host", "a rule about machines alone names no hosts");
  if (wish.vm.size() == 1 && wish.vm_label.empty())
    return fail_field("/vm", "one machine alone is neither together with others nor apart");
  return {};
}

// Who breaks it as machines are placed, and nothing else of the estate.
std::string problem_of(const scheduler::Estate& estate, const scheduler::PlacementRule& rule) {
  constexpr std::size_t most_told = 8;
  auto told = scheduler::breaches(estate, rule, most_told + 1);
  bool more = told.size() > most_told;
  if (more) told.resize(most_told);
  return fmt::format("{}{}", fmt::join(told, "; "), more ? "; and more" : "");
}

Async<Result<http::Response>> create_rule(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::RuleCreate>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    if (inventory.find<model::Rule>(wish.name)) {
      return std::unexpected(
          Error{Code::conflict, fmt::format("there is a rule '{}' already", wish.name), "/name"});
    }
    if (inventory.all<model::Rule>().size() >= most_rules)
      return fail(Code::limit, "there are {} rules already", most_rules);
    TRY_VOID(check_wish(inventory, wish));
    change.put(model::Rule{.name = wish.name,
                           .kind = wish.kind,
                           .must = wish.must,
                           .vms = wish.vm,
                           .vm_label = wish.vm_label,
                           .hosts = wish.host,
                           .host_label = wish.host_label,
                           .by_fault_domain = wish.by_fault_domain,
                           .created = now()});
    change.event("api.create_rule", "rules/" + wish.name, "", "create");
    return {};
  }));
  auto kept = inventory.find<model::Rule>(wish.name);
  if (!kept) co_return fail(Code::not_found, "'{}' was deleted meanwhile", wish.name);
  co_return object_response(201, kept->object, kept->revision);
}

Async<Result<http::Response>> delete_rule(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Rule>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    change.erase<model::Rule>(context.name());
    change.event("api.delete_rule", "rules/" + context.name(), "", "delete");
    return {};
  }));
  co_return http::no_content();
}

}  // namespace

void rename_in_rules(const Inventory& inventory, Change& change, const std::string& before,
                     const std::string& after) {
  for (const auto& [name, kept] : inventory.all<model::Rule>()) {
    auto rule = kept->object;
    auto found = std::ranges::find(rule.vms, before);
    if (found == rule.vms.end()) continue;
    *found = after;
    change.put(rule);
  }
}

Async<void> watch_rules(Ledger& ledger) {
  auto& inventory = ledger.inventory();
  while (true) {
    auto seen = inventory.revision();
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      if (inventory.all<model::Rule>().empty()) return {};
      auto estate = gather(inventory, {}, now());
      for (const auto& rule : estate.rules) {
        auto kept = inventory.find<model::Rule>(rule.name);
        auto problem = problem_of(estate, rule);
        if (!kept || kept->object.problem == problem) continue;
        auto changed = kept->object;
        changed.problem = std::move(problem);
        change.put(changed);
      }
      return {};
    });
    if (!done) spdlog::warn("rules: {}", done.error().message);
    co_await sleep_for(1s);  // many changes at once are looked at once
    co_await inventory.changed_since(seen);
  }
}

void add_rule_handlers(Handlers& handlers) {
  handlers.on(model::Operation::create_rule, create_rule);
  handlers.on(model::Operation::delete_rule, delete_rule);
}

}  // namespace truce::manager
