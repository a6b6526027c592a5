#include "kernel/links.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "kernel/netlink.h"
#include "names.h"

namespace truce::network {
namespace {

// A request about one interface (netdevice(7)).
ifreq request_for(const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

Result<Fd> control_socket() {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno(errno, "socket");
  return socket;
}

unsigned prefix_of(std::uint32_t mask) {
  return static_cast<unsigned>(std::popcount(mask));
}

Address address_in(const sockaddr* from) {
  sockaddr_in inet{};
  std::memcpy(&inet, from, sizeof inet);
  return {ntohl(inet.sin_addr.s_addr)};
}

struct InterfaceAddress {
  std::string interface;
  Subnet address;
};

Result<std::vector<InterfaceAddress>> all_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return fail_errno(errno, "list the host's addresses");
  std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned(list, ::freeifaddrs);
  std::vector<InterfaceAddress> found;
  for (const auto* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_netmask == nullptr) continue;
    if (at->ifa_addr->sa_family != AF_INET) continue;
    found.push_back(
        {at->ifa_name, {address_in(at->ifa_addr), prefix_of(address_in(at->ifa_netmask).value)}});
  }
  return found;
}

bool read_hex(std::string_view text, std::uint32_t& into) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, 16);
  return text.size() == 8 && error == std::errc() && end == text.data() + text.size();
}

std::string_view next_field(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  auto field = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(field.size());
  return field;
}

// RTM_NEWADDR or RTM_DELADDR.
Result<void> change_address(std::uint16_t type, std::uint16_t flags, const std::string& interface,
                            const Subnet& address) {
  ifaddrmsg body{};
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix);
  body.ifa_index = ::if_nametoindex(interface.c_str());
  NetlinkRequest request(type, flags, body);
  request.put(IFA_LOCAL, htonl(address.network.value));
  request.put(IFA_ADDRESS, htonl(address.network.value));
  request.put(IFA_BROADCAST, htonl(address.broadcast().value));
  return request.send(fmt::format("address {} of {}", to_string(address), interface));
}

// br_netfilter as a module shows all bridges to all chains once it is loaded; nobody asked for
// that.
Result<void> load_bridge_filter() {
  constexpr auto setting = "net/bridge/bridge-nf-call-iptables";
  if (read_file(std::string("/proc/sys/") + setting)) return {};
  int status = std::system("modprobe -q br_netfilter");  // NOLINT: once in a host's life
  if (status != 0 || !write_setting(setting, "0")) {
    return fail(Code::unsupported,
                "security groups need the kernel's br_netfilter, which cannot be loaded here");
  }
  for (auto other :
       {"net/bridge/bridge-nf-call-ip6tables", "net/bridge/bridge-nf-call-arptables"}) {
    TRY_VOID(write_setting(other, "0"));
  }
  return {};
}

}  // namespace

bool is_bridge(const std::string& name) {
  auto socket = control_socket();
  if (!socket) return false;
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  auto request = request_for(name);
  auto* target = &info;
  std::memcpy(static_cast<void*>(&request.ifr_data), static_cast<const void*>(&target),
              sizeof target);
  return ::ioctl(socket->get(), SIOCETHTOOL, &request) == 0 &&
         std::string_view(info.driver) == "bridge";
}

Result<void> filter_bridged(const std::string& bridge) {
  TRY_VOID(load_bridge_filter());
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(::if_nametoindex(bridge.c_str()));
  NetlinkRequest request(RTM_NEWLINK, 0, body);
  auto info = request.open(IFLA_LINKINFO);
  request.put_bytes(IFLA_INFO_KIND, "bridge");
  auto options = request.open(IFLA_INFO_DATA);
  request.put(IFLA_BR_NF_CALL_IPTABLES, std::uint8_t{1});
  request.put(IFLA_BR_NF_CALL_IP6TABLES, std::uint8_t{1});
  request.close(options);
  request.close(info);
  return request.send("filter between the ports of " + bridge);
}

std::vector<Range> parse_routes(std::string_view text) {
  std::vector<Range> found;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::array<std::string_view, 8> fields;  // Iface Destination Gateway ... Mask is the eighth
    for (auto& field : fields) field = next_field(line);
    std::uint32_t destination = 0;
    std::uint32_t mask = 0;
    if (!read_hex(fields[1], destination) || !read_hex(fields[7], mask) || mask == 0) continue;
    // Written as the machine's own integer of what lies in network order in memory.
    found.push_back({std::string(fields[0]), {{ntohl(destination)}, prefix_of(mask)}});
  }
  return found;
}

