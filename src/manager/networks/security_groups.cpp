#include "networks/security_groups.h"

#include <algorithm>

#include "model/firewall.h"

namespace truce::manager {
namespace {

constexpr std::size_t rules_limit = 4096;

// Each rule in its usual form, once; groups that they name must be there, or be the group itself.
Result<std::vector<std::string>> read_rules(const Inventory& inventory,
                                            const model::SecurityGroup& group,
                                            const std::vector<std::string>& texts,
                                            std::string_view field) {
  std::vector<std::string> rules;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto place = fmt::format("/{}/{}", field, i);
    auto rule = model::parse_firewall_rule(texts[i]);
    if (!rule) return fail_field(place, rule.error().message);
    if (!rule->peer_group.empty() && rule->peer_group != group.name) {
      auto peer = inventory.find<model::SecurityGroup>(rule->peer_group);
      if (!peer || peer->object.project != group.project) {
        return fail_field(place, fmt::format("the project '{}' has no security group '{}'",
                                             group.project, rule->peer_group));
      }
    }
    rules.push_back(model::to_string(*rule));
  }
  return rules;
}

// What is there already is not added again.
Result<void> add_rules(std::vector<std::string> added, model::SecurityGroup& group) {
  std::set<std::string, std::less<>> known(group.rules.begin(), group.rules.end());
  for (auto& rule : added) {
    if (known.insert(rule).second) group.rules.push_back(std::move(rule));
  }
  if (group.rules.size() <= rules_limit) return {};
  return fail(Code::limit, "'{}' would have {} rules; at most {} are possible", group.name,
              group.rules.size(), rules_limit);
}

Result<void> remove_rules(const std::vector<std::string>& texts, model::SecurityGroup& group) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto place = fmt::format("/remove_rule/{}", i);
    auto rule = model::parse_firewall_rule(texts[i]);
    if (!rule) return fail_field(place, rule.error().message);
    if (std::erase(group.rules, model::to_string(*rule)) > 0) continue;
    return fail_field(place, fmt::format("'{}' has no rule '{}'", group.name, texts[i]));
  }
  return {};
}

Async<Result<http::Response>> create_security_group(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::SecurityGroupCreate>());
  CO_TRY_VOID(access::allow_project(context.caller, wish.project));
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    if (inventory.find<model::SecurityGroup>(wish.name)) {
      return std::unexpected(Error{Code::conflict,
                                   fmt::format("there is a security group '{}' already", wish.name),
                                   "/name"});
    }
    model::SecurityGroup group{.name = wish.name, .project = wish.project};
    group.description = wish.description;
    group.created = now();
    TRY(auto rules, read_rules(inventory, group, wish.rule, "rule"));
    TRY_VOID(add_rules(std::move(rules), group));
    TRY(auto more, read_rules(inventory, group, wish.rules_file, "rules_file"));
    TRY_VOID(add_rules(std::move(more), group));
    change.put(group);
    change.event("api.create_security_group", "security-groups/" + group.name, group.project,
                 fmt::format("{} rules", group.rules.size()));
    return {};
  }));
  auto kept = inventory.find<model::SecurityGroup>(wish.name);
  if (!kept) co_return fail(Code::not_found, "'{}' was deleted meanwhile", wish.name);
  co_return object_response(201, kept->object, kept->revision);
}

Result<void> change_group(const Inventory& inventory, const Context& context,
                          const model::SecurityGroupChange& wish, Change& change) {
  TRY(auto kept, find<model::SecurityGroup>(inventory, context.caller, context.name()));
  TRY_VOID(context.check_match(kept->revision));
  auto group = kept->object;
  if (wish.description) group.description = *wish.description;
  if (wish.rules_file) {
    TRY(auto rules, read_rules(inventory, group, *wish.rules_file, "rules_file"));
    group.rules.clear();
    TRY_VOID(add_rules(std::move(rules), group));
  }
  TRY_VOID(remove_rules(wish.remove_rule, group));
  TRY(auto added, read_rules(inventory, group, wish.add_rule, "add_rule"));
  TRY_VOID(add_rules(std::move(added), group));
  change.put(group);
  change.event("api.set_security_group", "security-groups/" + group.name, group.project,
               fmt::format("{} rules", group.rules.size()));
  return {};
}

Async<Result<http::Response>> set_security_group(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::SecurityGroupChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) {
    return change_group(inventory, context, wish, change);
  }));
  CO_TRY(auto kept, find<model::SecurityGroup>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

// Who names the group; empty when nobody does.
std::string user_of(const Inventory& inventory, const std::string& group) {
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    for (const auto& nic : kept->object.nics) {
      if (std::ranges::count(nic.security_groups, group) > 0) return "the machine '" + name + "'";
    }
  }
  for (const auto& [name, kept] : inventory.all<model::SecurityGroup>()) {
    if (name == group) continue;
    for (const auto& text : kept->object.rules) {
      auto rule = model::parse_firewall_rule(text);
      if (rule && rule->peer_group == group) return "a rule of the group '" + name + "'";
    }
  }
  return {};
}

Async<Result<http::Response>> delete_security_group(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::SecurityGroup>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    if (auto user = user_of(inventory, context.name()); !user.empty()) {
      return fail(Code::precondition, "{} uses '{}': take it out there first", user,
                  context.name());
    }
    change.erase<model::SecurityGroup>(context.name());
    change.event("api.delete_security_group", "security-groups/" + context.name(),
                 kept->object.project, "delete");
    return {};
  }));
  co_return http::no_content();
}

}  // namespace

void add_security_group_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::create_security_group, create_security_group);
  handlers.on(Operation::set_security_group, set_security_group);
  handlers.on(Operation::delete_security_group, delete_security_group);
}

}  // namespace truce::manager
