#include "machines/pending.h"

#include <boost/json.hpp>
#include <set>

#include "moves/moves.h"

namespace truce::manager {

namespace {

namespace json = boost::json;

json::object shown(const model::VmSettings& settings) {
  json::object all = model::to_json(settings.hardware.value_or(model::Hardware())).as_object();
  all["cpus"] = settings.cpus;
  all["memory"] = to_string(settings.memory);
  all["iso"] = settings.iso;
  return all;
}

std::string text_of(const json::object& settings, std::string_view name) {
  const auto* value = settings.if_contains(name);
  if (value == nullptr) return "(usual)";
  if (!value->is_string()) return json::serialize(*value);
  return value->get_string().empty() ? "(none)" : std::string(value->get_string());
}

model::VmSettings wished(const model::Vm& vm) {
  model::VmSettings settings;
  settings.cpus = vm.cpus;
  settings.memory = vm.memory;
  settings.hardware = vm.hardware;
  settings.iso = vm.iso;
  return settings;
}

Result<void> revert(const Inventory& inventory, const Context& context, Change& change) {
  TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  TRY_VOID(context.check_match(kept->revision));
  auto vm = kept->object;
  if (vm.pending.empty()) return {};
  TRY_VOID(check_settled(vm));
  vm.cpus = vm.active->cpus;
  vm.memory = vm.active->memory;
  vm.hardware = vm.active->hardware;
  vm.iso = vm.active->iso;
  vm.pending.clear();
  ++vm.generation;
  change.put(vm);
  change.event("api.revert_vm", "vms/" + vm.name, vm.project, "pending changes given up");
  return {};
}

Async<Result<http::Response>> revert_vm(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(
      context.actor(), [&](Change& change) { return revert(inventory, context, change); }));
  CO_TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

}  // namespace

std::vector<std::string> pending_of(const model::Vm& vm) {
  if (!vm.active) return {};
  auto same = *vm.active;
  same.first_memory = {};
  same.nics.reset();
  if (same == wished(vm)) return {};  // mostly, at every report
  auto now = shown(*vm.active);
  auto then = shown(wished(vm));
  std::set<std::string> names;
  for (const auto& settings : {now, then}) {
    for (const auto& [name, value] : settings) names.emplace(name);
  }
  std::vector<std::string> lines;
  for (const auto& name : names) {
    auto from = text_of(now, name);
    auto to = text_of(then, name);
    if (from != to) lines.push_back(fmt::format("{}: {} -> {}", name, from, to));
  }
  return lines;
}

model::VmSettings settings_of(const model::Vm& vm) {
  auto settings = vm.active.value_or(wished(vm));
  settings.nics = vm.nics;
  return settings;
}

void add_pending_handlers(Handlers& handlers) {
  handlers.on(model::Operation::revert_vm, revert_vm);
}

}  // namespace truce::manager
