#include "networks.h"

#include "api.h"

namespace truce::manager {
namespace {

// An unused /24 of 10.77.0.0/16 for a network that does not name one.
std::string free_subnet(const Inventory& inventory) {
  for (int third = 0; third < 256; ++third) {
    auto subnet = fmt::format("10.77.{}.0/24", third);
    bool taken = false;
    for (const auto& [name, kept] : inventory.all<model::Network>()) {
      taken = taken || kept->object.subnet == subnet;
    }
    if (!taken) return subnet;
  }
  return {};
}

Result<void> apply(const access::Caller& caller, const model::NicChange& wish, model::VmNic& nic) {
  if (wish.spoof_filter) {
    TRY_VOID(allow_spoof_filter(caller, *wish.spoof_filter));
    nic.spoof_filter = *wish.spoof_filter;
  }
  return {};
}

Async<Result<http::Response>> create_network(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::NetworkCreate>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    if (inventory.find<model::Network>(wish.name)) {
      return std::unexpected(Error{
          Code::conflict, fmt::format("there is a network '{}' already", wish.name), "/name"});
    }
    if (wish.mode == model::NetworkMode::user && wish.subnet) {
      return fail_field("/subnet", "a user-mode network has no subnet of its own");
    }
    model::Network network{.name = wish.name, .mode = wish.mode};
    network.domain = wish.domain;
    network.spoof_filter = wish.spoof_filter;
    network.created = now();
    if (wish.mode == model::NetworkMode::nat) {
      network.subnet = wish.subnet ? *wish.subnet : free_subnet(inventory);
    }
    change.put(network);
    change.event("api.create_network", "networks/" + network.name, "", "subnet " + network.subnet);
    return {};
  }));
  auto kept = inventory.find<model::Network>(wish.name);
  if (!kept) co_return fail(Code::not_found, "'{}' was deleted meanwhile", wish.name);
  co_return object_response(201, kept->object, kept->revision);
}

Async<Result<http::Response>> set_network(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::NetworkChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Network>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto network = kept->object;
    if (wish.spoof_filter) network.spoof_filter = *wish.spoof_filter;
    change.put(network);
    change.event("api.set_network", "networks/" + network.name, "", "settings changed");
    return {};
  }));
  CO_TRY(auto kept, find<model::Network>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

Async<Result<http::Response>> set_vm_nic(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::NicChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto vm = kept->object;
    if (vm.wanted == model::Wanted::absent) {
      return fail(Code::precondition, "'{}' is being deleted", vm.name);
    }
    auto index = static_cast<std::size_t>(wish.nic);
    if (index >= vm.nics.size()) {
      return fail_field("/nic", fmt::format("'{}' has {} network cards, counted from 0", vm.name,
                                            vm.nics.size()));
    }
    TRY_VOID(apply(context.caller, wish, vm.nics[index]));
    ++vm.generation;
    change.put(vm);
    change.event("api.set_vm_nic", "vms/" + vm.name, vm.project,
                 fmt::format("network card {} changed", index));
    return {};
  }));
  CO_TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

Async<Result<http::Response>> delete_network(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Network>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    for (const auto& [name, vm] : inventory.all<model::Vm>()) {
      for (const auto& nic : vm->object.nics) {
        if (nic.network != context.name()) continue;
        return fail(Code::precondition, "the machine '{}' is plugged into '{}': delete it first",
                    name, context.name());
      }
    }
    change.erase<model::Network>(context.name());
    change.event("api.delete_network", "networks/" + context.name(), "", "delete");
    return {};
  }));
  http::Response response;
  response.status = 204;
  co_return response;
}

}  // namespace

Result<void> allow_spoof_filter(const access::Caller& caller, bool wanted) {
  // Other projects' machines may be on the same network.
  return wanted ? Result<void>() : access::allow(caller, model::Permission::administer);
}

Result<void> make_first_network(const Settings& settings, const model::Host& host, Change& change,
                                const Inventory& inventory) {
  // Only once, ever: an administrator who deletes the network means it.
  if (!inventory.all<model::Host>().empty() || !inventory.all<model::Network>().empty()) return {};
  model::Network network{.name = "default"};
  auto wished = model::parse_enum<model::NetworkMode>(settings.network_mode);
  if (!wished && settings.network_mode != "auto") {
    return fail(Code::invalid, "network-mode: '{}' is none of auto, nat, user",
                settings.network_mode);
  }
  network.mode = wished                       ? *wished
                 : host.network_modes.empty() ? model::NetworkMode::user
                                              : host.network_modes.front();
  if (network.mode == model::NetworkMode::nat) network.subnet = settings.subnet;
  network.domain = "truce.internal";
  network.created = now();
  change.put(network);
  change.event("network.created", "networks/default", "",
               fmt::format("mode {} {}", model::to_string(network.mode), network.subnet));
  return {};
}

void add_network_handlers(Handlers& handlers) {
  handlers.on(model::Operation::create_network, create_network);
  handlers.on(model::Operation::set_network, set_network);
  handlers.on(model::Operation::set_vm_nic, set_vm_nic);
  handlers.on(model::Operation::delete_network, delete_network);
}

}  // namespace truce::manager
