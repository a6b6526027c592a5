#pragma once

#include "keeper.h"
#include "life/life.h"

namespace truce::node {

using Keepers = std::map<std::string, std::shared_ptr<Keeper>>;

/// What a host's life learns from its keepers, and tells them.
Life::Hooks hooks_of(Keepers& keepers, Life& life, hypervisor::Hypervisor& hypervisor,
                     std::function<void(model::Heartbeat)> send);

}  // namespace truce::node
