#include "manifest.h"

// Whatever was read can be written and read again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  auto content = truce::storage::parse_manifest({reinterpret_cast<const char*>(bytes), size});
  if (content && !truce::storage::parse_manifest(truce::storage::format_manifest(*content))) {
    __builtin_trap();
  }
  return 0;
}
