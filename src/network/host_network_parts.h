// What the files of HostNetwork share.
#pragma once

#include "dnsmasq.h"
#include "names.h"
#include "network/host_network.h"
#include "overlay/overlay.h"
#include "reservations.h"

namespace truce::network {

/// All that is known of one network. `busy` while ensure, remove, reserve or release works on it.
struct HostNetwork::Network {
  Network(const asio::any_io_executor& loop, std::string program, std::filesystem::path run,
          std::filesystem::path state)
      : freed(loop),
        state_folder(std::move(state)),
        run_folder(std::move(run)),
        hosts(run_folder / "hosts"),
        dhcp(run_folder / "dhcp"),
        server(std::move(program), run_folder) {}

  /// The bridge that its taps are ports of.
  [[nodiscard]] std::string bridge() const {
    return config.mode == Mode::bridged ? config.bridge : bridge_name(config.name);
  }

  /// What its guests may send at most; 0: as usual.
  [[nodiscard]] unsigned mtu() const { return config.vni > 0 ? overlay_mtu : 0; }

  /// The host's own addresses in it.
  [[nodiscard]] Gateway gateway() const {
    Gateway host{subnet.gateway()};
    if (subnet6) host.address6 = subnet6->gateway();
    return host;
  }
  [[nodiscard]] AddressRanges ranges() const {
    return {subnet, subnet6, config.mode == Mode::bridged};
  }

  Config config;
  Subnet subnet;
  std::optional<Subnet6> subnet6;
  bool ready = false;  ///< an ensure() of this run got through
  bool busy = false;
  Wakeup freed;
  std::filesystem::path state_folder;
  std::filesystem::path run_folder;
  Reservations reservations;
  WatchedFolder hosts;
  WatchedFolder dhcp;
  std::map<std::string, Endpoint> told;  ///< where MACs are, as its overlay's port was told
  Dnsmasq server;
};

/// The right to load one table, until destroyed.
class HostNetwork::Alone {
 public:
  Alone(bool& busy, Wakeup& freed) : busy_(&busy), freed_(&freed) { busy = true; }
  Alone(Alone&& other) noexcept
      : busy_(std::exchange(other.busy_, nullptr)), freed_(other.freed_) {}
  Alone& operator=(Alone&&) = delete;
  ~Alone() {
    if (busy_ == nullptr) return;
    *busy_ = false;
    freed_->wake();
  }

 private:
  bool* busy_;
  Wakeup* freed_;
};

/// The right to change one network, until destroyed.
class HostNetwork::Turn {
 public:
  explicit Turn(Shared network) : network_(std::move(network)) { network_->busy = true; }
  [[nodiscard]] const Shared& network() const { return network_; }
  Turn(Turn&&) = default;
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (!network_) return;
    network_->busy = false;
    network_->freed.wake();
  }

 private:
  Shared network_;
};

}  // namespace truce::network
