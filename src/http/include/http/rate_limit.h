#pragma once

#include <chrono>
#include <list>
#include <string>
#include <unordered_map>

#include "base/time.h"

namespace truce::http {

/// One token bucket a key (an address), in a table of bounded size. Pure: the time is the caller's.
class RateLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `per_second` tokens flow into each bucket, which holds `burst` (at least one).
  RateLimiter(double per_second, double burst, std::size_t keys);

  /// Takes a token; false when the bucket is empty. When the table is full, the key that has
  /// been quiet for longest is forgotten.
  bool take(const std::string& key, TimePoint now);
  /// Puts a token back that take() gave.
  void give_back(const std::string& key);
  /// How long after `now` take() succeeds again, if nobody else takes.
  [[nodiscard]] Duration wait(const std::string& key, TimePoint now) const;
  [[nodiscard]] std::size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::string key;
    double tokens;
    TimePoint filled;
  };
  [[nodiscard]] double tokens(const Bucket& bucket, TimePoint now) const;

  double per_second_;
  double burst_;
  std::size_t keys_;
  std::list<Bucket> buckets_;  // most recently used first
  std::unordered_map<std::string, std::list<Bucket>::iterator> by_key_;
};

}  // namespace truce::http
