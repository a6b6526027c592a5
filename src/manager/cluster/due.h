// What nodes are to be told of.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "inventory.h"

namespace truce::manager {

/// What has changed for a node since it was told last.
struct Due {
  bool all = false;  ///< nobody knows what it has
  bool networks = false, groups = false, resource_pools = false, pools = false;
  bool others = false;  ///< other hosts, and cards of machines on them
  bool lives = false, jobs = false, uploads = false;
  std::set<std::string> machines;  ///< by name: its own, and those that were
  bool operator==(const Due&) const = default;
};

/// The nodes that are connected.
struct Audience {
  std::function<Due*(const std::string& host)> find;  ///< null: it is not connected
  std::function<void(const std::function<void(Due&)>&)> each;
};

/// Notes what a change is to the nodes. What is no matter of a host costs it nothing: with many of
/// them, nearly every change is that of one.
void note(const Inventory& inventory, const Seen& seen, const Audience& audience);

}  // namespace truce::manager
