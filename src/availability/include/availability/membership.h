// A node's side of its life: claims, heartbeats, and how long they let it run machines.
#pragma once

#include "availability/timing.h"
#include "availability/transactions.h"

namespace truce::availability {

/// What a node does about its own life. Events in, requests out; the caller sends and tells time.
///
///   clearing --cleared()--> joining --claim committed--> member --deadline, fence--> clearing
///
/// Promise: may_run() is true until `sent + self` at most, where `sent` is when the last heartbeat
/// or claim left whose commit is known. An unknown outcome earns nothing. A life that has missed
/// its deadline is over, whatever is answered later.
class Membership {
 public:
  enum class Phase : std::uint8_t {
    clearing,  ///< everything protected is to be killed
    joining,   ///< nothing protected runs; a new life is wanted
    member,
  };
  /// To be sent to the store. Without a transaction: a linearizable read of `node/<name>`.
  struct Request {
    std::uint64_t id = 0;
    std::optional<Transaction> transaction;
  };

  /// A node that begins, of which nobody knows what runs: clearing.
  Membership(std::string node, const Timing& timing);
  /// A daemon that begins on a node whose reaper holds a life: it goes on with that one.
  Membership(const Standing& held, const Timing& timing, NodeTime now);

  /// The next request, if one is due. At most one waits while joining; heartbeats do not wait for
  /// the answers to those before.
  std::optional<Request> tick(NodeTime now);
  /// Nothing protected of an earlier life runs any more. Only in clearing. It is not claimed before
  /// `drain` has passed: what was written last may still be on its way, also after a quick reboot.
  void cleared(NodeTime now);
  /// The answer to a read.
  void read(std::uint64_t id, const std::optional<Stored<NodeRecord>>& own);
  /// What became of a transaction; `revision` if it was committed.
  void answered(std::uint64_t id, Outcome outcome, Revision revision, NodeTime now);

  [[nodiscard]] Phase phase() const { return phase_; }
  /// The present life; none unless member. Its deadline is what the reaper is told.
  [[nodiscard]] const std::optional<Standing>& standing() const { return standing_; }
  [[nodiscard]] bool may_run(NodeTime now) const { return standing_ && now < standing_->deadline; }

 private:
  struct Sent {
    std::uint64_t id;
    NodeTime at;
  };
  void end_life();
  Request request(NodeTime now, std::optional<Transaction> transaction);
  std::optional<NodeTime> take(std::uint64_t id);

  std::string node_;
  Timing timing_;
  Phase phase_ = Phase::clearing;
  std::optional<Standing> standing_;
  std::optional<Stored<NodeRecord>> last_;  ///< what a claim would be based on
  NodeTime drained_;                        ///< when what was written last has reached its disk
  bool known_ = false;                      ///< whether last_ was read
  std::uint64_t next_id_ = 1;
  std::optional<NodeTime> sent_;  ///< when the last request left
  std::vector<Sent> waiting_;     ///< those whose answer would still earn something
};

}  // namespace truce::availability
