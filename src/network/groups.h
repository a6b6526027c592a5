// Security groups as nftables: one table for all networks of the host, text only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "network/network.h"
#include "subnet.h"

namespace truce::network {

/// A NIC that names security groups.
struct Member {
  Address address;  ///< 0 where only the guest knows it
  std::vector<std::string> groups;
  std::optional<Address6> address6 = {};
  enum class Where { here, elsewhere };
  Where where = Where::here;  ///< elsewhere: on another host, which holds the rules against it
};

/// invalid unless all that goes into nft's language has the form that it shall have.
Result<void> check_group(const Group& group);

/// The table of all groups; replaces an older one in one transaction. A NIC is known by its
/// address, which the guard makes sure of. Packets of a connection's own direction are held against
/// the rules each time, answers only against the connection: so a rule that goes cuts what it
/// allowed. The host itself reaches all guests, and all guests reach its DHCP and DNS. Without
/// members here there is no table. Neighbour discovery always passes.
std::string group_rules(const std::vector<Group>& groups, const std::vector<Member>& members);

}  // namespace truce::network
