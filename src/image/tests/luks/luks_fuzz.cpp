// Bytes as a header of LUKS: what it says lies where it says it does.
#include <cstddef>
#include <cstdint>

#include "luks/luks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace truce::image;
  auto bytes = std::as_bytes(std::span(data, size));
  constexpr std::uint64_t area = 2'068'480;
  auto header = luks::parse(bytes, area);
  if (!header) return 0;
  for (const auto& slot : header->slots) {
    if (!slot.active) continue;
    if (slot.iterations == 0 || slot.iterations > luks::most_iterations) __builtin_trap();
    if (slot.offset >= area) __builtin_trap();
  }
  return 0;
}
