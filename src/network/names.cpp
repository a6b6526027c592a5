#include "names.h"

#include <unistd.h>

#include <array>
#include <charconv>

#include "base/random.h"

namespace truce::network {
namespace {

bool is_label(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

}  // namespace

Result<void> check_network_name(std::string_view name) {
  if (is_label(name) && name.size() <= 12) return {};
  return fail(
      Code::invalid,
      "'{}' cannot name a network: use 1 to 12 of a-z, 0-9 and '-', with no '-' at the ends", name);
}

Result<void> check_vm_name(std::string_view name) {
  if (is_label(name)) return {};
  return fail(
      Code::invalid,
      "'{}' cannot name a VM in DNS: use 1 to 63 of a-z, 0-9 and '-', with no '-' at the ends",
      name);
}

Result<void> check_domain(std::string_view domain) {
  bool good = domain.size() <= 200;
  for (auto rest = domain; good;) {
    auto dot = rest.find('.');
    good = is_label(rest.substr(0, dot));
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (good) return {};
  return fail(Code::invalid, "'{}' is not a DNS domain in lower case, such as truce.internal",
              domain);
}

Result<std::string> canonical_mac(std::string_view text) {
  std::string mac(text);
  bool good = mac.size() == 17;
  for (std::size_t i = 0; good && i < mac.size(); ++i) {
    if (mac[i] >= 'A' && mac[i] <= 'F') mac[i] = static_cast<char>(mac[i] - 'A' + 'a');
    bool hex = (mac[i] >= '0' && mac[i] <= '9') || (mac[i] >= 'a' && mac[i] <= 'f');
    good = i % 3 == 2 ? mac[i] == ':' : hex;
  }
  // The lowest bit of the first byte marks group addresses.
  if (good && mac != "00:00:00:00:00:00" && std::string_view("02468ace").contains(mac[1]))
    return mac;
  return fail(Code::invalid, "'{}' is not the MAC address of a NIC", text);
}

std::string host_label(std::string_view configured) {
  std::string name(configured);
  if (name.empty()) {
    std::array<char, 256> buffer{};
    if (::gethostname(buffer.data(), buffer.size() - 1) == 0) name = buffer.data();
  }
  name = name.substr(0, name.find('.'));
  for (auto& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

std::string bridge_name(std::string_view network) {
  return fmt::format("tr-{}", network);
}

std::string table_name(std::string_view network) {
  return fmt::format("truce-{}", network);
}

std::string tap_name(std::string_view mac) {
  return "tt-" + sha256_hex(mac).substr(0, 12);
}

std::string bridge_mac(std::string_view host_name, std::string_view network) {
  auto hash = sha256_hex(fmt::format("{}/{}", host_name, network));
  std::string mac = "02";
  for (std::size_t i = 0; i < 10; i += 2) mac += ":" + hash.substr(i, 2);
  return mac;
}

std::string overlay_port_name(std::string_view network) {
  return fmt::format("tv-{}", network);
}

std::array<std::uint8_t, 6> mac_bytes(std::string_view mac) {
  std::array<std::uint8_t, 6> bytes{};
  for (std::size_t i = 0; i < bytes.size() && 3 * i + 2 <= mac.size(); ++i) {
    std::from_chars(mac.data() + 3 * i, mac.data() + 3 * i + 2, bytes[i], 16);
  }
  return bytes;
}

std::string mac_text(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : ":", static_cast<std::uint8_t>(byte));
  }
  return text;
}

std::string file_name(std::string_view mac) {
  std::string name(mac);
  std::erase(name, ':');
  return name;
}

}  // namespace truce::network
