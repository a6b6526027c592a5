// What nftables (nft(8)) shall hold for a network: text in, text out, nothing is run here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/network.h"
#include "reservations.h"
#include "subnet.h"

namespace truce::network {

/// The network's own table: packets with foreign source addresses are dropped. In mode nat
/// addresses are translated on the way out, answers and forwarded ports come in, nothing else; in
/// mode isolated nothing passes the host; in mode routed all does. Replaces an older one in one
/// transaction, so that no packet meets half of it.
std::string address_rules(const Config& config, const Subnet& subnet,
                          const Reservations& reservations);

/// The same for IPv6, in a table of its own. Without a subnet: takes that table away.
std::string address_rules6(const Config& config, const std::optional<Subnet6>& subnet,
                           const Reservations& reservations);

/// Removes the network's table of IPv4; it need not exist.
std::string remove_rules(std::string_view network);

/// A chain of somebody else's through which the guests' packets pass too.
struct Chain {
  std::string family, table, name;
  std::string hook;  ///< `input` or `forward`
  bool policy_drops = false;
};

/// The base chains of IP on the hooks input and forward in `nft -j list chains`, but those of our
/// own tables. corrupt when it is not nft's JSON.
Result<std::vector<Chain>> foreign_chains(std::string_view json);

/// Commands that let this network through a chain that would drop it: an accept in our own table
/// does not outweigh a drop in another one. Empty when nothing is to do. `json` is the answer of
/// `nft -j list chain`. Inbound packets stay refused, by our own table. Chains of IPv6 are opened
/// for networks that have it.
enum class Ipv6 : int { absent, present };
Result<std::string> open_commands(std::string_view network, Ipv6 ipv6, const Chain& chain,
                                  std::string_view json);

/// Commands that remove what open_commands() put there.
Result<std::string> close_commands(std::string_view network, const Chain& chain,
                                   std::string_view json);

}  // namespace truce::network
