// Whatever a Cookie field says: a value is a part of it, and is the only one of its name.
#include "base/result.h"
#include "http/cookies.h"

using namespace truce::http;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string field(reinterpret_cast<const char*>(bytes), size);
  for (std::string_view name : {"__Host-truce", "a"}) {
    auto value = cookie_of(field, name);
    if (!value) continue;
    TRUCE_ASSERT(value->data() >= field.data() &&
                     value->data() + value->size() <= field.data() + field.size(),
                 "it is a part of the field");
    TRUCE_ASSERT(!value->contains(';'), "it ends where the next begins");
    auto again = std::string(name) + "=" + std::string(*value) + "; other=1";
    TRUCE_ASSERT(!cookie_of(again + "; " + again, name), "there is one only");
  }
  return 0;
}
