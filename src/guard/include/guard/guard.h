// What makes sure that a host stops running its protected machines in time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "availability/transactions.h"
#include "base/async.h"
#include "base/process.h"

namespace truce::guard {

using availability::Incarnation;
using availability::NodeTime;
using availability::Standing;

/// The daemon's end of availability::Reaper's gate, wherever that is kept: at the deadline whatever
/// came through is killed, whatever has become of the daemon, and from then on nothing gets through
/// until everything is dead and a later life begins. Checked by the conformance suite.
class Guard {
 public:
  virtual ~Guard() = default;
  /// The clock that deadlines are of.
  [[nodiscard]] virtual NodeTime now() const = 0;
  /// Opens the gate for a new life; answers when it is open. Code::precondition unless it is shut,
  /// all of the life before is dead, and this one is later; also when its deadline has passed.
  virtual Async<Result<void>> open(Standing standing) = 0;
  /// Moves the deadline, forwards only. Without effect for another life than the present one.
  virtual void extend(const Standing& standing) = 0;
  /// The life is over: the deadline is now. admits() says no at once, or very soon.
  virtual void shut() = 0;
  /// The life that the gate is open for. It outlives the daemon.
  [[nodiscard]] virtual std::optional<Standing> standing() const = 0;
  [[nodiscard]] bool admits(Incarnation incarnation) const {
    auto held = standing();
    return held && held->incarnation == incarnation;
  }
  /// Whether the gate is shut and nothing that came through it runs any more.
  [[nodiscard]] virtual bool cleared() const = 0;
  /// What a program that is started in that life has to come through.
  [[nodiscard]] virtual StartGate gate(Incarnation incarnation) const = 0;
  /// What makes it weaker than it could be, for people; empty: nothing.
  [[nodiscard]] virtual std::string weakness() const = 0;
  /// Ends the reaper, for a host that is in no cluster any more. Code::precondition unless cleared.
  virtual Async<Result<void>> retire() = 0;
  /// Lets go of it: the reaper stays. The last call.
  virtual Async<void> close() = 0;
};

/// Where a reaper is and what it guards.
struct ReaperOptions {
  std::filesystem::path folder;   ///< of its memory; gone after a reboot, and nobody else's
  std::filesystem::path program;  ///< truce-reaper; see find_reaper()
  std::string node;               ///< this host's name
  std::filesystem::path control_groups = "/sys/fs/cgroup";
  /// What the protected machines' groups are named by; empty: `truce`, and where the folder is not
  /// the usual one, something of its own, as two daemons of one computer must not share it.
  std::string control_group = {};
  std::filesystem::path watchdog;  ///< empty: none
};

/// The program, beside this one or where it is installed. Code::not_found.
Result<std::filesystem::path> find_reaper();

/// Whether there is a reaper of an earlier daemon in that folder, or what one has left.
bool was_guarded(const std::filesystem::path& folder);

/// Takes over the reaper of an earlier daemon, or starts one. One that dies is replaced at once,
/// and goes on with the life; if that cannot be done the life is over, and this kills.
/// Code::conflict: another daemon has it. Code::unsupported: it is of a version that this one does
/// not know.
Async<Result<std::unique_ptr<Guard>>> open_reaper(ReaperOptions options);

}  // namespace truce::guard
