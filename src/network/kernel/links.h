// The host's bridges, taps and addresses, by ioctl and rtnetlink: a VM's start waits for these
// calls, so nothing here starts a program. All of them block for well under a millisecond, and
// hold for the network namespace of the calling thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "subnet.h"

namespace truce::network {

/// Addresses that the host reaches through an interface of its own.
struct Range {
  std::string interface;
  Subnet subnet;
};

/// The routes of `/proc/net/route` (proc(5)) but the default one; junk lines are skipped.
std::vector<Range> parse_routes(std::string_view text);

/// Everything that this host routes or has an address in.
Result<std::vector<Range>> used_ranges();

/// The IPv4 addresses of one interface, each with its prefix.
Result<std::vector<Subnet>> addresses_of(const std::string& interface);

[[nodiscard]] bool interface_exists(const std::string& name);
/// Names of all interfaces that begin with `prefix`.
std::vector<std::string> interfaces(std::string_view prefix);

/// True when it was made now, false when it was there.
Result<bool> make_bridge(const std::string& name);
/// Absent is success.
Result<void> delete_bridge(const std::string& name);
Result<void> set_mac(const std::string& interface, const std::string& mac);
Result<void> set_up(const std::string& interface);
/// `address.network` is the address itself.
Result<void> add_address(const std::string& interface, const Subnet& address);
Result<void> delete_address(const std::string& interface, const Subnet& address);

/// The same for IPv6. Ranges that every host has (link-local, multicast, its own) are left out.
struct Range6 {
  std::string interface;
  Subnet6 subnet;
};
/// The routes of `/proc/net/ipv6_route` but default ones; junk lines are skipped.
std::vector<Range6> parse_routes6(std::string_view text);
/// The addresses of `/proc/net/if_inet6`, each with its prefix; junk lines are skipped.
std::vector<Range6> parse_addresses6(std::string_view text);
/// Everything that this host routes or has an address in. A kernel without IPv6 has nothing.
Result<std::vector<Range6>> used_ranges6();
/// The IPv6 addresses of one interface, each with its prefix.
Result<std::vector<Subnet6>> addresses6_of(const std::string& interface);
/// Usable at once: nobody is asked whether he has it ([RFC 4862] 5.4), as a bridge without ports
/// gets no answer.
Result<void> add_address(const std::string& interface, const Subnet6& address);
Result<void> delete_address(const std::string& interface, const Subnet6& address);

/// A new tap that lives as long as its descriptor, with frames that begin with a virtio-net header
/// (linux/if_tun.h). unavailable while another descriptor still holds one of that name.
Result<Fd> make_tap(const std::filesystem::path& device, const std::string& name);
/// Being a port of it already is success.
Result<void> add_port(const std::string& bridge, const std::string& interface);

/// Whether the interface is a bridge.
[[nodiscard]] bool is_bridge(const std::string& name);
/// Shows what the bridge carries between its ports to the chains of IPv4 and IPv6 too
/// (br_netfilter). unsupported where the kernel cannot. Loads the module where it is one, for this
/// bridge alone.
Result<void> filter_bridged(const std::string& bridge);

/// Whether the kernel speaks IPv6.
[[nodiscard]] bool has_ipv6();

/// Writes below /proc/sys (`net/ipv4/ip_forward`) where it differs.
Result<void> write_setting(const std::string& name, std::string_view value);
/// The same, but a setting that the kernel does not have is success.
Result<void> write_if_there(const std::string& name, std::string_view value);

}  // namespace truce::network
