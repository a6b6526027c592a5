#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace truce {

/// `count` bytes from the system's cryptographic generator.
std::string random_bytes(std::size_t count);

/// As many, as lower-case hexadecimal.
std::string random_hex(std::size_t count);

/// A random (version 4) UUID.
std::string random_uuid();

/// SHA-256 of `data` as lower-case hexadecimal.
std::string sha256_hex(std::string_view data);

/// Bytes as lower-case hexadecimal.
std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace truce
