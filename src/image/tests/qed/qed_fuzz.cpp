#include "rows.h"
#include "walk_fuzzed.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  return truce::image::walk_fuzzed(truce::image::qed_format, data, size);
}
