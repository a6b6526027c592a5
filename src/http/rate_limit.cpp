#include "http/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace truce::http {

RateLimiter::RateLimiter(double per_second, double burst, std::size_t keys)
    : per_second_(per_second),
      burst_(std::max(1.0, burst)),
      keys_(std::max<std::size_t>(1, keys)) {}

double RateLimiter::tokens(const Bucket& bucket, TimePoint now) const {
  auto passed = std::chrono::duration<double>(now - bucket.filled).count();
  return std::min(burst_, bucket.tokens + std::max(0.0, passed) * per_second_);
}

bool RateLimiter::take(const std::string& key, TimePoint now) {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    if (buckets_.size() >= keys_) {
      by_key_.erase(buckets_.back().key);
      buckets_.pop_back();
    }
    buckets_.push_front({key, burst_, now});
    found = by_key_.emplace(key, buckets_.begin()).first;
  } else {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  }
  auto& bucket = *found->second;
  bucket.tokens = tokens(bucket, now);
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void RateLimiter::give_back(const std::string& key) {
  auto found = by_key_.find(key);
  if (found != by_key_.end()) found->second->tokens = std::min(burst_, found->second->tokens + 1);
}

Duration RateLimiter::wait(const std::string& key, TimePoint now) const {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) return {};
  auto missing = 1 - tokens(*found->second, now);
  if (missing <= 0) return {};
  return Duration(static_cast<Duration::rep>(std::ceil(missing / per_second_ * 1000)));
}

}  // namespace truce::http
