// dnsmasq's lease file holds names that guests chose: any bytes must be read without harm.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "dnsmasq.h"
#include "kernel/links.h"
#include "names.h"
#include "network/traffic.h"
#include "rules.h"

using namespace truce::network;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (const auto& lease : parse_leases(text)) {
    TRUCE_ASSERT(canonical_mac(lease.mac) == lease.mac, "a lease has a canonical MAC");
    TRUCE_ASSERT(parse_address(lease.address), "a lease has an address");
    TRUCE_ASSERT(!lease.host_name.contains('\n'), "a name lies within its line");
  }
  for (const auto& lease : parse_leases6(text).leases) {
    TRUCE_ASSERT(truce::parse_address6(to_string(lease.address)) == lease.address,
                 "it has one form");
    TRUCE_ASSERT(!lease.client.empty() && !lease.host_name.contains('\n'), "a lease is somebody's");
  }
  for (const auto& [interface, range] : parse_routes6(text)) {
    TRUCE_ASSERT(range.prefix > 0 && range.prefix <= 128, "a range has a prefix");
  }
  static_cast<void>(parse_addresses6(text));
  if (auto range = truce::parse_range6(text)) {
    TRUCE_ASSERT(truce::parse_range6(to_string(*range)) == *range, "it has one form");
  }
  if (auto reservation = parse_reservation(text)) {
    TRUCE_ASSERT(parse_reservation(to_text(*reservation)) == *reservation,
                 "it can be written again");
  }
  for (const auto& [name, traffic] : parse_interfaces(text))
    TRUCE_ASSERT(!name.empty() && !name.contains('\n'), "an interface has a name");
  static_cast<void>(foreign_chains(text));
  static_cast<void>(
      open_commands("lab", Ipv6::absent, {"ip", "filter", "input", "input", true}, text));
  return 0;
}
