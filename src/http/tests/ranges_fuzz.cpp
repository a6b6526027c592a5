// Whatever a Range field says: what is sent lies in the file.
#include <cstring>

#include "http/ranges.h"

using namespace truce::http;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::uint64_t length = 0;
  if (size < sizeof length) return 0;
  std::memcpy(&length, bytes, sizeof length);
  std::string text(reinterpret_cast<const char*>(bytes) + sizeof length, size - sizeof length);
  auto range = parse_range(text, length);
  if (!range || !*range) return 0;
  TRUCE_ASSERT((*range)->length > 0 && (*range)->length <= length, "it is part of the file");
  TRUCE_ASSERT((*range)->first <= length - (*range)->length, "it ends in the file");
  Request request;
  request.headers["range"] = text;
  auto answer = answer_file(request, length, "tag");
  TRUCE_ASSERT(answer.response.status == 206 && answer.range == *range, "it is what is sent");
  return 0;
}
