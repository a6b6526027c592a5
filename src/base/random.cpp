#include "base/random.h"

#include <fmt/format.h>
#include <sys/random.h>

#include "base/result.h"

namespace truce {

std::string to_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (unsigned char byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t filled = 0; filled < count;) {
    auto got = ::getrandom(bytes.data() + filled, count - filled, 0);
    TRUCE_ASSERT(got > 0, "the system's random generator failed");
    filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string random_hex(std::size_t count) {
  auto bytes = random_bytes(count);
  return to_hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

std::string random_uuid() {
  auto h = random_hex(16);
  h[12] = '4';
  h[16] = "89ab"[static_cast<unsigned char>(h[16]) & 3U];
  return fmt::format("{}-{}-{}-{}-{}", h.substr(0, 8), h.substr(8, 4), h.substr(12, 4),
                     h.substr(16, 4), h.substr(20));
}

}  // namespace truce
