// A file that says which machines move, wave after wave. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "invocation.h"
#include "model/types.h"

namespace truce::cli {

/// A line of such a file.
struct PlannedMove {
  std::size_t line = 0, wave = 0;  ///< from 1
  std::string machine, to;
  Invocation move, report;  ///< as `truce vm move` and `truce vm move-report` have them
};

/// Each line has what stands behind `truce vm move`: `prod/web01 --to here --warm`. A word with
/// spaces has quotes; `#` begins what is for people; a line `wave` begins the next one.
/// Code::invalid names the line; at most 10,000 of them have a move.
Result<std::vector<PlannedMove>> read_waves(std::string_view text);

/// How a move stands.
struct MoveStanding {
  std::uint64_t bytes = 0;
  double progress = 0;
  model::TaskState state = model::TaskState::queued;  ///< queued: not begun
};

/// All of them in a line: `12 machines: 3 came, 1 failed, 2 move; 41% of 1.2TiB, 1:12:00 left`.
std::string shown_standing(const std::vector<MoveStanding>& moves, Duration elapsed);

}  // namespace truce::cli