Result<std::vector<Range>> used_ranges() {
  TRY(auto text, read_file("/proc/thread-self/net/route"));
  auto ranges = parse_routes(text);
  TRY(auto addresses, all_addresses());
  for (auto& [interface, address] : addresses) {
    ranges.push_back({interface, {{address.network.value & address.mask().value}, address.prefix}});
  }
  return ranges;
}

Result<std::vector<Subnet>> addresses_of(const std::string& interface) {
  TRY(auto all, all_addresses());
  std::vector<Subnet> found;
  for (const auto& [name, address] : all) {
    if (name == interface) found.push_back(address);
  }
  return found;
}

bool interface_exists(const std::string& name) {
  return ::if_nametoindex(name.c_str()) != 0;
}

std::vector<std::string> interfaces(std::string_view prefix) {
  std::unique_ptr<struct if_nameindex, void (*)(struct if_nameindex*)> list(::if_nameindex(),
                                                                            ::if_freenameindex);
  std::vector<std::string> found;
  for (const auto* at = list.get(); at != nullptr && at->if_index != 0; ++at) {
    if (std::string_view(at->if_name).starts_with(prefix)) found.emplace_back(at->if_name);
  }
  return found;
}

Result<bool> make_bridge(const std::string& name) {
  TRY(auto socket, control_socket());
  if (::ioctl(socket.get(), SIOCBRADDBR, name.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  return fail_errno(errno, "make bridge " + name);
}

Result<void> delete_bridge(const std::string& name) {
  if (!interface_exists(name)) return {};
  TRY(auto socket, control_socket());
  auto request = request_for(name);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0 && errno != ENODEV) {
    return fail_errno(errno, "set down " + name);
  }
  if (::ioctl(socket.get(), SIOCBRDELBR, name.c_str()) != 0 && errno != ENXIO && errno != ENODEV) {
    return fail_errno(errno, "delete bridge " + name);
  }
  return {};
}

Result<void> set_mac(const std::string& interface, const std::string& mac) {
  TRY(auto socket, control_socket());
  auto request = request_for(interface);
  auto wanted = mac_bytes(mac);
  if (::ioctl(socket.get(), SIOCGIFHWADDR, &request) != 0) {
    return fail_errno(errno, "MAC of " + interface);
  }
  if (std::memcmp(request.ifr_hwaddr.sa_data, wanted.data(), wanted.size()) == 0) return {};
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::memcpy(request.ifr_hwaddr.sa_data, wanted.data(), wanted.size());
  if (::ioctl(socket.get(), SIOCSIFHWADDR, &request) != 0) {
    return fail_errno(errno, fmt::format("set MAC {} of {}", mac, interface));
  }
  return {};
}

Result<void> set_up(const std::string& interface) {
  TRY(auto socket, control_socket());
  auto request = request_for(interface);
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
    return fail_errno(errno, "state of " + interface);
  }
  if ((request.ifr_flags & IFF_UP) != 0) return {};
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
    return fail_errno(errno, "set up " + interface);
  return {};
}

Result<void> add_address(const std::string& interface, const Subnet& address) {
  return change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, interface, address);
}

Result<void> delete_address(const std::string& interface, const Subnet& address) {
  return change_address(RTM_DELADDR, 0, interface, address);
}

Result<Fd> make_tap(const std::filesystem::path& device, const std::string& name) {
  TRY(auto tap, open_file(device, O_RDWR | O_NONBLOCK));
  auto request = request_for(name);
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if (::ioctl(tap.get(), TUNSETIFF, &request) == 0) return tap;
  if (errno == EBUSY) {
    return fail(Code::unavailable, "the tap {} is still held by an earlier run of the VM", name);
  }
  return fail_errno(errno, "make tap " + name);
}

Result<void> add_port(const std::string& bridge, const std::string& interface) {
  TRY(auto socket, control_socket());
  auto request = request_for(bridge);
  request.ifr_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  if (::ioctl(socket.get(), SIOCBRADDIF, &request) != 0 && errno != EBUSY) {
    return fail_errno(errno, fmt::format("plug {} into {}", interface, bridge));
  }
  return {};
}

bool has_ipv6() {
  std::error_code ec;
  return std::filesystem::exists("/proc/sys/net/ipv6", ec);
}

Result<void> write_if_there(const std::string& name, std::string_view value) {
  auto written = write_setting(name, value);
  if (!written && written.error().code == Code::not_found) return {};
  return written;
}

Result<void> write_setting(const std::string& name, std::string_view value) {
  auto path = "/proc/sys/" + name;
  TRY(auto present, read_file(path));
  if (present == fmt::format("{}\n", value)) return {};
  TRY(auto file, open_file(path, O_WRONLY));
  if (::write(file.get(), value.data(), value.size()) < 0)
    return fail_errno(errno, "write " + path);
  return {};
}

}  // namespace truce::network
