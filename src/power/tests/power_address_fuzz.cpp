// Whatever is written as a power control: what is taken means one thing, and has no password in it.
#include "power/power.h"

using namespace truce::power;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  auto address = parse_address(text);
  if (!address) return 0;
  TRUCE_ASSERT(!address->user.contains(':'), "no password is taken for a user");
  auto again = parse_address(to_string(*address));
  TRUCE_ASSERT(again && *again == *address, "what is taken can be written and read again");
  return 0;
}
