#include "crc32c.h"

#include <array>

#include "byte_order.h"

namespace truce::image {
namespace {

constexpr std::uint32_t polynomial = 0x82F63B78;  // 0x1EDC6F41, bits reversed

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    auto value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? polynomial : 0);
    tables[0][i] = value;
  }
  for (std::size_t step = 1; step < tables.size(); ++step) {
    for (std::size_t i = 0; i < 256; ++i) {
      auto value = tables[step - 1][i];
      tables[step][i] = (value >> 8) ^ tables[0][value & 255];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

std::uint32_t by_table(View bytes, std::uint32_t crc) {
  while (bytes.size() >= 8) {
    auto word = le<std::uint64_t>(bytes, 0) ^ crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= tables[7 - i][(word >> (8 * i)) & 255];
    bytes = bytes.subspan(8);
  }
  for (auto byte : bytes)
    crc = (crc >> 8) ^ tables[0][(crc ^ static_cast<std::uint32_t>(byte)) & 255];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(View bytes, std::uint32_t crc) {
  std::uint64_t wide = crc;
  while (bytes.size() >= 8) {
    wide = __builtin_ia32_crc32di(wide, le<std::uint64_t>(bytes, 0));
    bytes = bytes.subspan(8);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (auto byte : bytes) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(byte));
  return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(View bytes, std::uint32_t before) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~by_instruction(bytes, ~before);
#endif
  return ~by_table(bytes, ~before);
}

std::uint32_t crc32c_without(View bytes, std::size_t field) {
  constexpr std::array<std::byte, 4> zeros{};
  return crc32c(bytes.subspan(field + 4), crc32c(zeros, crc32c(bytes.first(field))));
}

}  // namespace truce::image
