// Rules of security groups come from people, and go on to nft: what is accepted holds only what its
// form allows, and is written so that it reads as the same.
#include <cstddef>
#include <cstdint>

#include "model/firewall.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace truce;
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  auto rule = model::parse_firewall_rule(text);
  if (!rule) {
    TRUCE_ASSERT(!rule.error().message.empty(), "a refusal says why");
    return 0;
  }
  auto written = model::to_string(*rule);
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789-./,: ";
  TRUCE_ASSERT(written.find_first_not_of(letters) == written.npos, "nothing else gets through");
  auto again = model::parse_firewall_rule(written);
  TRUCE_ASSERT(again && *again == *rule, "a round trip changes nothing");
  return 0;
}
