// Any bytes, cut anywhere, become requests that keep their promises, or a refusal.
#include <cstring>

#include "message.h"
#include "parser.h"

using namespace truce::http;

namespace {

void check(const Request& request) {
  TRUCE_ASSERT(request.path.starts_with('/'), "a path begins with '/'");
  TRUCE_ASSERT(request.path.find('\0') == std::string::npos, "a path has no NUL");
  TRUCE_ASSERT(is_utf8(request.path), "a path is UTF-8");
  for (const auto& [name, value] : request.headers) {
    TRUCE_ASSERT(is_valid_field(name, value), "fields can be passed on");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  if (size == 0) return 0;
  Limits limits;
  limits.headers = truce::kib(1);
  limits.body = truce::kib(1);
  RequestParser parser(limits);
  std::size_t step = std::size_t{bytes[0]} + 1;  // the first byte says how the rest is cut
  for (std::size_t at = 1; at < size;) {
    auto space = parser.space();
    auto n = std::min({step, size - at, space.size()});
    TRUCE_ASSERT(n > 0, "a parser that wants more has room for it");
    std::memcpy(space.data(), bytes + at, n);
    parser.received(n);
    at += n;
    while (true) {
      auto progress = parser.parse();
      if (!progress) {
        TRUCE_ASSERT(progress.error().status >= 400, "a refusal is an error");
        return 0;
      }
      if (*progress == RequestParser::Progress::more) break;
      if (*progress == RequestParser::Progress::complete) check(parser.take());
    }
  }
  return 0;
}
