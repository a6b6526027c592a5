// The part of HostNetwork that gives names and addresses to VMs.
#include <algorithm>

#include "base/log.h"
#include "dnsmasq.h"
#include "guard.h"
#include "host_network_parts.h"
#include "names.h"

namespace truce::network {
namespace {

constexpr Bytes lease_file_limit = mib(16);

std::vector<std::string> gateway_names(std::string_view configured) {
  std::vector<std::string> names{"gateway"};
  auto host = host_label(configured);
  if (check_vm_name(host) && host != names[0]) names.push_back(host);
  return names;
}

bool is_as(const Reservation& reservation, const Nic& wanted) {
  return reservation.vm_name == wanted.vm_name && reservation.spoof_filter == wanted.spoof_filter;
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
  if (found->config.mode == Mode::user) co_return std::vector<Lease>{};
  co_return co_await read_leases(std::move(found));
}

Async<Result<void>> HostNetwork::reserve(std::string network, Nic nic) {
  CO_TRY(nic.mac, canonical_mac(nic.mac));
  CO_TRY_VOID(check_vm_name(nic.vm_name));
  CO_TRY(auto found, find(network));
  if (found->config.mode == Mode::user) co_return Result<void>{};
  auto old = found->reservations.find(nic.mac);
  if (old != found->reservations.end() && is_as(old->second, nic)) co_return Result<void>{};
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

Async<Result<void>> HostNetwork::write_reservation(Shared network, Nic nic) {
  const auto mac = nic.mac;
  Reservation reservation{mac, nic.vm_name, {}, nic.spoof_filter};
  auto bridge = bridge_name(network->config.name);
  if (auto old = network->reservations.find(mac); old != network->reservations.end()) {
    reservation.address = old->second.address;
  } else {
    CO_TRY(auto leases, co_await read_leases(network));
    std::map<std::string, std::string> holders;
    for (const auto& lease : leases) holders[lease.address] = lease.mac;
    auto other_holder = [&](Address address) {
      auto holder = holders.find(to_string(address));
      return holder != holders.end() && holder->second != mac;
    };
    CO_TRY(reservation.address,
           choose_address(network->subnet, mac, network->reservations, other_holder));
    if (other_holder(reservation.address)) {
      CO_TRY_VOID(send_release(bridge, network->subnet.gateway(),
                               holders[to_string(reservation.address)], reservation.address));
    }
  }
  auto path = network->state_folder / (file_name(mac) + ".json");
  auto text = to_text(reservation);
  auto write = [path, text] { return write_file_durably(path, text, 0644); };
  CO_TRY_VOID(co_await run_blocking(pool_, write));
  network->reservations[mac] = reservation;
  CO_TRY_VOID(co_await load_guard(network, guard_port(guarded(*network), reservation)));
  co_return co_await publish(network);
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
  auto address = old->second.address;
  found->reservations.erase(old);
  CO_TRY_VOID(co_await load_guard(found, unguard_port(network, canonical)));
  CO_TRY_VOID(co_await publish(found));
  // After the reload, so that the guest cannot ask again in between.
  co_return send_release(bridge_name(network), found->subnet.gateway(), canonical, address);
}

}  // namespace truce::network
