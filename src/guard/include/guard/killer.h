// Kills all that is protected. System calls only: nothing is allocated, so that a reaper can use it
// when there is no memory left.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace truce::guard {

/// The control group that protected programs are in, and how it is killed.
struct Group {
  enum class Kind : std::uint8_t {
    none,
    unified,  ///< version 2: cgroup.kill, of the group and all below it
    freezer,  ///< version 1: it is frozen, its processes are killed, it thaws
  };
  Kind kind = Kind::none;
  char path[256] = {};
};

/// What a folder is as a control group: none when it is none, or its path is too long.
Group group_at(const char* path);

/// Kills what is in the group and all who sit in the seats, and frees the seats of those who are
/// gone. Whether nothing of it is left; false also when that cannot be seen. To be called again
/// until then: a killed process needs a moment to die.
bool kill_all(const Group& group, std::atomic<std::uint64_t>* seats, std::size_t seat_count);

/// CLOCK_BOOTTIME in microseconds.
std::uint64_t boot_microseconds();

}  // namespace truce::guard
