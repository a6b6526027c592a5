#pragma once

#include <string>

#include "base/time.h"
#include "model/types.h"

namespace truce::cli {

/// `2.1 s`, `3:07`, `1:02:03`.
std::string shown_duration(Duration duration);

/// One line for a terminal of `width` characters, never longer:
/// `vm.create vms/web01 [#####.....]  50%  copying the disk  0:07, 0:07 left`.
std::string progress_line(const model::Task& task, Duration elapsed, std::size_t width);

/// The same for a log: `vm.create vms/web01: 50%: copying the disk`.
std::string progress_report(const model::Task& task);

/// How a task ended, for people: `vm.start vms/web01: done in 2.1 s`. Empty while it has not.
std::string ending(const model::Task& task, Duration elapsed);

/// What a boot proof has found, and how to see more; empty where there was none:
/// `boot proof: booted: its guest agent answered (host name: web01)`.
std::string shown_proof(const model::Task& task);

/// Whether the task's state is final.
bool has_ended(const model::Task& task);

}  // namespace truce::cli
