// Addresses that are decided once for all hosts.
#pragma once

#include "inventory.h"

namespace truce::manager {

/// A MAC for a network card that no other card has.
std::string unused_mac(const Inventory& inventory);

/// Gives a card of an overlay the addresses that it has on each host: from its MAC's hash, the next
/// ones where these are taken. Others' cards (`siblings`: of the same machine) keep theirs, and so
/// does this one what it has already. Nothing to do on other networks: each host decides there.
/// Code::limit when the subnet is full.
Result<void> give_addresses(const Inventory& inventory, const model::Network& network,
                            model::VmNic& nic, const std::vector<model::VmNic>& siblings = {});
/// The same for all cards of a machine that is not stored yet.
Result<void> give_addresses(const Inventory& inventory, model::Vm& vm);

/// A number for a new overlay that no network has, from 1000; Code::limit when all are taken.
Result<std::int64_t> free_vni(const Inventory& inventory);

}  // namespace truce::manager
