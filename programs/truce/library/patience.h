// How long a transfer is tried again, and how large its pieces are.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/time.h"
#include "session.h"

namespace truce::cli {

/// Waits longer after each failure, and gives up after a dozen of them without progress: about four
/// minutes.
class Patience {
 public:
  explicit Patience(bool quiet) : quiet_(quiet) {}

  /// Whether to try again after `failure`; says why it waits, and waits.
  Async<bool> after(const Failure& failure);
  /// Something has arrived.
  void progress() { failures_ = 0; }

 private:
  bool quiet_;
  int failures_ = 0;
};

/// Whether the same can succeed later without anybody doing anything about it.
bool is_temporary(const Failure& failure);

/// How large the next piece shall be after one of `size` bytes took so long: as large as a server
/// takes, but never so large that a slow line cannot carry it in the time that a request may take.
std::size_t next_piece(std::size_t size, Duration took);

inline constexpr std::size_t first_piece = 512 << 10, largest_piece = 4 << 20,
                             smallest_piece = 32 << 10;

}  // namespace truce::cli
