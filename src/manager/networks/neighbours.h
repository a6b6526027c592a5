// What a host's networks are told of other hosts.
#pragma once

#include "inventory.h"

namespace truce::manager {

/// The network cards on other hosts that machines of this one can meet: those of the overlays that
/// it has machines on, and on bridged networks those whose security groups rules may name.
std::vector<model::Neighbour> neighbours_of(const Inventory& inventory, const std::string& host);

/// What a node was told last, so that only news are sent.
struct ToldOfOthers {
  std::vector<model::Host> hosts;
  std::vector<model::Neighbour> neighbours;
};
/// Puts what has changed since a revision, or all, into an assignment.
void tell_of_others(const Inventory& inventory, const std::string& host, store::Revision since,
                    ToldOfOthers& told, model::Assignment& assignment);

}  // namespace truce::manager
