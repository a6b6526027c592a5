// A machine that runs, as this daemon sees it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/process.h"
#include "control_group.h"
#include "hypervisor/hypervisor.h"
#include "qmp.h"
#include "runtime.h"

namespace truce::qemu {

struct Running {
  Running(asio::any_io_executor loop, const std::filesystem::path& folder)
      : runtime(folder), changed(loop), jobs(std::move(loop)) {}

  Record record;
  Runtime runtime;
  ControlGroup groups;
  std::optional<Process> process;
  std::shared_ptr<Qmp> qmp;
  model::Observed state = model::Observed::starting;
  int verbs = 0;            ///< under way; what they cause is not told as a notice
  bool stop_asked = false;  ///< somebody pressed the power button for it
  bool suspending = false;
  bool spice = false;                           ///< its socket is to be taken
  bool watchdog_ran_out = false;                ///< and what it causes has not happened yet
  std::optional<hypervisor::EndReason> reason;  ///< known before its process has ended
  std::string detail;
  std::string trouble;                                 ///< the likely reason of a stop
  hypervisor::Cause cause = hypervisor::Cause::other;  ///< the same, in short
  bool panicked = false;                               ///< since its last reset
  std::string migration;  ///< last status of saving or loading its memory
  std::chrono::steady_clock::time_point reset_told;  ///< when a reset of the guest was last told
  hypervisor::Limits limits;                         ///< as they were said last
  bool throttled = true;  ///< perhaps: an earlier daemon may have done it
  bool ended = false;
  bool merge_stopped = false;   ///< somebody wants the merge of its disks to end
  bool move_stopped = false;    ///< somebody wants the move of one of its disks to end
  bool merge_pivots = false;    ///< its end lets the machine write to another file
  bool flying = false;          ///< somebody is in send()
  bool flight_stopped = false;  ///< somebody wants that to end
  std::chrono::steady_clock::time_point stood_since;  ///< when it last stopped
  Wakeup changed;                                     ///< `migration` or `ended`
  Wakeup jobs;  ///< a job of its QEMU, a device that went, what stops a job, or `ended`

  /// One call; unavailable while QEMU cannot be reached.
  Async<Result<json::value>> ask(std::string command, json::object arguments = {},
                                 Duration limit = 10s, Fd passed = {}) {
    if (qmp)
      return qmp->execute(std::move(command), std::move(arguments), limit, std::move(passed));
    return unreachable(record.name);
  }

 private:
  static Async<Result<json::value>> unreachable(std::string name) {
    co_return fail(Code::unavailable, "{}: its QEMU does not answer at present", name);
  }
};

using RunningPtr = std::shared_ptr<Running>;

/// Marks a verb as under way while it lives.
class Verb {
 public:
  explicit Verb(RunningPtr vm) : vm_(std::move(vm)) { ++vm_->verbs; }
  ~Verb() { --vm_->verbs; }
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;

 private:
  RunningPtr vm_;
};

/// Waits until `holds` is true of the machine; false when it is not within `limit`.
Async<bool> until(RunningPtr vm, Duration limit, std::function<bool(const Running&)> holds);

/// Writes a stopped machine's memory to a new file, durably.
Async<Result<void>> save_memory(RunningPtr vm, std::filesystem::path target,
                                asio::thread_pool& blocking);

/// Loads the memory in its folder into a machine started with Origin::incoming, and
/// removes the file: the disks are about to change. A file that does not load is Code::corrupt and
/// is kept beside.
Async<Result<void>> load_memory(RunningPtr vm, asio::thread_pool& blocking);

/// Holds its disks back as the limits say, all together; those that have come since, too.
Async<Result<void>> throttle_disks(RunningPtr vm, hypervisor::Limits limits);

/// What it uses, but for what only its guest knows.
Async<Result<model::VmUsage>> measure(RunningPtr vm);

}  // namespace truce::qemu
