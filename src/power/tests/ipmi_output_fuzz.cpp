// Whatever ipmitool prints: on and off are never both, and what is quoted is in print.
#include "ipmi_output.h"

using namespace truce;
using namespace truce::power;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  Output output{.status = {.code = bytes[0] & 1, .signal = {}}, .out = text, .err = text};
  auto state = read_power_status(output);
  auto order = read_power_order(output);
  if (state)
    TRUCE_ASSERT(output.status.success() && *state != PowerState::unknown, "it is one of two");
  for (const auto* error : {state ? nullptr : &state.error(), order ? nullptr : &order.error()}) {
    if (error == nullptr) continue;
    for (char c : error->message) TRUCE_ASSERT(c >= 0x20 && c < 0x7f, "it is in print");
  }
  return 0;
}
