#include "networks/addresses.h"

#include <set>

#include "base/ipv6.h"
#include "machines/identity.h"
#include "model/firewall.h"

namespace truce::manager {
namespace {

// Those of machines, and those that jobs under way will add.
template <class Visit>
void each_nic(const Inventory& inventory, Visit visit) {
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    for (const auto& nic : kept->object.nics) visit(nic);
  }
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    if (kept->object.nic) visit(*kept->object.nic);
  }
}

template <class AddressOf>
Result<std::string> choose(const model::Network& network, const std::string& mac,
                           const std::set<std::string>& taken, std::uint32_t count,
                           AddressOf address_of) {
  auto hash = std::stoul(sha256_hex(mac).substr(0, 8), nullptr, 16);
  for (std::uint32_t step = 0; step < count; ++step) {
    auto address = address_of(static_cast<std::uint32_t>((hash + step) % count));
    if (!taken.contains(address)) return address;
  }
  return fail(Code::limit, "all {} addresses of the network '{}' are taken", count, network.name);
}

}  // namespace

std::string unused_mac(const Inventory& inventory) {
  std::set<std::string> taken;
  each_nic(inventory, [&](const model::VmNic& nic) { taken.insert(nic.mac); });
  auto mac = random_mac();
  while (taken.contains(mac)) mac = random_mac();
  return mac;
}

Result<void> give_addresses(const Inventory& inventory, const model::Network& network,
                            model::VmNic& nic, const std::vector<model::VmNic>& siblings) {
  if (network.vni == 0) return {};
  std::set<std::string> taken;
  auto take = [&](const model::VmNic& other) {
    if (other.network != network.name || other.mac == nic.mac) return;
    taken.insert(other.address);
    taken.insert(other.address6);
  };
  each_nic(inventory, take);
  for (const auto& other : siblings) take(other);
  if (nic.address.empty()) {
    TRY(nic.address,
        choose(network, nic.mac, taken, model::guest_addresses(network.subnet),
               [&](std::uint32_t number) { return model::guest_address(network.subnet, number); }));
  }
  if (!nic.address6.empty() || network.subnet6.empty()) return {};
  TRY(auto subnet, parse_subnet6(network.subnet6));
  TRY(nic.address6, choose(network, nic.mac, taken, subnet.guests(),
                           [&](std::uint32_t number) { return to_string(subnet.guest(number)); }));
  return {};
}

Result<void> give_addresses(const Inventory& inventory, model::Vm& vm) {
  for (auto& nic : vm.nics) {
    auto network = inventory.find<model::Network>(nic.network);
    if (!network) continue;
    TRY_VOID(give_addresses(inventory, network->object, nic, std::vector(vm.nics)));
  }
  return {};
}

Result<std::int64_t> free_vni(const Inventory& inventory) {
  constexpr std::int64_t first = 1000, last = 0xffffff;
  std::set<std::int64_t> taken;
  for (const auto& [name, kept] : inventory.all<model::Network>()) taken.insert(kept->object.vni);
  for (auto number = first; number <= last; ++number) {
    if (!taken.contains(number)) return number;
  }
  return fail(Code::limit, "there are {} overlays, which is the most", last - first + 1);
}

}  // namespace truce::manager
