#include "moves/words.h"

// Whatever another node says is refused, or can be said and heard again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  auto word = truce::node::parse_word({reinterpret_cast<const char*>(bytes), size});
  if (word && !truce::node::parse_word(to_text(*word))) __builtin_trap();
  return 0;
}
