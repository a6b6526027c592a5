#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace truce::manager {

/// Where a manager of a cluster is.
struct Seat {
  std::string name;     ///< of its host: who has to answer there
  std::string address;  ///< ADDRESS:PORT
  bool operator==(const Seat&) const = default;
};

/// What a join token says: all that a host needs to find a cluster and to trust it, and to be
/// trusted once. The secret in it is as good as a password until it is used.
struct Invitation {
  std::string cluster;         ///< its name
  std::string host;            ///< who may join
  std::string authority;       ///< SHA-256 of the authority's certificate, hexadecimal
  std::string secret;          ///< 256 bits, hexadecimal
  std::vector<Seat> managers;  ///< at least one
  bool operator==(const Invitation&) const = default;
};

/// The token as it is shown: `truce-join-` and JSON in base64url (RFC 4648 section 5), no padding.
std::string token_of(const Invitation& invitation);

/// Code::invalid for whatever token_of() could not have written. Messages show nothing of the text:
/// it may hold the secret. White space around the token is passed over.
Result<Invitation> read_token(std::string_view text);

}  // namespace truce::manager
