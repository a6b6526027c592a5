#include "base/bytes.h"

#include <array>
#include <charconv>
#include <cmath>

namespace truce {
namespace {
constexpr std::array<std::string_view, 5> units{"", "K", "M", "G", "T"};

int unit_shift(std::string_view suffix) {
  if (suffix.ends_with("iB")) suffix.remove_suffix(2);
  if (suffix == "B") suffix = "";
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (suffix == units[i]) return static_cast<int>(10 * i);
  }
  return -1;
}
}  // namespace

Result<Bytes> parse_bytes(std::string_view text) {
  double number = 0;
  auto [end, ec] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  int shift = unit_shift(std::string_view(end, text.data() + text.size()));
  if (ec != std::errc() || shift < 0 || !(number >= 0)) {
    return fail(Code::invalid, "'{}' is not a size; write for example 512MiB, 20GiB or 1.5TiB",
                text);
  }
  double bytes = std::ldexp(number, shift);
  if (bytes >= 9.2e18) return fail(Code::invalid, "'{}' is larger than any disk", text);
  return Bytes{static_cast<std::uint64_t>(bytes)};
}

std::string to_string(Bytes bytes) {
  std::size_t unit = 0;
  auto value = static_cast<double>(bytes.count);
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{}B", bytes.count);
  if (value == std::floor(value)) return fmt::format("{:.0f}{}iB", value, units[unit]);
  return fmt::format("{:.1f}{}iB", value, units[unit]);
}

}  // namespace truce
