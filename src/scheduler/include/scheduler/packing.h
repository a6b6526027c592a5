// Bin packing with several sizes at once: how few equal hosts hold given machines.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace truce::scheduler {

inline constexpr std::size_t pack_sizes = 4;
using Sizes = std::array<std::int32_t, pack_sizes>;

/// So many things of one size.
struct PackType {
  Sizes size{};
  std::int32_t count = 0;
};

/// `hosts` equal hosts that hold so many of each type.
struct Pattern {
  std::vector<std::int32_t> counts;
  std::int32_t hosts = 0;
};

struct Packing {
  std::vector<Pattern> patterns;
  std::int64_t hosts = 0;  ///< in use
  std::int64_t bound = 0;  ///< proven: it cannot be done with fewer
  std::string rule;        ///< what found it: "cosine", "column generation" ...
  std::string bound_reason;
};

/// The rules of thumb, each of which fills one host after the other.
enum class FillRule { first_fit, product, sum, l2, cosine };
inline constexpr int fill_rule_count = 5;
std::string_view to_string(FillRule rule);

/// Packs by one rule alone.
Packing pack_by(const Sizes& capacity, const std::vector<PackType>& types, FillRule rule);

struct PackEffort {
  int rounds = 300;                  ///< of ruin and recreate
  std::size_t most_types = 64;       ///< for column generation
  std::uint64_t seed = 1;            ///< the same seed gives the same packing
  std::uint64_t steps = 20'000'000;  ///< of the search for columns
};

/// The best packing of all rules, of ruin and recreate and, for few types, of column generation;
/// with a bound that is proven: by sums alone, or by prices of the types at which no host is worth
/// more than 1. A type that fits no host is left out, and must not be asked for.
Packing pack(const Sizes& capacity, const std::vector<PackType>& types,
             const PackEffort& effort = {});

/// The hosts that sums alone prove.
std::int64_t sum_bound(const Sizes& capacity, const std::vector<PackType>& types);

}  // namespace truce::scheduler
