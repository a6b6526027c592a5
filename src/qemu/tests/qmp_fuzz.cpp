// Whatever bytes come, parse_qmp() answers or refuses.
#include "qmp.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  (void)truce::qemu::parse_qmp({reinterpret_cast<const char*>(data), size});
  return 0;
}
