// Any bytes from a server, cut anywhere, become one answer or an error.
#include <cstring>

#include "parser.h"

using namespace truce::http;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  if (size == 0) return 0;
  auto answers =
      (bytes[0] & 1U) != 0 ? ResponseParser::Answers::head : ResponseParser::Answers::get;
  ResponseParser parser(answers, truce::kib(1));
  std::size_t step = std::size_t{bytes[0]} / 2 + 1;
  for (std::size_t at = 1; at < size;) {
    auto space = parser.space();
    auto n = std::min({step, size - at, space.size()});
    TRUCE_ASSERT(n > 0, "a parser that wants more has room for it");
    std::memcpy(space.data(), bytes + at, n);
    parser.received(n);
    at += n;
    auto progress = parser.parse();
    if (!progress) return 0;
    if (*progress == ResponseParser::Progress::complete) {
      TRUCE_ASSERT(parser.take().body.size() <= 1024, "the body's limit holds");
      return 0;
    }
  }
  if (parser.end()) TRUCE_ASSERT(parser.take().body.size() <= 1024, "the body's limit holds");
  return 0;
}
