// Any body becomes an error with a message, and problem() can tell it again.
#include "http/http.h"

using namespace truce::http;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view body(reinterpret_cast<const char*>(bytes), size);
  auto error = error_of(502, body);
  TRUCE_ASSERT(!error.message.empty(), "an error has a message");
  auto again = problem(error);
  auto back = error_of(again.status, again.body);
  TRUCE_ASSERT(back.code == error.code, "the code survives");
  TRUCE_ASSERT(back.message == error.message, "the message survives");
  TRUCE_ASSERT(back.field == error.field, "the field survives");
  return 0;
}
