// A target that is taken is clean.
#include "message.h"

using namespace truce::http;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view target(reinterpret_cast<const char*>(bytes), size);
  Request request;
  if (!decode_target(target, request)) return 0;
  auto is_clean = [](const std::string& text) {
    return is_utf8(text) &&
           std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  };
  TRUCE_ASSERT(request.path.starts_with('/') && is_clean(request.path), "the path is clean");
  TRUCE_ASSERT((request.path + "/").find("/../") == std::string::npos, "no segment leads upwards");
  for (const auto& [key, value] : request.query) {
    TRUCE_ASSERT(is_clean(key) && is_clean(value), "the query is clean");
  }
  return 0;
}
