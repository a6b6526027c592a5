// dnsmasq's lease file holds names that guests chose: any bytes must be read without harm.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "dnsmasq.h"
#include "names.h"
#include "rules.h"

using namespace truce::network;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (const auto& lease : parse_leases(text)) {
    TRUCE_ASSERT(canonical_mac(lease.mac) == lease.mac, "a lease has a canonical MAC");
    TRUCE_ASSERT(parse_address(lease.address), "a lease has an address");
    TRUCE_ASSERT(!lease.host_name.contains('\n'), "a name lies within its line");
  }
  if (auto reservation = parse_reservation(text)) {
    TRUCE_ASSERT(parse_reservation(to_text(*reservation)) == *reservation,
                 "it can be written again");
  }
  static_cast<void>(foreign_chains(text));
  static_cast<void>(open_commands("lab", {"ip", "filter", "input", "input", true}, text));
  return 0;
}
