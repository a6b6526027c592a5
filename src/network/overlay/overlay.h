// Networks over several hosts: what is known of the others, and what of the overlay's packets
// passes. Nothing is done here.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dnsmasq.h"
#include "groups.h"
#include "guard.h"
#include "kernel/vxlan.h"
#include "network/network.h"

namespace truce::network {

/// Peers, read.
struct Others {
  std::optional<Endpoint> self;
  std::set<Endpoint> hosts;
  struct Card {
    std::string network, vm_name, mac;
    Endpoint host;
    Address address = {};  ///< 0 where only the guest knows it
    std::optional<Address6> address6 = {};
    std::vector<std::string> groups = {};
  };
  std::vector<Card> cards;

  /// Which host each MAC of a network is on.
  [[nodiscard]] std::map<std::string, Endpoint> places(std::string_view network) const;
  /// The MACs of its addresses.
  [[nodiscard]] Known addresses(std::string_view network) const;
  /// The files of dnsmasq's `hosts/` folder for a network's neighbours, as host_files() makes them.
  [[nodiscard]] std::map<std::string, std::string> host_files(std::string_view network) const;
  /// Those that are in security groups.
  [[nodiscard]] std::vector<Member> members() const;
};

/// invalid unless all has the form that it shall have.
Result<Others> read_peers(const Peers& peers);

/// What guests of an overlay may send at most, on all hosts: what an Ethernet between the hosts
/// leaves of 1,500 bytes when IPv6 carries them (40), UDP (8), VXLAN (8) and the inner frame (14).
inline constexpr unsigned overlay_mtu = 1430;

/// The table that lets packets of the overlay in from the other hosts only; replaces an older one.
std::string overlay_rules(std::string_view network, std::uint32_t vni, const Endpoint& local,
                          const std::set<Endpoint>& hosts);

/// What of a change in the places of MACs a port must be told.
struct PlaceChanges {
  std::vector<Place> gone, fresh;
};
/// `known` is what the port knows, `told` what it was told before. What the port has learnt since
/// is newer than `told`, and only gives way to news. Entries that lead to hosts that are none go.
PlaceChanges place_changes(const std::vector<Place>& known,
                           const std::map<std::string, Endpoint>& told,
                           const std::map<std::string, Endpoint>& wanted,
                           const std::set<Endpoint>& hosts);

}  // namespace truce::network
