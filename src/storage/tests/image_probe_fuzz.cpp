#include <algorithm>

#include "image_probe.h"

// Whatever the bytes are: an answer, and no access outside of them.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  auto tail = text.substr(size - std::min<std::size_t>(size, 512));
  static_cast<void>(truce::storage::classify_image({text, tail, size}));
  static_cast<void>(truce::storage::parse_qcow2_header(text));
  return 0;
}
