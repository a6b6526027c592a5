// Copies of what a NIC carries, for another one: nftables of the family netdev. Text only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace truce::network {

/// Two taps that are there.
struct Mirror {
  std::string from, to;
  unsigned to_index = 0;  ///< of the interface: rules keep to it, and not to the name
};

/// The table of all mirrors; replaces an older one in one transaction. What the guest behind `from`
/// sends and what it is sent goes to `to` as well. Without mirrors there is no table.
std::string mirror_rules(const std::vector<Mirror>& mirrors);

/// Loads and removes a table as that one, to see whether the kernel can do it.
std::string mirror_probe();

}  // namespace truce::network
