#include "networks.h"

#include "api.h"
#include "networks/nics.h"
#include "networks/security_groups.h"

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

// Projects are named as everything is.
Result<void> check_project_name(const std::string& name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (name.find_first_not_of(letters) == name.npos && name.front() != '-' && name.back() != '-')
    return {};
  return fail_field("/private_to", "must be the name of a project");
}

Result<model::Network> new_network(const Inventory& inventory, const model::NetworkCreate& wish) {
  using model::NetworkMode;
  model::Network network{.name = wish.name, .mode = wish.mode};
  bool own_addresses = wish.mode != NetworkMode::user && wish.mode != NetworkMode::bridged;
  if (!own_addresses && wish.subnet) {
    return fail_field("/subnet", fmt::format("a network of mode {} has no subnet of its own",
                                             model::to_string(wish.mode)));
  }
  if (wish.bridge.empty() != (wish.mode != NetworkMode::bridged)) {
    return fail_field("/bridge", wish.bridge.empty() ? "name the host's bridge"
                                                     : "only a network of mode bridged has one");
  }
  network.bridge = wish.bridge;
  if (!wish.private_to.empty()) {
    TRY_VOID(check_project_name(wish.private_to));
    network.private_to = wish.private_to;
  }
  network.domain = wish.domain;
  network.spoof_filter = wish.spoof_filter;
  network.created = now();
  if (own_addresses) network.subnet = wish.subnet ? *wish.subnet : free_subnet(inventory);
  return network;
}

Async<Result<http::Response>> create_network(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::NetworkCreate>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    if (inventory.find<model::Network>(wish.name)) {
      return std::unexpected(Error{
          Code::conflict, fmt::format("there is a network '{}' already", wish.name), "/name"});
    }
    TRY(auto network, new_network(inventory, wish));
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
    TRY_VOID(check_nics_of(inventory, network));
    change.put(network);
    change.event("api.set_network", "networks/" + network.name, "", "settings changed");
    return {};
  }));
  CO_TRY(auto kept, find<model::Network>(inventory, context.caller, context.name()));
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
  add_nic_handlers(handlers);
  add_security_group_handlers(handlers);
  handlers.on(model::Operation::delete_network, delete_network);
}

}  // namespace truce::manager
