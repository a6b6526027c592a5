// What users prove who they are with, in the store under keys of no kind: no list, watch or bundle
// has it.
#pragma once

#include <functional>
#include <string>

#include "ledger.h"

namespace truce::manager {

inline std::string credentials_key(std::string_view user) {
  return fmt::format("credentials/{}", user);
}

struct StoredCredentials {
  model::Credentials credentials;
  store::Revision revision = 0;  ///< 0: there are none
};

Async<Result<StoredCredentials>> read_credentials(store::Store& store, std::string user);

/// Gathers a change of a user's credentials and of whatever belongs to it, and commits it under the
/// condition that nobody has changed the credentials meanwhile; otherwise it is gathered anew, a
/// bounded number of times. Code::not_found when there are none.
Async<Result<void>> change_credentials(
    Ledger& ledger, Actor actor, std::string user,
    std::function<Result<void>(Change& change, model::Credentials& credentials)> build);

}  // namespace truce::manager
