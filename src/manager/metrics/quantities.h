// What is measured: names and units of the lines of each series.
#pragma once

#include <array>
#include <string_view>

namespace truce::manager {

struct Quantity {
  std::string_view name;
  std::string_view unit;  ///< percent, bytes, bytes/s or /s
};

/// Of a machine. `cpu` is in percent of one processor; `memory` is what the host has given, and
/// `memory_guest` what the guest says that it uses.
inline constexpr std::array vm_quantities{Quantity{"cpu", "percent"},
                                          Quantity{"memory", "bytes"},
                                          Quantity{"memory_percent", "percent"},
                                          Quantity{"memory_guest", "bytes"},
                                          Quantity{"disk_read", "bytes/s"},
                                          Quantity{"disk_write", "bytes/s"},
                                          Quantity{"disk_iops", "/s"},
                                          Quantity{"net_receive", "bytes/s"},
                                          Quantity{"net_send", "bytes/s"}};

/// Of a host. Processor time is in percent of all its processors; `pressure_…` is the part of the
/// time in which some of its work had to wait (PSI).
inline constexpr std::array host_quantities{Quantity{"cpu", "percent"},
                                            Quantity{"cpu_iowait", "percent"},
                                            Quantity{"cpu_steal", "percent"},
                                            Quantity{"memory", "bytes"},
                                            Quantity{"memory_percent", "percent"},
                                            Quantity{"swap", "bytes"},
                                            Quantity{"disk_read", "bytes/s"},
                                            Quantity{"disk_write", "bytes/s"},
                                            Quantity{"disk_iops", "/s"},
                                            Quantity{"net_receive", "bytes/s"},
                                            Quantity{"net_send", "bytes/s"},
                                            Quantity{"pressure_cpu", "percent"},
                                            Quantity{"pressure_memory", "percent"},
                                            Quantity{"pressure_io", "percent"}};

/// Of a pool: what is stored in it, what is free there, what is promised to machines, and the used
/// part of both.
inline constexpr std::array pool_quantities{Quantity{"used", "bytes"}, Quantity{"free", "bytes"},
                                            Quantity{"allocated", "bytes"},
                                            Quantity{"used_percent", "percent"}};

}  // namespace truce::manager
