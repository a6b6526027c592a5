#pragma once

#include <deque>
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
#include "storage/layers.h"
#include "storage/pool.h"

namespace truce::node {

/// Is told once that a job has ended.
using JobEnd = std::function<void(model::JobReport)>;

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
  /// Gives a job to the keeper of its machine; false when this host has no such machine.
  std::function<bool(model::Job job, JobEnd end)> to_keeper;
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
  /// A job of this machine: done after what is done at present, before any other wish.
  void take(model::Job job, JobEnd end);
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
  Async<Result<void>> copy_source();
  Async<Result<void>> start();
  Async<Result<void>> stop();
  Async<Result<void>> suspend();
  Async<Result<void>> discard_state();
  Async<Result<void>> remove();
  Async<Result<hypervisor::Machine>> build_machine(std::vector<network::Plug>& plugs);
  Async<Result<void>> add_template_files(hypervisor::Machine& machine);
  Async<Result<void>> add_ports(hypervisor::Machine& machine, std::vector<network::Plug>& plugs);
  [[nodiscard]] network::Nic wished_nic(const model::VmNic& nic) const;
  Async<void> refresh_nics();
  Async<Result<void>> write_seed_image();
  Async<void> watch_addresses(std::shared_ptr<Keeper> self, std::uint64_t run);
  Async<std::vector<std::string>> find_addresses(bool ask_agent);
  void observe(model::Observed observed);
  void running();
  [[nodiscard]] bool settled() const;
  void report(model::VmReport report);
  void report_state();
  void step(std::string text, double progress = 0);
  struct Chore {
    model::Job job;
    JobEnd end;
  };
  [[nodiscard]] storage::Layers* layers() const { return hands_.pool.layers(); }
  Async<void> perform_chore();
  Async<Result<void>> carry_out(const Chore& chore);
  Async<Result<void>> settle_layers();
  Async<Result<void>> read_tree();
  Async<Result<void>> create_snapshot(const model::Job& job);
  Async<Result<void>> switch_to(const storage::NewLayer& layer, const model::Job& job);
  Async<void> undo_layer(const storage::NewLayer& layer);
  Async<Result<void>> restore_snapshot(const model::Job& job);
  Async<Result<void>> delete_snapshot(const model::Job& job);
  void merge_when_due();
  Async<void> interrupt_merge();
  Async<void> merge_all(std::shared_ptr<Keeper> self);
  Async<void> merge_later(std::shared_ptr<Keeper> self);
  Async<Result<void>> merge_one(storage::Merge merge);
  void end_deletions(const Result<void>& merged);
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
  std::int64_t refreshed_generation_ = 0;  ///< its NICs are as this one wants them
  std::uint64_t run_ = 0;  ///< counts starts, so that what belongs to an earlier one stops
  std::deque<Chore> chores_;
  std::vector<Chore> deletions_;             ///< done, but for their merges
  std::optional<model::SnapshotTree> tree_;  ///< empty: it never had a snapshot
  bool layers_settled_ = false;
  bool merge_due_ = false, merging_ = false, merge_stopped_ = false;
  Wakeup merge_stop_, merge_ended_;
  bool adopted_ = false;
  bool closed_ = false;
};

}  // namespace truce::node
