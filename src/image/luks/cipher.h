// AES-256 in XTS mode over sectors of 512 bytes (IEEE 1619), by OpenSSL.
#pragma once

#include "base/secret.h"
#include "image/file.h"

namespace truce::image::luks {

enum class Way { encrypt, decrypt };

/// In place; `bytes` are whole sectors, the first of which has the number `sector`. `key` has
/// master_bytes.
Result<void> cipher(Way way, const Secret& key, std::uint64_t sector, Span bytes);

/// PBKDF2 with SHA-256 (RFC 8018), into all of `into`.
Result<void> stretch(View key, View salt, std::uint32_t iterations, Span into);

}  // namespace truce::image::luks
