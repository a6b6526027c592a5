// Where programs sign in that somebody may have to kill: one word each, in memory that is shared.
#pragma once

#include <cstdint>

namespace truce {

/// What stands in a seat: a process, and that it was there so many milliseconds after boot. A
/// process that began later only has the same number.
constexpr std::uint64_t seat_of(std::uint64_t pid, std::uint64_t boot_milliseconds) {
  return pid << 40U | (boot_milliseconds & ((1ULL << 40U) - 1));
}
constexpr std::uint64_t pid_in_seat(std::uint64_t seat) {
  return seat >> 40U;
}
constexpr std::uint64_t milliseconds_in_seat(std::uint64_t seat) {
  return seat & ((1ULL << 40U) - 1);
}

}  // namespace truce
