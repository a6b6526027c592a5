// The part of HostNetwork that gives names and addresses to VMs.
#include <algorithm>

#include "base/log.h"
#include "dnsmasq.h"
#include "guard.h"
#include "host_network_parts.h"
#include "kernel/links.h"
#include "names.h"
#include "rules.h"

namespace truce::network {
namespace {

constexpr Bytes lease_file_limit = mib(16);

std::vector<std::string> gateway_names(std::string_view configured) {
  std::vector<std::string> names{"gateway"};
  auto host = host_label(configured);
  if (check_vm_name(host) && host != names[0]) names.push_back(host);
  return names;
}

bool is_as(const Reservation& reservation, const Nic& wanted, Mode mode) {
  bool chosen =
      wanted.address.empty() && (mode != Mode::bridged || reservation.address == Address{});
  bool there = chosen || wanted.address == to_string(reservation.address);
  bool chosen6 = wanted.address6.empty() && (mode != Mode::bridged || !reservation.address6);
  bool there6 =
      chosen6 || (reservation.address6 && wanted.address6 == to_string(*reservation.address6));
  return there && there6 && reservation.vm_name == wanted.vm_name &&
         reservation.settings == wanted.settings;
}

// Leases by address, for who looks whether an address is free.
std::map<Address6, Lease6> by_address(std::vector<Lease6> leases) {
  std::map<Address6, Lease6> found;
  for (auto& lease : leases) found[lease.address] = std::move(lease);
  return found;
}

}  // namespace

// Shows the reservations to dnsmasq, which takes up new files by itself.
Async<Result<void>> HostNetwork::publish(Shared network) {
  std::map<std::string, std::string> elsewhere;
  if (others_) elsewhere = others_->host_files(network->config.name);
  auto write = [this, network, elsewhere]() -> Result<WatchedFolder::Change> {
    auto hosts =
        host_files(network->reservations, network->gateway(), gateway_names(options_.host_name));
    hosts.insert(elsewhere.begin(), elsewhere.end());
    TRY(auto names_changed, network->hosts.publish(hosts));
    TRY(auto leases_changed, network->dhcp.publish(dhcp_files(network->reservations)));
    return std::max(names_changed, leases_changed);
  };
  CO_TRY(auto change, co_await run_blocking(pool_, write));
  if (change == WatchedFolder::Change::replaced) {
    // Not running is for ensure() to mend.
    if (auto told = network->server.reload(); !told) spdlog::warn("{}", told.error().message);
  }
  co_return Result<void>{};
}

Async<Result<std::string>> HostNetwork::read_lease_file(Shared network) {
  auto read = [network]() -> Result<std::string> {
    auto text = read_file(network->state_folder / "leases", lease_file_limit);
    if (!text && text.error().code == Code::not_found) return std::string();
    return text;
  };
  co_return co_await run_blocking(pool_, read);
}

// Those of IPv6 belong to whom the address is reserved for: they name no MAC.
Async<Result<std::vector<Lease>>> HostNetwork::leases(std::string network) {
  CO_TRY(auto found, find(network));
  if (found->config.mode == Mode::user || found->config.mode == Mode::bridged) {
    co_return std::vector<Lease>{};
  }
  CO_TRY(auto text, co_await read_lease_file(found));
  auto all = parse_leases(text);
  auto six = by_address(parse_leases6(text).leases);
  for (const auto& [mac, reservation] : found->reservations) {
    auto lease = reservation.address6 ? six.find(*reservation.address6) : six.end();
    if (lease == six.end()) continue;
    all.push_back({mac, to_string(lease->first), lease->second.host_name});
  }
  co_return all;
}

Async<Result<void>> HostNetwork::reserve(std::string network, Nic nic) {
  CO_TRY(nic.mac, canonical_mac(nic.mac));
  CO_TRY_VOID(check_vm_name(nic.vm_name));
  CO_TRY_VOID(check_settings(nic.settings));
  CO_TRY(auto found, find(network));
  if (found->config.mode == Mode::user) co_return Result<void>{};
  auto old = found->reservations.find(nic.mac);
  if (old != found->reservations.end() && is_as(old->second, nic, found->config.mode))
    co_return Result<void>{};
  auto turn = co_await take_turn(network);
  CO_TRY(found, find(network));
  auto vm_name = nic.vm_name;
  auto done = co_await write_reservation(found, std::move(nic));
  if (!done) {
    co_return std::unexpected(std::move(done).error().within(
        fmt::format("reserve an address for {} in network {}", vm_name, network)));
  }
  co_return done;
}

// The fixed address, the one that it has, or a new one.
Async<Result<void>> HostNetwork::choose(Shared network, const Nic& nic, Reservation& reservation) {
  auto old = network->reservations.find(nic.mac);
  bool bridged = network->config.mode == Mode::bridged;
  if (nic.address.empty() && (bridged || old != network->reservations.end())) {
    if (old != network->reservations.end() && !bridged) reservation.address = old->second.address;
    co_return Result<void>{};
  }
  CO_TRY(auto text, co_await read_lease_file(network));
  std::map<std::string, std::string> holders;
  for (const auto& lease : parse_leases(text)) holders[lease.address] = lease.mac;
  auto other_holder = [&](Address address) {
    auto holder = holders.find(to_string(address));
    return holder != holders.end() && holder->second != nic.mac;
  };
  if (nic.address.empty()) {
    CO_TRY(reservation.address,
           choose_address(network->subnet, nic.mac, network->reservations, other_holder));
  } else {
    CO_TRY(reservation.address, fixed_address(network->ranges(), network->reservations, nic));
  }
  if (bridged || !other_holder(reservation.address)) co_return Result<void>{};
  co_return send_release(network->bridge(), network->subnet.gateway(),
                         holders[to_string(reservation.address)], reservation.address);
}

// The same for IPv6, where there is any.
Async<Result<void>> HostNetwork::choose6(Shared network, const Nic& nic, Reservation& reservation) {
  if (!nic.address6.empty()) {
    CO_TRY(reservation.address6, fixed_address6(network->ranges(), network->reservations, nic));
  }
  if (!network->subnet6) co_return Result<void>{};
  auto old = network->reservations.find(nic.mac);
  if (nic.address6.empty() && old != network->reservations.end()) {
    reservation.address6 = old->second.address6;
  }
  bool has_it = old != network->reservations.end() && reservation.address6 &&
                reservation.address6 == old->second.address6;
  if (has_it) co_return Result<void>{};
  CO_TRY(auto text, co_await read_lease_file(network));
  auto known = parse_leases6(text);
  auto holders = by_address(std::move(known.leases));
  if (!reservation.address6) {
    auto held = [&](Address6 address) { return holders.contains(address); };
    CO_TRY(reservation.address6,
           choose_address(*network->subnet6, nic.mac, network->reservations, held));
  }
  auto holder = holders.find(*reservation.address6);
  if (holder == holders.end()) co_return Result<void>{};
  co_return send_release(network->bridge(), known.server, holder->second);
}

// Cards that were there before the network had IPv6, or before it had this range.
Async<Result<void>> HostNetwork::complete_addresses(Shared network) {
  if (!network->subnet6) co_return Result<void>{};
  for (auto [mac, reservation] : Reservations(network->reservations)) {
    if (reservation.address6) continue;
    CO_TRY_VOID(co_await choose6(network, {reservation.vm_name, mac}, reservation));
    CO_TRY_VOID(co_await store(network, reservation));
    network->reservations[mac] = std::move(reservation);
  }
  co_return Result<void>{};
}

Async<Result<void>> HostNetwork::store(Shared network, const Reservation& reservation) {
  auto path = network->state_folder / (file_name(reservation.mac) + ".json");
  auto text = to_text(reservation);
  co_return co_await run_blocking(pool_,
                                  [path, text] { return write_file_durably(path, text, 0644); });
}

// Makes the server forget what was given to a card that shall have it no more.
Async<Result<void>> HostNetwork::take_back(Shared network, Reservation gone) {
  if (gone.address != Address{}) {
    CO_TRY_VOID(send_release(network->bridge(), network->subnet.gateway(), gone.mac, gone.address));
  }
  if (!gone.address6 || !network->subnet6) co_return Result<void>{};
  CO_TRY(auto text, co_await read_lease_file(network));
  auto known = parse_leases6(text);
  for (const auto& lease : known.leases) {
    if (lease.address != *gone.address6) continue;
    CO_TRY_VOID(send_release(network->bridge(), known.server, lease));
  }
  co_return Result<void>{};
}

Async<Result<void>> HostNetwork::write_reservation(Shared network, Nic nic) {
  Reservation reservation{nic.mac, nic.vm_name, {}, nic.settings};
  CO_TRY_VOID(co_await free_left_cards(network, nic));
  CO_TRY_VOID(co_await choose(network, nic, reservation));
  CO_TRY_VOID(co_await choose6(network, nic, reservation));
  CO_TRY_VOID(co_await store(network, reservation));
  auto before = network->reservations[nic.mac];
  network->reservations[nic.mac] = reservation;
  co_return co_await apply_change(std::move(network), std::move(before), std::move(reservation));
}

// Shows a reservation that is stored already to the kernel and to dnsmasq.
Async<Result<void>> HostNetwork::apply_change(Shared network, Reservation before, Reservation now) {
  CO_TRY_VOID(co_await load_guard(network, guard_port(guarded(*network), now)));
  bool grouped = !before.settings.groups.empty() || !now.settings.groups.empty();
  if (grouped) {
    CO_TRY_VOID(co_await load_groups(Reload::changed));
  }
  if (before.settings.mirror_to != now.settings.mirror_to) {
    CO_TRY_VOID(co_await load_mirrors(Reload::changed));
  }
  bool forwards = !before.settings.forwards.empty() || !now.settings.forwards.empty();
  if (forwards && network->config.mode == Mode::nat) {
    CO_TRY_VOID(co_await load_address_rules(network));
  }
  if (network->config.mode == Mode::bridged) co_return Result<void>{};
  CO_TRY_VOID(co_await publish(network));
  if (before.address == now.address) before.address = {};
  if (before.address6 == now.address6) before.address6.reset();
  before.mac = now.mac;
  co_return co_await take_back(std::move(network), std::move(before));
}

Async<Result<void>> HostNetwork::release(std::string network, std::string mac) {
  CO_TRY(auto canonical, canonical_mac(mac));
  CO_TRY_VOID(check_network_name(network));
  auto turn = co_await take_turn(network);
  const auto& found = turn.network();
  co_return co_await free_card(found, canonical);
}

Async<Result<void>> HostNetwork::free_card(Shared found, std::string mac) {
  auto path = found->state_folder / (file_name(mac) + ".json");
  CO_TRY_VOID(co_await run_blocking(pool_, [path] { return truce::remove_tree(path); }));
  auto old = found->reservations.find(mac);
  if (!found->ready || old == found->reservations.end()) co_return Result<void>{};
  auto gone = old->second;
  found->reservations.erase(old);
  CO_TRY_VOID(co_await load_guard(found, unguard_port(found->config.name, mac)));
  if (!gone.settings.groups.empty()) {
    CO_TRY_VOID(co_await load_groups(Reload::changed));
  }
  if (!gone.settings.mirror_to.empty()) {
    CO_TRY_VOID(co_await load_mirrors(Reload::changed));
  }
  if (found->config.mode == Mode::bridged) co_return Result<void>{};
  if (!gone.settings.forwards.empty()) {
    CO_TRY_VOID(co_await load_address_rules(found));
  }
  CO_TRY_VOID(co_await publish(found));
  // After the reload, so that the guest cannot ask again in between.
  co_return co_await take_back(found, std::move(gone));
}

// Addresses of an overlay are decided for all hosts at once: who has one by the newest word has it,
// and not a card that has left this host without being released.
Async<Result<void>> HostNetwork::free_left_cards(Shared network, Nic nic) {
  if (network->config.vni == 0) co_return Result<void>{};
  for (const auto& [mac, other] : Reservations(network->reservations)) {
    bool same = to_string(other.address) == nic.address ||
                (other.address6 && to_string(*other.address6) == nic.address6);
    if (mac == nic.mac || !same || interface_exists(tap_name(mac))) continue;
    CO_TRY_VOID(co_await free_card(network, mac));
  }
  co_return Result<void>{};
}

}  // namespace truce::network
