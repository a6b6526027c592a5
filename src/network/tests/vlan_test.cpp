// VLANs of a host's bridge: the messages to the kernel, and the refusal where it keeps none apart.
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>

#include <cstring>

#include "host_lab.h"
#include "kernel/vxlan.h"

namespace truce::network {
namespace {

template <class T>
T read_at(std::string_view bytes, std::size_t at = 0) {
  T value{};
  EXPECT_GE(bytes.size(), at + sizeof value);
  std::memcpy(&value, bytes.data() + at, std::min(sizeof value, bytes.size() - at));
  return value;
}

// What a request says of a port and its VLAN.
struct Said {
  unsigned type = 0;
  int family = 0, port = 0;
  bridge_vlan_info vlan{};
};
Said said_by(const NetlinkRequest& request) {
  const auto& bytes = request.bytes();
  Said said;
  said.type = read_at<nlmsghdr>(bytes).nlmsg_type;
  auto body = read_at<ifinfomsg>(bytes, sizeof(nlmsghdr));
  said.family = body.ifi_family;
  said.port = body.ifi_index;
  auto spec = attributes_in(attributes_of(bytes, sizeof body))[IFLA_AF_SPEC];
  said.vlan = read_at<bridge_vlan_info>(attributes_in(spec)[IFLA_BRIDGE_VLAN_INFO]);
  return said;
}

TEST(VlanMessages, make_a_port_untagged_in_one_vlan_and_take_it_out_of_the_usual_one) {
  auto joined = said_by(join_vlan(7, 20));
  EXPECT_EQ(joined.type, RTM_SETLINK);
  EXPECT_EQ(joined.family, AF_BRIDGE);
  EXPECT_EQ(joined.port, 7);
  EXPECT_EQ(joined.vlan.vid, 20);
  EXPECT_EQ(joined.vlan.flags, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
  auto left = said_by(leave_vlan(7, 1));
  EXPECT_EQ(left.type, RTM_DELLINK);
  EXPECT_EQ(left.vlan.vid, 1);
  EXPECT_EQ(left.vlan.flags, 0);
}

TEST(Attributes, that_are_cut_off_are_left_out) {
  NetlinkRequest request(RTM_NEWLINK, 0, ifinfomsg{});
  request.put(IFLA_MTU, std::uint32_t{1430});
  request.put_bytes(IFLA_IFNAME, "tv-lan");
  auto whole = attributes_of(request.bytes(), sizeof(ifinfomsg));
  EXPECT_EQ(attributes_in(whole)[IFLA_IFNAME], "tv-lan");
  for (std::size_t size = 0; size < whole.size() - 2; ++size) {
    auto found = attributes_in(whole.substr(0, size));
    EXPECT_FALSE(found.contains(IFLA_IFNAME)) << size;
    EXPECT_EQ(found.contains(IFLA_MTU), size >= 8) << size;
  }
  EXPECT_EQ(attributes_of("short", 16), "");
}

class VlanTest : public HostNetworkTest {};

TEST_F(VlanTest, a_bridge_that_keeps_none_apart_is_refused_with_the_way_to_mend_it) {
  output({"ip", "link", "add", "br0", "type", "bridge"});
  Config config{.name = "wire", .mode = Mode::bridged};
  config.bridge = "br0";
  config.vlan = 20;
  auto refused = run(host().ensure(config));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::precondition);
  EXPECT_TRUE(refused.error().message.contains("vlan_filtering 1")) << refused.error().message;
  output({"ip", "link", "delete", "br0"});
}

// Where the kernel can: two cards in one VLAN meet, one in another does not.
TEST_F(VlanTest, guests_meet_in_their_vlan_and_their_frames_leave_tagged) {
  output({"ip", "link", "add", "br0", "type", "bridge"});
  auto set = output({"sh", "-c", "ip link set br0 type bridge vlan_filtering 1 2>&1 || true"});
  if (!set.empty()) {
    output({"ip", "link", "delete", "br0"});
    GTEST_SKIP() << "skipped, because this kernel has no VLAN filtering for bridges: " << set;
  }
  output({"ip", "link", "set", "br0", "up"});
  auto wire = make_tap("/dev/net/tun", "wire0");
  ASSERT_TRUE(wire);
  output({"ip", "link", "set", "wire0", "master", "br0", "up"});
  output({"bridge", "vlan", "add", "dev", "wire0", "vid", "20"});
  Guest outside(std::move(*wire), Mac{2, 0, 0, 0, 9, 9});
  auto join = [&](const std::string& name, std::uint16_t vlan, const std::string& mac) {
    Config config{.name = name, .mode = Mode::bridged};
    config.bridge = "br0";
    config.vlan = vlan;
    ensure(config);
    auto plug = run(host().plug(name, "vm", mac));
    EXPECT_TRUE(plug) << plug.error().message;
    return std::move(plug->tap);
  };
  Guest web(join("v20", 20, web_mac_text), web_mac);
  Guest db(join("v21", 21, db_mac_text), db_mac);
  auto from_web = [](const Frame& frame) {
    return std::equal(web_mac.begin(), web_mac.end(), frame.begin() + 6);
  };
  web.send_arp(1, everybody, gateway);
  EXPECT_FALSE(db.hears(from_web, silence));
  web.send_arp(1, everybody, gateway);
  EXPECT_TRUE(outside.hears(
      [&](const Frame& frame) { return from_web(frame) && get(frame, 12, 4) == 0x81000014; },
      patience));
  output({"ip", "link", "delete", "br0"});
}

}  // namespace
}  // namespace truce::network
