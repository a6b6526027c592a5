#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/async.h"
#include "decide.h"
#include "hands.h"
#include "hypervisor/live_changes.h"
#include "hypervisor/migration.h"
#include "life/life.h"
#include "pools/disk_server.h"
#include "serial.h"
#include "storage/layers.h"
#include "storage/pool.h"
#include "troubles/troubles.h"

namespace truce::node {

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
  /// Calls off a job, where it is one that can be: a move that has not come to its end.
  void cancel(const std::string& task);
  /// Its resource pool, or one above, has changed.
  void pools_changed() { wake_.wake(); }
  /// Machines have come or gone, which a card of this one may be mirrored to.
  void mirrors_changed();
  /// Something happened to the machine without being asked for.
  void notice(const hypervisor::Notice& notice);
  /// Tells the manager how things stand, all of it: after a new connection.
  void report_again();
  /// Before run(), which comes when what is here of the machine, and not its own, has ended: until
  /// then nothing that is heard of the machine is about it.
  void hold_back();
  /// Somebody has reset it.
  void was_reset();
  /// The machine is no longer this host's; it is left as it is.
  void close();
  /// Sends it there, once nothing else is done with it. Until stay() or close() no wish is heard.
  void depart(model::Job job);
  /// Another daemon was sending it: as if that had failed.
  void hold(model::Job job);
  /// It is not to go: it goes on here.
  void stay();
  /// Whether it leaves, or arrives and does not run yet; or waits for another move's end.
  [[nodiscard]] bool in_flight() const { return leaving_ || landing_ || arrives_ || held_back_; }
  /// It is the other host's from now on: after close().
  void give_away();
  /// The task that it leaves by, or empty.
  [[nodiscard]] std::string leaving() const;
  /// Once nothing of it is being sent, also after close().
  Async<void> left();
  /// Builds it from its parts here, for what another host sends.
  Async<Result<hypervisor::Landing>> receive(std::string outline, hypervisor::Departure how);
  /// Before run(): it has come, and is let run before all else.
  void land_first(model::Job job);
  /// How it stands, for what may be started here.
  [[nodiscard]] TenantState tenant() const;
  /// A disk of a machine that is off: see storage::Pool.
  Async<Result<std::shared_ptr<image::Image>>> open_disk(std::string disk, storage::Access access);
  /// It may be started now, once.
  void permit(Permit permit);
  /// That was not used, and is void now.
  void revoke();

