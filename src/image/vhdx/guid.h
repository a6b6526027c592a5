// Identifiers as Windows writes them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "image/file.h"

namespace truce::image::vhdx {

/// Sixteen bytes as they lie in a file: the first three fields with their low byte first.
struct Guid {
  std::array<std::byte, 16> bytes{};
  bool operator==(const Guid&) const = default;
  auto operator<=>(const Guid&) const = default;
  [[nodiscard]] bool zero() const { return *this == Guid{}; }

  /// Of the text form, `2dc27766-f623-4200-9d64-115e9bfd4a08`, with or without braces.
  static constexpr std::optional<Guid> parse(std::string_view text);
  static Guid random();
  static Guid load(View bytes, std::size_t at);
  void store(Span bytes, std::size_t at) const;
};

/// Lower case, without braces.
std::string to_string(const Guid& guid);

constexpr std::optional<Guid> Guid::parse(std::string_view text) {
  constexpr std::array<unsigned char, 16> order{3, 2, 1,  0,  5,  4,  7,  6,
                                                8, 9, 10, 11, 12, 13, 14, 15};
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  if (text.size() != 36) return std::nullopt;
  Guid guid;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return std::nullopt;
      continue;
    }
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (value < 0) return std::nullopt;
    auto& byte = guid.bytes[order[digits / 2]];
    byte = (byte << 4) | static_cast<std::byte>(value);
    ++digits;
  }
  return guid;
}

}  // namespace truce::image::vhdx
