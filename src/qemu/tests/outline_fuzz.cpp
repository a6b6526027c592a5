// Whatever another host says of a machine, parse_outline() reads or refuses it.
#include "migration/outline.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  auto outline = truce::qemu::parse_outline({reinterpret_cast<const char*>(data), size});
  if (outline && !truce::qemu::parse_outline(to_text(*outline))) __builtin_trap();
  return 0;
}
