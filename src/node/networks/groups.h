#pragma once

#include "model/model.h"
#include "network/network.h"

namespace truce::node {

/// A security group as networks take it. A rule that cannot be read allows nothing.
network::Group to_group(const model::SecurityGroup& given);

}  // namespace truce::node
