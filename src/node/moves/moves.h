// Machines that change hosts, as one of these hosts sees them.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "keeper.h"
#include "moves/arrival.h"
#include "moves/notes.h"

namespace truce::node {

/// Does what the manager's jobs of kind migrate_vm ask of this host, in either role. A job that is
/// not among the jobs any more has not been carried out: its machine is whose it was, and what was
/// made for it is removed.
class Moves {
 public:
  /// What a node has to give: its keepers, and what it knows of machines that have none.
  struct Around {
    std::function<std::shared_ptr<Keeper>(const std::string& uuid)> keeper_of;
    /// What was heard of a machine that is not this host's is of no meaning any more.
    std::function<void(const std::string& uuid)> forget;
    /// No process is left of one that is not this host's, or was not until now.
    std::function<void(const std::string& uuid)> ended;
  };
  Moves(Hands& hands, Around around)
      : hands_(hands), around_(std::move(around)), notes_(hands.settings.moves_folder) {}

  /// First: what the manager says now.
  void hear(const model::Assignment& assignment);
  /// How a machine is here that lands(); none: it was not expected.
  [[nodiscard]] std::optional<model::Observed> arrived(const std::string& uuid) const;
  /// Whether it has come and is to be let run.
  [[nodiscard]] bool lands(const std::string& uuid) const;
  /// Whether it is on its way to this host.
  [[nodiscard]] bool expects(const std::string& uuid) const;
  /// Whether something may be here of a machine that becomes this host's, and not by its move: what
  /// was on its way here, or what has left and is older. That is not the machine.
  [[nodiscard]] bool strays(const model::Vm& vm) const;
  /// Before a new keeper runs.
  void prepare(Keeper& keeper);
  /// Instead of letting a new keeper run: ends what strays(), and lets it run then, as that of a
  /// machine that is off.
  void run_after_strays(std::shared_ptr<Keeper> keeper);
  /// Last, once there are keepers for all machines of this host.
  void act();
  /// Something happened to a machine that is not this host's.
  void notice(const hypervisor::Notice& notice);
  /// A connection of another node.
  Async<void> welcome(UnixSocket socket);
  /// Tells the manager all that it should know: after a new connection.
  void report_again();
  /// Ends what goes on.
  void close();

 private:
  void act_as_source(const model::Job& job);
  void act_as_target(const model::Job& job);
  void call_off_others();
  void sweep();
  void begin_arrival(const model::Job& job, const model::VmAssignment& assignment);
  Async<void> arrive_after(std::shared_ptr<Arrival> arrival);
  Async<void> clear_away(std::shared_ptr<Arrival> arrival);
  Async<void> leave_behind(model::Job job);
  Async<void> depart_after(std::shared_ptr<Keeper> keeper, std::string task);
  Async<void> remove_all(model::Vm vm, Way way);
  Async<void> end_strays(std::shared_ptr<Keeper> keeper,
                         std::vector<std::shared_ptr<Arrival>> coming);
  void spawn_alone(const std::string& uuid, Async<void> work);
  Async<void> alone(std::string uuid, std::uint64_t place, Async<void> work);
  [[nodiscard]] const model::Job* job_of(const std::string& task) const;
  [[nodiscard]] const std::string& me() const { return hands_.settings.name; }
  void tell(model::JobReport report);

  Hands& hands_;
  Around around_;
  Notes notes_;
  std::vector<model::Job> jobs_;  ///< of kind migrate_vm, all that concern this host
  std::map<std::string, model::VmAssignment> incoming_;       ///< by uuid
  std::map<std::string, std::shared_ptr<Arrival>> arrivals_;  ///< by task
  std::map<std::string, model::JobReport> told_;              ///< by task
  std::map<std::string, std::shared_ptr<Keeper>> gone_;       ///< keepers of what has left
  std::set<std::string>
      leaving_;  ///< uuids, of all machines here that are leaving(), and perhaps more
  /// Machines that something is removed of; what waits for its turn to do that, in its order.
  std::map<std::string, std::deque<std::uint64_t>> busy_;
  std::uint64_t places_ = 0;
};

}  // namespace truce::node
