// The memory of a host among its machines: balloons that give back under pressure, and the kernel's
// merging of like pages (KSM).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hypervisor/live_changes.h"
#include "node/node.h"

namespace truce::node {

struct HostMemory {
  Bytes total, available;
};

/// Reads the kernel's `meminfo` (proc(5)).
Result<HostMemory> read_meminfo(const std::filesystem::path& file);

/// A machine whose balloon may be used.
struct Ballooned {
  std::string uuid;
  Bytes memory;     ///< what it has without a balloon
  Bytes least;      ///< what it keeps
  Bytes now;        ///< what the balloon leaves it at present
  Bytes available;  ///< what its guest could do without; 0: it does not tell
};

/// Where the host has less than `low_percent` available, takes from the machines, each in
/// proportion to what it can give; where it has more than ten percent beyond that, gives back
/// likewise. What lies between changes nothing, and neither do steps below 16 MiB. A guest that
/// tells what it can do without gives at most three quarters of that at once, another one a quarter
/// of what it may give. By uuid: what the balloon shall leave, for those that change.
std::map<std::string, Bytes> balloon_targets(HostMemory host, std::int64_t low_percent,
                                             const std::vector<Ballooned>& machines);

/// Whether KSM shall run, by the policy and what the host has available; nothing: as it is.
std::optional<bool> ksm_wanted(Ksm policy, HostMemory host, std::int64_t low_percent);

/// Switches KSM (kernel: admin-guide/mm/ksm.rst); `folder` is /sys/kernel/mm/ksm. When it ends,
/// pages that were merged stay so.
Result<void> set_ksm(const std::filesystem::path& folder, bool on);

/// Looks at the host every few seconds, and acts; `machines` answers those that run and have a
/// least memory (`now` and `available` are filled in here).
Async<void> balance_memory(const Settings& settings, hypervisor::LiveChanges* live,
                           std::function<std::vector<Ballooned>()> machines);

}  // namespace truce::node
