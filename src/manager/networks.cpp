#include "networks.h"

#include "api.h"
#include "base/ipv6.h"
#include "networks/addresses.h"
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

bool has_own_addresses(model::NetworkMode mode) {
  return mode != model::NetworkMode::user && mode != model::NetworkMode::bridged;
}

// Projects are named as everything is.
Result<void> check_project_name(const std::string& name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (name.find_first_not_of(letters) == name.npos && name.front() != '-' && name.back() != '-')
    return {};
  return fail_field("/private_to", "must be the name of a project");
}

// In its one form, if the mode can have it and no other network has a part of it.
Result<std::string> check_subnet6(const Inventory& inventory, const model::Network& network,
                                  const std::string& wish) {
  if (wish.empty()) return std::string();
  if (!has_own_addresses(network.mode)) {
    return fail_field("/subnet6", fmt::format("a network of mode {} has no addresses of its own",
                                              model::to_string(network.mode)));
  }
  auto subnet = parse_subnet6(wish);
  if (!subnet) return fail_field("/subnet6", subnet.error().message);
  for (const auto& [name, kept] : inventory.all<model::Network>()) {
    auto other = parse_subnet6(kept->object.subnet6);
    if (name == network.name || !other || !other->overlaps(*subnet)) continue;
    return std::unexpected(Error{Code::conflict,
                                 fmt::format("{} overlaps {}, which the network '{}' has",
                                             to_string(*subnet), to_string(*other), name),
                                 "/subnet6"});
  }
  return to_string(*subnet);
}

Result<model::Network> new_network(const Inventory& inventory, const model::NetworkCreate& wish) {
  using model::NetworkMode;
  model::Network network{.name = wish.name, .mode = wish.mode};
  bool own_addresses = has_own_addresses(wish.mode);
  if (!own_addresses && wish.subnet) {
    return fail_field("/subnet", fmt::format("a network of mode {} has no subnet of its own",
                                             model::to_string(wish.mode)));
  }
  if (wish.bridge.empty() != (wish.mode != NetworkMode::bridged)) {
    return fail_field("/bridge", wish.bridge.empty() ? "name the host's bridge"
                                                     : "only a network of mode bridged has one");
  }
  if (wish.overlay && !own_addresses) {
    return fail_field("/overlay",
                      fmt::format("a network of mode {} cannot be one over all hosts: it has no "
                                  "addresses of its own",
                                  model::to_string(wish.mode)));
  }
  if (wish.vlan > 0 && wish.mode != NetworkMode::bridged)
    return fail_field("/vlan", "only a network of mode bridged is in a VLAN");
  if (wish.overlay) {
    TRY(network.vni, free_vni(inventory));
  }
  network.vlan = wish.vlan;
  network.bridge = wish.bridge;
  TRY(network.subnet6, check_subnet6(inventory, network, wish.subnet6));
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

// The cards of an overlay have their addresses from here.
Result<void> check_unused(const Inventory& inventory, const model::Network& network) {
  if (network.vni == 0) return {};
  for (const auto& [name, vm] : inventory.all<model::Vm>()) {
    for (const auto& nic : vm->object.nics) {
      if (nic.network != network.name) continue;
      return fail(Code::precondition,
                  "the machine '{}' has its addresses in '{}', which is an overlay: their range is "
                  "changed while no machine is plugged in",
                  name, network.name);
    }
  }
  return {};
}

Async<Result<http::Response>> set_network(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::NetworkChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Network>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto network = kept->object;
    if (wish.spoof_filter) network.spoof_filter = *wish.spoof_filter;
    if (wish.subnet6) {
      TRY(network.subnet6, check_subnet6(inventory, network, *wish.subnet6));
    }
    bool other_range = network.subnet6 != kept->object.subnet6;
    if (other_range) TRY_VOID(check_unused(inventory, network));
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
  co_return http::no_content();
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
