// Long work of QEMU's block layer: jobs that are begun with `auto-dismiss` off, so that their
// errors can be read (qemu.git qapi/job.json).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "running.h"

namespace truce::qemu {

struct JobState {
  std::string status;  ///< QEMU's; empty: there is no such job
  std::string error;   ///< also of one that waits because of it (see careful())
  bool waits = false;
  double fraction = 0;
};

Async<Result<JobState>> job_state(RunningPtr vm, std::string id);
/// What one of the list of `query-block-jobs` says.
JobState job_in(const json::value& job);

/// A mirror that is begun so waits when a file fails, and does not end. QEMU 7.2 corrupts its heap
/// when a mirror ends while the guest writes and each write waits for both files
/// (`write-blocking`): it has freed then what the write still needs (block/mirror.c,
/// in_flight_bitmap).
json::object careful(json::object mirror);

/// Waits until a job has ended or, where it has to be completed, until it can be. Code::cancelled
/// when somebody sets `stopped` and wakes Running::jobs; the job goes on then.
Async<Result<void>> follow_job(RunningPtr vm, std::string id, bool Running::* stopped,
                               std::function<void(double)> progress);

/// Waits for the end of a job that was completed or cancelled, and forgets it; the job's own error.
Async<Result<void>> end_job(RunningPtr vm, std::string id);

/// Cancels a job and waits until there is none; Code::timeout when there is one still.
Async<Result<void>> call_off_job(RunningPtr vm, std::string id);

/// The same for mirrors, while the guest stands still: see careful().
Async<Result<void>> call_off_mirror_jobs(RunningPtr vm, std::vector<std::string> ids);

}  // namespace truce::qemu
