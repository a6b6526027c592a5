// How a VM's NIC reaches the world on one host.
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "base/file.h"
#include "base/result.h"

namespace truce::network {

enum class Mode { nat, user };

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
};

/// Code::invalid with the reason when `text` is not the IPv4 subnet of a network: `10.77.0.0/24`,
/// /16 to /29.
Result<void> check_subnet(std::string_view text);

/// What a network knows of a VM's NIC.
struct Nic {
  std::string vm_name;
  std::string mac;
  SpoofFilter spoof_filter = SpoofFilter::on;
};

/// A NIC plugged in: a tap descriptor to hand to the hypervisor, or user mode.
struct Plug {
  Fd tap;  ///< empty in user mode
};

struct Lease {
  std::string mac;
  std::string address;
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
  /// plugged in. The address stays until release(). Code::limit when the subnet is full. Nothing to
  /// do in user mode.
  virtual Async<Result<void>> reserve(std::string network, Nic nic) = 0;
  /// Frees name and address; what is not reserved is success.
  virtual Async<Result<void>> release(std::string network, std::string mac) = 0;
  /// Who was given which address by DHCP; empty in user mode.
  virtual Async<Result<std::vector<Lease>>> leases(std::string network) = 0;
};

}  // namespace truce::network
