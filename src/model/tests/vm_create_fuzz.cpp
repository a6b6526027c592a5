// Whatever is read must be written and read again as the same.
#include <cstddef>
#include <cstdint>

#include "model/model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace truce;
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (auto unknown : {model::Unknown::refuse, model::Unknown::ignore}) {
    auto read = model::from_text<model::VmCreate>(text, unknown);
    if (!read) {
      TRUCE_ASSERT(!read.error().message.empty(), "a refusal says why");
      continue;
    }
    auto again = model::from_text<model::VmCreate>(model::to_text(*read));
    TRUCE_ASSERT(again && *again == *read, "a round trip changes nothing");
  }
  return 0;
}
