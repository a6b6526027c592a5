#include "networks/neighbours.h"

#include <algorithm>
#include <set>

namespace truce::manager {
namespace {

bool extends(const model::Network& network, const model::VmNic& nic) {
  bool grouped = !nic.security_groups.empty() && !(nic.address.empty() && nic.address6.empty());
  return network.vni > 0 || (network.mode == model::NetworkMode::bridged && grouped);
}

bool is_extended(const model::Network& network) {
  return network.vni > 0 || network.mode == model::NetworkMode::bridged;
}

// In the order in which machines are listed.
std::set<std::string> machines_met(const Inventory& inventory,
                                   const std::set<std::string, std::less<>>& networks) {
  std::set<std::string> names;
  for (const auto& network : networks) {
    const auto& members = inventory.machines_in(network);
    names.insert(members.begin(), members.end());
  }
  return names;
}

// Networks over several hosts on which a host has machines.
std::set<std::string, std::less<>> networks_of(const Inventory& inventory,
                                               const std::string& host) {
  std::set<std::string, std::less<>> used;
  for (const auto& name : inventory.machines_on(host)) {
    for (const auto& nic : inventory.find<model::Vm>(name)->object.nics) {
      auto network = inventory.find<model::Network>(nic.network);
      if (network && is_extended(network->object)) used.insert(nic.network);
    }
  }
  return used;
}

// What a node needs of each: where it is reached.
std::vector<model::Host> addresses_of_hosts(const Inventory& inventory) {
  std::vector<model::Host> hosts;
  for (const auto& [name, kept] : inventory.all<model::Host>()) {
    model::Host& host = hosts.emplace_back();
    host.name = name;
    host.address = kept->object.address;
  }
  return hosts;
}

}  // namespace

std::vector<model::Neighbour> neighbours_of(const Inventory& inventory, const std::string& host) {
  std::vector<model::Neighbour> found;
  auto used = networks_of(inventory, host);
  for (const auto& name : machines_met(inventory, used)) {
    const auto& vm = inventory.find<model::Vm>(name)->object;
    if (vm.host == host || vm.host.empty()) continue;
    for (const auto& nic : vm.nics) {
      if (!used.contains(nic.network)) continue;
      auto network = inventory.find<model::Network>(nic.network);
      if (!network || !extends(network->object, nic)) continue;
      found.push_back(
          {nic.network, vm.name, nic.mac, vm.host, nic.address, nic.address6, nic.security_groups});
    }
  }
  return found;
}

bool hosts_meet(const Inventory& inventory) {
  return std::ranges::any_of(inventory.all<model::Network>(),
                             [](const auto& entry) { return is_extended(entry.second->object); });
}

void tell_of_others(const Inventory& inventory, const std::string& host, ToldOfOthers& told,
                    model::Assignment& assignment) {
  auto hosts = hosts_meet(inventory) ? addresses_of_hosts(inventory) : std::vector<model::Host>();
  if (assignment.full || hosts != told.hosts) assignment.hosts = told.hosts = std::move(hosts);
  auto neighbours = neighbours_of(inventory, host);
  if (assignment.full || neighbours != told.neighbours)
    assignment.neighbours = told.neighbours = std::move(neighbours);
}

}  // namespace truce::manager
