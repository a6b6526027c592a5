#pragma once

#include <cstdint>

namespace truce::sim {

/// The same numbers for the same seed, on any machine (SplitMix64, public domain).
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// Both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool happens(double probability) {
    return static_cast<double>(next() >> 11U) < probability * 9007199254740992.0;
  }

 private:
  std::uint64_t state_;
};

}  // namespace truce::sim
