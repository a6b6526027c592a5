#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <set>

#include "dnsmasq.h"
#include "names.h"

namespace truce::network {
namespace {

constexpr std::string_view config_template =
    R"(# Written by truced for the network '{network}': changes are lost.
keep-in-foreground
interface={bridge}
except-interface=lo
bind-dynamic
user={user}
pid-file={folder}/dnsmasq.pid
{upstream}
no-hosts
hostsdir={folder}/hosts
expand-hosts
domain={domain},{subnet},local
local=/{domain}/
domain-needed
dhcp-range={first},static,{mask},1h
{router}{mtu}{ipv6}dhcp-hostsdir={folder}/dhcp
dhcp-leasefile={lease_file}
dhcp-lease-max={guests}
dhcp-authoritative
dhcp-ignore-names
dhcp-rapid-commit
quiet-dhcp
)";

std::string_view next_word(std::string_view& line) {
  auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

// Guests of an isolated network learn the range, but no router: the lifetime of that is 0.
std::string ipv6_lines(const ServerConfig& config) {
  if (!config.subnet6) return {};
  const auto& subnet = *config.subnet6;
  auto lines = fmt::format("domain={},{}\ndhcp-range={},static,{},1h\nenable-ra\n", config.domain,
                           to_string(subnet), to_string(subnet.network), subnet.prefix);
  auto mtu = config.mtu > 0 ? fmt::format(",mtu:{}", config.mtu) : std::string();
  if (config.mode == Mode::isolated) {
    lines += fmt::format("ra-param={}{},600,0\n", bridge_name(config.network), mtu);
  } else if (!mtu.empty()) {
    lines += fmt::format("ra-param={}{},600\n", bridge_name(config.network), mtu);
  }
  return lines;
}

}  // namespace

std::string config_text(const ServerConfig& config) {
  auto upstream = config.resolv_file.empty() ? std::string("no-resolv")
                                             : "resolv-file=" + config.resolv_file.string();
  return fmt::format(
      config_template, fmt::arg("network", config.network), fmt::arg("user", config.user),
      fmt::arg("bridge", bridge_name(config.network)), fmt::arg("folder", config.folder.string()),
      fmt::arg("upstream", upstream), fmt::arg("domain", config.domain),
      fmt::arg("subnet", to_string(config.subnet)),
      fmt::arg("first", to_string(config.subnet.network)),
      fmt::arg("mask", to_string(config.subnet.mask())),
      fmt::arg("router", config.mode == Mode::isolated ? "dhcp-option=option:router\n" : ""),
      fmt::arg("mtu", config.mtu > 0 ? fmt::format("dhcp-option=option:mtu,{}\n", config.mtu) : ""),
      fmt::arg("ipv6", ipv6_lines(config)), fmt::arg("lease_file", config.lease_file.string()),
      fmt::arg("guests", config.subnet.guests()));
}

std::map<std::string, std::string> host_files(const Reservations& reservations,
                                              const Gateway& gateway,
                                              const std::vector<std::string>& host_names) {
  std::map<std::string, std::string> files;
  std::set<std::string> vm_names;
  auto lines = [](Address address, std::optional<Address6> address6, const std::string& names) {
    auto text = fmt::format("{} {}\n", to_string(address), names);
    if (address6) text += fmt::format("{} {}\n", to_string(*address6), names);
    return text;
  };
  for (const auto& [mac, reservation] : reservations) {
    files[file_name(mac)] = lines(reservation.address, reservation.address6, reservation.vm_name);
    vm_names.insert(reservation.vm_name);
  }
  std::string names;
  for (const auto& name : host_names) {
    if (!vm_names.contains(name)) names += (names.empty() ? "" : " ") + name;
  }
  if (!names.empty()) files["host"] = lines(gateway.address, gateway.address6, names);
  return files;
}

std::map<std::string, std::string> dhcp_files(const Reservations& reservations) {
  std::map<std::string, std::string> files;
  for (const auto& [mac, reservation] : reservations) {
    auto six = reservation.address6 ? "[" + to_string(*reservation.address6) + "]," : "";
    files[file_name(mac)] =
        fmt::format("{},{},{}{}\n", mac, to_string(reservation.address), six, reservation.vm_name);
  }
  return files;
}

std::vector<Lease> parse_leases(std::string_view text) {
  std::vector<Lease> leases;
  while (!text.empty() && leases.size() < lease_limit) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    next_word(line);  // when it ends: dnsmasq itself takes out what has ended
    auto mac = canonical_mac(next_word(line));
    auto address = parse_address(next_word(line));
    auto name = next_word(line);
    if (!mac || !address || name.size() > 255) continue;
    leases.push_back({*mac, to_string(*address), name == "*" ? "" : std::string(name)});
  }
  return leases;
}

Result<void> send_release(const std::string& bridge, Address server, std::string_view mac,
                          Address address) {
  // [RFC 2131] figure 1: fixed fields, then the magic cookie and options.
  std::array<std::uint8_t, 256> packet{};
  packet[0] = 1;  // from a client
  packet[1] = 1;  // Ethernet
  packet[2] = 6;  // length of the hardware address
  auto client = htonl(address.value);
  std::memcpy(&packet[12], &client, 4);
  auto hardware = mac_bytes(mac);
  std::memcpy(&packet[28], hardware.data(), hardware.size());
  constexpr std::array<std::uint8_t, 9> options{0x63, 0x82, 0x53, 0x63, 53, 1, 7, 54, 4};
  std::memcpy(&packet[236], options.data(), options.size());
  auto server_id = htonl(server.value);
  std::memcpy(&packet[245], &server_id, 4);
  packet[249] = 255;

  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail_errno(errno, "socket");
  // The server listens to packets of its bridge only, those of the host itself included.
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, bridge.c_str(),
                   static_cast<socklen_t>(bridge.size() + 1)) != 0) {
    return fail_errno(errno, "bind a socket to " + bridge);
  }
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(67);
  target.sin_addr.s_addr = server_id;
  sockaddr generic{};
  std::memcpy(&generic, &target, sizeof target);
  if (::sendto(socket.get(), packet.data(), packet.size(), 0, &generic, sizeof target) < 0) {
    return fail_errno(errno, "send DHCPRELEASE to " + to_string(server));
  }
  return {};
}

}  // namespace truce::network
