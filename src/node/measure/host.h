// What a host uses, from the kernel's texts in /proc.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "model/model.h"

namespace truce::node {

/// The texts, as they were read at one time; empty: there is none.
struct HostTexts {
  std::string stat, meminfo, diskstats, interfaces;        ///< proc_stat(5) and so on
  std::string pressure_cpu, pressure_memory, pressure_io;  ///< kernel: accounting/psi.rst
};

/// Which of its devices count: the others are parts of these, or nothing real.
struct HostDevices {
  std::set<std::string, std::less<>> disks, cards;
};

/// Pure. What a text does not say, or is none, stays 0 or absent. `ticks` is how many of the
/// kernel's ticks are a second.
model::HostSample read_host(const HostTexts& texts, const HostDevices& devices, double ticks);

/// Disks and network cards of this host, from /sys: those that a driver stands behind. Where there
/// are none, as in a container, whatever is not known to be a part of another.
HostDevices host_devices();

/// This host, now. Blocks for about a millisecond.
model::HostSample measure_host();

}  // namespace truce::node
