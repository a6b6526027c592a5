#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/async.h"
#include "hypervisor/hypervisor.h"
#include "library/templates.h"
#include "network/network.h"
#include "news.h"
#include "node/node.h"
#include "pools/pools.h"
#include "storage/pool.h"

namespace truce::node {

class Life;

/// Is told once that a job has ended.
using JobEnd = std::function<void(model::JobReport)>;

/// What a keeper works with.
struct Hands {
  asio::any_io_executor loop;
  hypervisor::Hypervisor& hypervisor;
  storage::Pool& pool;  ///< the first: templates, and the homes of machines
  Pools& pools;
  network::Provider& network;
  const Settings& settings;
  News& news;
  Scope& scope;
  /// The address that DHCP gave to a MAC, from a listing at most a second old.
  std::function<Async<std::vector<std::string>>(std::string network, std::string mac)> leased;
  std::function<model::NetworkMode(const std::string& network)> mode_of;
  /// Returns once the network stands; at once when it does already.
  std::function<Async<Result<void>>(std::string network)> network_ready;
  /// Gives a job to the keeper of its machine; false when this host has no such machine.
  std::function<bool(model::Job job, JobEnd end)> to_keeper;
  /// Calls off a job that was given to one.
  std::function<void(const model::Job& job)> cancel_at_keeper;
  /// The MAC of a card VM/NUMBER of a machine here; empty: there is none.
  std::function<std::string(const std::string& card)> mac_of;
  asio::thread_pool& carriers;  ///< for bytes of machines that go to other hosts
  asio::thread_pool& files;     ///< reads and writes theirs
  /// As the manager has told them last.
  std::vector<model::ResourcePool> resource_pools = {};
  Templates* templates = nullptr;  ///< never null once the node is there
  Life* life = nullptr;            ///< likewise; null in tests: no machine is protected
};

/// The pool of that name and those that it is in, from the top.
std::vector<hypervisor::Share> shares_above(const std::vector<model::ResourcePool>& pools,
                                            const std::string& name);

}  // namespace truce::node
