// What the two files of HostNetwork share.
#pragma once

#include "dnsmasq.h"
#include "names.h"
#include "network/host_network.h"
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

  Config config;
  Subnet subnet;
  bool ready = false;  ///< an ensure() of this run got through
  bool busy = false;
  Wakeup freed;
  std::filesystem::path state_folder;
  std::filesystem::path run_folder;
  Reservations reservations;
  WatchedFolder hosts;
  WatchedFolder dhcp;
  Dnsmasq server;
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
