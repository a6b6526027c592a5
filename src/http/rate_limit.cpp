#include "rate_limit.h"

#include <algorithm>

namespace truce::http {

RateLimiter::RateLimiter(double per_second, std::size_t addresses)
    : per_second_(per_second),
      burst_(std::max(1.0, 2 * per_second)),
      addresses_(std::max<std::size_t>(1, addresses)) {}

bool RateLimiter::take(const std::string& address, TimePoint now) {
  auto found = by_address_.find(address);
  if (found == by_address_.end()) {
    if (buckets_.size() >= addresses_) {
      by_address_.erase(buckets_.back().address);
      buckets_.pop_back();
    }
    buckets_.push_front({address, burst_, now});
    found = by_address_.emplace(address, buckets_.begin()).first;
  } else {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  }
  auto& bucket = *found->second;
  auto passed = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.tokens = std::min(burst_, bucket.tokens + std::max(0.0, passed) * per_second_);
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace truce::http
