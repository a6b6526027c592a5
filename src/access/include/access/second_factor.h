// The second factor: codes that change with time, and codes on paper for when it is lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace truce::access {

/// Base 32 [RFC 4648 6] in capitals, without padding: what authenticator programs take.
std::string base32_encode(std::string_view bytes);
/// Small letters, spaces and '-' are let in. Code::invalid for anything else.
Result<std::string> base32_decode(std::string_view text);

/// The code of a step of 30 seconds: HOTP [RFC 4226] with SHA-1 and six digits, which is all that
/// every authenticator program can do.
std::string totp_code(std::string_view secret, std::int64_t step);

/// The step that a code is of, if that is the present one or one beside it (clocks differ, people
/// type slowly) and later than `last_step`, as a code counts once [RFC 6238 5.2].
std::optional<std::int64_t> totp_step(std::string_view secret, std::string_view code, Time at,
                                      std::int64_t last_step);

/// What a QR code shows to an authenticator program; `secret` is in base 32.
std::string totp_uri(std::string_view secret, std::string_view issuer, std::string_view user);

/// A code for paper made of 10 random bytes: `ABCD-EFGH-JKLM-NPQR`. 80 bits: its SHA-256 can be
/// kept, as nobody can try them all.
std::string paper_code(std::string_view random);
/// The SHA-256 of a code for paper as people type it: small letters, spaces and '-' do not count.
std::string paper_code_sha256(std::string_view typed);

}  // namespace truce::access
