// Who has signed in: sessions in the store, so that they outlive truced, and their last use in
// memory.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "access/access.h"
#include "http/http.h"
#include "ledger.h"
#include "manager/manager.h"

namespace truce::manager {

inline constexpr std::size_t sessions_of_a_user = 16;  ///< the oldest ends when another begins

/// Whether a look at a session keeps it from being idle.
enum class Use { counts, only_looks };

class Sessions {
 public:
  Sessions(const Inventory& inventory, const Settings& settings);

  /// Who the user of a session is now, by its name; nothing when it has ended or they may not sign
  /// in.
  [[nodiscard]] std::optional<access::Caller> caller(std::string_view name) const;
  /// The same for the session whose cookie a request has.
  std::optional<access::Caller> caller(const http::Request& request, Use use);
  void used(const std::string& name);

  /// Erases sessions that have ended, and forgets the last use of those that are gone.
  void erase_ended(Change& change);

 private:
  [[nodiscard]] bool ended(const model::Session& session) const;

  const Inventory& inventory_;
  const Settings& settings_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::unordered_map<std::string, std::chrono::steady_clock::time_point> last_use_;
};

/// What the cookie of a session holds: its name, a '.', and 256 random bits. Empty when the request
/// has none that could be one.
std::string session_cookie(const http::Request& request);
/// The name of the session whose cookie this is.
std::string session_of(std::string_view cookie);
/// The header that gives a browser a session's cookie; with an empty one, that takes it away.
std::string set_cookie(std::string_view cookie);
/// What the header X-Truce-Csrf of a session's requests must have.
std::string csrf_of(std::string_view cookie);

/// A new session in a change, and what its cookie holds; the store gets that one's SHA-256 only.
std::string begin_session(Change& change, const Inventory& inventory, const std::string& user,
                          const http::Request& request, Duration life);
/// Ends the sessions of a user but one.
void end_sessions(Change& change, const Inventory& inventory, std::string_view user,
                  std::string_view but = {});

}  // namespace truce::manager
