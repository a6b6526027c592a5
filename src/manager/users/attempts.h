// How often somebody may try to prove who they are.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "http/rate_limit.h"

namespace truce::manager {

/// Tries that fail are counted by address, by user and address, and by user. The last limit, which
/// others can use up, does not hold where the user has signed in from before: nobody is locked out
/// by somebody elsewhere. Bounded tables, in memory: a restart forgets them.
class Attempts {
 public:
  using TimePoint = http::RateLimiter::TimePoint;

  /// Takes a try; how long to wait when there is none left.
  std::optional<Duration> take(const std::string& network, const std::string& user, TimePoint now);
  /// The try was none: it succeeded, or nothing was tried.
  void give_back(const std::string& network, const std::string& user);
  /// The user has signed in from there.
  void remember(const std::string& network, const std::string& user);
  /// Whether a try that failed is told in an event: one a minute for each user and address, and
  /// not more than one in two seconds in all, that nobody fills the history.
  bool worth_an_event(const std::string& network, const std::string& user, TimePoint now);

 private:
  static constexpr std::size_t keys = 4096;
  http::RateLimiter by_address_{1.0 / 3, 30, keys};
  http::RateLimiter by_both_{1.0 / 10, 10, keys};
  http::RateLimiter by_user_{1, 100, keys};
  http::RateLimiter events_by_both_{1.0 / 60, 1, keys};
  http::RateLimiter events_{0.5, 30, 1};
  std::set<std::string> known_;  ///< users and addresses
};

}  // namespace truce::manager
