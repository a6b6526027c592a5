#include "platform/stored.h"

// A picture that lies beside the store. What was read and written is read as the same again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  using namespace truce::platform;
  auto update = read_text({reinterpret_cast<const char*>(bytes), size});
  if (!update) return 0;
  Inventory all;
  all.apply(*std::move(update));
  auto text = to_text(all);
  auto again = read_text(text);
  TRUCE_ASSERT(again, "what was written is read");
  Inventory same;
  same.apply(*std::move(again));
  TRUCE_ASSERT(to_text(same) == text, "it is the same again");
  return 0;
}
