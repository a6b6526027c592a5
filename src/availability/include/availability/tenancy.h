// What a node does about one machine.
#pragma once

#include <string_view>

#include "availability/timing.h"
#include "availability/transactions.h"

namespace truce::availability {

/// What there is of a machine on a node.
enum class Process : std::uint8_t {
  none,      ///< nothing, and what it wrote has reached the disk
  incoming,  ///< waits for the state of a machine that moves here; writes nothing
  running,
  paused,  ///< stands still for its move; what it wrote has reached the disk
};
/// How far the state of a machine that moves has got to its destination.
enum class Copy : std::uint8_t { none, going, whole, failed };

struct Local {
  Process process = Process::none;
  Copy copy = Copy::none;
  Epoch epoch = 0;
  /// The revision by which it became what it is. A view from before tells nothing new, and the copy
  /// of another move is of no use.
  Revision basis = 0;
};

enum class Act : std::uint8_t {
  // To be sent: transactions.
  accept,
  hand_over,
  give_up,
  release,
  adopt,
  // To be done.
  start,    ///< through the reaper's gate, presenting the epoch to its disks
  prepare,  ///< make a process that waits for the machine's state
  move,     ///< send its state to the destination; pause it when little is left
  resume,   ///< let an incoming or paused one run, through the gate, presenting the epoch
  kill,
};

struct Action {
  Act act = Act::kill;
  Epoch epoch = 0;
  std::string_view reason;
  Incarnation life = 0;  ///< in which it was decided: what the gate is asked for
  std::uint64_t id = 0;  ///< of the transaction
  std::optional<Transaction> transaction = {};  ///< of what is to be sent
};

/// One machine on one node that may run machines. Views, answers and what became of processes come
/// in; one action at a time goes out.
///
/// Promise: whoever does only what this says, with a Membership's standing and through a Reaper's
/// gate, runs no machine that another node may run. For that: nothing is started but by an accept()
/// of its own of which the answer came before anything else was sent about the machine, and nothing
/// is resumed but by a record newer than the pause.
class Tenancy {
 public:
  /// `found` is what there is of the machine: after a restart of the daemon, what runs. The first
  /// view must be one that was asked for after that.
  Tenancy(std::string vm, const Local& found, const Timing& timing);

  /// A linearizable read. Nothing while a transaction waits for its answer, a heartbeat at most.
  std::optional<Action> saw(const View& view, const Standing& self, NodeTime now);
  /// What became of a transaction; `revision` if it was committed. An answer that comes when the
  /// transaction has been given up, or in a later life, says nothing.
  std::optional<Action> answered(std::uint64_t id, Outcome outcome, Revision revision,
                                 const Standing& self);
  /// What an action has led to, or what happened by itself (none: it has ended).
  void became(Process process);
  /// How the copy of a move goes; at the destination, `move` is the revision that named it.
  void copied(Copy copy, Revision move);

  [[nodiscard]] const Local& local() const { return local_; }

 private:
  struct Wait {
    std::uint64_t id;
    NodeTime since;
    Act act;
    Epoch epoch;
    Incarnation life;
  };
  void begin(const Action& action, Revision modified);

  std::string vm_;
  Local local_;
  Timing timing_;
  std::uint64_t next_id_ = 1;
  std::optional<Wait> wait_;
};

/// The rule that a Tenancy follows: what is next, without regard to what waits. `transaction` is
/// not filled in.
std::optional<Action> next_action(const View& view, const std::string& vm, const Local& local,
                                  const Standing& self);

}  // namespace truce::availability
