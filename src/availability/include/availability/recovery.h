// Which machines are started next, where, and why; which must wait, and for what.
#pragma once

#include "availability/transactions.h"
#include "base/bytes.h"

namespace truce::availability {

/// A machine as recovery sees it. What the store holds of it is in the View.
struct Machine {
  std::string name;
  int priority = 0;                     ///< higher ones first
  std::vector<std::string> depends_on;  ///< machines that must run before it is started
  Bytes memory;
  bool ran = false;                ///< its start is a restart, also where nobody has it any more
  std::vector<std::string> nodes;  ///< where it can run at all (hardware, disks, classes)
};

/// A node's memory for machines.
struct Room {
  std::string node;
  Bytes memory;
};

/// What first starts leave free.
enum class Reserve : std::uint8_t { none, one_node };

/// What keeps many starts from becoming a storm, and some room for the death of a node.
struct StartLimits {
  std::size_t at_once = 8;    ///< machines that are starting, in the cluster
  std::size_t of_a_node = 4;  ///< and on one node
  Reserve reserve = Reserve::one_node;
};

struct Start {
  std::string vm, to, reason;
  Transaction transaction;
};
struct Waiting {
  std::string vm, reason;
};
/// In the order in which the starts are to be done. Each can be refused by the store; it is then
/// planned again.
struct RecoveryPlan {
  std::vector<Start> starts;
  std::vector<Waiting> waiting;
};

/// Plans the next starts of all machines that are wanted and that nobody runs:
/// - what depends on others after them; those of higher priority first, where a machine is as
/// urgent
///   as the most urgent that needs it; then by name.
/// - each goes to the living node of its own with the most memory left.
/// - a restart may use all room. A first start leaves the reserve: if any one node died, no more
///   machines would be without room than before (see lost_with()). Where one node lives there is
///   nothing to reserve.
/// - machines in a circle of dependencies wait, and are told so.
/// The reserve costs a pass over all machines and nodes for each first start that is considered:
/// two milliseconds with 50 nodes and 1,000 machines.
RecoveryPlan plan_recovery(const View& view, const std::vector<Machine>& machines,
                           const std::vector<Room>& rooms, const StartLimits& limits = {});

/// Which protected machines would find no room if that node died now: the N+1 check. Places the
/// largest first, so it may name one that a cleverer order would fit, and never misses one. What
/// can run on that node only has no other place, whatever is reserved, and is not named.
std::vector<std::string> lost_with(const std::string& node, const View& view,
                                   const std::vector<Machine>& machines,
                                   const std::vector<Room>& rooms);

}  // namespace truce::availability
