// Whatever a management controller answers: orders go to itself only, and quotes are in print.
#include "redfish_answers.h"

using namespace truce::power;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (auto members = read_members(text)) {
    TRUCE_ASSERT(members->size() <= 64, "it is bounded");
    for (const auto& member : *members) TRUCE_ASSERT(is_own_address(member), "it is its own");
  }
  if (auto system = read_system(text)) {
    TRUCE_ASSERT(system->target.empty() || is_own_address(system->target), "it is its own");
    TRUCE_ASSERT(system->more.empty() || is_own_address(system->more), "it is its own");
    auto type = reset_type_for_off(system->allowed, Off::at_once);
    TRUCE_ASSERT(!type || *type == "ForceOff", "nothing else takes the power away");
  }
  if (auto values = read_action_info(text)) TRUCE_ASSERT(values->size() <= 64, "it is bounded");
  for (char c : read_error(text)) TRUCE_ASSERT(c >= 0x20 && c < 0x7f, "it is in print");
  return 0;
}
