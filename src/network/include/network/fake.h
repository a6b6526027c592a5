// A provider without a network, for tests and the simulator.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "network/network.h"

namespace truce::network {

/// Keeps the promises of Provider in memory. Each reservation is a lease at once, as if its guest
/// had asked for it. Used on one thread.
class FakeNetwork final : public Provider {
 public:
  /// A host that can do `modes`; `why` is its why_not_nat().
  explicit FakeNetwork(std::vector<Mode> modes = {Mode::nat, Mode::user, Mode::routed,
                                                  Mode::isolated, Mode::bridged},
                       std::string why = {});
  ~FakeNetwork() override;

  [[nodiscard]] std::vector<Mode> modes() const override { return modes_; }
  [[nodiscard]] std::string why_not_nat() const override { return why_; }
  [[nodiscard]] std::vector<std::string> present() const override;
  Async<Result<void>> ensure(Config config) override;
  Async<Result<void>> remove(std::string name) override;
  Async<Result<Plug>> plug(std::string network, std::string vm_name, std::string mac) override;
  Async<Result<void>> reserve(std::string network, Nic nic) override;
  Async<Result<void>> release(std::string network, std::string mac) override;
  Async<Result<void>> set_groups(std::vector<Group> groups) override;
  Async<Result<void>> set_peers(Peers peers) override;
  Async<std::string> why_not_mirror() override { co_return why_; }
  Async<Result<std::vector<Lease>>> leases(std::string network) override;
  /// Of each NIC that is plugged in: what grows by some kilobytes a second.
  Async<Result<std::map<std::string, Traffic>>> traffic(std::vector<std::string> macs) override;

  /// The next call of any verb fails with this.
  void fail_next(Error error) { next_error_ = std::move(error); }
  /// No NIC sends or receives anything from now on.
  void hush() { hushed_ = std::chrono::steady_clock::now(); }
  /// A NIC as it was last reserved.
  [[nodiscard]] std::optional<Nic> reserved(const std::string& network,
                                            const std::string& mac) const;
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
  /// As last set.
  [[nodiscard]] const Peers& peers() const { return peers_; }
  /// As last ensured.
  [[nodiscard]] std::optional<Config> config(const std::string& network) const;
  /// How often ensure() got through.
  [[nodiscard]] std::size_t ensured() const { return ensured_; }

 private:
  struct Network;
  Result<void> next();
  Result<Network*> find(const std::string& name);

  std::vector<Mode> modes_;
  std::string why_;
  std::map<std::string, Network> networks_;
  std::optional<Error> next_error_;
  std::vector<Group> groups_;
  Peers peers_;
  std::size_t ensured_ = 0;
  std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> hushed_;
};

}  // namespace truce::network
