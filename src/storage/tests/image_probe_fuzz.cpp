#include "image_probe.h"

// Whatever the bytes are: an answer, and no access outside of them.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  const truce::image::MemoryFile file("fuzzed",
                                      std::string_view(reinterpret_cast<const char*>(bytes), size));
  static_cast<void>(truce::storage::probe_image(file));
  return 0;
}
