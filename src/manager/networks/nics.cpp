#include "networks/nics.h"

#include "model/firewall.h"

namespace truce::manager {
namespace {

// Where the card belongs, and how its fields are called in the request.
struct Place {
  std::string_view vm_name, project;
};

template <class Visit>
void each_other_nic(const Inventory& inventory, std::string_view vm_name, Visit visit) {
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    if (name == vm_name || kept->object.wanted == model::Wanted::absent) continue;
    for (const auto& nic : kept->object.nics) visit(name, nic);
  }
}

Result<void> check_address(const Inventory& inventory, const model::Network& network,
                           const Place& place, const model::VmNic& nic) {
  if (nic.address.empty()) return {};
  if (network.mode == model::NetworkMode::user) {
    return fail_field("/address", "a network of mode user gives all its machines the same address");
  }
  auto subnet = network.mode == model::NetworkMode::bridged ? "0.0.0.0/1" : network.subnet;
  auto fits = model::check_guest_address(nic.address, subnet);
  bool anywhere = network.mode == model::NetworkMode::bridged &&
                  (fits || model::check_guest_address(nic.address, "128.0.0.0/1"));
  if (!fits && !anywhere) return fail_field("/address", fits.error().message);
  Result<void> result;
  each_other_nic(
      inventory, place.vm_name, [&](const std::string& owner, const model::VmNic& other) {
        if (other.network != nic.network || other.address != nic.address) return;
        result = std::unexpected(Error{Code::conflict,
                                       fmt::format("{} is the address of '{}'", nic.address, owner),
                                       "/address"});
      });
  return result;
}

Result<void> check_groups(const Inventory& inventory, const model::Network& network,
                          const Place& place, const model::VmNic& nic) {
  constexpr auto field = "/security_group";
  if (nic.security_groups.empty()) return {};
  for (const auto& name : nic.security_groups) {
    auto kept = inventory.find<model::SecurityGroup>(name);
    if (kept && kept->object.project == place.project) continue;
    return fail_field(
        field, fmt::format("the project '{}' has no security group '{}'", place.project, name));
  }
  if (network.mode == model::NetworkMode::user) {
    return fail_field(field, "a network of mode user has no security groups");
  }
  // A group knows a card by its address: the guest must not be able to take another one.
  if (!network.spoof_filter || !nic.spoof_filter) {
    return fail_field(field, "security groups need the spoof filter, which is off here");
  }
  if (network.mode == model::NetworkMode::bridged && nic.address.empty()) {
    return fail_field(field, "on a bridged network security groups need a fixed address");
  }
  return {};
}

Result<void> check_forwards(const Inventory& inventory, const model::Network& network,
                            const Place& place, const model::VmNic& nic) {
  using model::NetworkMode;
  if (nic.forwards.empty()) return {};
  if (network.mode != NetworkMode::user && network.mode != NetworkMode::nat) {
    return fail_field("/forward", fmt::format("a network of mode {} forwards no ports",
                                              model::to_string(network.mode)));
  }
  if (network.mode == NetworkMode::user) return {};  // QEMU says what it cannot bind
  Result<void> result;
  each_other_nic(
      inventory, place.vm_name, [&](const std::string& owner, const model::VmNic& other) {
        auto there = inventory.find<model::Network>(other.network);
        if (!there || there->object.mode != NetworkMode::nat) return;
        for (const auto& taken : other.forwards) {
          auto old = model::parse_forward(taken);
          for (const auto& text : nic.forwards) {
            auto wish = model::parse_forward(text);
            bool same_address =
                old.address == wish.address || old.address.empty() || wish.address.empty();
            bool same = old.host_port == wish.host_port && old.protocol == wish.protocol;
            if (!same || !same_address) continue;
            result = std::unexpected(Error{
                Code::conflict,
                fmt::format("port {} of the host leads to '{}' already", wish.host_port, owner),
                "/forward"});
          }
        }
      });
  return result;
}

Result<void> check(const Inventory& inventory, const Place& place, const model::VmNic& nic) {
  auto kept = inventory.find<model::Network>(nic.network);
  if (!kept) return fail_field("/network", fmt::format("there is no network '{}'", nic.network));
  const auto& network = kept->object;
  if (!network.private_to.empty() && network.private_to != place.project) {
    return fail_field("/network", fmt::format("the network '{}' is for machines of another project",
                                              nic.network));
  }
  bool limited = nic.send_mbit > 0 || nic.receive_mbit > 0;
  if (limited && network.mode == model::NetworkMode::user) {
    return fail_field(nic.send_mbit > 0 ? "/send_mbit" : "/receive_mbit",
                      "a network of mode user has no limits");
  }
  TRY_VOID(check_address(inventory, network, place, nic));
  TRY_VOID(check_groups(inventory, network, place, nic));
  return check_forwards(inventory, network, place, nic);
}

// Other projects' machines may be on the same network.
Result<void> allow_spoof_filter(const access::Caller& caller, bool wanted) {
  return wanted ? Result<void>() : access::allow(caller, model::Permission::administer);
}

Result<void> apply(const access::Caller& caller, const model::NicChange& wish, model::VmNic& nic) {
  if (wish.spoof_filter) {
    TRY_VOID(allow_spoof_filter(caller, *wish.spoof_filter));
    nic.spoof_filter = *wish.spoof_filter;
  }
  if (wish.address) nic.address = *wish.address;
  if (wish.security_group) nic.security_groups = *wish.security_group;
  if (wish.forward) nic.forwards = *wish.forward;
  if (wish.send_mbit) nic.send_mbit = *wish.send_mbit;
  if (wish.receive_mbit) nic.receive_mbit = *wish.receive_mbit;
  return {};
}

Result<void> change_nic(const Inventory& inventory, const Context& context,
                        const model::NicChange& wish, Change& change) {
  TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  TRY_VOID(context.check_match(kept->revision));
  auto vm = kept->object;
  if (vm.wanted == model::Wanted::absent) {
    return fail(Code::precondition, "'{}' is being deleted", vm.name);
  }
  auto index = static_cast<std::size_t>(wish.nic);
  if (index >= vm.nics.size()) {
    return fail_field(
        "/nic", fmt::format("'{}' has {} network cards, counted from 0", vm.name, vm.nics.size()));
  }
  TRY_VOID(apply(context.caller, wish, vm.nics[index]));
  TRY_VOID(check(inventory, {vm.name, vm.project}, vm.nics[index]));
  ++vm.generation;
  change.put(vm);
  change.event("api.set_vm_nic", "vms/" + vm.name, vm.project,
               fmt::format("network card {} changed", index));
  return {};
}

Async<Result<http::Response>> set_vm_nic(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::NicChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) {
    return change_nic(inventory, context, wish, change);
  }));
  CO_TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

}  // namespace

Result<model::VmNic> new_nic(const Inventory& inventory, const access::Caller& caller,
                             const model::VmCreate& wish) {
  TRY_VOID(allow_spoof_filter(caller, wish.spoof_filter));
  model::VmNic nic{.network = wish.network};
  nic.forwards = wish.forward;
  nic.spoof_filter = wish.spoof_filter;
  nic.address = wish.address;
  nic.security_groups = wish.security_group;
  nic.send_mbit = wish.send_mbit;
  nic.receive_mbit = wish.receive_mbit;
  TRY_VOID(check(inventory, {wish.name, wish.project}, nic));
  return nic;
}

Result<void> check_nics_of(const Inventory& inventory, const model::Network& network) {
  if (network.spoof_filter) return {};
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    for (const auto& nic : kept->object.nics) {
      if (nic.network != network.name || nic.security_groups.empty()) continue;
      return fail(Code::precondition, "'{}' has security groups, which need the spoof filter",
                  name);
    }
  }
  return {};
}

void add_nic_handlers(Handlers& handlers) {
  handlers.on(model::Operation::set_vm_nic, set_vm_nic);
}

}  // namespace truce::manager
