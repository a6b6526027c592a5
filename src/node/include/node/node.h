#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/async.h"
#include "hypervisor/hypervisor.h"
#include "network/network.h"
#include "storage/pool.h"

namespace truce::node {

struct Settings {
  std::string name;                      ///< of this host
  std::filesystem::path manager_socket;  ///< where the manager listens for nodes
  std::filesystem::path run_dir;         ///< runtime folders of machines go to `vms/` below it
  std::filesystem::path recipes_dir;
  std::filesystem::path pool_path;  ///< for people
  std::filesystem::path log_file;   ///< of the daemon; empty: it has none
  /// Looks at the host; none: there is nothing to look at.
  std::function<Async<std::vector<model::HostCheck>>()> check_host;
  /// What else helps to find a fault: name and content.
  std::function<std::map<std::string, std::string>()> support_files;
};

/// The hands of one host: receives what the host shall run, compares it with what runs, acts, and
/// reports. Safe to kill at any moment. It never sees the store. Everything happens on one loop.
class Node {
 public:
  Node(asio::any_io_executor loop, hypervisor::Hypervisor& hypervisor, storage::Pool& pool,
       network::Provider& network, Settings settings);
  ~Node();

  /// Takes over the machines that run already, then follows the manager, reconnecting as needed.
  Async<Result<void>> start();
  /// Ends all that start() began; machines run on.
  Async<void> stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace truce::node
