#include "networks/nics.h"

#include <fmt/ranges.h>

#include <set>

#include "base/ipv6.h"
#include "machines/devices.h"
#include "model/firewall.h"
#include "moves/moves.h"
#include "networks/addresses.h"
#include "networks/mirrors.h"
#include "tasks.h"

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

// In its one form.
Result<void> check_address6(const Inventory& inventory, const model::Network& network,
                            const Place& place, model::VmNic& nic) {
  constexpr auto field = "/address6";
  if (nic.address6.empty()) return {};
  if (network.mode == model::NetworkMode::user) {
    return fail_field(field, "a network of mode user gives all its machines the same address");
  }
  bool anywhere = network.mode == model::NetworkMode::bridged;
  auto address = parse_address6(nic.address6);
  if (!address) return fail_field(field, address.error().message);
  auto fits =
      anywhere ? Result<void>() : model::check_guest_address6(nic.address6, network.subnet6);
  if (!fits) return fail_field(field, fits.error().message);
  nic.address6 = to_string(*address);
  Result<void> result;
  each_other_nic(
      inventory, place.vm_name, [&](const std::string& owner, const model::VmNic& other) {
        if (other.network != nic.network || other.address6 != nic.address6) return;
        result = std::unexpected(Error{
            Code::conflict, fmt::format("{} is the address of '{}'", nic.address6, owner), field});
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
  // The kernel does not show tagged frames to them.
  if (network.vlan > 0) return fail_field(field, "a network in a VLAN has no security groups");
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

// What it holds is in its one form then, and on an overlay its addresses are chosen.
Result<void> check(const Inventory& inventory, const Place& place, model::VmNic& nic) {
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
  TRY_VOID(check_address6(inventory, network, place, nic));
  TRY_VOID(check_groups(inventory, network, place, nic));
  TRY_VOID(check_forwards(inventory, network, place, nic));
  return give_addresses(inventory, network, nic);
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
  if (wish.address6) nic.address6 = *wish.address6;
  if (wish.security_group) nic.security_groups = *wish.security_group;
  if (wish.forward) nic.forwards = *wish.forward;
  if (wish.send_mbit) nic.send_mbit = *wish.send_mbit;
  if (wish.receive_mbit) nic.receive_mbit = *wish.receive_mbit;
  if (wish.mirror_to) nic.mirror_to = *wish.mirror_to;
  return {};
}

std::unexpected<Error> no_card(std::string field, const model::Vm& vm, std::int64_t number) {
  std::vector<std::int64_t> numbers;
  for (const auto& nic : vm.nics) numbers.push_back(nic.number);
  return fail_field(std::move(field), numbers.empty()
                                          ? fmt::format("'{}' has no network card", vm.name)
                                          : fmt::format("'{}' has no network card {}, only {}",
                                                        vm.name, number, fmt::join(numbers, ", ")));
}

Result<void> change_nic(const Inventory& inventory, const Context& context,
                        const model::NicChange& wish, Change& change) {
  TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  TRY_VOID(context.check_match(kept->revision));
  auto vm = kept->object;
  if (vm.wanted == model::Wanted::absent) {
    return fail(Code::precondition, "'{}' is being deleted", vm.name);
  }
  TRY_VOID(check_settled(vm));
  auto nic = std::ranges::find(vm.nics, wish.nic, &model::VmNic::number);
  if (nic == vm.nics.end()) return no_card("/nic", vm, wish.nic);
  TRY_VOID(apply(context.caller, wish, *nic));
  TRY_VOID(check(inventory, {vm.name, vm.project}, *nic));
  if (wish.mirror_to) TRY_VOID(check_mirror(inventory, context.caller, vm, *nic));
  ++vm.generation;
  change.put(vm);
  change.event("api.set_vm_nic", "vms/" + vm.name, vm.project,
               fmt::format("network card {} changed", wish.nic));
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

// Both kinds of wishes have the same fields for it.
template <class Wish>
Result<model::VmNic> wished_nic(const Inventory& inventory, const access::Caller& caller,
                                const model::Vm& vm, std::int64_t number, const Wish& wish) {
  TRY_VOID(allow_spoof_filter(caller, wish.spoof_filter));
  model::VmNic nic{.network = wish.network};
  nic.number = number;
  nic.forwards = wish.forward;
  nic.spoof_filter = wish.spoof_filter;
  nic.address = wish.address;
  nic.address6 = wish.address6;
  nic.security_groups = wish.security_group;
  nic.send_mbit = wish.send_mbit;
  nic.receive_mbit = wish.receive_mbit;
  nic.mirror_to = wish.mirror_to;
  nic.mac = unused_mac(inventory);
  TRY_VOID(check(inventory, {vm.name, vm.project}, nic));
  TRY_VOID(check_mirror(inventory, caller, vm, nic));
  return nic;
}

// The lowest number that no card has, nor will have when a job under way has ended.
Result<std::int64_t> free_number_of_nic(const Inventory& inventory, const model::Vm& vm) {
  constexpr std::int64_t most = 8;
  std::set<std::int64_t> taken;
  for (const auto& nic : vm.nics) taken.insert(nic.number);
  each_job(inventory, vm, [&](const model::Job& job) {
    if (job.nic) taken.insert(job.nic->number);
  });
  for (std::int64_t number = 0; number < most; ++number) {
    if (!taken.contains(number)) return number;
  }
  return fail(Code::limit, "'{}' has {} network cards, which is the most", vm.name, most);
}

Result<model::Task> begin_add(Rooms& rooms, const Context& context, const model::NicAdd& wish,
                              Change& change) {
  const auto& inventory = rooms.ledger.inventory();
  TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  TRY_VOID(context.check_match(kept->revision));
  const auto& vm = kept->object;
  TRY_VOID(check_changeable(vm));
  TRY(auto number, free_number_of_nic(inventory, vm));
  TRY(auto nic, wished_nic(inventory, context.caller, vm, number, wish));
  nic.port = free_plug_port(inventory, vm);
  bool runs = vm.observed != model::Observed::off;
  if (runs && vm.machine == model::MachineType::microvm)
    return fail(Code::precondition, "'{}' is a microvm: stop it first", vm.name);
  if (runs && nic.port == 0 && vm.machine == model::MachineType::q35) {
    return fail(Code::limit,
                "'{}' has no port left for a device that comes while it runs: stop it first",
                vm.name);
  }
  auto target = fmt::format("vms/{}/nics/{}", vm.name, nic.number);
  auto said = fmt::format("add, to network '{}'", nic.network);
  model::Job job;
  job.kind = model::JobKind::add_nic;
  job.nic = std::move(nic);
  auto task = begin_device_job(rooms, change, vm, "nic.add", target, std::move(job));
  change.event("api.add_vm_nic", target, vm.project, said);
  return task;
}

Result<model::Task> begin_remove(Rooms& rooms, const Context& context, Change& change) {
  const auto& inventory = rooms.ledger.inventory();
  TRY(auto kept, find<model::Vm>(inventory, context.caller, context.name()));
  TRY_VOID(context.check_match(kept->revision));
  const auto& vm = kept->object;
  TRY_VOID(check_changeable(vm));
  const auto& word = context.request.parameters.at("nic");
  auto nic = std::ranges::find_if(
      vm.nics, [&](const auto& card) { return fmt::format("{}", card.number) == word; });
  if (nic == vm.nics.end())
    return fail(Code::not_found, "'{}' has no network card {}: see truce vm show {}", vm.name, word,
                vm.name);
  auto target = fmt::format("vms/{}/nics/{}", vm.name, nic->number);
  model::Job job;
  job.kind = model::JobKind::remove_nic;
  job.nic = *nic;
  auto task = begin_device_job(rooms, change, vm, "nic.remove", target, std::move(job));
  change.event("api.remove_vm_nic", target, vm.project, "remove");
  return task;
}

Async<Result<http::Response>> add_vm_nic(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::NicAdd>());
  co_return co_await answer_with_task(
      rooms, context, [&](Change& change) { return begin_add(rooms, context, wish, change); });
}

Async<Result<http::Response>> remove_vm_nic(Rooms& rooms, const Context& context) {
  co_return co_await answer_with_task(
      rooms, context, [&](Change& change) { return begin_remove(rooms, context, change); });
}

}  // namespace

Result<model::VmNic> new_nic(const Inventory& inventory, const access::Caller& caller,
                             const model::VmCreate& wish) {
  model::Vm vm;
  vm.name = wish.name;
  vm.project = wish.project;
  return wished_nic(inventory, caller, vm, 0, wish);
}

Result<void> check_nics_of(const Inventory& inventory, const model::Network& network) {
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    for (const auto& nic : kept->object.nics) {
      if (nic.network != network.name) continue;
      bool own = network.mode != model::NetworkMode::bridged;
      if (own && !nic.address6.empty() &&
          !model::check_guest_address6(nic.address6, network.subnet6)) {
        return fail(Code::precondition, "{} is the fixed address of '{}': take it away first",
                    nic.address6, name);
      }
      if (network.spoof_filter || nic.security_groups.empty()) continue;
      return fail(Code::precondition, "'{}' has security groups, which need the spoof filter",
                  name);
    }
  }
  return {};
}

void add_nic_handlers(Handlers& handlers) {
  handlers.on(model::Operation::set_vm_nic, set_vm_nic);
  handlers.on(model::Operation::add_vm_nic, add_vm_nic);
  handlers.on(model::Operation::remove_vm_nic, remove_vm_nic);
}

}  // namespace truce::manager
