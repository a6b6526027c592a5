// A host's life in a cluster, and what follows from it for each of its protected machines.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "availability/membership.h"
#include "availability/tenancy.h"
#include "base/async.h"
#include "guard/guard.h"
#include "model/model.h"
#include "node/node.h"

namespace truce::node {

/// That this host may start a machine now, once.
struct Permit {
  availability::Incarnation life = 0;
  availability::Epoch epoch = 0;
  StartGate gate;  ///< what its processes must come through
};

/// How a machine's keeper stands.
struct TenantState {
  bool known = false;        ///< it has a keeper
  bool prepares = false;     ///< that makes its disks, and would start it then
  bool wants_start = false;  ///< that would start it, if it may
  bool permitted = false;    ///< it has leave to, used or not
  bool runs = false;         ///< there is a process of it, or one is being started
  bool in_flight = false;  ///< it goes to or comes from another host, or waits for the end of that
};

/// Sends heartbeats, tells the reaper until when this host may run machines, and gives keepers the
/// permits to start those that are protected. All decisions are availability's; what they ask of
/// the store goes to the manager. Until that says that there is a cluster, or an earlier daemon's
/// reaper is found, it does nothing.
class Life {
 public:
  struct Hooks {
    std::function<TenantState(const std::string& uuid)> state;
    std::function<void(const std::string& uuid, Permit permit)> permit;
    /// It was not used: it is void.
    std::function<void(const std::string& uuid)> revoke;
    std::function<Async<void>(std::string uuid)> kill;
    std::function<void(model::Heartbeat)> send;  ///< to the manager; lost where there is none
  };
  Life(asio::any_io_executor loop, const Settings& settings, Hooks hooks);

  /// Before all else, as what an earlier life has left must end: takes over a reaper that is there.
  Async<void> begin();
  /// Until cancelled.
  Async<void> run(Scope& scope);
  /// Lets go of the reaper, which stays.
  Async<void> close();

  /// Who may run what, as the manager has it. From the first time on this host has a life.
  void assign(model::Tenancies told);
  /// This host is in no cluster: its machines need no permits, and its reaper ends when it can.
  void dismiss();
  void answered(const model::HeartbeatAnswer& answer);
  /// What a machine that comes from another host while it runs has to come through; nothing for one
  /// that has no tenancy. Code::unavailable when this host in its present life is not where that
  /// goes.
  [[nodiscard]] Result<std::optional<StartGate>> arrival_gate(const std::string& uuid) const;
  /// One has come so, and is this host's from now on, as the manager has told.
  void took_in(const std::string& uuid);
  /// A process of the machine has ended, or could not be started.
  void ended(const std::string& uuid);

  /// Whether this host may start the machine only with a permit.
  [[nodiscard]] bool protects(const model::Vm& vm) const;
  /// What a machine that runs was permitted by, also by an earlier daemon.
  [[nodiscard]] std::optional<Permit> permit_of(const std::string& uuid) const;
  /// Whether this host has a life in which it may run machines.
  [[nodiscard]] bool may_run() const;
  /// Whether somebody has the machine, to run it or to start it, as far as is known: nobody has let
  /// go of it as it was to be off.
  [[nodiscard]] bool has_tenant(const std::string& uuid) const;
  /// Why machines of this host would not be started elsewhere, or worse; empty: nothing is wrong.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  /// By what a machine runs.
  struct Held {
    availability::Incarnation life = 0;
    availability::Epoch epoch = 0;
    availability::Revision basis = 0;  ///< no older view says anything about it
  };
  struct Question {
    std::string vm;  ///< empty: of the membership
    std::uint64_t id = 0;
    bool reads = false;
  };
  Async<Result<void>> open_guard();
  Async<void> step(Scope& scope);
  Async<void> retire();
  Async<void> sync_guard();
  void begin_new_life();
  void clear();
  void send_membership();
  void look_at_machines(Scope& scope);
  void act(const std::string& uuid, const availability::Action& action, Scope& scope);
  Async<void> kill(std::string uuid);
  void allow(const std::string& uuid, const availability::Action& start,
             availability::Revision accepted);
  void ask(model::Heartbeat message, Question question);
  void drop_questions(const std::string& vm);
  void load_records();
  Result<void> note(const std::string& uuid, const Held& held);
  void forget(const std::string& uuid);
  availability::Tenancy& tenancy(const std::string& uuid);
  bool waits_for_keeper(const std::string& uuid, bool known);
  [[nodiscard]] std::filesystem::path record(const std::string& uuid) const;

  const Settings& settings_;
  Hooks hooks_;
  Wakeup wake_;
  availability::Timing timing_;
  std::unique_ptr<guard::Guard> guard_;
  std::optional<availability::Membership> membership_;
  availability::Incarnation opened_ = 0;  ///< the life that the gate was opened for
  bool told_ = false;                     ///< that this host has a life
  bool protect_ = false;                  ///< that new starts need permits
  bool dismissed_ = false;                ///< that it is in none
  std::optional<availability::View> view_;
  std::map<std::string, availability::Tenancy> tenancies_;
  std::map<std::string, Held> running_;  ///< as the files in `tenants/` say, too
  std::map<std::string, availability::NodeTime>
      orphans_;                             ///< that have a tenancy and no keeper: since
  std::set<std::string> killing_;           ///< machines that are being killed
  std::map<std::int64_t, Question> asked_;  ///< without an answer yet, the newest
  std::int64_t last_question_ = 0;
  std::string problem_;
};

/// What the store holds, as availability sees it.
availability::VmRecord to_record(const model::VmTenancy& told);

}  // namespace truce::node
