// Every change of who may run what. Whatever is not here does not happen.
//
// A machine leaves a node that lives by that node's own transaction only (release, hand_over); it
// leaves a dead one by assign(), which needs the fence. Each names the revisions that it was
// decided on, so of two that race exactly one happens.
#pragma once

#include "availability/records.h"

namespace truce::availability {

/// A node's present life, as it may hold it: until the deadline, and no longer.
struct Standing {
  std::string node;
  Incarnation incarnation = 0;
  Revision claimed = 0;  ///< of the claim: while `node/<name>` has it, nobody has fenced it
  NodeTime deadline;
  [[nodiscard]] Owner owner() const { return {node, incarnation}; }
};

// What nodes do.

/// Begins a life of a node, one higher than the last. Only when nothing protected of an earlier one
/// runs or writes: whoever sees it takes that for granted.
Transaction claim(const std::string& node, const std::optional<Stored<NodeRecord>>& last,
                  NodeTime sent);
/// Renews it. Conflict: it was fenced, or somebody else goes by this name.
Transaction heartbeat(const Standing& self, NodeTime sent);

// The others of a node, and those of leaders below, are Code::precondition when the view shows that
// they must not be, Code::not_found for names that it does not have.

/// The owner takes the start that it was given: starting -> running. It starts the machine only
/// when this is known to be committed; thus a release() of its own that is still on its way is
/// void.
Result<Transaction> accept(const View& view, const std::string& vm, const Standing& self);
/// The owner does not run the machine, and what it wrote has reached the disk: -> stopped.
Result<Transaction> release(const View& view, const std::string& vm, const Standing& self);
/// The owner has paused the machine, what it wrote has reached the disk, and the destination has
/// all of its state: the destination owns it, with the next epoch. It runs it when it has seen
/// that.
Result<Transaction> hand_over(const View& view, const std::string& vm, const Standing& self);
/// The owner gives up the move: migrating -> running. It resumes the machine only when this is
/// known to be committed.
Result<Transaction> give_up_move(const View& view, const std::string& vm, const Standing& self);
/// The node still runs a machine that it kept while it was cut off, and owns it in its new life.
Result<Transaction> adopt(const View& view, const std::string& vm, const Standing& self);

// What leaders do.

/// Ends the life of a node whose heartbeat is still the one in the view.
Result<Transaction> fence(const View& view, const std::string& node);
/// Whether a life is over for certain: fenced, or a later one has begun.
bool is_over(const View& view, const Owner& owner);
/// Gives a machine that nobody owns, or whose owner's life is over, to a node, with the next epoch.
Result<Transaction> assign(const View& view, const std::string& vm, const std::string& to);
/// Names the destination of a running machine: running -> migrating.
Result<Transaction> begin_move(const View& view, const std::string& vm, const std::string& to);

}  // namespace truce::availability
