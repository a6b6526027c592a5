// A VHD whose checksums are made right, so that the bytes behind them are reached.
#include <cstring>

#include "byte_order.h"
#include "rows.h"
#include "walk_fuzzed.h"

namespace {

using truce::image::Span;

void repair(Span bytes, std::size_t at_checksum) {
  truce::image::put_be<std::uint32_t>(bytes, at_checksum, 0);
  std::uint32_t sum = 0;
  for (auto byte : bytes) sum += std::to_integer<std::uint32_t>(byte);
  truce::image::put_be<std::uint32_t>(bytes, at_checksum, ~sum);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace truce::image;
  walk_fuzzed(vhd_format, data, size);
  std::vector<unsigned char> copy(data, data + size);
  auto bytes = std::as_writable_bytes(std::span(copy));
  if (size < 2048) return 0;
  for (std::size_t at : {std::size_t{0}, size - 512}) {
    auto footer = bytes.subspan(at, 512);
    if (std::memcmp(footer.data(), "conectix", 8) != 0) continue;
    repair(footer, 64);
    auto header = be<std::uint64_t>(footer, 16);
    if (inside(header, 1024, size)) repair(bytes.subspan(header, 1024), 36);
  }
  return walk_fuzzed(vhd_format, copy.data(), copy.size());
}
