// Which of the disks that are here a guest means. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace truce::guest {

/// `/dev/vdb1` is `/dev/sdb1` of two disks; empty: that is not known.
std::string device_here(std::string_view device, std::size_t disks);

}  // namespace truce::guest
