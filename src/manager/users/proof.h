// Proving who one is, by a password and a second factor.
#pragma once

#include <expected>
#include <string>

#include "api.h"
#include "users/credentials.h"
#include "users/entrance.h"

namespace truce::manager {

/// A proof that was accepted, or the answer that refuses it.
template <class T>
using Proven = std::expected<T, http::Response>;

/// `429` with Retry-After.
http::Response too_many_tries(Duration wait);

/// Code::forbidden for callers that have come in without a session.
Result<void> check_by_session(const Context& context);

/// Asks the user of the caller's session for the password once more. A wrong one is forbidden (403)
/// and names the field `/password`.
Async<Proven<StoredCredentials>> prove_password(Rooms& rooms, const Context& context,
                                                std::string password);

/// Uses up a code of the second factor, or a recovery code; false when it is neither.
bool use_code(model::Credentials& credentials, const std::string& code, Time at);

/// Turns the second factor of a user off.
void forget_second_factor(Change& change, model::User user, model::Credentials& credentials);

/// Records a try that failed, unless there are too many of them.
Async<void> note_failure(Rooms& rooms, const Context& context, std::string user);

}  // namespace truce::manager
