#include "byte_order.h"

#include <cstring>

namespace truce::image {

bool all_zero(View bytes) {
  if (bytes.empty()) return true;
  // A block whose first byte is zero and which equals itself one byte on is zero throughout.
  return bytes[0] == std::byte{} &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace truce::image
