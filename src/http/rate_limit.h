#pragma once

#include <chrono>
#include <list>
#include <string>
#include <unordered_map>

#include "base/result.h"

namespace truce::http {

/// One token bucket an address, in a table of bounded size. Pure: the time is the caller's.
class RateLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `per_second` tokens flow into each bucket, which holds twice that (at least one).
  RateLimiter(double per_second, std::size_t addresses);

  /// Takes a token; false when the bucket is empty. When the table is full, the address that has
  /// been quiet for longest is forgotten.
  bool take(const std::string& address, TimePoint now);
  [[nodiscard]] std::size_t size() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::string address;
    double tokens;
    TimePoint filled;
  };
  double per_second_;
  double burst_;
  std::size_t addresses_;
  std::list<Bucket> buckets_;  // most recently used first
  std::unordered_map<std::string, std::list<Bucket>::iterator> by_address_;
};

}  // namespace truce::http
