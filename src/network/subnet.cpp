#include "subnet.h"

#include <charconv>

#include "network/network.h"

namespace truce::network {
namespace {

// Whole-string decimal without sign or leading zeros (some programs read 010 as octal).
bool read_number(std::string_view text, unsigned limit, unsigned& into) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size() && into <= limit;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  Address address;
  auto rest = text;
  for (int part = 0; part < 4; ++part) {
    auto end = part == 3 ? rest.size() : rest.find('.');
    unsigned number = 0;
    if (end == std::string_view::npos || !read_number(rest.substr(0, end), 255, number)) {
      return fail(Code::invalid, "'{}' is not an IPv4 address", text);
    }
    address.value = address.value << 8 | number;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return address;
}

std::string to_string(Address address) {
  auto v = address.value;
  return fmt::format("{}.{}.{}.{}", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
}

Address Subnet::mask() const {
  return {prefix == 0 ? 0 : ~0U << (32 - prefix)};
}

bool Subnet::contains(Address address) const {
  return (address.value & mask().value) == network.value;
}

bool Subnet::is_guest(Address address) const {
  return contains(address) && address > gateway() && address < broadcast();
}

bool Subnet::overlaps(const Subnet& other) const {
  auto common = mask().value & other.mask().value;
  return (network.value & common) == (other.network.value & common);
}

std::string to_string(const Subnet& subnet) {
  return fmt::format("{}/{}", to_string(subnet.network), subnet.prefix);
}

Result<Subnet> parse_subnet(std::string_view text) {
  auto slash = text.find('/');
  Subnet subnet;
  auto address = parse_address(text.substr(0, slash));
  if (slash == std::string_view::npos || !address ||
      !read_number(text.substr(slash + 1), 32, subnet.prefix)) {
    return fail(Code::invalid, "'{}' is not a subnet: write it as 10.77.0.0/24", text);
  }
  if (subnet.prefix < 16 || subnet.prefix > 29) {
    return fail(Code::invalid, "{}: the prefix length of a network is 16 to 29", text);
  }
  subnet.network.value = address->value & subnet.mask().value;
  if (subnet.network != *address) {
    return fail(Code::invalid, "{} is an address within a subnet: the subnet is {}", text,
                to_string(subnet));
  }
  return subnet;
}

Result<void> check_subnet(std::string_view text) {
  TRY_VOID(parse_subnet(text));
  return {};
}

}  // namespace truce::network
