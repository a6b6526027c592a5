// Names of network cards in a Linux guest, which follow where a card is plugged in. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace truce::guest {

/// The names of cards (`ens192`, `eth0`) that a file of settings speaks of, without those that it
/// knows by their addresses.
std::vector<std::string> cards_in_interfaces(std::string_view text);  ///< of ifupdown
std::vector<std::string> cards_in_netplan(std::string_view text);
std::vector<std::string> cards_in_keyfile(std::string_view text);  ///< of NetworkManager
std::vector<std::string> cards_in_network(std::string_view text);  ///< of systemd-networkd
/// Of `ifcfg-ens192`.
std::vector<std::string> cards_in_ifcfg(std::string_view text);

/// Whether udev gives such names to cards, as it sees fit.
bool is_card_name(std::string_view name);

/// As people count: `eth2` before `eth10`.
bool comes_before(std::string_view one, std::string_view other);

/// A file for systemd.link(5) by which the card with that address has that name.
std::string link_file(std::string_view mac, std::string_view name);

}  // namespace truce::guest
