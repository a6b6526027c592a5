// Passwords: which are taken, and what is kept of them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace truce::access {

inline constexpr std::size_t shortest_password = 12;  ///< characters, not bytes

/// Code::invalid for what is shorter, or is the user's own name. Nothing else is asked of it:
/// rules on which characters it has make passwords worse (NIST SP 800-63B 5.1.1.2).
Result<void> check_password(std::string_view password, std::string_view user);

/// What a guess costs.
struct HashCost {
  unsigned memory_kib, passes, lanes;
  bool operator==(const HashCost&) const = default;
};
/// Argon2id with 46 MiB: the largest of OWASP's equal settings ("Password Storage Cheat Sheet": 46
/// MiB and one pass), with a second pass. About 0.1 s of one processor.
inline constexpr HashCost present_cost{46 * 1024, 2, 1};

/// Argon2id [RFC 9106] as a PHC string. The salt has at least 16 bytes. Takes long: not for a loop.
std::string hash_password(std::string_view password, std::string_view salt,
                          HashCost cost = present_cost);

struct Verdict {
  bool right = false;
  bool outdated = false;  ///< made at another cost: hash it anew while the password is known
};
/// Whether the password is the one that a PHC string was made of. Takes as long as making it.
Verdict check_hash(const std::string& phc, std::string_view password);

/// Whether two secrets are the same, in a time that tells nothing but their lengths.
bool same_secret(std::string_view a, std::string_view b);

/// HMAC-SHA-256, as lower-case hexadecimal.
std::string hmac_sha256(std::string_view key, std::string_view text);

}  // namespace truce::access
