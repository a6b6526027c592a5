// The head of a web server's answer, in lines.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "web/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace truce::image::web;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Answer answer;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
    answer.add(text.substr(at, end - at));
    at = end;
  }
  Version expected{.total = 100, .etag = "\"one\"", .modified = {}};
  (void)answer.check(0, 9, &expected);
  // What is believed is inside of the object.
  if (answer.check(0, 65535, nullptr) && answer.version().total == 0) __builtin_trap();
  if (auto range = parse_content_range(text); range && range->part && range->total)
    if (range->part->last >= *range->total || range->part->first > range->part->last)
      __builtin_trap();
  return 0;
}
