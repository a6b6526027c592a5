#include "networks/neighbours.h"

#include <algorithm>
#include <set>

namespace truce::manager {
namespace {

bool extends(const model::Network& network, const model::VmNic& nic) {
  bool grouped = !nic.security_groups.empty() && !(nic.address.empty() && nic.address6.empty());
  return network.vni > 0 || (network.mode == model::NetworkMode::bridged && grouped);
}

std::set<std::string, std::less<>> networks_of(const Inventory& inventory,
                                               const std::string& host) {
  std::set<std::string, std::less<>> used;
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    if (kept->object.host != host) continue;
    for (const auto& nic : kept->object.nics) used.insert(nic.network);
  }
  return used;
}

}  // namespace

std::vector<model::Neighbour> neighbours_of(const Inventory& inventory, const std::string& host) {
  std::vector<model::Neighbour> found;
  auto extended = [](const auto& entry) {
    const auto& network = entry.second->object;
    return network.vni > 0 || network.mode == model::NetworkMode::bridged;
  };
  if (std::ranges::none_of(inventory.all<model::Network>(), extended)) return found;
  auto used = networks_of(inventory, host);
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    const auto& vm = kept->object;
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

void tell_of_others(const Inventory& inventory, const std::string& host, store::Revision since,
                    ToldOfOthers& told, model::Assignment& assignment) {
  bool of_hosts = assignment.full, of_cards = assignment.full;
  const auto& recent = inventory.recent();
  for (auto seen = recent.rbegin(); seen != recent.rend() && seen->revision > since; ++seen) {
    of_hosts = of_hosts || seen->folder == folder_of<model::Host>;
    of_cards = of_cards || seen->folder == folder_of<model::Vm> ||
               seen->folder == folder_of<model::Network>;
  }
  if (of_hosts) {
    std::vector<model::Host> hosts;
    for (const auto& [name, kept] : inventory.all<model::Host>()) hosts.push_back(kept->object);
    if (assignment.full || hosts != told.hosts) assignment.hosts = told.hosts = std::move(hosts);
  }
  if (!of_cards) return;
  auto neighbours = neighbours_of(inventory, host);
  if (assignment.full || neighbours != told.neighbours)
    assignment.neighbours = told.neighbours = std::move(neighbours);
}

}  // namespace truce::manager
