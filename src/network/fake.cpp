#include "network/fake.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "groups.h"
#include "names.h"
#include "reservations.h"
#include "subnet.h"

namespace truce::network {
struct FakeNetwork::Network {
  Config config;
  Subnet subnet;
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
  Subnet subnet;
  if (config.mode != Mode::user && config.mode != Mode::bridged) {
    CO_TRY_VOID(check_domain(config.domain));
    CO_TRY(subnet, parse_subnet(config.subnet));
    for (const auto& [name, other] : networks_) {
      if (name == config.name || other.subnet == Subnet{}) continue;
      if (!other.subnet.overlaps(subnet)) continue;
      co_return fail(Code::conflict, "the subnet {} overlaps {} of network '{}'", config.subnet,
                     other.config.subnet, name);
    }
  }
  auto& network = networks_[config.name];
  if (network.subnet != subnet) network.reservations.clear();
  network.subnet = subnet;
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
  co_return Plug{Fd(ends[1])};
}

Async<Result<void>> FakeNetwork::reserve(std::string network, Nic nic) {
  CO_TRY_VOID(next());
  CO_TRY(auto canonical, canonical_mac(nic.mac));
  CO_TRY_VOID(check_vm_name(nic.vm_name));
  CO_TRY_VOID(check_settings(nic.settings));
  CO_TRY(auto* found, find(network));
  if (found->config.mode == Mode::user) co_return Result<void>{};
  Address address;
  auto old = found->reservations.find(canonical);
  if (!nic.address.empty()) {
    CO_TRY(address, parse_address(nic.address));
    if (found->config.mode != Mode::bridged && !found->subnet.is_guest(address)) {
      co_return fail(Code::invalid, "{} is not an address of {}", nic.address,
                     to_string(found->subnet));
    }
    for (const auto& [mac, other] : found->reservations) {
      if (mac == canonical || other.address != address) continue;
      co_return fail(Code::conflict, "{} is the address of {}", nic.address, other.vm_name);
    }
  } else if (old != found->reservations.end()) {
    address = old->second.address;
  } else if (found->config.mode != Mode::bridged) {
    CO_TRY(address, choose_address(found->subnet, canonical, found->reservations,
                                   [](Address) { return false; }));
  }
  found->reservations[canonical] = {canonical, nic.vm_name, address, nic.settings};
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

Async<Result<std::vector<Lease>>> FakeNetwork::leases(std::string network) {
  CO_TRY_VOID(next());
  CO_TRY(auto* found, find(network));
  std::vector<Lease> all;
  if (found->config.mode == Mode::bridged) co_return all;
  for (const auto& [mac, reservation] : found->reservations) {
    all.push_back({mac, to_string(reservation.address), reservation.vm_name});
  }
  co_return all;
}

}  // namespace truce::network
