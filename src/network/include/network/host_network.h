// Networks on this very host: bridge, nftables, dnsmasq, taps.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "network/network.h"

namespace truce::network {

enum class Ipv6 : int;
struct GuardedNetwork;
struct Others;
struct Reservation;

struct HostOptions {
  std::string
      host_name;  ///< answered by DNS for the gateway, beside `gateway`; empty: the system's
  std::filesystem::path tun_device = "/dev/net/tun";
  std::filesystem::path resolv_file = "/etc/resolv.conf";  ///< whom dnsmasq asks about other names
  std::string nft = "nft";
  std::string dnsmasq = "dnsmasq";
};

/// The provider for real machines. Reservations and leases live in `state_dir`/networks and stay
/// over a reboot; what dnsmasq reads lives in `run_dir`/networks. dnsmasq runs as a user of its
/// own, so all folders above that must let others pass (mode 0711). Used on one loop thread;
/// nothing may be under way when it is destroyed. Networks keep working when the daemon is gone.
class HostNetwork final : public Provider {
 public:
  HostNetwork(asio::any_io_executor loop, std::filesystem::path run_dir,
              std::filesystem::path state_dir, HostOptions options = {});
  ~HostNetwork() override;

  [[nodiscard]] std::vector<Mode> modes() const override;
  [[nodiscard]] std::string why_not_nat() const override;
  [[nodiscard]] std::vector<std::string> present() const override;
  Async<Result<void>> ensure(Config config) override;
  Async<Result<void>> remove(std::string name) override;
  /// Takes a millisecond or two: a VM's start waits for it.
  Async<Result<Plug>> plug(std::string network, std::string vm_name, std::string mac) override;
  Async<Result<void>> reserve(std::string network, Nic nic) override;
  Async<Result<void>> release(std::string network, std::string mac) override;
  Async<Result<void>> set_groups(std::vector<Group> groups) override;
  Async<Result<void>> set_peers(Peers peers) override;
  Async<std::string> why_not_mirror() override;
  Async<Result<std::vector<Lease>>> leases(std::string network) override;
  Async<Result<std::map<std::string, Traffic>>> traffic(std::vector<std::string> macs) override;

 private:
  struct Network;
  class Turn;
  class Alone;
  using Shared = std::shared_ptr<Network>;

  [[nodiscard]] std::filesystem::path run_folder(const std::string& name) const;
  [[nodiscard]] std::filesystem::path state_folder(const std::string& name) const;
  [[nodiscard]] Shared entry(const std::string& name);
  [[nodiscard]] Result<Shared> find(const std::string& name) const;
  Async<Turn> take_turn(std::string name);

  Async<Result<void>> set_up(Shared network);
  Async<Result<void>> set_up_bridged(Shared network);
  Async<Result<void>> ensure_server(Shared network, bool new_bridge);
  Result<bool> set_up_bridge(const Network& network) const;
  Result<void> replug(const Network& network) const;
  Async<Result<void>> load_rules(Shared network);
  Async<Result<void>> tear_down(Shared network);
  Async<Result<void>> publish(Shared network);
  Async<Result<void>> write_reservation(Shared network, Nic nic);
  Async<Result<void>> choose(Shared network, const Nic& nic, Reservation& reservation);
  Async<Result<void>> choose6(Shared network, const Nic& nic, Reservation& reservation);
  Async<Result<void>> complete_addresses(Shared network);
  Async<Result<void>> store(Shared network, const Reservation& reservation);
  Async<Result<void>> take_back(Shared network, Reservation gone);
  Async<Result<void>> free_card(Shared network, std::string mac);
  Async<Result<void>> free_left_cards(Shared network, Nic nic);
  Async<Result<void>> apply_change(Shared network, Reservation before, Reservation now);
  Async<Alone> be_alone(bool& busy, Wakeup& freed);
  [[nodiscard]] std::string host_mac(const Config& config) const;
  Async<Result<void>> set_up_overlay(Shared network);
  Result<void> set_up_overlay_port(Network& network) const;
  Result<void> tell_neighbours(const Network& network) const;
  Async<Result<void>> tear_down_overlay(std::string name);
  Result<void> make_port(const Network& network, const std::string& tap) const;
  enum class Reload { changed, always };
  Async<Result<void>> load_mirrors(Reload reload);
  [[nodiscard]] std::string mirror_text() const;
  Async<Result<void>> load_groups(Reload reload);
  Async<Result<void>> load_groups_now(Reload reload);
  Result<void> begin_forwarding() const;
  Result<void> begin_forwarding6() const;
  Result<void> end_forwarding(const std::string& leaving) const;
  Result<void> end_forwarding6(const std::string& leaving) const;
  [[nodiscard]] bool others_route(const std::string& leaving, Ipv6 ipv6) const;
  Result<void> set_up_ipv6(const Network& network) const;
  [[nodiscard]] GuardedNetwork guarded(const Network& network) const;
  Async<Result<void>> load_guard(Shared network, std::string change = {});
  Async<Result<std::string>> read_lease_file(Shared network);
  Async<Result<void>> load_address_rules(Shared network);
  Async<Result<std::string>> nft(std::vector<std::string> arguments, std::string input = {});
  enum class Doors { open, closed };
  Async<Result<void>> set_doors(std::string network, Doors doors);

  asio::any_io_executor loop_;
  std::filesystem::path run_dir_;
  std::filesystem::path state_dir_;
  HostOptions options_;
  std::map<std::string, Shared> networks_;
  std::optional<std::vector<Group>> groups_;  ///< absent: not told yet, what is loaded stays
  bool groups_busy_ = false;
  Wakeup groups_freed_;
  std::string loaded_groups_;       ///< as nft took them
  std::unique_ptr<Others> others_;  ///< other hosts; absent: not told yet, what is set up stays
  bool mirrors_busy_ = false;
  Wakeup mirrors_freed_;
  std::string loaded_mirrors_;  ///< as nft took them; empty: there are none
  bool guard_missing_ = false;  ///< this kernel cannot keep guests from posing as others
  asio::thread_pool pool_{1};
};

}  // namespace truce::network
