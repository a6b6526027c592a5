// Whatever a guest's agent says, it is read or refused.
#include "guest_agent.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace truce::qemu;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto reply = parse_agent_reply(text)) {
    if (addresses_in(*reply).size() > 64) __builtin_trap();
  }
  (void)decode_base64(text);
  return 0;
}
