#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/async.h"
#include "decide.h"
#include "hypervisor/hypervisor.h"
#include "network/network.h"
#include "news.h"
#include "node/node.h"
#include "serial.h"
#include "storage/pool.h"

namespace truce::node {

/// What a keeper works with.
struct Hands {
  asio::any_io_executor loop;
  hypervisor::Hypervisor& hypervisor;
  storage::Pool& pool;
  network::Provider& network;
  const Settings& settings;
  News& news;
  Scope& scope;
  /// The address that DHCP gave to a MAC, from a listing at most a second old.
  std::function<Async<std::string>(std::string network, std::string mac)> leased;
  std::function<model::NetworkMode(const std::string& network)> mode_of;
  /// Returns once the network stands; at once when it does already.
  std::function<Async<Result<void>>(std::string network)> network_ready;
};

/// Keeps one machine as it is wanted: its actions are serial, in one coroutine. A wish that failed,
/// or a machine that ended by itself, is left alone until a newer generation comes.
class Keeper : public std::enable_shared_from_this<Keeper> {
 public:
  Keeper(Hands& hands, model::VmAssignment assignment, std::optional<model::Observed> adopted);

  /// Runs until close(). Coroutines of a keeper hold it: it may be dropped while they end.
  Async<void> run(std::shared_ptr<Keeper> self);
  /// What is wanted now.
  void assign(model::VmAssignment assignment);
  /// Something happened to the machine without being asked for.
  void notice(const hypervisor::Notice& notice);
  /// Tells the manager how things stand, all of it: after a new connection.
  void report_again();
  /// The machine is no longer this host's; it is left as it is.
  void close();

  [[nodiscard]] const model::Vm& vm() const { return assignment_.vm; }
  [[nodiscard]] const std::shared_ptr<SerialLine>& serial() const { return serial_; }

 private:
  Async<Result<void>> perform(Step step);
  Async<Result<void>> provision();
  Async<Result<void>> provision_until_superseded();
  Async<Result<void>> start();
  Async<Result<void>> stop();
  Async<Result<void>> suspend();
  Async<Result<void>> discard_state();
  Async<Result<void>> remove();
  Async<Result<hypervisor::Machine>> build_machine(std::vector<network::Plug>& plugs);
  Async<Result<void>> add_template_files(hypervisor::Machine& machine);
  Async<Result<void>> add_ports(hypervisor::Machine& machine, std::vector<network::Plug>& plugs);
  Async<Result<void>> write_seed_image();
  Async<void> watch_addresses(std::shared_ptr<Keeper> self, std::uint64_t run);
  Async<std::vector<std::string>> find_addresses(bool ask_agent);
  void observe(model::Observed observed);
  void running();
  [[nodiscard]] bool settled() const;
  void report(model::VmReport report);
  void report_state();
  void step(std::string text, double progress = 0);
  [[nodiscard]] std::filesystem::path ended_file() const;
  void load_ended();

  Hands& hands_;
  model::VmAssignment assignment_;
  std::filesystem::path folder_;
  std::shared_ptr<SerialLine> serial_;
  model::Observed observed_ = model::Observed::absent;
  std::vector<std::string> addresses_;
  Wakeup wake_;
  std::unique_ptr<Wakeup> superseded_;  ///< while provisioning
  std::int64_t failed_generation_ = 0;
  std::string failure_;
  std::int64_t ended_generation_ = 0;
  std::string ended_event_, ended_message_;
  std::int64_t removed_generation_ = 0;
  std::uint64_t run_ = 0;  ///< counts starts, so that what belongs to an earlier one stops
  bool adopted_ = false;
  bool closed_ = false;
};

}  // namespace truce::node
