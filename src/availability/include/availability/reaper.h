// What kills a node's protected machines when its standing ends, whatever has become of the daemon.
#pragma once

#include "availability/transactions.h"

namespace truce::availability {

/// The gate that protected machines start through, and the deadline at which it shuts. It is to be
/// the core of a process of its own, which outlives the daemon; it keeps the standing for the next
/// daemon. The gate is to be one that the kernel holds (a control group, killed and frozen): a
/// daemon that was stopped between asking and starting must not get through.
///
/// Promise: after must_kill() has once said yes, nothing gets through until everything is dead and
/// a later life begins.
class Reaper {
 public:
  /// Lets machines of a new life through. Code::precondition unless the gate is shut and everything
  /// of the life before is dead, and this one is later.
  Result<void> open(const Standing& standing);
  /// Moves the deadline, forwards only. Without effect for another life than the present one, and
  /// when the gate is shut.
  void extend(const Standing& standing);
  /// The daemon knows that the life is over: the deadline is now.
  void shut();
  /// Nothing that came through runs or writes any more.
  void cleared();

  /// Whether all that came through is to be killed. From the deadline on: yes, and the gate is
  /// shut.
  bool must_kill(NodeTime now);
  /// Whether a machine of that life may start.
  [[nodiscard]] bool admits(Incarnation incarnation) const {
    return open_ && held_->incarnation == incarnation;
  }
  /// The life that the gate is open for.
  [[nodiscard]] std::optional<Standing> standing() const { return open_ ? held_ : std::nullopt; }

 private:
  std::optional<Standing> held_;  ///< the last life
  bool open_ = false;
  bool clear_ = true;
};

}  // namespace truce::availability
