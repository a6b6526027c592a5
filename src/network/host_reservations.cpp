// The part of HostNetwork that gives names and addresses to VMs.
#include <algorithm>

#include "base/log.h"
#include "dnsmasq.h"
#include "guard.h"
#include "host_network_parts.h"
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
  return there && reservation.vm_name == wanted.vm_name && reservation.settings == wanted.settings;
}

}  // namespace

// Shows the reservations to dnsmasq, which takes up new files by itself.
Async<Result<void>> HostNetwork::publish(Shared network) {
  auto write = [this, network]() -> Result<WatchedFolder::Change> {
    auto hosts = host_files(network->reservations, network->subnet.gateway(),
                            gateway_names(options_.host_name));
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

Async<Result<std::vector<Lease>>> HostNetwork::read_leases(Shared network) {
  auto read = [network]() -> Result<std::vector<Lease>> {
    auto text = read_file(network->state_folder / "leases", lease_file_limit);
    if (!text && text.error().code == Code::not_found) return std::vector<Lease>{};
    if (!text) return std::unexpected(std::move(text).error());
    return parse_leases(*text);
  };
  co_return co_await run_blocking(pool_, read);
}

Async<Result<std::vector<Lease>>> HostNetwork::leases(std::string network) {
  CO_TRY(auto found, find(network));
  if (found->config.mode == Mode::user || found->config.mode == Mode::bridged) {
    co_return std::vector<Lease>{};
  }
  co_return co_await read_leases(std::move(found));
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
  CO_TRY(auto leases, co_await read_leases(network));
  std::map<std::string, std::string> holders;
  for (const auto& lease : leases) holders[lease.address] = lease.mac;
  auto other_holder = [&](Address address) {
    auto holder = holders.find(to_string(address));
    return holder != holders.end() && holder->second != nic.mac;
  };
  if (nic.address.empty()) {
    CO_TRY(reservation.address,
           choose_address(network->subnet, nic.mac, network->reservations, other_holder));
  } else {
    CO_TRY(reservation.address, parse_address(nic.address));
    if (!bridged && !network->subnet.is_guest(reservation.address)) {
      co_return fail(Code::invalid, "{} is not an address that a guest can have in {}", nic.address,
                     to_string(network->subnet));
    }
    for (const auto& [mac, other] : network->reservations) {
      if (mac == nic.mac || other.address != reservation.address) continue;
      co_return fail(Code::conflict, "{} is the address of {}", nic.address, other.vm_name);
    }
  }
  if (bridged || !other_holder(reservation.address)) co_return Result<void>{};
  co_return send_release(network->bridge(), network->subnet.gateway(),
                         holders[to_string(reservation.address)], reservation.address);
}

Async<Result<void>> HostNetwork::write_reservation(Shared network, Nic nic) {
  Reservation reservation{nic.mac, nic.vm_name, {}, nic.settings};
  CO_TRY_VOID(co_await choose(network, nic, reservation));
  auto path = network->state_folder / (file_name(nic.mac) + ".json");
  auto text = to_text(reservation);
  auto write = [path, text] { return write_file_durably(path, text, 0644); };
  CO_TRY_VOID(co_await run_blocking(pool_, write));
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
  bool forwards = !before.settings.forwards.empty() || !now.settings.forwards.empty();
  if (forwards && network->config.mode == Mode::nat) {
    CO_TRY_VOID(co_await nft(
        {"-f", "-"}, address_rules(network->config, network->subnet, network->reservations)));
  }
  if (network->config.mode == Mode::bridged) co_return Result<void>{};
  CO_TRY_VOID(co_await publish(network));
  bool moved = before.address != Address{} && before.address != now.address;
  if (!moved) co_return Result<void>{};
  co_return send_release(network->bridge(), network->subnet.gateway(), now.mac, before.address);
}

Async<Result<void>> HostNetwork::release(std::string network, std::string mac) {
  CO_TRY(auto canonical, canonical_mac(mac));
  CO_TRY_VOID(check_network_name(network));
  auto turn = co_await take_turn(network);
  const auto& found = turn.network();
  auto path = found->state_folder / (file_name(canonical) + ".json");
  CO_TRY_VOID(co_await run_blocking(pool_, [path] { return truce::remove_tree(path); }));
  auto old = found->reservations.find(canonical);
  if (!found->ready || old == found->reservations.end()) co_return Result<void>{};
  auto gone = old->second;
  found->reservations.erase(old);
  CO_TRY_VOID(co_await load_guard(found, unguard_port(network, canonical)));
  if (!gone.settings.groups.empty()) {
    CO_TRY_VOID(co_await load_groups(Reload::changed));
  }
  if (found->config.mode == Mode::bridged) co_return Result<void>{};
  if (!gone.settings.forwards.empty()) {
    CO_TRY_VOID(co_await nft({"-f", "-"},
                             address_rules(found->config, found->subnet, found->reservations)));
  }
  CO_TRY_VOID(co_await publish(found));
  // After the reload, so that the guest cannot ask again in between.
  co_return send_release(bridge_name(network), found->subnet.gateway(), canonical, gone.address);
}

}  // namespace truce::network
