// Whatever somebody types in as a join token: what is taken is what would be written again.
#include "manager/invitation.h"

using namespace truce;
using namespace truce::manager;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  auto read = read_token(text);
  if (!read) {
    TRUCE_ASSERT(read.error().code == Code::invalid, "what is wrong is wrong for ever");
    return 0;
  }
  auto again = read_token(token_of(*read));
  TRUCE_ASSERT(again && *again == *read, "it survives being written");
  return 0;
}
