// The same bytes give the same events however they are cut.
#include "sse.h"

using namespace truce::http;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  SseParser whole;
  auto expected = whole.feed(text);
  TRUCE_ASSERT(expected.has_value(), "a small stream is never too large");
  SseParser parser;
  std::vector<ServerEvent> seen;
  for (char c : text) {
    for (auto& event : *parser.feed({&c, 1})) seen.push_back(std::move(event));
  }
  TRUCE_ASSERT(seen.size() == expected->size(), "cuts do not change how many events there are");
  for (std::size_t i = 0; i < seen.size(); ++i) {
    TRUCE_ASSERT(seen[i].data == (*expected)[i].data && seen[i].event == (*expected)[i].event,
                 "cuts do not change an event");
  }
  return 0;
}
