// How a VM's NIC reaches the world on one host.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/file.h"
#include "base/result.h"
#include "network/traffic.h"

namespace truce::network {

/// nat: a bridge with translation on the way out, and port forwards. routed: without translation;
/// whoever has a route gets in. isolated: nothing but its NICs and the host. bridged: a bridge that
/// the host has already, with addresses from elsewhere. user: inside the hypervisor.
enum class Mode { nat, user, routed, isolated, bridged };

/// Whether guests are kept to their own MAC and address, and from serving DHCP and advertising
/// routers. Off is for guests that carry others' packets: routers, fail-over addresses.
enum class SpoofFilter { on, off };

/// What is wanted of a network on this host.
struct Config {
  std::string name;  ///< at most 15 characters with the prefix: the bridge is `tr-<name>`
  Mode mode = Mode::nat;
  std::string subnet;  ///< `10.77.0.0/24`; the first address is the host's. Empty in user mode
  std::string domain;  ///< DNS suffix of the VMs: `truce.internal`
  SpoofFilter spoof_filter = SpoofFilter::on;  ///< off: of all its NICs
  std::string bridge = {};   ///< of the host, in mode bridged; then there are no subnet and domain
  std::string subnet6 = {};  ///< `fd00:88::/64`, as subnet; empty: no IPv6 but in mode bridged
  std::uint32_t vni = 0;     ///< of its overlay over all hosts; 0: it ends at this host
  std::uint16_t vlan = 0;    ///< on the host's bridge, in mode bridged; 0: untagged
};

/// Code::invalid with the reason when `text` is not the IPv4 subnet of a network: `10.77.0.0/24`,
/// /16 to /29.
Result<void> check_subnet(std::string_view text);

struct PortRange {
  std::uint16_t first = 0, last = 0;
};

/// What may pass; everything else of that direction does not.
struct Rule {
  enum class Direction { ingress, egress };
  Direction direction = Direction::ingress;
  std::string protocol = {};          ///< any, tcp, udp or icmp (ICMPv6 too)
  std::vector<PortRange> ports = {};  ///< of tcp and udp; empty: all
  std::string peer = {};              ///< a range `10.0.0.0/8` or `fd00::/8`; empty: anybody
  std::string peer_group = {};        ///< the NICs of a group instead
};

/// A security group. NICs name it.
struct Group {
  std::string name;
  std::vector<Rule> rules = {};
};

/// A port of the host that leads to one of the guest, in mode nat.
struct Forward {
  std::string protocol = {};  ///< tcp or udp
  std::string address = {};   ///< of the host; empty: all that it has, those of IPv6 included
  std::uint16_t host_port = 0, guest_port = 0;
  bool operator==(const Forward&) const = default;
};

/// What a NIC has beyond its name and address. All of it can be changed while it is plugged in.
struct NicSettings {
  SpoofFilter spoof_filter = SpoofFilter::on;
  std::vector<std::string> groups = {};  ///< security groups; none: everything may pass
  std::vector<Forward> forwards = {};
  std::uint32_t send_mbit = 0, receive_mbit = 0;  ///< limits in Mbit/s; 0: none
  /// MAC of the NIC that gets a copy of all that this one carries, both ways, while both are
  /// plugged in on this host, and that is no mirrored one itself; empty: none.
  std::string mirror_to = {};
  bool operator==(const NicSettings&) const = default;
};

/// What a network knows of a VM's NIC.
struct Nic {
  std::string vm_name;
  std::string mac;
  std::string address = {};  ///< fixed; empty: one that the network chooses
  NicSettings settings = {};
  std::string address6 = {};  ///< the same for IPv6
};

/// A NIC plugged in: a tap descriptor to hand to the hypervisor, or user mode.
struct Plug {
  Fd tap;            ///< empty in user mode
  unsigned mtu = 0;  ///< what the guest may send at most; 0: 1,500 bytes, as usual
};

/// A NIC on another host that guests of this one can meet.
struct Neighbour {
  std::string network;
  std::string vm_name;
  std::string mac;
  std::string host;  ///< the address of its host, as in Peers::hosts
  std::string address = {}, address6 = {};
  std::vector<std::string> groups = {};  ///< security groups that it is in
};

/// The other hosts, over which networks with a VNI extend. Addresses are those of IPv4 or IPv6.
struct Peers {
  std::string self;                ///< this host's own; empty: it has none yet, and no peers
  std::vector<std::string> hosts;  ///< all others
  std::vector<Neighbour> neighbours = {};
};

struct Lease {
  std::string mac;
  std::string address;  ///< IPv4 or IPv6
  std::string host_name;
};

/// Contract, checked by `conformance.h`: idempotent; ensure() after a crash, a reboot or someone's
/// clumsy `nft flush ruleset` restores what is missing and cuts no running connection; remove()
/// leaves nothing behind (bridge, rules, dnsmasq, files). Verbs on a network that no ensure() of
/// this run made are not_found; ensure() is unsupported for a mode that modes() does not name.
class Provider {
 public:
  virtual ~Provider() = default;
  /// The modes that this host and this daemon's rights allow, best first, and why not the others.
  [[nodiscard]] virtual std::vector<Mode> modes() const = 0;
  [[nodiscard]] virtual std::string why_not_nat() const = 0;
  /// Names of the networks that this host has, also those that an earlier run made: whoever calls
  /// ensure() for the wanted ones calls remove() for the others.
  [[nodiscard]] virtual std::vector<std::string> present() const = 0;
  virtual Async<Result<void>> ensure(Config config) = 0;
  virtual Async<Result<void>> remove(std::string name) = 0;
  /// A tap on the network's bridge; it vanishes with its last descriptor. unavailable while an
  /// earlier descriptor for the same MAC is still open.
  virtual Async<Result<Plug>> plug(std::string network, std::string vm_name, std::string mac) = 0;
  /// Fixes a VM's DNS name and address from its MAC, before its first DHCP request, and what the
  /// NIC may send. Called again with other wishes it changes them at once, also for a NIC that is
  /// plugged in. The address stays until release() or until another is fixed: Code::limit when the
  /// subnet is full, conflict when another NIC has the fixed address, invalid when it is none of
  /// the subnet's. The same holds for IPv6 where the network has it. Nothing to do in user mode.
  virtual Async<Result<void>> reserve(std::string network, Nic nic) = 0;
  /// Frees name and address; what is not reserved is success.
  virtual Async<Result<void>> release(std::string network, std::string mac) = 0;
  /// Replaces all security groups, in one step for all NICs that name them. Connections that the
  /// new rules allow go on, what they no longer allow is cut. A NIC that names a group that is not
  /// there gets nothing from it. unsupported where the kernel cannot filter between guests.
  virtual Async<Result<void>> set_groups(std::vector<Group> groups) = 0;
  /// Replaces what is known of other hosts. Packets of overlays come from and go to these only;
  /// each host is the router, the DHCP and the DNS of its own guests, with the same address and MAC
  /// on all. Names of neighbours resolve, and rules about groups hold for them. Before the first
  /// call what an earlier run has set up stays.
  virtual Async<Result<void>> set_peers(Peers peers) = 0;
  /// Why this host cannot mirror NICs; empty: it can.
  virtual Async<std::string> why_not_mirror() = 0;
  /// Who was given which address by DHCP, IPv4 first; empty in user mode.
  virtual Async<Result<std::vector<Lease>>> leases(std::string network) = 0;
  /// What the NICs with these MACs have carried since they were plugged in, as their guests see it.
  /// Those that are not plugged in, or are so in user mode, are missing.
  virtual Async<Result<std::map<std::string, Traffic>>> traffic(std::vector<std::string> macs) = 0;
};

}  // namespace truce::network
