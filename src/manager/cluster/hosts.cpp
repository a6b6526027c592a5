// What administrators say about hosts: labels, draining, and that one is gone for good.
#include <fmt/ranges.h>

#include "cluster/cluster.h"
#include "sleep/controls.h"
#include "sleep/phases.h"
#include "tasks.h"

namespace truce::manager {
namespace {

constexpr std::size_t machines_at_once = 20;

Async<Result<http::Response>> answer_host(Rooms& rooms, const Context& context) {
  CO_TRY(auto kept, find<model::Host>(rooms.ledger.inventory(), context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

Async<Result<http::Response>> set_host(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::HostChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY(auto known, find<model::Host>(inventory, context.caller, context.name()));
  CO_TRY_VOID(co_await check_fingerprint(rooms, known->object, wish));
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Host>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto host = kept->object;
    if (wish.label) host.labels = *wish.label;
    if (wish.fault_domain) host.fault_domain = *wish.fault_domain;
    TRY_VOID(set_power(rooms.settings, change, host, wish));
    if (host == kept->object && change.writes.empty()) return {};
    change.put(host);
    change.event("api.set_host", "hosts/" + host.name, "", "changed");
    return {};
  }));
  co_return co_await answer_host(rooms, context);
}

Async<Result<http::Response>> undrain_host(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Host>(inventory, context.caller, context.name()));
    auto host = kept->object;
    if (is_put_to_sleep(host))
      return fail(Code::precondition, "'{}' sleeps: truce host wake {}", host.name, host.name);
    if (!host.draining) return {};
    host.draining = false;
    change.put(host);
    change.event("api.undrain_host", "hosts/" + host.name, "", "machines are placed on it again");
    supersede_tasks(inventory, change, "hosts/" + host.name, "truce host undrain");
    return {};
  }));
  co_return co_await answer_host(rooms, context);
}

Result<void> check_removable(const Rooms& rooms, const model::Host& host, bool force) {
  if (host.name == rooms.settings.host && keeps_state(rooms.ledger.inventory(), host.name))
    return fail(Code::precondition,
                "{} leads this cluster and cannot take itself out: truce cluster leave on it",
                host.name);
  if (host.name == rooms.settings.host)
    return fail(Code::precondition, "{} is this cluster's manager: it cannot be taken out",
                host.name);
  auto machines = machines_on(rooms.ledger.inventory(), host.name);
  if (machines.empty()) return {};
  if (host.state != model::HostState::offline)
    return fail(Code::precondition, "{} still has machines: move or delete {} first", host.name,
                fmt::join(machines, ", "));
  if (force) return {};
  return fail(Code::precondition,
              "{} is offline and has the machines {}: with --force they are given up", host.name,
              fmt::join(machines, ", "));
}

void give_up(const Inventory& inventory, Change& change, const model::Vm& vm) {
  for (const auto& name : inventory.live_tasks()) {
    auto task = inventory.find<model::Task>(name)->object;
    if (task.target == "vms/" + vm.name)
      end_task(change, task, model::TaskState::failed, "its host was taken out of the cluster");
  }
  change.erase_vm(vm);
  change.event("vm.lost", "vms/" + vm.name, vm.project,
               fmt::format("given up with its host {}", vm.host));
}

// A few machines a commit; answers how many were there.
Async<Result<std::size_t>> give_up_machines(Rooms& rooms, const Context& context,
                                            std::string host) {
  const auto& inventory = rooms.ledger.inventory();
  std::size_t count = 0;
  while (true) {
    std::size_t some = 0;
    CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
      some = 0;
      auto kept = inventory.find<model::Host>(host);
      if (!kept) return {};
      TRY_VOID(check_removable(rooms, kept->object, true));
      change.expect<model::Host>(host);
      for (const auto& name : machines_on(inventory, host)) {
        if (some++ == machines_at_once) break;
        give_up(inventory, change, inventory.find<model::Vm>(name)->object);
      }
      return {};
    }));
    if (some == 0) co_return count;
    count += std::min(some, machines_at_once);
  }
}

Async<Result<http::Response>> remove_host(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  const auto* asked = context.query("force");
  bool force = asked != nullptr && *asked != "false";
  CO_TRY(auto kept, find<model::Host>(inventory, context.caller, context.name()));
  CO_TRY_VOID(check_removable(rooms, kept->object, force));
  auto host = kept->object.name;
  std::size_t lost = 0;
  if (force) {
    CO_TRY(lost, co_await give_up_machines(rooms, context, host));
  }
  CO_TRY_VOID(co_await take_out_manager(rooms, host));
  CO_TRY_VOID(co_await forget_belongings(rooms.ledger, context.actor(), host));
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto now_kept, find<model::Host>(inventory, context.caller, host));
    TRY_VOID(check_removable(rooms, now_kept->object, false));
    erase_host(inventory, change, host);
    change.event("api.remove_host", "hosts/" + host, "",
                 lost == 0 ? std::string("taken out")
                           : fmt::format("taken out; {} machines were given up", lost));
    return {};
  }));
  rooms.nodes.drop(host);
  if (rooms.settings.membership != nullptr) rooms.settings.membership->refuse(host);
  co_return http::no_content();
}

}  // namespace

void add_host_handlers(Handlers& handlers) {
  handlers.on(model::Operation::set_host, set_host);
  handlers.on(model::Operation::undrain_host, undrain_host);
  handlers.on(model::Operation::remove_host, remove_host);
}

}  // namespace truce::manager
