#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "availability/records.h"
#include "base/async.h"
#include "base/frames.h"
#include "guard/guard.h"
#include "hypervisor/hypervisor.h"
#include "network/network.h"
#include "storage/pool_opener.h"

namespace truce::node {

/// Whether the kernel merges like pages of machines (KSM).
enum class Ksm { leave, off, on, automatic };

struct Settings {
  std::string name;                      ///< of this host
  std::filesystem::path manager_socket;  ///< where the manager of this host listens for nodes
  /// Opens a connection to the manager of a cluster instead, on another host.
  std::function<Async<Result<UnixSocket>>()> connect_manager;
  std::filesystem::path run_dir;  ///< runtime folders of machines go to `vms/` below it
  std::filesystem::path recipes_dir;
  std::filesystem::path pool_path;  ///< for people
  std::filesystem::path log_file;   ///< of the daemon; empty: it has none
  /// Looks at the host; none: there is nothing to look at.
  std::function<Async<std::vector<model::HostCheck>>()> check_host;
  /// What else helps to find a fault: name and content.
  std::function<std::map<std::string, std::string>()> support_files;
  /// Asks the operating system to switch this host off; none: it cannot be asked.
  std::function<Async<Result<void>>()> power_off;
  Ksm ksm = Ksm::leave;
  std::int64_t memory_low_percent = 15;  ///< of the host's memory: below, balloons take
  std::filesystem::path meminfo = "/proc/meminfo";
  Duration memory_round = std::chrono::seconds(10);
  /// Takes over or starts what kills this host's protected machines in time. Called once the
  /// manager has said that this host is one of a cluster; none: no machine of it is protected.
  std::function<Async<Result<std::unique_ptr<guard::Guard>>>()> open_guard;
  bool was_guarded = false;    ///< by an earlier daemon: then it is called before all else
  Duration life_poll = 100ms;  ///< between two looks at the deadline
  /// How often what machines use is measured and told; 0: never.
  Duration sample_round = std::chrono::seconds(10);
  /// How often guests that are reset when they hang are looked at.
  Duration pulse_round = std::chrono::seconds(10);
  /// The clock that their silence is measured by; none: that of the host, while it does not sleep.
  std::function<availability::NodeTime()> pulse_clock;
  /// How soon a machine that stands still for its disks tries them again, the first time and at
  /// most.
  Duration retry = std::chrono::seconds(5), retry_at_most = std::chrono::seconds(60);
  /// Connects to the node of another host, whose welcome() gets the other end; none: there is no
  /// other host.
  std::function<Async<Result<UnixSocket>>(std::string address, std::string host)> dial_peer;
  /// Of this host alone, and there after a reboot: notes of machines that change hosts.
  std::filesystem::path moves_folder;
};

/// The hands of one host: receives what the host shall run, compares it with what runs, acts, and
/// reports. Safe to kill at any moment. It never sees the store. Everything happens on one loop.
class Node {
 public:
  /// `pool` is the pool `default`; `opener` opens the others.
  Node(asio::any_io_executor loop, hypervisor::Hypervisor& hypervisor, storage::Pool& pool,
       storage::PoolOpener& opener, network::Provider& network, Settings settings);
  ~Node();

  /// Takes over the machines that run already, then follows the manager, reconnecting as needed.
  Async<Result<void>> start();
  /// A connection that another host's node has opened, by its dial_peer.
  void welcome(UnixSocket socket);
  /// Ends all that start() began; machines run on.
  Async<void> stop();
  /// How many machines this host has or runs, as far as it knows.
  [[nodiscard]] std::size_t machines() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace truce::node
