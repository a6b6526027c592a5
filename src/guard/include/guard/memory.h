// What a daemon and its reaper share: a file that both map. No types of ours, no allocation: the
// reaper includes nothing else.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace truce::guard {

inline constexpr std::uint64_t memory_mark = 0x7472'7563'6520'0001;  ///< "truce", layout 1
inline constexpr std::size_t seat_count = 4096;

/// Each word has one writer: the daemon, of which one is there at a time (it locks the file), or
/// the reaper. Times are microseconds of CLOCK_BOOTTIME, lives are incarnations of the node (0:
/// none). All words together always make a state from which another reaper, or another daemon, can
/// go on.
struct Memory {
  std::atomic<std::uint64_t> mark;
  char boot[40];  ///< /proc/sys/kernel/random/boot_id when it was made
  char node[64];  ///< whose lives these are

  // The daemon's.
  alignas(64) std::atomic<std::uint64_t> wanted;  ///< the life to open the gate for
  std::atomic<std::uint64_t> claimed;             ///< the store's revision of its claim
  std::atomic<std::uint64_t> deadline;            ///< of the wanted life; 0: it is over
  std::atomic<std::uint64_t> leave;               ///< 1: end, once nothing protected runs

  // The reaper's.
  alignas(64) std::atomic<std::uint64_t> gate;  ///< the life that it is open for; 0: shut
  std::atomic<std::uint64_t> last;              ///< the last life that it was open for
  std::atomic<std::uint64_t> clear;             ///< 1: shut, and nothing protected runs
  std::atomic<std::uint64_t> shut_at;           ///< when it was shut
  std::atomic<std::uint64_t> pulse;             ///< when the reaper last looked
  std::atomic<std::uint64_t> pid, start_ticks;  ///< who it is; start_ticks as in /proc/PID/stat
  std::atomic<std::uint64_t> locked;            ///< 1: it cannot be swapped out
  std::atomic<std::uint64_t> real_time;         ///< 1: it runs before all that is not real-time
  std::atomic<std::uint64_t> watchdog;          ///< 1: a watchdog resets the host if it hangs
  std::atomic<std::uint64_t> kills;             ///< how often it found something to kill

  /// Where programs sign in, on hosts without control groups (seat_of()).
  alignas(64) std::atomic<std::uint64_t> seats[seat_count];
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// Names in the folder that the two share.
inline constexpr const char* memory_file = "memory";
inline constexpr const char* bell_file = "bell";  ///< a pipe: a byte wakes the reaper
inline constexpr const char* lock_file = "lock";  ///< held by the daemon

// What the reaper does, in terms of these words. The same as availability::Reaper, of which tests
// prove it; that one needs memory that it allocates.

/// One look: opens the gate for a later life if all of the one before is dead, and shuts it at the
/// deadline. Whether all that is protected has to be killed.
inline bool look(Memory& memory, std::uint64_t now) {
  if (memory.gate.load() == 0 && memory.clear.load() != 0) {
    auto wanted = memory.wanted.load();
    if (wanted > memory.last.load()) {
      memory.last.store(wanted);
      memory.clear.store(0);
      memory.gate.store(wanted);
    }
  }
  if (memory.gate.load() != 0 && now >= memory.deadline.load()) {
    memory.gate.store(0);
    memory.shut_at.store(now);
  }
  return memory.gate.load() == 0 && memory.clear.load() == 0;
}

/// Nothing protected runs any more. Only after a look() that said that it had to be killed.
inline void cleared(Memory& memory) {
  memory.clear.store(1);
}

}  // namespace truce::guard
