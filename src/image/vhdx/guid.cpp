#include "vhdx/guid.h"

#include <algorithm>

#include "base/random.h"
#include "base/result.h"
#include "byte_order.h"

namespace truce::image::vhdx {

Guid Guid::random() {
  auto guid = parse(random_uuid());
  TRUCE_ASSERT(guid.has_value(), "a random identifier has its text form");
  return *guid;
}

Guid Guid::load(View bytes, std::size_t at) {
  Guid guid;
  std::ranges::copy(bytes.subspan(at, 16), guid.bytes.begin());
  return guid;
}

void Guid::store(Span into, std::size_t at) const {
  std::ranges::copy(bytes, into.subspan(at, 16).begin());
}

std::string to_string(const Guid& guid) {
  View bytes = guid.bytes;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", le<std::uint32_t>(bytes, 0),
                     le<std::uint16_t>(bytes, 4), le<std::uint16_t>(bytes, 6),
                     be<std::uint16_t>(bytes, 8), be<std::uint64_t>(bytes, 8) & 0xFFFFFFFFFFFF);
}

}  // namespace truce::image::vhdx
