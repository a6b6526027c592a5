// Whatever is taken for certificates or an answer: no more than was there, and nothing unprintable.
#include "hello.h"
#include "link/authority.h"

using namespace truce::link;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (auto all = read_bundle(text)) {
    TRUCE_ASSERT(!all->empty() && all->size() <= 16, "some, and not too many");
    for (const auto& each : *all) {
      TRUCE_ASSERT(each.host.empty() || is_host_name(each.host), "a host has a host's name");
      for (char c : each.name) TRUCE_ASSERT(c >= ' ' && c <= '~', "a name can be shown");
    }
  }
  static_cast<void>(reduce_bundle(text, "0"));
  if (auto answer = parse_answer(text); !answer) {
    for (char c : answer.error().message) {
      TRUCE_ASSERT(static_cast<unsigned char>(c) >= ' ', "an answer can be shown");
    }
  }
  return 0;
}
