#include "users/attempts.h"

namespace truce::manager {
namespace {

std::string both(const std::string& network, const std::string& user) {
  return user + " " + network;
}

}  // namespace

std::optional<Duration> Attempts::take(const std::string& network, const std::string& user,
                                       TimePoint now) {
  auto pair = both(network, user);
  if (!by_address_.take(network, now)) return by_address_.wait(network, now);
  // What is refused by a narrower limit costs the others at the same address nothing.
  if (!by_both_.take(pair, now)) {
    by_address_.give_back(network);
    return by_both_.wait(pair, now);
  }
  if (known_.contains(pair) || by_user_.take(user, now)) return std::nullopt;
  by_address_.give_back(network);
  by_both_.give_back(pair);
  return by_user_.wait(user, now);
}

void Attempts::give_back(const std::string& network, const std::string& user) {
  auto pair = both(network, user);
  by_address_.give_back(network);
  by_both_.give_back(pair);
  if (!known_.contains(pair)) by_user_.give_back(user);
}

void Attempts::remember(const std::string& network, const std::string& user) {
  if (known_.size() >= keys) known_.erase(known_.begin());
  known_.insert(both(network, user));
}

bool Attempts::worth_an_event(const std::string& network, const std::string& user, TimePoint now) {
  return events_by_both_.take(both(network, user), now) && events_.take({}, now);
}

}  // namespace truce::manager
