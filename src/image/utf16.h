// Names as Windows stores them.
#pragma once

#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include "byte_order.h"

namespace truce::image {

/// The units of UTF-16 of a text in UTF-8, each in that order of bytes, without an end.
/// Code::invalid when it is not UTF-8.
template <std::endian order>
Result<std::vector<std::byte>> to_utf16(std::string_view text) {
  std::vector<std::byte> out;
  auto put = [&](std::uint32_t unit) {
    out.resize(out.size() + 2);
    if (order == std::endian::big)
      put_be<std::uint16_t>(out, out.size() - 2, static_cast<std::uint16_t>(unit));
    else
      put_le<std::uint16_t>(out, out.size() - 2, static_cast<std::uint16_t>(unit));
  };
  for (std::size_t at = 0; at < text.size();) {
    auto first = static_cast<unsigned char>(text[at++]);
    unsigned more = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : 3;
    auto point = more == 0 ? first : first & (0x3FU >> more);
    bool good = first < 0x80 || (first >= 0xC2 && first < 0xF5 && more <= text.size() - at);
    for (; good && more != 0; --more) {
      auto next = static_cast<unsigned char>(text[at++]);
      good = next >> 6 == 2;
      point = point << 6 | (next & 0x3FU);
    }
    if (!good || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
      return fail(Code::invalid, "the name '{}' is not UTF-8, and the format knows no other", text);
    if (point >= 0x10000) {
      put(0xD800 + ((point - 0x10000) >> 10));
      put(0xDC00 + ((point - 0x10000) & 0x3FF));
    } else {
      put(point);
    }
  }
  return out;
}

/// A relative path as Windows has it: `.\base\disk.vhdx` for `base/disk.vhdx`.
inline std::string windows_relative(std::string_view path) {
  std::string name = path.starts_with("../") ? "" : ".\\";
  for (char c : path) name += c == '/' ? '\\' : c;
  return name;
}

}  // namespace truce::image
