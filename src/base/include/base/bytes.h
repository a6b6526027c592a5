#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace truce {

/// A size in bytes.
struct Bytes {
  std::uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
  Bytes operator+(Bytes other) const { return {count + other.count}; }
};

constexpr Bytes kib(std::uint64_t n) {
  return {n << 10};
}
constexpr Bytes mib(std::uint64_t n) {
  return {n << 20};
}
constexpr Bytes gib(std::uint64_t n) {
  return {n << 30};
}

/// Reads `512MiB`, `20GiB`, `1.5TiB`, `4096` (bytes); also K M G T as powers of 1,024.
Result<Bytes> parse_bytes(std::string_view text);

/// The shortest exact or one-decimal form: `512MiB`, `1.5GiB`.
std::string to_string(Bytes bytes);

}  // namespace truce
