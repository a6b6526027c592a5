// dnsmasq(8): a network's DHCP and DNS server. It outlives the daemon and is found again.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/process.h"
#include "network/network.h"
#include "reservations.h"

namespace truce::network {

/// What the server's configuration is made from.
struct ServerConfig {
  std::string network;
  std::string domain;
  Subnet subnet;
  std::filesystem::path folder;  ///< its hosts/, dhcp/ and pid file
  std::filesystem::path lease_file;
  std::filesystem::path resolv_file;  ///< of the host; empty: only our own names are answered
  Mode mode = Mode::nat;              ///< isolated: guests are told of no router
  std::string user;                   ///< whom it becomes once it has its sockets
  std::optional<Subnet6> subnet6 = {};
  unsigned mtu = 0;  ///< what guests are told that they may send at most; 0: nothing
};

/// The configuration file. Only reserved NICs get an address, and a guest cannot choose its name.
/// Of IPv6 it advertises the router and the range, and gives addresses by DHCPv6: guests make up
/// none.
std::string config_text(const ServerConfig& config);

/// The host's own addresses in the network.
struct Gateway {
  Address address;
  std::optional<Address6> address6 = {};
};

/// The files of dnsmasq's `hosts/` folder: a name for each reservation, and `host_names` (as far as
/// no VM is called so) for the gateway.
std::map<std::string, std::string> host_files(const Reservations& reservations,
                                              const Gateway& gateway,
                                              const std::vector<std::string>& host_names);
/// The files of dnsmasq's `dhcp/` folder.
std::map<std::string, std::string> dhcp_files(const Reservations& reservations);

/// What is read of a lease file at most.
inline constexpr std::size_t lease_limit = 65'536;

/// The IPv4 leases of dnsmasq's lease file (`expiry mac address name client-id` a line); other
/// lines are skipped, and so is all after the first 65,536 leases.
std::vector<Lease> parse_leases(std::string_view text);

/// A lease of IPv6. It names no MAC.
struct Lease6 {
  Address6 address;
  std::uint32_t association = 0;  ///< the client's number for it: its IAID
  std::string client;             ///< its DUID, as bytes ([RFC 8415] 11)
  std::string host_name = {};
};

/// The IPv6 part of the lease file.
struct Leases6 {
  std::string server;  ///< the server's own DUID
  std::vector<Lease6> leases = {};
};

/// Reads what comes after the line `duid SERVER` (`expiry iaid address name client` a line), with
/// the same leniency and the same bound.
Leases6 parse_leases6(std::string_view text);

/// Makes the server forget a lease, so that the address can go to another NIC: sends the
/// DHCPRELEASE
/// ([RFC 2131] 4.4.6) that the guest did not send. Lost packets cost nothing but the old lease's
/// time.
Result<void> send_release(const std::string& bridge, Address server, std::string_view mac,
                          Address address);

/// The same for IPv6, with the client's own identity ([RFC 8415] 18.2.7).
Result<void> send_release(const std::string& bridge, std::string_view server, const Lease6& lease);

/// The server process of one network, running in a folder of its own.
class Dnsmasq {
 public:
  Dnsmasq(std::string program, std::filesystem::path folder);

  enum class Present { keep, replace };
  /// Answers once a server runs with exactly `config`. One that does (also an earlier daemon's) is
  /// kept, unless `replace` is asked for. The error quotes what dnsmasq said.
  Async<Result<void>> ensure(std::string config, Present present);
  /// Makes it read its folders again and forget what is no longer there.
  Result<void> reload();
  /// Returns when it has ended; none running is success.
  Async<Result<void>> stop();
  /// Of the running server, as far as this object knows.
  [[nodiscard]] std::optional<pid_t> pid() const;

 private:
  [[nodiscard]] std::filesystem::path config_file() const { return folder_ / "dnsmasq.conf"; }
  [[nodiscard]] std::vector<std::string> argv() const;
  Result<void> adopt(const std::string& config_hash);
  Async<Result<void>> start(std::string config, std::string config_hash);
  Async<Result<void>> stop_strays();

  std::string program_;
  std::filesystem::path folder_;
  std::optional<Process> process_;
};

}  // namespace truce::network