  [[nodiscard]] const model::Vm& vm() const { return assignment_.vm; }
  [[nodiscard]] const std::shared_ptr<SerialLine>& serial() const { return serial_; }
  [[nodiscard]] model::Observed observed() const { return observed_; }
  [[nodiscard]] std::int64_t resets() const { return troubles_.resets; }

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
  /// A disk as the hypervisor is to have it, with the key of one that is encrypted.
  Async<Result<hypervisor::DiskFile>> disk_file(model::VmDisk disk);
  Async<Result<hypervisor::Machine>> build_machine(std::vector<network::Plug>& plugs);
  Async<Result<void>> add_template_files(hypervisor::Machine& machine, std::string iso);
  Async<Result<std::filesystem::path>> medium_path(std::string iso);
  [[nodiscard]] network::Nic wished_nic(const model::VmNic& nic) const;
  Async<void> refresh_nics();
  Async<Result<hypervisor::Port>> make_port(model::VmNic nic, std::vector<network::Plug>& plugs);
  [[nodiscard]] hypervisor::Limits wished_limits() const;
  Async<void> refresh_limits();
  Async<Result<void>> write_seed_image();
  Async<void> watch_addresses(std::shared_ptr<Keeper> self, std::uint64_t run);
  Async<std::vector<std::string>> find_addresses(bool ask_agent);
  // troubles/room.cpp
  void starve(const hypervisor::Notice& notice);
  Async<void> wait_for_room(std::shared_ptr<Keeper> self, std::uint64_t hunger, std::string detail);
  Async<void> wait_for_disks(std::shared_ptr<Keeper> self, std::uint64_t hunger,
                             std::string detail);
  Async<Result<void>> resume();
  Async<void> look_at_storage();
  Async<void> trust_disks_later(std::shared_ptr<Keeper> self, std::uint64_t run,
                                std::uint64_t hungers);
  // troubles/hang.cpp
  void stand_still(const hypervisor::Notice& notice);
  Async<void> watch_pulse(std::shared_ptr<Keeper> self, std::uint64_t run);
  [[nodiscard]] availability::HangRules hang_rules() const;
  [[nodiscard]] bool is_judged() const;
  Async<void> meet_hang();
  Async<void> reset_hung(availability::Hang hang);
  void tell(std::string event, std::string message);
  [[nodiscard]] Step todo() const;
  [[nodiscard]] Step due() const;
  [[nodiscard]] Step wish() const;
  [[nodiscard]] bool needs_permit() const;
  [[nodiscard]] bool waits_for_leave() const;
  Async<void> rest();
  bool let_go();
  void fail_wish(std::string reason);
  void observe(model::Observed observed);
  void running();
  [[nodiscard]] bool settled() const;
  void report(model::VmReport report);
  void report_state();
  void step(std::string text, double progress = 0);
  void warn_of_memory(std::string_view kept_as);
  struct Chore {
    model::Job job;
    JobEnd end;
    bool cancelled = false;
  };
  /// A disk that goes to another pool while the machine runs.
  struct Move {
    explicit Move(asio::any_io_executor loop) : ended(std::move(loop)) {}
    Chore chore;
    std::filesystem::path target;
    std::optional<Result<void>> mirrored;  ///< once both files hold the same, or it has failed
    Wakeup ended;                          ///< `mirrored`
    std::string called_off;                ///< why, where it was
    Result<void> done;
    bool stands_still = false;  ///< the machine, perhaps, as the switch has failed
  };
  [[nodiscard]] storage::Layers* layers() const { return hands_.pool.layers(); }
  Async<void> perform_chore();
  Async<Result<void>> carry_out(const Chore& chore);
  Async<Result<void>> carry_out_snapshot(const model::Job& job);
  // changes.cpp
  Async<Result<void>> carry_out_change(const model::Job& job);
  Async<Result<void>> create_disk(model::VmDisk disk);
  Async<Result<void>> resize_disk(model::VmDisk disk);
  Async<Result<void>> delete_disk(model::VmDisk disk);
  Async<Result<void>> add_nic(model::VmNic nic);
  Async<Result<void>> remove_nic(model::VmNic nic);
  Async<void> refresh_settings();
  Async<Result<void>> change_medium();
  [[nodiscard]] model::Vm as_it_starts() const;
  [[nodiscard]] model::VmSettings settings_of(const model::Vm& vm, Bytes first_memory) const;
  // pools/home.cpp
  void take_home(std::filesystem::path home);
  Async<void> settle_home();
  Async<Result<void>> take_possession();
  Async<Result<void>> show_epoch();
  Async<Result<void>> have_template(std::string name);
  // pools/move.cpp
  Async<Result<void>> move_disk(model::VmDisk disk, std::string task);
  Async<Result<void>> begin_move(model::VmDisk disk, std::string task);
  Async<void> mirror(std::shared_ptr<Keeper> self, model::VmDisk disk, std::string task);
  Async<bool> interrupt_move(Step step);
  Async<void> switch_move();
  Async<void> end_move();
  // moves/leaving.cpp
  struct Leaving;
  Async<void> tend_leaving();
  Async<void> leave(std::shared_ptr<Keeper> self, std::shared_ptr<Leaving> leaving);
  Async<Result<void>> send_away(Leaving& leaving);
  Async<void> come_back();
  void tell_leaving(model::JobReport report);
  bool dies_away(const hypervisor::Notice& notice);
  Async<void> land();
  Async<Result<void>> let_run();
  Async<void> settle_when_possible();
  Async<Result<void>> settle_places();
  [[nodiscard]] bool lies_in_pool(const model::VmDisk& disk) const;
  storage::Progress copying_of(const std::string& task);
  // snapshots.cpp
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
  std::int64_t failed_generation_ = 0, ended_generation_ = 0, removed_generation_ = 0;
  std::string failure_, ended_event_, ended_message_;
  std::int64_t refreshed_generation_ = 0;    ///< its NICs are as this one wants them
  std::int64_t changed_generation_ = 0;      ///< its settings are, as far as they can while it runs
  bool balloon_used_ = false;                ///< it may have taken from the guest
  std::optional<model::VmSettings> active_;  ///< what it runs with, where it runs
  std::optional<hypervisor::Limits> limits_;  ///< that it has; empty: not known
  std::uint64_t run_ = 0;  ///< counts starts, so that what belongs to an earlier one stops
  std::deque<Chore> chores_;
  std::vector<Chore> deletions_;             ///< done, but for their merges
  std::optional<model::SnapshotTree> tree_;  ///< empty: it never had a snapshot
  bool places_settled_ = false, layers_settled_ = false;
  std::unique_ptr<Move> move_;
  Loans lent_;                         ///< by open_disk()
  std::unique_ptr<Wakeup> copy_stop_;  ///< while a disk is copied that is off
  std::string copied_task_;
  bool merge_due_ = false, merging_ = false, merge_stopped_ = false;
  Wakeup merge_stop_, merge_ended_;
  Troubles troubles_;
  std::shared_ptr<Leaving> leaving_;
  std::optional<model::Job> landing_;       ///< it has come by this, and waits to be let run
  std::optional<model::JobReport> landed_;  ///< what was told of that
  bool arrives_ = false, adopted_ = false;  ///< another host sends it; it ran already
  bool home_settled_ = false;     ///< its home is there: until then nothing is known of it
  std::string home_problem_;      ///< why it is not
  std::optional<Permit> permit_;  ///< that it is started with, or runs with
  bool permit_used_ = false, held_back_ = false, closed_ = false;
};

}  // namespace truce::node
