// Which machines can only move together.
#pragma once

#include "scheduler/estate.h"

namespace truce::scheduler {

/// Placed machines in blocks: those that a must-rule keeps on one host, and that are on it now, are
/// one block; all others are alone. Ranges are (first, count) into `members`.
struct Blocks {
  std::vector<std::int32_t> members;
  std::vector<std::pair<std::int32_t, std::int32_t>> ranges;
};
Blocks blocks_of(const Estate& estate);

}  // namespace truce::scheduler
