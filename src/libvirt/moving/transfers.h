// Disks that leave a host and machines that come to it, by libvirt's streams alone.
#pragma once

#include "link.h"
#include "platform/transfers.h"

namespace truce::libvirt {

/// Transfers of a host, as far as its driver has them.
class Movers final : public platform::Transfers {
 public:
  explicit Movers(Link& link) : link_(link) {}
  /// Whether the host's driver can, as it does until a connection has told.
  void can(bool moves) { moves_ = moves; }
  [[nodiscard]] bool possible() const { return moves_; }
  /// By the address, which names the driver.
  [[nodiscard]] Devices devices() const override {
    return link_.is_xen() ? Devices::xen : Devices::ours;
  }
  Async<Result<std::unique_ptr<platform::Departure>>> depart(std::string machine) override;
  [[nodiscard]] bool warm() const override { return moves_ && !link_.is_xen(); }
  Async<Result<std::unique_ptr<platform::WarmDeparture>>> depart_warm(std::string machine,
                                                                      std::string move) override;
  Async<Result<std::unique_ptr<platform::Arrival>>> arrive(platform::NewMachine wish) override;

 private:
  Link& link_;
  bool moves_ = true;
};

}  // namespace truce::libvirt
