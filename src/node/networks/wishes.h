// What the manager wants of a host's networks, in their own words.
#pragma once

#include <string>
#include <vector>

#include "model/model.h"
#include "network/network.h"

namespace truce::node {

network::Config config_of(const model::Network& network);
model::NetworkMode as_model(network::Mode mode);

/// A rule that cannot be read is left out (and logged): it allows nothing.
network::Group group_of(const model::SecurityGroup& given);

/// The other hosts, from what the manager tells of all. Hosts that have no address in a cluster,
/// and cards on such, are left out, and so are addresses that are names: packets of an overlay go
/// to numbers only.
network::Peers peers_of(const std::string& self, const std::vector<model::Host>& hosts,
                        const std::vector<model::Neighbour>& neighbours);

}  // namespace truce::node
