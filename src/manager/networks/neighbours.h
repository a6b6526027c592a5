// What a host's networks are told of other hosts.
#pragma once

#include "inventory.h"

namespace truce::manager {

/// The network cards on other hosts that machines of this one can meet: those of the overlays that
/// it has machines on, and on bridged networks those whose security groups rules may name.
std::vector<model::Neighbour> neighbours_of(const Inventory& inventory, const std::string& host);

/// Whether there is any such network: where there is none, hosts are no matter of each other.
bool hosts_meet(const Inventory& inventory);

/// What a node was told last, so that only news are sent.
struct ToldOfOthers {
  std::vector<model::Host> hosts;
  std::vector<model::Neighbour> neighbours;
};
/// Puts what has changed of that into an assignment, or all where that is full.
void tell_of_others(const Inventory& inventory, const std::string& host, ToldOfOthers& told,
                    model::Assignment& assignment);

}  // namespace truce::manager
