// The linear relaxation of bin packing by column generation (Gilmore and Gomory).
#pragma once

#include "scheduler/packing.h"

namespace truce::scheduler {

struct Columns {
  std::int64_t bound = 0;            ///< proven in whole numbers; 0: none was found
  std::vector<Pattern> whole;        ///< hosts of the relaxation's solution, rounded down
  std::vector<std::int64_t> prices;  ///< by type; what proves the bound: no host is worth more ...
  std::int64_t dearest = 0;          ///< ... than this
};

/// `steps` bounds the search for all columns together; when it ends early there may be no bound.
Columns generate_columns(const Sizes& capacity, const std::vector<PackType>& types,
                         std::uint64_t steps);

/// The most that a host can be worth at these prices. Without a value when `steps`, which it counts
/// down, were not enough.
struct Dearest {
  std::vector<std::int32_t> counts;
  std::int64_t worth = 0;
  bool proven = false;
};
Dearest dearest_host(const Sizes& capacity, const std::vector<PackType>& types,
                     const std::vector<std::int64_t>& prices, std::uint64_t& steps);

}  // namespace truce::scheduler
