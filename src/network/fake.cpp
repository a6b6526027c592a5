#include "network/fake.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "groups.h"
#include "names.h"
#include "overlay/overlay.h"
#include "reservations.h"
#include "subnet.h"

namespace truce::network {
struct FakeNetwork::Network {
  [[nodiscard]] AddressRanges ranges() const {
    return {subnet, subnet6, config.mode == Mode::bridged};
  }

  Config config;
  Subnet subnet;
  std::optional<Subnet6> subnet6;
  Reservations reservations;
  std::map<std::string, Nic> nics;
  std::map<std::string, Fd> ports;  ///< by MAC, our ends: they tell whether the other one is open
};

FakeNetwork::FakeNetwork(std::vector<Mode> modes, std::string why)
    : modes_(std::move(modes)), why_(std::move(why)) {}

FakeNetwork::~FakeNetwork() = default;

Result<void> FakeNetwork::next() {
  if (!next_error_) return {};
  auto error = std::move(*next_error_);
  next_error_.reset();
  return std::unexpected(std::move(error));
}

Result<FakeNetwork::Network*> FakeNetwork::find(const std::string& name) {
  auto found = networks_.find(name);
  if (found != networks_.end()) return &found->second;
  return fail(Code::not_found, "the network '{}' is not set up on this host", name);
}

std::vector<std::string> FakeNetwork::present() const {
  std::vector<std::string> names;
  names.reserve(networks_.size());
  for (const auto& [name, network] : networks_) names.push_back(name);
  return names;
}

Async<Result<void>> FakeNetwork::ensure(Config config) {
  CO_TRY_VOID(next());
  CO_TRY_VOID(check_network_name(config.name));
  if (std::ranges::count(modes_, config.mode) == 0) {
    co_return fail(Code::unsupported, "network '{}' cannot be of mode nat here: {}", config.name,
                   why_);
  }
  bool own_addresses = config.mode != Mode::user && config.mode != Mode::bridged;
  if ((config.vni > 0 && !own_addresses) || (config.vlan > 0 && config.mode != Mode::bridged) ||
      config.vni > 0xffffff || config.vlan > 4094) {
    co_return fail(Code::invalid, "a network of this mode has no such overlay or VLAN");
  }
  Subnet subnet;
  std::optional<Subnet6> subnet6;
  if (config.mode != Mode::user && config.mode != Mode::bridged) {
    CO_TRY_VOID(check_domain(config.domain));
    CO_TRY(subnet, parse_subnet(config.subnet));
    if (!config.subnet6.empty()) {
      CO_TRY(subnet6, parse_subnet6(config.subnet6));
    }
    for (const auto& [name, other] : networks_) {
      if (name == config.name || other.subnet == Subnet{}) continue;
      bool clash = other.subnet.overlaps(subnet) ||
                   (subnet6 && other.subnet6 && other.subnet6->overlaps(*subnet6));
      if (!clash) continue;
      co_return fail(Code::conflict, "a subnet of '{}' overlaps one of network '{}'", config.name,
                     name);
    }
  }
  auto& network = networks_[config.name];
  if (network.subnet != subnet) network.reservations.clear();
  network.subnet = subnet;
  network.subnet6 = subnet6;
  for (auto& [mac, reservation] : network.reservations) {
    bool fits = subnet6 && reservation.address6 && subnet6->is_guest(*reservation.address6);
    if (!fits) reservation.address6.reset();
    if (fits || !subnet6) continue;
    CO_TRY(reservation.address6,
           choose_address(*subnet6, mac, network.reservations, [](Address6) { return false; }));
  }
  network.config = std::move(config);
  ++ensured_;
  co_return Result<void>{};
}

Async<Result<void>> FakeNetwork::remove(std::string name) {
  CO_TRY_VOID(next());
  CO_TRY_VOID(check_network_name(name));
  networks_.erase(name);
  co_return Result<void>{};
}

Async<Result<Plug>> FakeNetwork::plug(std::string network, std::string vm_name, std::string mac) {
  CO_TRY_VOID(next());
  CO_TRY(auto canonical, canonical_mac(mac));
  CO_TRY(auto* found, find(network));
  if (found->config.mode == Mode::user) co_return Plug{};
  auto old = found->ports.find(canonical);
  char byte = 0;
  if (old != found->ports.end() &&
      ::recv(old->second.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) {
    co_return fail(Code::unavailable, "the tap of {} is still held by an earlier run", vm_name);
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    co_return fail_errno(errno, "socketpair");
  }
  found->ports[canonical] = Fd(ends[0]);
  co_return Plug{Fd(ends[1]), found->config.vni > 0 ? overlay_mtu : 0};
}

Async<Result<void>> FakeNetwork::reserve(std::string network, Nic nic) {
  CO_TRY_VOID(next());
  CO_TRY(auto canonical, canonical_mac(nic.mac));
  CO_TRY_VOID(check_vm_name(nic.vm_name));
  CO_TRY_VOID(check_settings(nic.settings));
  CO_TRY(auto* found, find(network));
  if (found->config.mode == Mode::user) co_return Result<void>{};
  nic.mac = canonical;
  Reservation reservation{canonical, nic.vm_name, {}, nic.settings};
  bool own = found->config.mode != Mode::bridged;
  auto old = found->reservations.find(canonical);
  bool known = old != found->reservations.end() && own;
  if (known) {
    reservation.address = old->second.address;
    reservation.address6 = old->second.address6;
  }
  if (!nic.address.empty()) {
    CO_TRY(reservation.address, fixed_address(found->ranges(), found->reservations, nic));
  } else if (!known && own) {
    CO_TRY(reservation.address, choose_address(found->subnet, canonical, found->reservations,
                                               [](Address) { return false; }));
  }
  if (!nic.address6.empty()) {
    CO_TRY(reservation.address6, fixed_address6(found->ranges(), found->reservations, nic));
  } else if (!reservation.address6 && found->subnet6) {
    CO_TRY(reservation.address6, choose_address(*found->subnet6, canonical, found->reservations,
                                                [](Address6) { return false; }));
  }
  found->reservations[canonical] = reservation;
  found->nics[canonical] = std::move(nic);
  co_return Result<void>{};
}

std::optional<Nic> FakeNetwork::reserved(const std::string& network, const std::string& mac) const {
  auto found = networks_.find(network);
  if (found == networks_.end()) return {};
  auto nic = found->second.nics.find(mac);
  return nic == found->second.nics.end() ? std::nullopt : std::optional(nic->second);
}

Async<Result<void>> FakeNetwork::release(std::string network, std::string mac) {
  CO_TRY_VOID(next());
  CO_TRY(auto canonical, canonical_mac(mac));
  CO_TRY_VOID(check_network_name(network));
  if (auto found = find(network)) {
    (*found)->reservations.erase(canonical);
    (*found)->nics.erase(canonical);
  }
  co_return Result<void>{};
}

Async<Result<void>> FakeNetwork::set_groups(std::vector<Group> groups) {
  CO_TRY_VOID(next());
  for (const auto& group : groups) {
    CO_TRY_VOID(check_group(group));
  }
  groups_ = std::move(groups);
  co_return Result<void>{};
}

Async<Result<void>> FakeNetwork::set_peers(Peers peers) {
  CO_TRY_VOID(next());
  CO_TRY_VOID(read_peers(peers));
  peers_ = std::move(peers);
  co_return Result<void>{};
}

std::optional<Config> FakeNetwork::config(const std::string& network) const {
  auto found = networks_.find(network);
  return found == networks_.end() ? std::nullopt : std::optional(found->second.config);
}

Async<Result<std::vector<Lease>>> FakeNetwork::leases(std::string network) {
  CO_TRY_VOID(next());
  CO_TRY(auto* found, find(network));
  std::vector<Lease> all;
  if (found->config.mode == Mode::bridged) co_return all;
  for (const auto& [mac, reservation] : found->reservations) {
    all.push_back({mac, to_string(reservation.address), reservation.vm_name});
  }
  for (const auto& [mac, reservation] : found->reservations) {
    if (!reservation.address6) continue;
    all.push_back({mac, to_string(*reservation.address6), reservation.vm_name});
  }
  co_return all;
}

Async<Result<std::map<std::string, Traffic>>> FakeNetwork::traffic(std::vector<std::string> macs) {
  CO_TRY_VOID(next());
  auto until = hushed_.value_or(std::chrono::steady_clock::now());
  auto age = std::chrono::duration<double>(until - made_).count();
  std::map<std::string, Traffic> all;
  for (const auto& mac : macs) {
    bool plugged = std::ranges::any_of(
        networks_, [&](const auto& network) { return network.second.ports.contains(mac); });
    if (!plugged) continue;
    auto rate = static_cast<double>(1000 + std::hash<std::string>()(mac) % 50'000);
    all[mac] = {static_cast<std::uint64_t>(age * rate), static_cast<std::uint64_t>(age * rate / 3)};
  }
  co_return all;
}

}  // namespace truce::network
