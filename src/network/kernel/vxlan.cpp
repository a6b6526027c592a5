#include "kernel/vxlan.h"

#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "kernel/links.h"
#include "names.h"

namespace truce::network {
namespace {

// As they lie in packets.
std::string wire_bytes(const Endpoint& endpoint) {
  std::string bytes;
  auto add = [&](std::uint64_t number, int count) {
    while (count-- > 0) bytes.push_back(static_cast<char>(number >> (8 * count)));
  };
  if (const auto* four = std::get_if<Address>(&endpoint)) {
    add(four->value, 4);
  } else {
    const auto& six = std::get<Address6>(endpoint);
    add(six.high, 8);
    add(six.low, 8);
  }
  return bytes;
}

std::uint64_t number_in(std::string_view bytes) {
  std::uint64_t number = 0;
  for (char byte : bytes) number = number << 8 | static_cast<std::uint8_t>(byte);
  return number;
}

Result<Endpoint> endpoint_in(std::string_view bytes) {
  if (bytes.size() == 4) return Address{static_cast<std::uint32_t>(number_in(bytes))};
  if (bytes.size() == 16)
    return Address6{number_in(bytes.substr(0, 8)), number_in(bytes.substr(8))};
  return fail(Code::io, "an address of {} bytes", bytes.size());
}

std::uint16_t local_kind(const Endpoint& local) {
  return std::holds_alternative<Address>(local) ? std::uint16_t{IFLA_VXLAN_LOCAL}
                                                : std::uint16_t{IFLA_VXLAN_LOCAL6};
}

int index_of(const std::string& interface) {
  return static_cast<int>(::if_nametoindex(interface.c_str()));
}

// The attributes that an interface's kind has of its own. `answer` must outlive them.
Result<std::map<std::uint16_t, std::string_view>> own_attributes(const std::string& interface,
                                                                 std::string& answer) {
  ifinfomsg body{};
  body.ifi_index = index_of(interface);
  NetlinkRequest request(RTM_GETLINK, 0, body);
  TRY(answer, request.ask("look at " + interface));
  auto link = attributes_in(attributes_of(answer, sizeof body));
  return attributes_in(attributes_in(link[IFLA_LINKINFO])[IFLA_INFO_DATA]);
}

// Whether it is there as it shall be, its MTU aside.
Result<bool> is_there(const Vxlan& wanted) {
  if (!interface_exists(wanted.name)) return false;
  std::string answer;
  TRY(auto own, own_attributes(wanted.name, answer));
  std::uint32_t number = 0;
  auto id = own[IFLA_VXLAN_ID];
  if (id.size() == sizeof number) std::memcpy(&number, id.data(), sizeof number);
  auto local = own[local_kind(wanted.local)];
  return number == wanted.number && local == wire_bytes(wanted.local);
}

// One that holds for good; without a MAC: none any more.
Result<void> change_neighbour(const std::string& interface, const Endpoint& address,
                              const std::string* mac) {
  ndmsg body{};
  bool four = std::holds_alternative<Address>(address);
  body.ndm_family = four ? std::uint8_t{AF_INET} : std::uint8_t{AF_INET6};
  body.ndm_ifindex = index_of(interface);
  body.ndm_state = NUD_PERMANENT;
  std::uint16_t type = RTM_DELNEIGH, flags = 0;
  if (mac != nullptr) {
    type = RTM_NEWNEIGH;
    flags = NLM_F_CREATE | NLM_F_REPLACE;
  }
  NetlinkRequest request(type, flags, body);
  request.put_bytes(NDA_DST, wire_bytes(address));
  if (mac != nullptr) request.put(NDA_LLADDR, mac_bytes(*mac));
  return request.send(fmt::format("neighbour {} of {}", to_string(address), interface));
}

// Entries that stay for good are for everybody; what is known of a MAC it may learn better.
Result<void> change_place(std::uint16_t type, std::uint16_t flags, const std::string& vxlan,
                          const Place& place) {
  ndmsg body{};
  body.ndm_family = AF_BRIDGE;
  body.ndm_ifindex = index_of(vxlan);
  body.ndm_state = place.mac == everybody_else ? NUD_PERMANENT : NUD_REACHABLE;
  body.ndm_flags = NTF_SELF;
  NetlinkRequest request(type, flags, body);
  request.put(NDA_LLADDR, mac_bytes(place.mac));
  request.put_bytes(NDA_DST, wire_bytes(place.host));
  return request.send(fmt::format("{} behind {} in {}", place.mac, to_string(place.host), vxlan));
}

NetlinkRequest vlan_message(std::uint16_t type, int port, std::uint16_t flags, std::uint16_t vlan) {
  ifinfomsg body{};
  body.ifi_family = AF_BRIDGE;
  body.ifi_index = port;
  NetlinkRequest request(type, 0, body);
  auto spec = request.open(IFLA_AF_SPEC);
  request.put(IFLA_BRIDGE_VLAN_INFO, bridge_vlan_info{flags, vlan});
  request.close(spec);
  return request;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  if (text.contains(':')) return parse_address6(text);
  return parse_address(text);
}

std::string to_string(const Endpoint& endpoint) {
  return std::visit([](const auto& address) { return to_string(address); }, endpoint);
}

Result<void> make_vxlan(const Vxlan& wanted) {
  TRY(auto there, is_there(wanted));
  if (there) return set_mtu(wanted.name, wanted.mtu);
  TRY_VOID(delete_link(wanted.name));
  NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  request.put_bytes(IFLA_IFNAME, wanted.name + '\0');
  request.put(IFLA_MTU, std::uint32_t{wanted.mtu});
  auto info = request.open(IFLA_LINKINFO);
  request.put_bytes(IFLA_INFO_KIND, "vxlan");
  auto data = request.open(IFLA_INFO_DATA);
  request.put(IFLA_VXLAN_ID, wanted.number);
  request.put_bytes(local_kind(wanted.local), wire_bytes(wanted.local));
  request.put(IFLA_VXLAN_PORT, htons(vxlan_port));
  request.put(IFLA_VXLAN_LEARNING, std::uint8_t{1});
  request.close(data);
  request.close(info);
  auto made = request.send("make " + wanted.name);
  auto unknown = std::generic_category().message(EOPNOTSUPP);
  if (!made && made.error().message.ends_with(unknown)) {
    return fail(Code::unsupported, "this host's kernel has no VXLAN (the module vxlan)");
  }
  return made;
}

Result<void> delete_link(const std::string& name) {
  ifinfomsg body{};
  body.ifi_index = index_of(name);
  if (body.ifi_index == 0) return {};
  return NetlinkRequest(RTM_DELLINK, 0, body).send("delete " + name);
}

Result<std::vector<Place>> places_in(const std::string& vxlan) {
  // A question that begins with an ndmsg would be answered for all interfaces (rtnl_fdb_dump).
  ifinfomsg body{};
  body.ifi_family = AF_BRIDGE;
  body.ifi_index = index_of(vxlan);
  NetlinkRequest request(RTM_GETNEIGH, NLM_F_DUMP, body);
  TRY(auto messages, request.list("list where " + vxlan + " leads"));
  std::vector<Place> places;
  for (const auto& message : messages) {
    ndmsg entry{};
    if (message.size() < sizeof(nlmsghdr) + sizeof entry) continue;
    std::memcpy(&entry, message.data() + sizeof(nlmsghdr), sizeof entry);
    if (entry.ndm_ifindex != body.ifi_index || (entry.ndm_flags & NTF_SELF) == 0) continue;
    auto found = attributes_in(attributes_of(message, sizeof entry));
    auto host = endpoint_in(found[NDA_DST]);
    if (found[NDA_LLADDR].size() != 6 || !host) continue;
    places.push_back({mac_text(found[NDA_LLADDR]), *host});
  }
  return places;
}

Result<void> add_place(const std::string& vxlan, const Place& place) {
  auto how = place.mac == everybody_else ? NLM_F_APPEND : NLM_F_REPLACE;
  return change_place(RTM_NEWNEIGH, static_cast<std::uint16_t>(NLM_F_CREATE | how), vxlan, place);
}

Result<void> delete_place(const std::string& vxlan, const Place& place) {
  auto gone = change_place(RTM_DELNEIGH, 0, vxlan, place);
  if (!gone && gone.error().code == Code::not_found) return {};
  return gone;
}

Result<Known> known_neighbours(const std::string& interface) {
  Known known;
  auto index = index_of(interface);
  for (auto family : {AF_INET, AF_INET6}) {
    ndmsg body{};
    body.ndm_family = static_cast<std::uint8_t>(family);
    NetlinkRequest request(RTM_GETNEIGH, NLM_F_DUMP, body);
    TRY(auto messages, request.list("list neighbours"));
    for (const auto& message : messages) {
      ndmsg entry{};
      if (message.size() < sizeof(nlmsghdr) + sizeof entry) continue;
      std::memcpy(&entry, message.data() + sizeof(nlmsghdr), sizeof entry);
      if (entry.ndm_ifindex != index || entry.ndm_state != NUD_PERMANENT) continue;
      auto found = attributes_in(attributes_of(message, sizeof entry));
      auto address = endpoint_in(found[NDA_DST]);
      if (found[NDA_LLADDR].size() == 6 && address)
        known.emplace(*address, mac_text(found[NDA_LLADDR]));
    }
  }
  return known;
}

Result<void> set_neighbour(const std::string& interface, const Endpoint& address,
                           const std::string& mac) {
  return change_neighbour(interface, address, &mac);
}

Result<void> delete_neighbour(const std::string& interface, const Endpoint& address) {
  auto gone = change_neighbour(interface, address, nullptr);
  if (!gone && gone.error().code == Code::not_found) return {};
  return gone;
}

Result<void> set_mtu(const std::string& interface, unsigned mtu) {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno(errno, "socket");
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(socket.get(), SIOCGIFMTU, &request) != 0)
    return fail_errno(errno, "MTU of " + interface);
  if (request.ifr_mtu == static_cast<int>(mtu)) return {};
  request.ifr_mtu = static_cast<int>(mtu);
  if (::ioctl(socket.get(), SIOCSIFMTU, &request) != 0)
    return fail_errno(errno, fmt::format("set MTU {} of {}", mtu, interface));
  return {};
}

Result<bool> filters_vlans(const std::string& bridge) {
  std::string answer;
  TRY(auto own, own_attributes(bridge, answer));
  auto filtering = own[IFLA_BR_VLAN_FILTERING];
  return filtering.size() == 1 && filtering[0] != 0;
}

NetlinkRequest join_vlan(int port, std::uint16_t vlan) {
  return vlan_message(RTM_SETLINK, port, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED, vlan);
}

NetlinkRequest leave_vlan(int port, std::uint16_t vlan) {
  return vlan_message(RTM_DELLINK, port, 0, vlan);
}

Result<void> set_port_vlan(const std::string& port, std::uint16_t vlan) {
  constexpr std::uint16_t usual = 1;
  TRY_VOID(join_vlan(index_of(port), vlan).send(fmt::format("put {} into VLAN {}", port, vlan)));
  if (vlan == usual) return {};
  auto left = leave_vlan(index_of(port), usual).send("take " + port + " out of VLAN 1");
  if (!left && left.error().code == Code::not_found) return {};
  return left;
}

}  // namespace truce::network
